//! `call-import watch`: checks again whenever a request or the matrix changes.

use std::{
    collections::BTreeSet,
    io::Write as _,
    path::{Path, PathBuf},
    sync::mpsc,
    time::Duration,
};

use anyhow::Context as _;
use clap::Args;
use notify::{Event, EventKind, RecursiveMode, event::Flag};
use notify_debouncer_full::new_debouncer;

use super::{
    Common, Exit, Output, Stop,
    check::{self, Scope},
};
use crate::{
    clock::SystemClock,
    report::{
        findings::{self, Review, Style},
        text::clean,
    },
};

/// Changes within this time are answered together: editors write, rename and touch in one go.
const PAUSE: Duration = Duration::from_millis(150);

/// Arguments of `watch`.
#[derive(Debug, Args)]
pub(super) struct Arguments {}

/// What is watched. Folders, not files: an editor that saves by rename puts a new file in the place of
/// the one that was watched.
struct Watched {
    requests: PathBuf,
    matrix: PathBuf,
}

/// Checks once, then after each change, until Ctrl-C or until nobody reads any more.
pub(super) fn run(_arguments: &Arguments, common: &Common, out: &mut Output) -> Result<Exit, Stop> {
    let watched = Watched::new(common)?;
    let (sender, batches) = mpsc::channel();
    let mut debouncer = new_debouncer(PAUSE, None, sender).context("Files cannot be watched.")?;
    for (folder, mode) in watched.folders() {
        debouncer
            .watch(folder, mode)
            .with_context(|| format!("{} cannot be watched.", folder.display()))?;
    }
    let style = if out.is_coloured() {
        Style::Colour
    } else {
        Style::Plain
    };
    let check = || check::review(common, Scope::All, &SystemClock);
    write!(out, "{}", answer(check(), style))?;
    writeln!(out, "Watching for changes. Ctrl-C ends.")?;
    out.flush()?;
    while !out.is_closed() {
        // The debouncer holds the other end, so the channel stays open.
        let header = match batches.recv()? {
            Ok(events) => watched.header(events.iter().map(|event| &event.event)),
            // Events were lost, so it is unknown what changed.
            Err(_) => watched.header(&[Event::new(EventKind::Other).set_flag(Flag::Rescan)]),
        };
        if let Some(header) = header {
            write!(out, "\n{header}\n{}", answer(check(), style))?;
            out.flush()?;
        }
    }
    Ok(Exit::Well)
}

/// What is said after a check. One that could not run is no reason to stop watching: the next change may
/// mend it.
fn answer(review: Result<Review, Stop>, style: Style) -> String {
    match review {
        Ok(review) => findings::plain(&review, style),
        Err(stop) => stop.sentence(true),
    }
}

impl Watched {
    fn new(common: &Common) -> Result<Self, Stop> {
        let absolute = |path: &Path| {
            path.canonicalize()
                .with_context(|| format!("{} cannot be watched.", path.display()))
        };
        Ok(Self {
            requests: absolute(&common.requests)?,
            matrix: absolute(&common.matrix)?,
        })
    }

    fn folders(&self) -> Vec<(&Path, RecursiveMode)> {
        let mut folders = vec![(self.requests.as_path(), RecursiveMode::Recursive)];
        if let Some(folder) = self.matrix.parent()
            && !folder.starts_with(&self.requests)
        {
            folders.push((folder, RecursiveMode::NonRecursive));
        }
        folders
    }

    /// The line above an answer, naming what changed; `None` where nothing did that a check reads.
    fn header<'a>(&self, events: impl IntoIterator<Item = &'a Event>) -> Option<String> {
        let names: BTreeSet<String> = events
            .into_iter()
            .flat_map(|event| self.changed(event))
            .collect();
        if names.is_empty() {
            return None;
        }
        let names: Vec<String> = names.into_iter().collect();
        Some(format!("--- changed: {} ---", names.join(", ")))
    }

    /// Names of the watched files that an event changed. Reading is no change: the check itself reads.
    fn changed(&self, event: &Event) -> Vec<String> {
        match event.kind {
            EventKind::Access(_) => return Vec::new(),
            EventKind::Any
            | EventKind::Create(_)
            | EventKind::Modify(_)
            | EventKind::Remove(_)
            | EventKind::Other => {}
        }
        if event.need_rescan() {
            return vec!["something".into()];
        }
        let names = event.paths.iter().filter_map(|path| self.name(path));
        names.map(|name| clean(&name)).collect()
    }

    /// The name of a path that a check reads: the matrix, a request, or a file that a request brings.
    fn name(&self, path: &Path) -> Option<String> {
        if path == self.matrix {
            return self
                .matrix
                .file_name()
                .map(|name| name.to_string_lossy().into_owned());
        }
        let inside = path.strip_prefix(&self.requests).ok()?;
        let file = inside.file_name()?.to_string_lossy();
        // Editors keep swap and backup files beside the file that is edited.
        let is_aside = file.starts_with('.') || file.starts_with('#') || file.ends_with('~');
        (!is_aside).then(|| inside.to_string_lossy().into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify::event::{AccessKind, AccessMode, CreateKind, ModifyKind, RenameMode};

    fn watched() -> Watched {
        Watched {
            requests: "/work/requests".into(),
            matrix: "/work/matrix.yaml".into(),
        }
    }

    fn header(events: &[Event]) -> Option<String> {
        watched().header(events)
    }

    fn event(kind: EventKind, paths: &[&str]) -> Event {
        paths
            .iter()
            .fold(Event::new(kind), |event, path| event.add_path(path.into()))
    }

    #[test]
    fn a_save_by_rename_is_a_change_of_the_file() {
        let rename = EventKind::Modify(ModifyKind::Name(RenameMode::Both));
        let paths = [
            "/work/requests/.northwind.yaml.swp",
            "/work/requests/northwind.yaml",
        ];
        assert_eq!(
            header(&[event(rename, &paths)]).as_deref(),
            Some("--- changed: northwind.yaml ---")
        );
    }

    #[test]
    fn each_file_is_named_once() {
        let modify = EventKind::Modify(ModifyKind::Any);
        let create = EventKind::Create(CreateKind::File);
        let events = [
            event(modify, &["/work/requests/b.yaml"]),
            event(
                create,
                &["/work/requests/b.yaml", "/work/requests/files/a.vtt"],
            ),
            event(modify, &["/work/matrix.yaml"]),
        ];
        assert_eq!(
            header(&events).as_deref(),
            Some("--- changed: b.yaml, files/a.vtt, matrix.yaml ---")
        );
    }

    #[test]
    fn reading_and_foreign_files_are_no_change() {
        let read = EventKind::Access(AccessKind::Close(AccessMode::Read));
        let modify = EventKind::Modify(ModifyKind::Any);
        let events = [
            event(read, &["/work/requests/a.yaml"]),
            event(modify, &["/work/call-import.duckdb"]),
            event(modify, &["/work/requests/a.yaml~"]),
        ];
        assert_eq!(header(&events), None);
    }

    #[test]
    fn lost_events_and_strange_names_are_told_on_one_line() {
        let lost = Event::new(EventKind::Other).set_flag(Flag::Rescan);
        assert_eq!(
            header(&[lost]).as_deref(),
            Some("--- changed: something ---")
        );
        let strange = event(EventKind::Any, &["/work/requests/a\n::error::.yaml"]);
        assert_eq!(
            header(&[strange]).as_deref(),
            Some("--- changed: a ::error::.yaml ---")
        );
    }
}
