//! From a planned job to what its attempt needs.

use jiff::Timestamp;

use super::lane::Drive;
use crate::{
    http::Endpoint,
    import::{Failure, Scope},
    model::{FailureClass, WhoseTurn, Window},
    plan::{Job, JobKind},
    platforms::{Connector, Setup},
    spec::Include,
};

/// What an attempt is to do. `has_place` says whether there is one for recordings.
pub(super) fn scope(job: &Job, has_place: bool) -> Scope {
    let (period, checkpoints) = match job.kind {
        JobKind::Import => (Some(job.period), job.checkpoints.clone()),
        JobKind::Settle { window } => (window.map(Window::period), Vec::new()),
        JobKind::Expire => (None, Vec::new()),
    };
    Scope {
        request_id: job.request.id.clone(),
        period,
        checkpoints,
        keep_checkpoints: job.kind == JobKind::Import,
        transcripts: job.request.include.contains(&Include::Transcript),
        media: has_place && job.request.include.contains(&Include::Media),
    }
}

/// What the connector needs to know.
pub(super) fn setup(job: &Job, connector: &dyn Connector, as_of: Timestamp) -> Setup {
    let request = &job.request;
    let own = request.options.get("base_url").and_then(|url| url.as_str());
    Setup {
        base_url: own
            .unwrap_or(connector.traits().base_url)
            .trim_end_matches('/')
            .to_owned(),
        options: request.options.clone(),
        internal_domains: request.internal_domains.clone(),
        period: job.period,
        method: request.method,
        as_of,
        keys: 1,
        files: request.files.iter().map(|file| file.file.clone()).collect(),
    }
}

/// Where requests go and with which credential, or whose turn it is.
pub(super) fn endpoint(
    job: &Job,
    connector: &dyn Connector,
    setup: &Setup,
    drive: &Drive<'_>,
) -> Result<Endpoint, Failure> {
    let traits = connector.traits();
    let credential = drive
        .edges
        .secrets
        .open(&job.request, traits.auth)
        .map_err(|error| {
            let advice = error.to_string();
            Failure {
                class: FailureClass::Credentials,
                detail: advice.clone(),
                advice: Some((error.whose_turn(), advice)),
            }
        })?;
    let replacement = drive
        .settings
        .platform_urls
        .get(&job.request.platform)
        .map(String::as_str);
    Endpoint::new(&setup.base_url, replacement, &traits, credential).map_err(|error| Failure {
        class: FailureClass::Internal,
        detail: error.to_string(),
        advice: Some((
            WhoseTurn::Cs,
            format!("The address in options.base_url cannot be used: {error}."),
        )),
    })
}
