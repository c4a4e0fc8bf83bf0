//! Where recordings are, as every platform tells it in the end.

use super::{CallRef, HttpReply, Link, MediaFile, Page, RecordFailure, Rejection, fields};

/// The video where there is one, else the sound. An empty text is no link.
pub(super) fn best(video: Option<String>, sound: Option<String>) -> Option<Link> {
    let address = fields::text(video).or_else(|| fields::text(sound))?;
    Some(Link::new(address))
}

/// The recording is there.
pub(super) fn found(call: &CallRef, link: Link) -> Page {
    Page {
        media: vec![MediaFile::new(&call.external_id, link)],
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

/// The platform has one, and no way to it that we know.
pub(super) fn failed(call: &CallRef, detail: String) -> Page {
    Page {
        failures: vec![RecordFailure {
            external_id: call.external_id.clone(),
            stage: "media",
            detail,
        }],
        ..Page::default()
    }
}

/// Where the recording of a call is, from the answer of a platform that redirects to it: the link is signed, and goes
/// without the platform's credential.
///
/// `judge` says what a status is that is about the request and not about this call.
///
/// # Errors
/// What `judge` says, or [`Rejection::Broken`] for a page that people are to read, which is all that the platform sends
/// at the moment.
pub(super) fn redirected(
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
    Ok(failed(
        call,
        format!(
            "{platform} answered {} with {kind}, and not with a link to the recording",
            reply.status
        ),
    ))
}
