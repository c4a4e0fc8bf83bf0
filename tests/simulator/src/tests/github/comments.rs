//! Comments on pull requests and on commits.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{Bench, COMMENTS, pull_request};
use crate::github::{ACTIONS, LONGEST_BODY, Place};

const OTHERS: Place = Place::PullRequest(12);

#[tokio::test]
async fn a_comment_is_written_changed_and_deleted() {
    let bench = Bench::with_a_pull_request();
    let (status, comment) = bench.post(COMMENTS, "Queued, @jane-doe").await;
    assert_eq!(status, 201);
    assert_eq!(comment["user"]["login"], ACTIONS);
    assert_eq!(comment["created_at"], "2026-11-02T01:17:00Z");
    let path = format!("/repos/example/imports/issues/comments/{}", comment["id"]);
    assert_eq!(comment["url"], format!("{}{path}", bench.running.url));
    assert_eq!(bench.get(&path).await, (200, comment.clone()));

    bench.clock.advance(Duration::from_millis(90_500));
    let done = json!({"body": "Done, @jane-doe"});
    let (status, edited) = bench.send(Method::PATCH, &path, Some(&done)).await;
    assert_eq!((status, &edited["id"]), (200, &comment["id"]));
    assert_eq!(edited["body"], "Done, @jane-doe");
    assert_eq!(edited["updated_at"], "2026-11-02T01:18:30Z");
    assert_eq!(edited["created_at"], comment["created_at"]);

    // Only the first text has notified anybody.
    let told = bench.github().notifications();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].mentions, ["jane-doe"]);
    let kept = &bench.github().comments(&OTHERS)[0];
    assert_eq!(kept.edits[0].earlier, "Queued, @jane-doe");

    assert_eq!(
        bench.send(Method::DELETE, &path, None).await,
        (204, Value::Null)
    );
    assert_eq!(bench.get(&path).await.0, 404);
    assert_eq!(bench.send(Method::DELETE, &path, None).await.0, 404);
    assert!(bench.github().comments(&OTHERS).is_empty());
    let deleted = &bench.github().all_comments()[0];
    assert_eq!(deleted.deleted.as_ref().unwrap().by, ACTIONS);

    let (_, next) = bench.post(COMMENTS, "Again").await;
    assert!(next["id"].as_u64() > comment["id"].as_u64());
}

#[tokio::test]
async fn commits_have_comments_too() {
    let bench = Bench::with_a_pull_request();
    let sha = bench.github().push("omar", ["requests/x.yaml"]);
    let comments = format!("/repos/example/imports/commits/{sha}/comments");
    let (status, comment) = bench.post(&comments, "Imported").await;
    assert_eq!((status, &comment["commit_id"]), (201, &json!(sha)));
    let path = format!("/repos/example/imports/comments/{}", comment["id"]);
    assert_eq!(bench.get(&path).await, (200, comment.clone()));
    let changed = json!({"body": "Changed"});
    assert_eq!(
        bench.send(Method::PATCH, &path, Some(&changed)).await.0,
        200
    );
    assert_eq!(bench.get(&comments).await.1[0]["body"], "Changed");
    assert_eq!(
        bench
            .get("/repos/example/imports/commits?path=requests/x.yaml")
            .await
            .1[0]["commit"]["comment_count"],
        1
    );
    // Comments on issues are others, with ids of their own.
    let elsewhere = format!("/repos/example/imports/issues/comments/{}", comment["id"]);
    assert_eq!(bench.get(&elsewhere).await.0, 404);
    assert_eq!(bench.send(Method::DELETE, &path, None).await.0, 204);
    let (_, none) = bench.get(&comments).await;
    assert_eq!(none, json!([]));

    let unknown = format!("/repos/example/imports/commits/{}/comments", "0".repeat(40));
    let (status, error) = bench.post(&unknown, "Imported").await;
    assert_eq!(status, 422);
    let expected = format!("No commit found for SHA: {}", "0".repeat(40));
    assert_eq!(error["message"], expected);
}

#[tokio::test]
async fn long_lists_come_in_pages() {
    let bench = Bench::with_a_pull_request();
    for number in 1..=5 {
        let body = format!("comment {number}");
        bench.github().comment_as("omar", &OTHERS, &body);
        bench.clock.advance(Duration::from_secs(60));
    }
    let page = |query: &str| {
        let request = bench.request(Method::GET, &format!("{COMMENTS}?{query}"));
        async {
            let response = request.send().await.unwrap();
            let link = response.headers().get("link");
            let link = link.map(|link| link.to_str().unwrap().to_owned());
            let (_, page) = super::answer(response).await;
            let bodies = page.as_array().unwrap().iter();
            let numbers: Vec<_> = bodies
                .map(|comment| comment["body"].as_str().unwrap()[8..].to_owned())
                .collect();
            (numbers, link)
        }
    };
    let (numbers, link) = page("per_page=2").await;
    assert_eq!(numbers, ["1", "2"]);
    let base = format!(
        "{}/repositories/730000001/issues/12/comments?per_page=2",
        bench.running.url
    );
    let expected = format!("<{base}&page=2>; rel=\"next\", <{base}&page=3>; rel=\"last\"");
    assert_eq!(link.as_deref(), Some(&*expected));
    // The links lead somewhere.
    let next = format!("{base}&page=3").replace(&bench.running.url, "");
    assert_eq!(bench.get(&next).await.1[0]["body"], "comment 5");

    let (numbers, link) = page("per_page=2&page=3").await;
    assert_eq!(numbers, ["5"]);
    let expected = format!("<{base}&page=2>; rel=\"prev\", <{base}&page=1>; rel=\"first\"");
    assert_eq!(link.as_deref(), Some(&*expected));
    assert_eq!(
        page("per_page=1000").await,
        (["1", "2", "3", "4", "5"].map(String::from).to_vec(), None)
    );
    assert_eq!(page("since=2026-11-02T01:20:00Z").await.0, ["4", "5"]);
    assert_eq!(page("page=9").await.0, [""; 0]);
}

#[tokio::test]
async fn bodies_have_a_longest_length() {
    let bench = Bench::with_a_pull_request();
    // Characters, not bytes.
    let longest = "é".repeat(LONGEST_BODY);
    let (status, comment) = bench.post(COMMENTS, &longest).await;
    assert_eq!(status, 201);
    let (status, error) = bench.post(COMMENTS, &format!("{longest}!")).await;
    assert_eq!(status, 422);
    let expected = json!({
        "message": "Validation Failed",
        "errors": [{
            "resource": "IssueComment",
            "code": "unprocessable",
            "field": "data",
            "message": "Body is too long (maximum is 65536 characters)",
        }],
        "documentation_url": "https://docs.github.com/rest/issues/comments#create-an-issue-comment",
        "status": "422",
    });
    assert_eq!(error, expected);
    let path = format!("/repos/example/imports/issues/comments/{}", comment["id"]);
    let longer = json!({"body": format!("{longest}!")});
    assert_eq!(bench.send(Method::PATCH, &path, Some(&longer)).await.0, 422);
    assert_eq!(bench.post(COMMENTS, " \n").await.0, 422);
    assert_eq!(
        bench.send(Method::POST, COMMENTS, Some(&json!({}))).await.0,
        422
    );
    assert_eq!(
        bench
            .send(Method::POST, COMMENTS, Some(&json!("text")))
            .await
            .0,
        400
    );
    assert_eq!(bench.send(Method::POST, COMMENTS, None).await.0, 400);
}

#[tokio::test]
async fn conversations_end() {
    let bench = Bench::with_a_pull_request();
    let (_, comment) = bench.post(COMMENTS, "Queued").await;
    let path = format!("/repos/example/imports/issues/comments/{}", comment["id"]);
    bench.github().lock(12);
    let (status, error) = bench.post(COMMENTS, "Done").await;
    assert_eq!(status, 403);
    assert_eq!(
        error["message"],
        "Unable to create comment because issue is locked."
    );
    let body = json!({"body": "Done"});
    assert_eq!(bench.send(Method::PATCH, &path, Some(&body)).await.0, 200);
    bench.github().unlock(12);
    assert_eq!(bench.post(COMMENTS, "Done").await.0, 201);

    for status in [404, 410] {
        bench.github().delete_pull_request(12, status);
        assert_eq!(bench.post(COMMENTS, "Done").await.0, status);
        assert_eq!(bench.get(COMMENTS).await.0, status);
        assert_eq!(bench.get(&path).await.0, 404);
    }
    bench.github().open(pull_request(13));
    let open = COMMENTS.replace("12", "13");
    assert_eq!(bench.post(&open, "Planned").await.0, 201);
}

#[tokio::test]
async fn others_write_as_well() {
    let bench = Bench::with_a_pull_request();
    bench
        .github()
        .comment_as("mallory", &OTHERS, "<!-- marker -->");
    bench
        .github()
        .comment_as("renovate[bot]", &OTHERS, "<!-- marker -->");
    let (_, comments) = bench.get(COMMENTS).await;
    let author = |position: usize| &comments[position]["user"];
    assert_eq!(
        (&author(0)["login"], &author(0)["type"]),
        (&json!("mallory"), &json!("User"))
    );
    assert_eq!(
        (&author(1)["login"], &author(1)["type"]),
        (&json!("renovate[bot]"), &json!("Bot"))
    );
    let id = comments[0]["id"].as_u64().unwrap();
    bench.github().delete_comment_as("mallory", id);
    assert_eq!(bench.get(COMMENTS).await.1.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_second_run_may_be_faster() {
    let bench = Bench::with_a_pull_request();
    bench.github().outrun("<!-- status -->");
    bench.post(COMMENTS, "<!-- event -->\nDone").await;
    let (_, second) = bench.post(COMMENTS, "<!-- status -->\nQueued").await;
    bench.post(COMMENTS, "<!-- status -->\nOnce more").await;
    let comments = bench.github().comments(&OTHERS);
    let bodies: Vec<_> = comments.iter().map(|comment| &*comment.body).collect();
    assert_eq!(
        bodies,
        [
            "<!-- event -->\nDone",
            "<!-- status -->\nQueued",
            "<!-- status -->\nQueued",
            "<!-- status -->\nOnce more"
        ]
    );
    assert_eq!(second["id"], comments[2].id);
    assert!(comments.iter().all(|comment| comment.author == ACTIONS));
}
