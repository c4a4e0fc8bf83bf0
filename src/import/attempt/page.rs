//! What an attempt does with a page.

use std::collections::HashSet;

use super::{Attempt, Commit, our_bug};
use crate::{
    import::End,
    model::{FailureClass, TranscriptContent, Window},
    platforms::{CallRef, Cursor, Page, Work},
};

impl Attempt {
    pub(super) fn take(&mut self, work: &Work, page: Page) {
        match work {
            Work::Verify => self.verified = true,
            Work::List { window, .. } => {
                let Some(walk) = self.walks.iter_mut().find(|walk| walk.window == *window) else {
                    return;
                };
                match walk.take(page) {
                    Ok(fresh) => {
                        let checkpoint = self.scope.keep_checkpoints.then_some(fresh.checkpoint);
                        let checkpoints = checkpoint.into_iter().collect();
                        let mut calls = fresh.calls;
                        if !self.scope.transcripts {
                            calls
                                .iter_mut()
                                .for_each(|call| call.transcript = TranscriptContent::Absent);
                        }
                        self.keep(Commit {
                            calls,
                            failures: fresh.failures,
                            file_failures: fresh.file_failures,
                            skipped: fresh.skipped,
                            tally: fresh.tally,
                            checkpoints,
                            ..Commit::default()
                        });
                        self.go_on_listing(*window, fresh.next);
                    }
                    Err(detail) => {
                        self.stop(End::Failed(our_bug(FailureClass::BrokenReply, detail)))
                    }
                }
            }
            Work::Transcripts(calls) => self.take_transcripts(calls, page),
            Work::Media(calls) => self.take_media(calls, page),
        }
    }

    fn go_on_listing(&mut self, window: Window, next: Option<Cursor>) {
        if next.is_some() && self.end.is_none() {
            self.begin(Work::List {
                window,
                cursor: next,
            });
        }
    }

    fn take_transcripts(&mut self, calls: &[CallRef], page: Page) {
        let Page {
            transcripts,
            without_transcript,
            failures,
            next,
            ..
        } = page;
        if next.is_some() && !transcripts.is_empty() && self.end.is_none() {
            let answered: HashSet<&str> = transcripts.iter().map(|(id, _)| id.as_str()).collect();
            let rest: Vec<CallRef> = calls
                .iter()
                .filter(|call| !answered.contains(call.external_id.as_str()))
                .cloned()
                .collect();
            if !rest.is_empty() {
                self.begin(Work::Transcripts(rest));
            }
        }
        if !transcripts.is_empty() || !without_transcript.is_empty() || !failures.is_empty() {
            self.keep(Commit {
                transcripts,
                without_transcript,
                failures,
                ..Commit::default()
            });
        }
    }
}
