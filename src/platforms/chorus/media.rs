//! `GET /api/v1/conversations/{id}/media`: a redirect to the recording of one call.

use serde_json::Value;

use super::{NAME, answer, engagements::listed};
use crate::platforms::{CallRef, HttpExchange, HttpReply, Link, Page, Rejection, fields, media};

/// Where an answer in JSON may hold the link, and what its name may be. Neither is documented.
const PLACES: &[&str] = &["", "/data", "/data/attributes"];
const NAMES: &[&str] = &["url", "media_url", "location", "link"];

/// The request.
pub(super) fn request(call: &CallRef) -> HttpExchange {
    let id = fields::percent_encoded(&call.external_id);
    HttpExchange::get(format!("/api/v1/conversations/{id}/media"))
}

/// The answer. Asked in another way Chorus tells the link in JSON; should it do so in this way too, that is as well.
pub(super) fn page(reply: &HttpReply, call: &CallRef) -> Result<Page, Rejection> {
    if let (200, Ok(json)) = (reply.status, serde_json::from_slice::<Value>(&reply.body))
        && let Some(link) = link(&json)
    {
        return Ok(media::found(call, link));
    }
    // What was listed while Chorus worked on it may come another night.
    if reply.status == 404 && listed(call).is_some_and(|listed| !listed.is_processed()) {
        return Ok(Page::default());
    }
    media::redirected(NAME, call, reply, || answer::<Value>(reply).map(drop))
}

fn link(json: &Value) -> Option<Link> {
    let places = PLACES.iter().filter_map(|place| json.pointer(place));
    let mut named =
        places.flat_map(|place| NAMES.iter().filter_map(|name| place.get(name)?.as_str()));
    named.find(|text| text.starts_with("http")).map(Link::new)
}
