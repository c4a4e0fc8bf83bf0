//! The simulated GitHub against GitHub's documentation, over HTTP as a client sees it.

mod comments;
mod faults;
mod history;
mod limits;

use std::sync::Arc;

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use super::{TestClock, client};
use crate::{
    Config, Running, Simulator,
    github::{self, GitHub},
};

const COMMENTS: &str = "/repos/example/imports/issues/12/comments";

/// A simulated GitHub with its clock and a client that has its token.
struct Bench {
    running: Running,
    clock: Arc<TestClock>,
    http: reqwest::Client,
}

impl Bench {
    fn start(config: github::Config) -> Self {
        let clock = Arc::new(TestClock::default());
        let running = Simulator::start(Config {
            clock: clock.clone(),
            ..Config::github(config)
        });
        Self {
            running: running.unwrap(),
            clock,
            http: client(),
        }
    }

    /// With pull request 12 merged by `jane-doe`, and without limits.
    fn with_a_pull_request() -> Self {
        let bench = Self::start(github::Config {
            limits: None,
            ..github::Config::default()
        });
        bench.github().merge(pull_request(12));
        bench
    }

    fn github(&self) -> &GitHub {
        self.running.github()
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.running.url);
        self.http
            .request(method, url)
            .header("user-agent", "tests")
            .bearer_auth("simulated")
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        answer(request.send().await.unwrap()).await
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.send(Method::GET, path, None).await
    }

    async fn post(&self, path: &str, body: &str) -> (u16, Value) {
        let body = json!({"body": body});
        self.send(Method::POST, path, Some(&body)).await
    }
}

/// Status and body; null where there is none.
async fn answer(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or_default())
}

fn pull_request(number: u64) -> github::PullRequest {
    github::PullRequest::new(number, "jane-doe", ["requests/northwind.yaml"])
}
