//! Method `file`: calls that people bring as files, in the shape of a platform.
//!
//! So files take the same way as calls of an API: pages, checkpoints, failures of single records. What they
//! come to is found out before ([`gather`]); a page then reads what was said in some of the calls.

mod answers;
mod checksums;
mod findings;
mod gather;
mod page;
mod survey;

use sha2::{Digest, Sha256};

use crate::{
    files::{Draft, FileProblem, Gathered, Got, SourceFile},
    model::{LeftOut, Method},
    platforms::{
        Auth, CallRef, Connector, Cursor, Exchange, MediaFile, Page, Progress, Rejection, Reply,
        Setup, Step, Traits, Work,
    },
};

use answers::Answers;
pub use findings::findings;
pub use gather::{Reader, gather};
pub use survey::{FileNotice, Found, Shown, Survey, survey};

/// The connector of method `file`, whatever the platform.
#[derive(Debug, Clone, Copy)]
pub struct Uploads;

/// Calls in one page.
const PAGE_CALLS: usize = 100;

/// Bytes of the files in one page; the first may be larger.
const PAGE_BYTES: u64 = 16_000_000;

/// Recordings that are looked up at once.
const MEDIA_BATCH: usize = 100;

impl Connector for Uploads {
    fn traits(&self) -> Traits {
        Traits {
            page_size: PAGE_CALLS as u64,
            transcript_batch: None,
            verify_requests: 0,
            // Files bring what is in them, whatever the days: one window holds them all.
            window_days: 1_000_000,
            window_calls: i64::MAX,
            parallel_windows: 1,
            unique_ids: false,
            base_url: "",
            hosts: &[],
            // Never used: no host may be talked to.
            auth: Auth::Bearer { token: "token" },
            oauth: None,
            options: &[],
        }
    }

    fn media_batch(&self, _method: Method) -> Option<usize> {
        Some(MEDIA_BATCH)
    }

    fn begin(&self, work: &Work, setup: &Setup) -> Step {
        match work {
            Work::Verify | Work::Transcripts(_) => Step::Page(Page::default()),
            // Asked even where nothing is to be read: an attempt goes on when answers come, one page after another.
            Work::Media(_) => Step::Send(Exchange::Files(Vec::new()), Progress::Null),
            Work::List { cursor, .. } => {
                let batch = Batch::after(cursor.as_ref(), &setup.gathered);
                let wishes = page::wishes(batch.drafts);
                Step::Send(Exchange::Files(wishes), Progress::Null)
            }
        }
    }

    fn next(
        &self,
        work: &Work,
        setup: &Setup,
        _progress: &Progress,
        reply: &Reply,
    ) -> Result<Step, Rejection> {
        let broken = |detail: &str| Rejection::Broken {
            detail: detail.to_owned(),
        };
        let Reply::Files(got) = reply else {
            return Err(broken("expected the contents of files, got an HTTP answer"));
        };
        let cursor = match work {
            Work::Verify | Work::Transcripts(_) => {
                return Err(broken("expected no reply, because nothing was asked"));
            }
            Work::Media(calls) => return Ok(Step::Page(recordings(calls, &setup.gathered))),
            Work::List { cursor, .. } => cursor,
        };
        let batch = Batch::after(cursor.as_ref(), &setup.gathered);
        if got.len() != page::wishes(batch.drafts).len() {
            return Err(broken("expected an answer to each wish"));
        }
        Ok(Step::Page(batch.page(got, setup)))
    }
}

/// The calls of one page.
struct Batch<'a> {
    gathered: &'a Gathered,
    drafts: &'a [Draft],
    begin: usize,
}

impl<'a> Batch<'a> {
    fn after(cursor: Option<&Cursor>, gathered: &'a Gathered) -> Self {
        // Files that were changed in between are begun again: what is recorded of them is not recorded twice.
        let goes_on = |cursor: &Cursor| {
            let (mark, begin) = cursor.split_once(':')?;
            (mark == fingerprint(gathered)).then(|| begin.parse().ok())?
        };
        let begin = cursor.and_then(goes_on).unwrap_or_default();
        let left = gathered.drafts.get(begin..).unwrap_or_default();
        let mut bytes = 0;
        let count = left
            .iter()
            .take(PAGE_CALLS)
            .enumerate()
            .take_while(|(index, draft)| {
                bytes += page::bytes(draft);
                *index == 0 || bytes <= PAGE_BYTES
            });
        let count = count.count();
        Self {
            gathered,
            drafts: &left[..count],
            begin,
        }
    }

    /// The page, from what was read. What cannot be read fails alone; what makes no call is told with the first.
    fn page(&self, got: &[Result<Got, FileProblem>], setup: &Setup) -> Page {
        let Gathered {
            drafts,
            failures,
            left_out,
            ..
        } = self.gathered;
        let end = self.begin + self.drafts.len();
        let total = drafts.len() + failures.len();
        let mut page = Page {
            total: u64::try_from(total).ok(),
            next: (end < drafts.len()).then(|| format!("{}:{end}", fingerprint(self.gathered))),
            ..Page::default()
        };
        if self.begin == 0 {
            page.file_failures.clone_from(failures);
            page.skipped.clone_from(left_out);
        }
        let answers = Answers::new(self.drafts, got, self.gathered, &setup.internal_domains);
        for draft in self.drafts {
            let call = page::call(draft, self.gathered, &setup.internal_domains, &answers);
            match call {
                // The same conversation in two files is one call; the first name stands for it.
                Ok(call)
                    if page
                        .calls
                        .iter()
                        .any(|known| known.external_id == call.external_id) =>
                {
                    page.skipped.push(LeftOut {
                        name: draft.name.clone(),
                        reason: "It holds the same call as another file.".to_owned(),
                        is_duplicate: true,
                    });
                }
                Ok(call) => page.calls.push(call),
                Err(failure) => page.file_failures.push(*failure),
            }
        }
        page
    }
}

/// Changes with the calls that the files hold, and their order.
fn fingerprint(gathered: &Gathered) -> String {
    let mut hash = Sha256::new();
    for draft in &gathered.drafts {
        hash.update(draft.name.as_bytes());
        hash.update([0]);
        for file in draft.content.files() {
            hash.update(file.bytes.to_le_bytes());
        }
    }
    let mut text = hex::encode(hash.finalize());
    text.truncate(16);
    text
}

/// Where the recordings of recorded calls lie.
fn recordings(calls: &[CallRef], gathered: &Gathered) -> Page {
    let mut page = Page::default();
    let find = |call: &CallRef| -> Option<SourceFile> {
        let name = page::recording_of(call.raw.as_deref()?)?;
        let mut recordings = gathered
            .drafts
            .iter()
            .filter_map(|draft| draft.recording.as_ref());
        recordings.find(|file| file.name == name).cloned()
    };
    for call in calls {
        match find(call) {
            Some(file) => page.media.push(MediaFile::of_file(&call.external_id, file)),
            None => page.without_media.push(call.external_id.clone()),
        }
    }
    page
}
