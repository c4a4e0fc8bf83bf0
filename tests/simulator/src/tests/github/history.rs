//! Commits, the pull requests they came with, and who asks.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Bench, pull_request};
use crate::github::{self, ACTIONS, Identity, Merging, PullRequest};

const COMMITS: &str = "/repos/example/imports/commits";

impl Bench {
    /// SHAs of the commits that touch a path, newest first.
    async fn commits(&self, path: &str) -> Vec<String> {
        let (status, commits) = self.get(&format!("{COMMITS}?path={path}")).await;
        assert_eq!(status, 200);
        let commits = commits.as_array().unwrap().iter();
        commits
            .map(|commit| commit["sha"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Numbers of the pull requests of a commit, and whether each is merged.
    async fn pulls(&self, sha: &str) -> Vec<(u64, bool)> {
        let (status, pulls) = self.get(&format!("{COMMITS}/{sha}/pulls")).await;
        assert_eq!(status, 200);
        let facts = |pull: &Value| {
            (
                pull["number"].as_u64().unwrap(),
                pull["merged_at"].is_string(),
            )
        };
        pulls.as_array().unwrap().iter().map(facts).collect()
    }
}

#[tokio::test]
async fn the_newest_commit_of_a_file_leads_to_its_pull_request() {
    let bench = Bench::with_a_pull_request();
    let github = bench.github();
    let pushed = github.push("omar", ["requests/other.yaml"]);
    let removed = github.merge(pull_request(14));
    let [newest, oldest] = bench
        .commits("requests/northwind.yaml")
        .await
        .try_into()
        .unwrap();
    assert_eq!(newest, removed);
    assert_eq!(bench.pulls(&newest).await, [(14, true)]);
    assert_eq!(bench.pulls(&oldest).await, [(12, true)]);
    assert_eq!(bench.pulls(&pushed).await, []);
    assert_eq!(bench.commits("requests%2Fother.yaml").await, [pushed]);
    assert_eq!(bench.commits("requests").await.len(), 3);
    assert_eq!(bench.commits("request").await, [""; 0]);

    let (_, pulls) = bench.get(&format!("{COMMITS}/{newest}/pulls")).await;
    let pull = &pulls[0];
    assert_eq!(
        (&pull["merge_commit_sha"], &pull["base"]["ref"]),
        (&json!(newest), &json!("main"))
    );
    assert_eq!(
        (&pull["user"]["login"], &pull["state"]),
        (&json!("jane-doe"), &json!("closed"))
    );
    let (_, first) = bench.get(&format!("{COMMITS}?per_page=1")).await;
    assert_eq!(first.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_merge_commit_hides_behind_what_it_merges() {
    let bench = Bench::with_a_pull_request();
    let github = bench.github();
    let opened = github.open(PullRequest::new(15, "jane-doe", ["requests/new.yaml"]));
    assert_eq!(bench.commits("requests/new.yaml").await, [""; 0]);
    assert_eq!(bench.pulls(&opened).await, [(15, false)]);
    let merge = github.merge_open(15, Merging::Commit);
    for sha in [&opened, &merge] {
        assert_eq!(bench.pulls(sha).await, [(15, true)]);
    }
    assert_eq!(bench.commits("requests/new.yaml").await, [opened]);
}

#[tokio::test]
async fn pull_requests_that_mislead_are_listed() {
    let bench = Bench::with_a_pull_request();
    let github = bench.github();
    let sha = github.merge(pull_request(16));
    github.open(pull_request(17));
    github.merge(pull_request(18).onto("release"));
    github.associate(&sha, 17);
    github.associate(&sha, 18);
    assert_eq!(
        bench.pulls(&sha).await,
        [(16, true), (17, false), (18, true)]
    );
    // What was merged into another branch is not in the history of the default branch.
    assert_eq!(bench.commits("requests/northwind.yaml").await.len(), 2);
    github.delete_pull_request(16, 404);
    assert_eq!(bench.pulls(&sha).await, [(17, false), (18, true)]);
    assert_eq!(bench.get(&format!("{COMMITS}/unknown/pulls")).await.0, 422);
}

#[tokio::test]
async fn who_asks_depends_on_the_token() {
    let bench = Bench::with_a_pull_request();
    let viewer = json!({"query": "query {\n viewer { login }\n}"});
    let login = |answer: (u16, Value)| answer.1["data"]["viewer"]["login"].clone();
    let (status, error) = bench.get("/user").await;
    assert_eq!(
        (status, &error["message"]),
        (403, &json!("Resource not accessible by integration"))
    );
    assert_eq!(
        login(bench.send(Method::POST, "/graphql", Some(&viewer)).await),
        ACTIONS
    );

    bench
        .github()
        .identify_as(Identity::User("import-robot".into()));
    let (status, user) = bench.get("/user").await;
    assert_eq!((status, &user["login"]), (200, &json!("import-robot")));
    assert_eq!(
        login(bench.send(Method::POST, "/graphql", Some(&viewer)).await),
        "import-robot"
    );
    let other = json!({"query": "query { repository { name } }"});
    let (_, answer) = bench.send(Method::POST, "/graphql", Some(&other)).await;
    assert!(answer["errors"].is_array());
}

#[tokio::test]
async fn who_does_not_say_who_it_is_is_refused() {
    let bench = Bench::with_a_pull_request();
    let url = format!("{}{COMMITS}", bench.running.url);
    let status = |request: reqwest::RequestBuilder| async {
        super::answer(request.send().await.unwrap()).await
    };
    let no_agent = status(bench.http.get(&url).bearer_auth("simulated")).await;
    assert_eq!(no_agent, (403, Value::Null));
    for token in ["wrong", ""] {
        let request = bench
            .http
            .get(&url)
            .header("user-agent", "tests")
            .bearer_auth(token);
        let (code, error) = status(request).await;
        assert_eq!((code, &error["message"]), (401, &json!("Bad credentials")));
    }
    let (code, _) = status(bench.http.get(&url).header("user-agent", "tests")).await;
    assert_eq!(code, 401);
    let log = bench.github().log();
    assert_eq!(log.count_where(|entry| entry.authenticated()), 1);
    assert_eq!(log.count(github::COMMITS), 4);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let bench = Bench::with_a_pull_request();
    let expected = json!({
        "message": "Not Found",
        "documentation_url": "https://docs.github.com/rest",
        "status": "404",
    });
    for path in [
        "/",
        "/repos/example/other/commits",
        "/repos/example/imports/issues/twelve/comments",
        "/api/v3",
    ] {
        assert_eq!(bench.get(path).await, (404, expected.clone()), "{path}");
    }
    let (status, _) = bench.get("/repos/example/imports/issues/99/comments").await;
    assert_eq!(status, 404);
    // Some clients edit with POST. GitHub has no such endpoint.
    let (_, comment) = bench.post(super::COMMENTS, "Queued").await;
    let path = format!("/repos/example/imports/issues/comments/{}", comment["id"]);
    assert_eq!(bench.post(&path, "Done").await, (404, expected));
}

#[tokio::test]
async fn enterprise_servers_have_a_prefix_and_no_limits() {
    let bench = Bench::with_a_pull_request();
    let path = "/api/v3/repos/Example/Imports/commits?per_page=1";
    let response = bench.request(Method::GET, path).send().await.unwrap();
    assert!(response.headers().get("x-ratelimit-limit").is_none());
    let link = response.headers()["link"].to_str().unwrap().to_owned();
    let next = format!(
        "<{}/api/v3/repositories/730000001/commits?per_page=1&page=2>",
        bench.running.url
    );
    assert!(link.starts_with(&next), "{link}");
    let (_, commits) = super::answer(response).await;
    let url = commits[0]["url"].as_str().unwrap();
    assert_eq!(
        bench
            .get(url.strip_prefix(&bench.running.url).unwrap())
            .await
            .0,
        404
    );
    assert!(url.contains("/api/v3/repos/example/imports/commits/"));
    let viewer = json!({"query": "{viewer{login}}"});
    assert_eq!(
        bench
            .send(Method::POST, "/api/graphql", Some(&viewer))
            .await
            .0,
        200
    );
    assert_eq!(bench.get("/api/v3/rate_limit").await.0, 404);
}
