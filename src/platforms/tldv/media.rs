//! `GET /meetings/{id}/download`: a redirect to the video of one meeting. The link lives 6 hours.

use super::{NAME, judge, listed};
use crate::platforms::{CallRef, HttpReply, Page, Rejection, media};

/// Where the video is. 403: the organizer of this meeting has no paid plan, though the meeting is listed.
pub(super) fn page(call: &CallRef, reply: &HttpReply) -> Result<Page, Rejection> {
    match reply.status {
        403 => Ok(media::none(call)),
        // What was listed while tl;dv worked on it may come another night.
        404 if listed(call).is_some_and(|listed| !listed.is_processed()) => Ok(Page::default()),
        _ => media::redirected(NAME, call, reply, || judge(reply)),
    }
}
