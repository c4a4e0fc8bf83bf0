//! `GET /v2/recordings/{id}/download`: a redirect to the audio or video of one recording.

use super::{Asked, NAME, accepts, judge, send, teams};
use crate::platforms::{CallRef, HttpReply, Page, Rejection, Setup, Step, media};

/// What comes after the answer. 403 means what it means for a transcript.
pub(super) fn page(calls: &[CallRef], setup: &Setup, reply: &HttpReply) -> Result<Step, Rejection> {
    match (reply.status, calls.first()) {
        (403, _) => Ok(send(teams(), &Asked::Right)),
        (_, Some(call)) => {
            media::redirected(NAME, call, reply, || judge(reply, setup)).map(Step::Page)
        }
        (_, None) => Ok(Step::Page(Page::default())),
    }
}

/// What comes after the answer to what every token may ask: the token works, so the recording is not for us.
pub(super) fn locked(
    calls: &[CallRef],
    setup: &Setup,
    reply: &HttpReply,
) -> Result<Step, Rejection> {
    accepts(reply, setup)?;
    Ok(Step::Page(
        calls.first().map_or_else(Page::default, media::none),
    ))
}
