//! A request that is edited while its import runs: the run finishes what it began, the next night plans anew.

use std::sync::Arc;

use call_import_engine::{
    model::{Phase, WhoseTurn},
    reconcile::{Event, Report},
};
use jiff::SignedDuration;
use simulator::{
    Config, Running, Simulator,
    github::{self, Place, PullRequest},
    gong::EXTENSIVE,
};

use super::{gong, population};
use crate::{record, support::Scene};

const AUTUMN: &str = "period: {from: 2026-09-01, to: 2026-10-31}\n";
const SUMMER_TOO: &str = "period: {from: 2026-07-01, to: 2026-10-31}\n";

/// A customer with 300 calls from July to October, a pull request, and a request for some of them.
struct Desk {
    scene: Scene,
    gong: Running,
    github: Running,
}

impl Desk {
    fn new(lines: &str) -> Self {
        let mut scene = Scene::new("2026-12-01T01:17:00Z");
        let gong = gong(&mut scene, population(300, "2026-07-01", "2026-10-31"));
        let github = Simulator::start(Config {
            clock: Arc::new(scene.clock.clone()),
            ..Config::github(github::Config::default())
        })
        .expect("the simulator starts");
        scene.github_url = Some(github.url.clone());
        let merged = PullRequest::new(12, "jane-doe", ["requests/northwind.yaml"]);
        github.github().merge(merged);
        scene.request("northwind", "Northwind", lines);
        Self {
            scene,
            gong,
            github,
        }
    }

    /// One night, in which the file is changed as soon as a page is committed.
    async fn edited(&mut self, date: &str, lines: &str) -> Report {
        self.scene.clock.set(&format!("{date}T01:17:00Z"));
        let path = self.scene.requests().join("northwind.yaml");
        let text = std::fs::read_to_string(&path).expect("the request");
        let head = text.split("period:").next().expect("a head");
        let changed = format!("{head}{lines}");
        let mut observe = |event: Event<'_>| {
            if matches!(event, Event::Committed { .. }) {
                std::fs::write(&path, &changed).expect("a file");
            }
        };
        let report = self.scene.try_run(date, &mut observe).await.expect("a run");
        assert_eq!(std::fs::read_to_string(&path).expect("a file"), changed);
        report
    }

    async fn night(&self, date: &str) -> Report {
        self.scene.clock.set(&format!("{date}T01:17:00Z"));
        self.scene.run(date).await
    }

    fn calls(&self, condition: &str) -> usize {
        let sql = format!("SELECT count(*)::VARCHAR FROM calls WHERE {condition}");
        let count = record::value(&self.scene.database(), &sql);
        count.parse().expect("a number")
    }

    /// What the status comment says of the days.
    fn told(&self) -> String {
        let comments = self.github.github().comments(&Place::PullRequest(12));
        let status = &comments.first().expect("a status comment").body;
        let row = status.lines().find(|line| line.starts_with("| Period |"));
        row.expect("it says the period").to_owned()
    }

    /// How many calls Gong was asked for the transcripts of.
    fn asked(&self) -> usize {
        let entries = self.gong.gong().log().entries().into_iter();
        let entries = entries.filter(|entry| entry.path.ends_with("/transcript"));
        entries.map(|entry| entry.summary.ids).sum()
    }
}

fn standing(report: &Report) -> (Phase, usize, usize) {
    let import = &report.imports[0];
    let count = |count: i64| usize::try_from(count).expect("a few");
    (
        import.phase,
        count(import.calls_listed),
        count(import.calls_imported),
    )
}

#[tokio::test]
async fn a_period_that_grows_while_the_import_runs_is_imported_in_the_next_night() {
    let mut desk = Desk::new(AUTUMN);
    let first = desk.edited("2026-12-01", SUMMER_TOO).await;
    let autumn = desk.calls("true");
    assert!((50..250).contains(&autumn), "{autumn}");
    assert_eq!(standing(&first), (Phase::Completed, autumn, autumn));
    assert_eq!(
        desk.calls("started_at < '2026-09-01'"),
        0,
        "it finishes what it began"
    );
    assert_eq!(
        desk.told(),
        "| Period | Tue 1 Sep 2026 to Sat 31 Oct 2026 |"
    );
    let pending = desk.calls("transcript_state = 'pending'");
    let asked = desk.asked();

    let second = desk.night("2026-12-02").await;
    assert_eq!(standing(&second), (Phase::Completed, 300, 300));
    assert_eq!(
        second.plan.imports[0].reason,
        "The request was changed: its calls are listed again, and those that are here are not fetched twice."
    );
    assert_eq!(desk.calls("true"), 300);
    assert_eq!(
        second.run.calls_imported,
        i64::try_from(300 - autumn).expect("a few")
    );
    let again = desk.asked() - asked;
    assert_eq!(
        again,
        300 - autumn + pending,
        "no transcript that is here is fetched twice"
    );
    assert_eq!(
        desk.told(),
        "| Period | Wed 1 Jul 2026 to Sat 31 Oct 2026 |"
    );
}

#[tokio::test]
async fn a_period_that_shrinks_while_the_import_runs_takes_nothing_back_and_says_so() {
    let mut desk = Desk::new(SUMMER_TOO);
    let first = desk.edited("2026-12-01", AUTUMN).await;
    assert_eq!(standing(&first), (Phase::Completed, 300, 300));
    assert_eq!(
        desk.told(),
        "| Period | Wed 1 Jul 2026 to Sat 31 Oct 2026 |"
    );
    let before = record::contents(&desk.scene.database());

    let second = desk.night("2026-12-02").await;
    let outside = desk.calls("started_at < '2026-09-01'");
    assert!((50..250).contains(&outside), "{outside}");
    assert_eq!(
        standing(&second),
        (Phase::Completed, 300 - outside, 300 - outside)
    );
    assert_eq!(desk.calls("true"), 300);
    let after = record::contents(&desk.scene.database());
    for table in ["transcripts", "transcript_segments"] {
        let lost = before[table].iter().find(|row| !after[table].contains(row));
        assert_eq!(lost, None, "{table}");
    }
    assert_eq!(
        desk.told(),
        format!(
            "| Period | Tue 1 Sep 2026 to Sat 31 Oct 2026; {outside} calls of other days, from before the request was changed, stay here |"
        )
    );
}

#[tokio::test]
async fn a_period_that_shrinks_before_the_end_keeps_what_is_here() {
    let mut desk = Desk::new(SUMMER_TOO);
    desk.scene.deadline = SignedDuration::from_secs(2);
    let slow = simulator::faults::Fault::Delay(std::time::Duration::from_secs(1));
    let slow = simulator::faults::Rule::new(slow).on(EXTENSIVE);
    let slow = desk.gong.gong().faults().add(slow);
    let first = desk
        .edited("2026-12-01", "period: {from: 2026-07-01, to: 2026-07-31}\n")
        .await;
    assert_eq!(first.imports[0].phase, Phase::Importing);
    let here = desk.calls("true");
    assert!((1..300).contains(&here), "{here}");
    slow.release();
    desk.scene.deadline = SignedDuration::from_hours(5);

    let second = desk.night("2026-12-02").await;
    let july = desk.calls("started_at < '2026-08-01'");
    assert_eq!(standing(&second), (Phase::Completed, july, july));
    let others = desk.calls("started_at >= '2026-08-01'");
    assert!(
        others > 0 && others <= here,
        "what came before stays: {others} of {here}"
    );
    assert!(
        desk.told()
            .contains(&format!("; {others} calls of other days")),
        "{}",
        desk.told()
    );
}

#[tokio::test]
async fn an_account_that_changes_while_the_import_runs_is_asked_about_and_harms_nothing() {
    let mut desk = Desk::new(AUTUMN);
    let other = format!("{AUTUMN}account: northwind-eu\n");
    let first = desk.edited("2026-12-01", &other).await;
    let autumn = desk.calls("true");
    assert_eq!(standing(&first), (Phase::Completed, autumn, autumn));
    let text = std::fs::read_to_string(desk.scene.requests().join("northwind.yaml"));
    let text = text.expect("the request");
    let text = text.replace("IMPORT_NORTHWIND_GONG", "IMPORT_NORTHWIND_EU_GONG");
    desk.scene.write("northwind.yaml", &text);

    let sent = desk.gong.gong().log().len();
    let second = desk.night("2026-12-02").await;
    let import = &second.imports[0];
    assert_eq!(
        (import.phase, import.whose_turn, import.account.as_str()),
        (Phase::NeedsAttention, WhoseTurn::Cs, "northwind")
    );
    let reason = import.reason.as_deref().expect("a reason");
    assert!(
        reason.contains("`northwind`") && reason.contains("`northwind-eu`"),
        "{reason}"
    );
    assert_eq!(
        desk.gong.gong().log().len(),
        sent,
        "nobody else's calls are fetched"
    );
    assert_eq!(desk.calls("account = 'northwind'"), autumn);

    desk.scene.request("northwind", "Northwind", AUTUMN);
    let third = desk.night("2026-12-20").await;
    assert_eq!(standing(&third), (Phase::Completed, autumn, autumn));
    assert_eq!(
        desk.gong.gong().log().len(),
        sent,
        "written back, nothing is to be done"
    );
}
