//! The making of files of recordings: asked for, under way, there.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use super::recording;
use crate::{
    company::Call,
    json::Object,
    limits::{Limiter, Limits},
    media::Links,
};

/// What was asked for.
pub(super) struct Downloads {
    links: Links,
    making: SignedDuration,
    limiter: Mutex<Limiter>,
    asked: Mutex<Asked>,
}

#[derive(Default)]
struct Asked {
    /// Who asked, and for which call, by the number in the download's id.
    downloads: Vec<(String, u32)>,
    /// When the file of a call was asked for first: it is made once.
    first: BTreeMap<u32, Timestamp>,
}

impl Downloads {
    pub(super) fn new(links: Links, making: Duration, limits: Limits) -> Self {
        Self {
            links,
            making: SignedDuration::try_from(making).expect("nothing takes for ever"),
            limiter: Mutex::new(Limiter::new(limits)),
            asked: Mutex::default(),
        }
    }

    /// Requests for files have a limit of their own.
    pub(super) fn limiter(&self) -> MutexGuard<'_, Limiter> {
        self.limiter.lock().expect("no holder of this lock panics")
    }

    /// Begins to make the file of a call; `None` where there is nothing to make it from.
    pub(super) fn ask(&self, call: &Call, caller: &str, now: Timestamp) -> Option<String> {
        recording(call)?;
        let mut asked = self.asked();
        asked.first.entry(call.index).or_insert(now);
        asked.downloads.push((caller.to_owned(), call.index));
        let number = asked.downloads.len();
        drop(asked);
        Some(self.state(call, number, now))
    }

    /// How a download stands. Only who asked for it is told.
    pub(super) fn look(
        &self,
        call: &Call,
        id: &str,
        caller: &str,
        now: Timestamp,
    ) -> Option<String> {
        let number: usize = id.strip_prefix("dl_")?.parse().ok()?;
        let index = number.checked_sub(1)?;
        let is_theirs = self.asked().downloads.get(index)? == &(caller.to_owned(), call.index);
        is_theirs.then(|| self.state(call, number, now))
    }

    fn state(&self, call: &Call, number: usize, now: Timestamp) -> String {
        let since = now.duration_since(self.asked().first[&call.index]);
        let kind = recording(call).unwrap_or_default();
        let is_made = kind == "audio" || since >= self.making;
        let mut body = String::new();
        Object::write(&mut body, |object| {
            object.text("download_id", format!("dl_{number}").as_str());
            object.plain("recording_id", &call.id);
            object.text("status", if is_made { "completed" } else { "processing" });
            if is_made {
                object.object(kind, |object| {
                    object.text("url", self.links.link(&call.id, kind, now).as_str());
                    let mime = if kind == "audio" {
                        "audio/mpeg"
                    } else {
                        "video/mp4"
                    };
                    object.text("content_type", mime);
                });
            }
        });
        body
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().expect("no holder of this lock panics")
    }
}
