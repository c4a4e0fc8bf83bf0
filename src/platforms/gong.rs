//! Gong (`https://api.gong.io/v2`).

use super::{
    Auth, Connector, Exchange, HttpExchange, Progress, Rejection, Reply, RequestClass, Setup, Step,
    Traits, Verb, Work,
};

/// The connector.
pub(super) struct Gong;

impl Connector for Gong {
    fn traits(&self) -> Traits {
        Traits {
            page_size: 100,
            transcript_batch: Some(100),
            verify_requests: 1,
            window_days: 90,
            window_calls: 2_000,
            parallel_windows: 4,
            base_url: "https://api.gong.io",
            hosts: &["api.gong.io", ".api.gong.io"],
            auth: Auth::Basic {
                user: "access_key",
                password: "access_key_secret",
            },
            options: &[],
        }
    }

    fn begin(&self, _work: &Work, _setup: &Setup) -> Step {
        Step::Send(
            Exchange::Http(HttpExchange {
                verb: Verb::Get,
                path: "/v2/workspaces".into(),
                body: None,
                class: RequestClass::Light,
            }),
            Progress::Null,
        )
    }

    fn next(
        &self,
        _work: &Work,
        _setup: &Setup,
        _progress: &Progress,
        _reply: &Reply,
    ) -> Result<Step, Rejection> {
        Ok(Step::Page(super::Page::default()))
    }
}
