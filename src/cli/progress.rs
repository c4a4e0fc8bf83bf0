//! Progress of a run on stderr: a bar on a terminal, a line now and then elsewhere.

use std::{collections::BTreeMap, io::IsTerminal as _};

use indicatif::{ProgressBar, ProgressStyle};
use jiff::{SignedDuration, Timestamp};

use crate::{
    plan::Plan,
    reconcile::Event,
    report::text::{grouped, inline},
};

/// Lines are not closer than this.
const PAUSE: SignedDuration = SignedDuration::from_secs(30);

/// What is known of a run under way.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    imports: BTreeMap<String, Import>,
    told_at: Option<Timestamp>,
}

/// Calls of one import.
#[derive(Debug, Clone, Copy, Default)]
struct Import {
    listed: u64,
    known: u64,
    transcripts: u64,
}

impl Progress {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template(
                "{bar:30} {pos:>7} of about {len} calls  {elapsed}  {wide_msg}",
            );
            let bar = ProgressBar::new(0);
            // The template is a constant; a bar in the default style is no harm.
            style.map(|style| bar.set_style(style)).ok();
            bar
        });
        Self {
            bar,
            imports: BTreeMap::new(),
            told_at: None,
        }
    }

    /// Shows what happened.
    pub(super) fn show(&mut self, event: Event<'_>, now: Timestamp) {
        match event {
            Event::Planned(plan) => self.begin(plan),
            Event::Committed {
                request_id,
                listed,
                known,
                transcripts,
            } => {
                let import = self.imports.entry(request_id.to_owned()).or_default();
                import.listed = u64::try_from(listed).unwrap_or_default();
                import.known = import.known.max(u64::try_from(known).unwrap_or_default());
                import.transcripts += transcripts as u64;
                self.tell(request_id, now);
            }
            Event::Ended(record) => {
                if let Some(bar) = &self.bar {
                    bar.println(format!("{}: {}", inline(&record.request_id), record.phase));
                }
            }
            Event::Told { request_id, kind } => {
                let request = inline(request_id);
                tracing::debug!(request, %kind, "told on GitHub");
            }
        }
    }

    /// Takes the bar away.
    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn begin(&mut self, plan: &Plan) {
        for job in plan.lanes.iter().flat_map(|lane| &lane.jobs) {
            let listed = u64::try_from(job.record.calls_listed).unwrap_or_default();
            let known = job.request.estimated_calls.max(listed);
            self.imports.insert(
                job.request.id.clone(),
                Import {
                    listed,
                    known,
                    transcripts: 0,
                },
            );
        }
        self.draw("");
    }

    fn tell(&mut self, request_id: &str, now: Timestamp) {
        self.draw(request_id);
        let is_due = self
            .told_at
            .is_none_or(|told| now.duration_since(told) >= PAUSE);
        if self.bar.is_none() && is_due {
            self.told_at = Some(now);
            tracing::info!("{}", self.line());
        }
    }

    /// All imports of the run together.
    fn line(&self) -> String {
        let Import {
            listed,
            known,
            transcripts,
        } = self.total();
        let of = match self.imports.len() {
            1 => String::new(),
            imports => format!("of all {imports} imports tonight, "),
        };
        format!(
            "{of}{} of about {} calls listed, {} transcripts imported",
            grouped(listed),
            grouped(known),
            grouped(transcripts)
        )
    }

    fn draw(&self, request_id: &str) {
        if let Some(bar) = &self.bar {
            let Import {
                listed,
                known,
                transcripts,
            } = self.total();
            bar.set_length(known.max(listed));
            bar.set_position(listed);
            bar.set_message(format!(
                "{} transcripts  {}",
                grouped(transcripts),
                inline(request_id)
            ));
        }
    }

    fn total(&self) -> Import {
        self.imports
            .values()
            .fold(Import::default(), |sum, import| Import {
                listed: sum.listed + import.listed,
                known: sum.known + import.known,
                transcripts: sum.transcripts + import.transcripts,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_of_how_many_imports_it_speaks() {
        let import = Import {
            listed: 100,
            known: 5_000,
            transcripts: 40,
        };
        let mut progress = Progress {
            bar: None,
            imports: BTreeMap::from([("a".to_owned(), import)]),
            told_at: None,
        };
        assert_eq!(
            progress.line(),
            "100 of about 5,000 calls listed, 40 transcripts imported"
        );
        progress.imports.insert("b".to_owned(), import);
        assert_eq!(
            progress.line(),
            "of all 2 imports tonight, 200 of about 10,000 calls listed, 80 transcripts imported"
        );
    }
}
