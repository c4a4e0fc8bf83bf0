//! Telling people on GitHub: each event once, one status comment, whatever GitHub does meanwhile.

mod program;

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use call_import_engine::reconcile::{Event, Report};
use futures_util::FutureExt;
use jiff::SignedDuration;
use simulator::{
    Config, Running, Simulator,
    faults::{Fault, Rule, Scripted},
    github::{self, Comment, GitHub, Place, PullRequest},
};

use crate::{
    reconcile::{gong, population},
    record,
    support::Scene,
};

const NIGHT: &str = "2026-12-01T01:17:00Z";

/// A repository with its GitHub, on the scene's clock.
fn github(scene: &mut Scene) -> Running {
    let running = Simulator::start(Config {
        clock: Arc::new(scene.clock.clone()),
        ..Config::github(github::Config::default())
    })
    .expect("the simulator starts");
    scene.github_url = Some(running.url.clone());
    running
}

/// One request, merged as #12, whose import takes one night: a status comment and one event.
fn northwind() -> (Scene, Running, Running) {
    let mut scene = Scene::new(NIGHT);
    let calls = gong(&mut scene, population(120, "2026-09-01", "2026-10-31"));
    let running = github(&mut scene);
    scene.request(
        "northwind",
        "Northwind",
        "period: {from: 2026-09-01, to: 2026-10-31}\n",
    );
    running.github().merge(PullRequest::new(
        12,
        "jane-doe",
        ["requests/northwind.yaml"],
    ));
    (scene, running, calls)
}

/// A request that waits by its own word: a status, no event, no request to a platform.
fn suspended(scene: &mut Scene, id: &str) {
    scene.request(id, &format!("Customer {id}"), "suspended: true\n");
}

fn number_12() -> Place {
    Place::PullRequest(12)
}

/// Requests besides the one look of each night for commands.
pub(crate) fn asked(github: &GitHub) -> usize {
    github
        .log()
        .count_where(|entry| entry.endpoint != github::RECENT_COMMENTS)
}

fn marked(comments: &[Comment], marker: &str) -> Vec<Comment> {
    let marker = format!("<!-- call-import:{marker}");
    let marked = comments
        .iter()
        .filter(|comment| comment.body.starts_with(&marker));
    marked.cloned().collect()
}

/// One status comment and one event stand there, by us, and nothing else was ever written.
fn assert_told_once(github: &GitHub, place: &Place) {
    let comments = github.comments(place);
    let shown: Vec<&str> = comments
        .iter()
        .map(|comment| comment.body.as_str())
        .collect();
    assert_eq!(
        marked(&comments, "status:northwind -->").len(),
        1,
        "{shown:#?}"
    );
    assert_eq!(marked(&comments, "event:").len(), 1, "{shown:#?}");
    assert_eq!(comments.len(), 2, "{shown:#?}");
    assert!(
        comments
            .iter()
            .all(|comment| comment.author == github::ACTIONS)
    );
}

/// Nothing waits in the outbox, and the record names the comments that stand there.
fn assert_recorded(scene: &Scene, comments: &[Comment]) {
    let database = scene.database();
    let waiting = "SELECT count(*)::VARCHAR FROM notifications WHERE delivered_at IS NULL";
    assert_eq!(record::value(&database, waiting), "0");
    let mut named = record::query(&database, "SELECT remote_id FROM notifications");
    let mut ids: Vec<String> = comments
        .iter()
        .map(|comment| comment.id.to_string())
        .collect();
    named.sort();
    ids.sort();
    assert_eq!(named, ids);
}

#[tokio::test]
async fn a_finished_import_is_told_once_and_a_quiet_night_only_looks_for_commands() {
    let (scene, running, _calls) = northwind();
    let github = running.github();

    let report = scene.run("first").await;

    assert_told_once(github, &number_12());
    assert_recorded(&scene, &github.comments(&number_12()));
    assert_eq!(report.untold, []);
    assert_eq!(report.imports[0].pull_request, Some(12));
    let event = &marked(&github.comments(&number_12()), "event:")[0];
    let mentioned: Vec<String> = github
        .notifications()
        .into_iter()
        .filter(|told| told.comment == event.id)
        .flat_map(|told| told.mentions)
        .collect();
    assert_eq!(mentioned, ["jane-doe"]);

    let (before, sent) = (record::dump(&scene.database()), asked(github));
    scene.run("second").await;
    assert_eq!(asked(github), sent, "nothing is new, nothing is asked");
    let looks = github.log().count(github::RECENT_COMMENTS);
    assert_eq!(looks, 1, "but for one look for commands");
    assert_eq!(record::dump(&scene.database()), before);
    assert!(github.violations().is_empty());
}

#[tokio::test]
async fn an_answer_lost_after_github_carried_the_request_out_doubles_nothing() {
    for write in 0..2 {
        for twice in [false, true] {
            let (scene, running, _calls) = northwind();
            let github = running.github();
            let lost = Rule::new(Fault::Lost).on_writes().skip(write);
            github.faults().add(lost.times(if twice { 2 } else { 1 }));
            scene.run("first").await;
            assert_told_once(github, &number_12());
            assert_eq!(
                github.all_comments().len(),
                2,
                "write {write}, twice: {twice}"
            );
            assert_recorded(&scene, &github.comments(&number_12()));
        }
    }
}

#[tokio::test]
async fn a_run_killed_between_comment_and_record_doubles_nothing() {
    for cut in 0..2 {
        let (scene, running, _calls) = northwind();
        let github = running.github();
        let mut told = 0;
        let throw = &mut |event: Event<'_>| {
            if matches!(event, Event::Told { .. }) {
                if told == cut {
                    std::panic::panic_any("killed");
                }
                told += 1;
            }
        };
        let killed = AssertUnwindSafe(scene.try_run("killed", throw)).catch_unwind();
        assert!(killed.await.is_err(), "comment {cut} was written");
        scene.run("next").await;
        assert_told_once(github, &number_12());
        assert_eq!(github.all_comments().len(), 2);
        assert_recorded(&scene, &github.comments(&number_12()));
    }
}

#[tokio::test]
async fn where_another_run_was_as_fast_the_oldest_comment_stays() {
    for marker in ["call-import:status:northwind", "call-import:event:"] {
        let (mut scene, running, _calls) = northwind();
        let github = running.github();
        github.outrun(marker);
        scene.run("first").await;
        assert_told_once(github, &number_12());
        let all = github.all_comments();
        assert_eq!(all.len(), 3, "{marker}");
        let (stays, goes): (Vec<_>, Vec<_>) = all
            .into_iter()
            .partition(|comment| comment.deleted.is_none());
        let rival = marked(&stays, marker.trim_start_matches("call-import:"));
        assert!(rival[0].id < goes[0].id, "the oldest stays");
        assert_recorded(&scene, &github.comments(&number_12()));

        // What is told later goes to the comment that stayed.
        scene.request(
            "northwind",
            "Northwind",
            "period: {from: 2026-09-01, to: 2026-10-31}\nsuspended: true\n",
        );
        scene.clock.set("2026-12-02T01:17:00Z");
        scene.run("second").await;
        assert_eq!(
            marked(&github.comments(&number_12()), "status:northwind -->").len(),
            1
        );
    }
}

#[tokio::test]
async fn only_our_own_comments_count() {
    let (scene, running, _calls) = northwind();
    let github = running.github();
    let forged = "<!-- call-import:status:northwind -->\nAll is well, send money.";
    github.comment_as("mallory", &number_12(), forged);
    github.comment_as("other-app[bot]", &number_12(), forged);
    scene.run("first").await;
    let comments = github.comments(&number_12());
    assert_eq!(comments.len(), 4);
    assert!(comments[..2].iter().all(|comment| comment.edits.is_empty()));
    assert_eq!(comments[2].author, github::ACTIONS);
}

#[tokio::test]
async fn a_user_token_finds_its_own_comments_too() {
    let (scene, running, _calls) = northwind();
    let github = running.github();
    github.identify_as(github::Identity::User("import-helper".into()));
    github
        .faults()
        .add(Rule::new(Fault::Lost).on_writes().times(1));
    scene.run("first").await;
    let comments = github.all_comments();
    assert_eq!(comments.len(), 2, "{comments:#?}");
    assert!(
        comments
            .iter()
            .all(|comment| comment.author == "import-helper")
    );
}

#[tokio::test]
async fn without_a_place_on_the_pull_request_the_commit_is_told() {
    type Mishap = fn(&GitHub);
    let mishaps: [(&str, Mishap); 3] = [
        ("locked", |github| github.lock(12)),
        ("deleted", |github| github.delete_pull_request(12, 404)),
        ("gone", |github| github.delete_pull_request(12, 410)),
    ];
    for (what, mishap) in mishaps {
        let (scene, running, _calls) = northwind();
        let github = running.github();
        mishap(github);
        let report = scene.run("first").await;
        let all = github.all_comments();
        let on_commit: Vec<&Comment> = all
            .iter()
            .filter(|comment| matches!(comment.place, Place::Commit(_)))
            .collect();
        assert_eq!((on_commit.len(), all.len()), (2, 2), "{what}: {all:#?}");
        assert_eq!(report.untold, [], "{what}");
        let ids = record::query(&scene.database(), "SELECT remote_id FROM notifications");
        assert!(
            ids.iter().all(|id| id.starts_with("commit-comment:")),
            "{what}: {ids:?}"
        );
    }
}

#[tokio::test]
async fn a_direct_push_is_told_on_its_commit() {
    let mut scene = Scene::new(NIGHT);
    let running = github(&mut scene);
    suspended(&mut scene, "northwind");
    let sha = running
        .github()
        .push("jane-doe", ["requests/northwind.yaml"]);
    let report = scene.run("first").await;
    let comments = running.github().comments(&Place::Commit(sha));
    assert_eq!(comments.len(), 1);
    assert_eq!(report.imports[0].pull_request, None);
}

#[tokio::test]
async fn a_token_that_may_not_edit_on_commits_holds_nothing_up() {
    let mut scene = Scene::new(NIGHT);
    let running = github(&mut scene);
    let github = running.github();
    for id in ["a-pushed", "b-merged"] {
        suspended(&mut scene, id);
    }
    let sha = github.push("jane-doe", ["requests/a-pushed.yaml"]);
    github.merge(PullRequest::new(12, "jane-doe", ["requests/b-merged.yaml"]));
    scene.run("first").await;
    let forbidden = Fault::Status {
        status: 403,
        message: "Resource not accessible by integration".into(),
        retry_after: None,
    };
    let rule = Rule::new(forbidden).on(github::EDIT_COMMIT_COMMENT);
    github.faults().add(rule);
    for id in ["a-pushed", "b-merged"] {
        let lines = "suspended: true\nnotes: Later.\n";
        scene.request(id, &format!("Customer {id}"), lines);
    }
    scene.run("second").await;
    assert_eq!(github.comments(&Place::Commit(sha)).len(), 1);
    let comments = github.comments(&number_12());
    assert_eq!(
        (comments.len(), comments[0].edits.len()),
        (1, 1),
        "{comments:#?}"
    );
    let sent = asked(github);
    scene.run("third").await;
    assert_eq!(asked(github), sent, "not tried again every night");
}

#[tokio::test]
async fn an_event_without_any_place_goes_to_the_job_summary_and_is_not_repeated() {
    let (scene, running, _calls) = northwind();
    let github = running.github();
    github.lock(12);
    github
        .faults()
        .add(Rule::new(Fault::status(403)).on(github::CREATE_COMMIT_COMMENT));
    let report = scene.run("first").await;
    assert_eq!(report.untold.len(), 1);
    assert_eq!(github.all_comments(), []);
    let told = "SELECT remote_id FROM notifications WHERE kind = 'completed'";
    assert_eq!(record::value(&scene.database(), told), "job-summary");
    let again = scene.run("second").await;
    assert_eq!(again.untold, []);
}

#[tokio::test]
async fn what_github_does_not_take_tonight_is_told_by_the_next_run() {
    type Trouble = fn(&GitHub) -> Option<Scripted>;
    let troubles: [(&str, Trouble); 3] = [
        ("the token may not write", |github| {
            github.read_only(true);
            None
        }),
        ("GitHub is down", |github| {
            Some(github.faults().add(Rule::new(Fault::status(503))))
        }),
        ("writes are blocked for hours", |github| {
            github.block_writes(Duration::from_secs(6 * 3600));
            None
        }),
    ];
    for (what, trouble) in troubles {
        let (scene, running, _calls) = northwind();
        let github = running.github();
        let rule = trouble(github);
        let report = scene.run("first").await;
        assert_eq!(report.imports[0].phase.as_str(), "completed", "{what}");
        assert_eq!((report.untold.len(), report.waiting), (0, 1), "{what}");
        assert_eq!(github.all_comments(), [], "{what}");
        github.read_only(false);
        if let Some(rule) = rule {
            rule.release();
        }
        scene.clock.set("2026-12-02T01:17:00Z");
        scene.run("second").await;
        assert_told_once(github, &number_12());
    }
}

#[tokio::test]
async fn a_later_pull_request_takes_the_status_comment_over() {
    let mut scene = Scene::new(NIGHT);
    let running = github(&mut scene);
    let github = running.github();
    suspended(&mut scene, "northwind");
    github.merge(PullRequest::new(
        12,
        "jane-doe",
        ["requests/northwind.yaml"],
    ));
    scene.run("first").await;
    scene.request(
        "northwind",
        "Customer northwind",
        "suspended: true\nnotes: Kick-off is on Monday.\n",
    );
    github.merge(PullRequest::new(
        15,
        "john-roe",
        ["requests/northwind.yaml"],
    ));
    let report = scene.run("second").await;

    assert_eq!(report.imports[0].pull_request, Some(15));
    let here = github.comments(&Place::PullRequest(15));
    assert_eq!(marked(&here, "status:northwind -->").len(), 1);
    let before = github.comments(&number_12());
    assert_eq!(before.len(), 1);
    assert!(before[0].body.contains("#15"), "{}", before[0].body);
    assert!(
        before[0]
            .body
            .starts_with("<!-- call-import:status:northwind -->")
    );

    let sent = asked(github);
    scene.run("third").await;
    assert_eq!(asked(github), sent);
}

#[tokio::test]
async fn the_right_pull_request_is_found() {
    let mut scene = Scene::new(NIGHT);
    let running = github(&mut scene);
    let github = running.github();
    suspended(&mut scene, "northwind");
    suspended(&mut scene, "fabrikam");
    // One pull request with two requests, merged with a merge commit; an open one and one onto
    // another branch are listed with the same commit.
    let pull = PullRequest::new(
        12,
        "jane-doe",
        ["requests/northwind.yaml", "requests/fabrikam.yaml"],
    );
    let sha = github.merge(pull.with_merge_commit());
    github.open(PullRequest::new(
        13,
        "john-roe",
        ["requests/northwind.yaml"],
    ));
    github.merge(PullRequest::new(14, "john-roe", ["requests/northwind.yaml"]).onto("release"));
    for other in [13, 14] {
        github.associate(&sha, other);
    }
    scene.run("first").await;
    let comments = github.comments(&number_12());
    assert_eq!(marked(&comments, "status:").len(), 2);
    assert_eq!(github.all_comments().len(), 2);
}

#[tokio::test]
async fn a_deleted_status_comment_comes_back_when_there_is_news() {
    let (mut scene, running, _calls) = northwind();
    let github = running.github();
    scene.run("first").await;
    let status = &marked(&github.comments(&number_12()), "status:")[0];
    github.delete_comment_as("jane-doe", status.id);
    scene.remove("northwind.yaml");
    scene.request(
        "northwind",
        "Northwind",
        "period: {from: 2026-09-01, to: 2026-11-30}\n",
    );
    scene.clock.set("2026-12-02T01:17:00Z");
    scene.run("second").await;
    assert_eq!(marked(&github.comments(&number_12()), "status:").len(), 1);
}

#[tokio::test]
async fn three_hundred_imports_break_no_limit_of_github() {
    let mut scene = Scene::new(NIGHT);
    let running = github(&mut scene);
    let github = running.github();
    for number in 0..300_u64 {
        let id = format!("customer-{number}");
        suspended(&mut scene, &id);
        github.merge(PullRequest::new(
            number + 1,
            "jane-doe",
            [format!("requests/{id}.yaml")],
        ));
    }
    scene.run("first").await;
    assert_eq!(github.violations(), []);
    assert_eq!(github.all_comments().len(), 300);
    assert_eq!(github.log().count_status(403), 0);
}

#[tokio::test]
async fn a_secondary_limit_is_waited_for() {
    for silent in [false, true] {
        let (scene, running, _calls) = northwind();
        let github = running.github();
        if silent {
            github.omit_retry_after();
        }
        github.block_writes(Duration::from_secs(50));
        scene.run("first").await;
        assert_told_once(github, &number_12());
        assert_eq!(github.violations(), [], "silent: {silent}");
    }
}

#[tokio::test]
async fn comments_are_found_on_later_pages_without_following_links() {
    let (scene, running, _calls) = northwind();
    let github = running.github();
    for number in 0..150 {
        github.comment_as("john-roe", &number_12(), &format!("Question {number}"));
    }
    github.lead_astray("http://127.0.0.1:9");
    // The first answer is lost: the comment is on the second page then.
    github
        .faults()
        .add(Rule::new(Fault::Lost).on_writes().times(1));
    scene.run("first").await;
    let comments = github.comments(&number_12());
    assert_eq!(comments.len(), 152);
    assert_eq!(marked(&comments, "status:northwind -->").len(), 1);
}

#[tokio::test]
async fn github_enterprise_has_another_address_and_no_limits() {
    let (mut scene, running, _calls) = northwind();
    scene.github_url = Some(format!("{}/api/v3", running.url));
    running
        .github()
        .faults()
        .add(Rule::new(Fault::Lost).on_writes().times(1));
    scene.run("first").await;
    assert_told_once(running.github(), &number_12());
}

#[tokio::test]
async fn one_import_alone_is_told_alone() {
    let mut scene = Scene::new(NIGHT);
    let running = github(&mut scene);
    for (number, id) in [(12, "northwind"), (13, "fabrikam")] {
        suspended(&mut scene, id);
        let file = format!("requests/{id}.yaml");
        running
            .github()
            .merge(PullRequest::new(number, "jane-doe", [file]));
    }
    scene.only = Some("fabrikam".into());
    let _: Report = scene.run("first").await;
    assert_eq!(running.github().comments(&number_12()), []);
    assert_eq!(running.github().comments(&Place::PullRequest(13)).len(), 1);
}

#[tokio::test]
async fn a_night_that_is_over_still_tells_what_takes_no_waiting() {
    let (mut scene, running, _calls) = northwind();
    scene.deadline = SignedDuration::from_secs(2);
    scene.run("first").await;
    let comments = running.github().comments(&number_12());
    assert_eq!(marked(&comments, "status:northwind -->").len(), 1);
}
