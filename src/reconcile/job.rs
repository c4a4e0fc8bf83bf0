//! From a planned job to what its attempt needs.

use std::sync::Arc;

use jiff::Timestamp;

use super::lane::Drive;
use crate::{
    http::AddressError,
    import::{Failure, Scope},
    model::{Credential, FailureClass, WhoseTurn, Window},
    plan::{Job, JobKind},
    platforms::{Auth, Connector, Setup, Traits},
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
        // Files are looked through when their turn comes.
        gathered: Arc::default(),
    }
}

/// The credential of a request, opened.
///
/// # Errors
/// Whose turn it is, if it cannot be.
pub(super) fn credential(job: &Job, auth: Auth, drive: &Drive<'_>) -> Result<Credential, Failure> {
    let secrets = drive.edges.secrets;
    secrets.open(&job.request, auth).map_err(|error| {
        let advice = error.to_string();
        Failure {
            class: FailureClass::Credentials,
            detail: advice.clone(),
            advice: Some((error.whose_turn(), advice)),
        }
    })
}

/// How the request signs in.
///
/// # Errors
/// When the platform has no such way; the check of the request has said so before.
pub(super) fn auth(job: &Job, traits: &Traits) -> Result<Auth, Failure> {
    let method = job.request.method;
    traits.sign_in(method).ok_or_else(|| {
        let detail = format!("the platform offers no method {method}");
        let advice = format!("The import needs an engineer: {detail}.");
        Failure {
            class: FailureClass::Internal,
            detail,
            advice: Some((WhoseTurn::Engineering, advice)),
        }
    })
}

/// What replaces the address of the platform's API.
pub(super) fn replacement<'a>(job: &Job, drive: &Drive<'a>) -> Option<&'a str> {
    let urls = drive.settings.platform_urls;
    urls.get(&job.request.platform).map(String::as_str)
}

/// The request names an address that is not the platform's.
pub(super) fn wrong_address(error: &AddressError) -> Failure {
    Failure {
        class: FailureClass::Internal,
        detail: error.to_string(),
        advice: Some((
            WhoseTurn::Cs,
            format!("The address in options.base_url cannot be used: {error}."),
        )),
    }
}
