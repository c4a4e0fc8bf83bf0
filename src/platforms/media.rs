//! Recordings that a platform redirects to: it has one request for each, and answers with where a signed link leads,
//! which goes without the platform's credential.

use super::{CallRef, HttpReply, Link, MediaFile, Page, RecordFailure, Rejection};

/// Where the recording of a call is, from the answer to the request for it.
///
/// `judge` says what a status is that is about the request and not about this call.
///
/// # Errors
/// What `judge` says, or [`Rejection::Broken`] for a page that people are to read, which is all that the platform sends
/// at the moment.
pub(super) fn page(
    platform: &str,
    call: &CallRef,
    reply: &HttpReply,
    judge: impl FnOnce() -> Result<(), Rejection>,
) -> Result<Page, Rejection> {
    if let Some(link) = &reply.location {
        return Ok(found(call, link.clone()));
    }
    match reply.status {
        404 | 410 => return Ok(none(call)),
        200..=399 => {}
        _ => judge()?,
    }
    let kind = &reply.content_type;
    if kind.starts_with("text/html") {
        return Err(Rejection::Broken {
            detail: format!("expected {platform}'s redirect to a recording, got {kind}"),
        });
    }
    // Such as the recording itself.
    let kind = if kind.is_empty() { "no type" } else { kind };
    Ok(Page {
        failures: vec![RecordFailure {
            external_id: call.external_id.clone(),
            stage: "media",
            detail: format!(
                "{platform} answered {} with {kind}, and not with a link to the recording",
                reply.status
            ),
        }],
        ..Page::default()
    })
}

/// The recording is there.
pub(super) fn found(call: &CallRef, link: Link) -> Page {
    Page {
        media: vec![MediaFile {
            external_id: call.external_id.clone(),
            link,
            bytes: None,
        }],
        ..Page::default()
    }
}

/// There is none, or none for us.
pub(super) fn none(call: &CallRef) -> Page {
    Page {
        without_media: vec![call.external_id.clone()],
        ..Page::default()
    }
}
