//! What must be true when all is done, however often the program was stopped on the way: the record against an
//! undisturbed night and against what the platform had, what people were told, and what was asked for twice.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot go on fails its test"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use duckdb::Connection;
use jiff::Timestamp;
use simulator::{github::Place, gong, log::Entry};

use super::world::{CALLS, Story, World};
use crate::record;

/// All that is left of a story, without what differs between two ways to the same end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    /// Rows by table.
    tables: BTreeMap<String, Vec<String>>,
    /// Every file that people get, with its text or its length: recordings, requests, failures.
    files: BTreeMap<String, String>,
    /// Every comment there ever was, without the names of events.
    comments: Vec<String>,
    /// Title of each open pull request, and what it brings.
    pulls: Vec<String>,
    /// What waits to be told, is held or has no end.
    loose_ends: Vec<String>,
    /// Calls that are recorded, or listed as failed.
    external_ids: Vec<String>,
}

impl Outcome {
    pub(super) fn of(world: &World) -> Self {
        let connection = Connection::open(world.database()).unwrap();
        let folder = world.folder().to_str().unwrap();
        let plain = |row: String| {
            row.replace(folder, "[folder]")
                .replace(&world.host.url, "[host]")
        };
        let tables = record::contents_of(&connection).into_iter();
        let tables = tables
            .map(|(table, rows)| (table, rows.into_iter().map(plain).collect()))
            .collect();
        let github = world.github.github();
        let comments = github.all_comments();
        let mut comments: Vec<String> =
            comments.iter().map(|comment| told(&comment.body)).collect();
        comments.sort();
        let brought = |number: u64| {
            let file = github.file(
                "call-import/northwind-robotics-gong",
                "requests/northwind-robotics-gong.yaml",
            );
            format!("{number}: {file:?}")
        };
        let pulls = github.open_pulls().into_iter();
        let pulls =
            pulls.map(|(number, title, body)| format!("{title} {body} {}", brought(number)));
        Self {
            tables,
            files: files(world),
            comments,
            pulls: pulls.collect(),
            loose_ends: record::texts(&connection, LOOSE_ENDS),
            external_ids: record::texts(&connection, EXTERNAL_IDS),
        }
    }

    /// Nothing at all was done.
    pub(super) fn is_empty(&self) -> bool {
        let Self {
            tables,
            files,
            comments,
            pulls,
            loose_ends: _,
            external_ids: _,
        } = self;
        tables.values().all(Vec::is_empty)
            && files.is_empty()
            && comments.is_empty()
            && pulls.is_empty()
    }
}

const EXTERNAL_IDS: &str =
    "SELECT external_id FROM calls UNION ALL SELECT external_id FROM call_failures ORDER BY 1";

const LOOSE_ENDS: &str = "SELECT 'held by ' || holder FROM record WHERE holder IS NOT NULL
    UNION ALL SELECT 'no end of ' || run_id FROM runs WHERE outcome IS NULL
    UNION ALL SELECT 'not told: ' || kind FROM notifications WHERE delivered_at IS NULL";

/// What a comment is, and what it says in bold: the name of an event is made from the run that it happened in,
/// and what follows may name the day.
fn told(body: &str) -> String {
    let (marker, rest) = body.split_once('\n').unwrap_or((body, ""));
    let marker = if marker.starts_with("<!-- call-import:event:") {
        "an event"
    } else {
        marker
    };
    format!("{marker}: {}", rest.split("**").nth(1).unwrap_or_default())
}

fn files(world: &World) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for name in ["recordings", "failures", "requests"] {
        below(&world.folder().join(name), name, &mut found);
    }
    // Written anew for each world.
    found.remove("requests/recipients.txt");
    found
}

fn below(folder: &Path, name: &str, found: &mut BTreeMap<String, String>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap();
        let inside = format!("{name}/{file}");
        if path.is_dir() {
            below(&path, &inside, found);
        } else if file.ends_with('~') || file.ends_with(".part") {
            // What a try that was stopped leaves under a name that nobody takes for a file.
        } else {
            let bytes = fs::read(&path).unwrap();
            let length = bytes.len();
            found.insert(
                inside,
                String::from_utf8(bytes).unwrap_or_else(|_| format!("{length} bytes")),
            );
        }
    }
}

/// What is wrong with a story that has come to its end. `stops` is how often it was stopped on the way.
pub(super) fn flaws(world: &World, expected: &Outcome, stops: usize) -> Vec<String> {
    let mut flaws = Vec::new();
    let found = Outcome::of(world);
    if found != *expected {
        flaws.push(format!("{found:#?}\n\nin place of\n\n{expected:#?}"));
    }
    if world.story.is_night() {
        flaws.extend(unlike_the_platform(world, &found.external_ids));
    }
    flaws.extend(told_twice(world, stops));
    flaws
}

/// Every call that the platform had is recorded once or listed as failed.
fn unlike_the_platform(world: &World, recorded: &[String]) -> Option<String> {
    let mut offered: Vec<String> = world.gong.account().calls().map(|call| call.id).collect();
    offered.sort();
    assert_eq!(offered.len(), CALLS);
    (recorded != offered).then(|| format!("{recorded:?} is recorded of {offered:?}"))
}

/// One status comment and each event once on GitHub; on Slack each event at most once, but for those that a lost
/// machine had sent.
fn told_twice(world: &World, stops: usize) -> Vec<String> {
    let mut flaws = Vec::new();
    let comments = world.github.github().comments(&Place::PullRequest(12));
    let markers = comments.iter().map(|comment| comment.body.lines().next());
    let mut seen = BTreeSet::new();
    for marker in markers {
        if !seen.insert(marker) {
            flaws.push(format!("{marker:?} stands twice"));
        }
    }
    let messages = world.slack.slack().messages();
    let most = match world.story {
        Story::LostMachine => 1 + stops,
        Story::Night | Story::Kept | Story::Files => 1,
        Story::Form | Story::New => 0,
    };
    if messages.len() > most {
        flaws.push(format!("Slack was told {messages:#?}"));
    }
    flaws
}

/// What is committed at a moment, and what was asked for until then.
#[derive(Debug, Default)]
pub(super) struct Committed {
    /// Beginnings of the windows that are listed to their end.
    windows: BTreeSet<Timestamp>,
    /// Calls whose transcript is not asked for any more.
    answered: usize,
    /// Calls whose recording is here.
    stored: BTreeSet<String>,
    /// Requests to the platform and to the host of recordings.
    sent: (usize, usize),
}

impl Committed {
    /// Looks into a copy of the record, so that the next run finds it as the last one left it.
    pub(super) fn of(world: &World) -> Self {
        let sent = (world.gong.log().len(), world.host.log().len());
        let mut committed = Self {
            sent,
            ..Self::default()
        };
        let database = world.database();
        if !database.exists() {
            return committed;
        }
        let copy = tempfile::tempdir().unwrap();
        let copied = copy.path().join("record.duckdb");
        fs::copy(&database, &copied).unwrap();
        let log = database.with_extension("duckdb.wal");
        if log.exists() {
            fs::copy(log, copied.with_extension("duckdb.wal")).unwrap();
        }
        let connection = Connection::open(&copied).unwrap();
        let texts = |sql: &str| -> Vec<String> {
            let Ok(mut statement) = connection.prepare(sql) else {
                // There are no tables yet.
                return Vec::new();
            };
            let rows = statement.query_map([], |row| row.get(0)).unwrap();
            rows.collect::<Result<_, _>>().unwrap()
        };
        let windows = texts("SELECT epoch_ms(window_from)::VARCHAR FROM checkpoints WHERE done");
        committed.windows = windows
            .iter()
            .map(|text| Timestamp::from_millisecond(text.parse().unwrap()).unwrap())
            .collect();
        let answered = "SELECT external_id FROM calls WHERE transcript_state <> 'pending'";
        committed.answered = texts(answered).len();
        let stored = "SELECT external_id FROM media WHERE state = 'stored'";
        committed.stored = texts(stored).into_iter().collect();
        committed
    }

    /// As if it had all been committed before anything was asked for.
    pub(super) fn since_the_start(self) -> Self {
        Self {
            sent: (0, 0),
            ..self
        }
    }

    /// What of it was fetched again since. `repeats` says whether the platform failed on the way, so that answers
    /// had to be asked for more than once.
    pub(super) fn fetched_again(&self, world: &World, repeats: bool) -> Vec<String> {
        let asked = world.gong.log().entries();
        let asked = &asked[self.sent.0..];
        let listed = |entry: &&Entry| entry.endpoint == gong::EXTENSIVE && entry.summary.ids == 0;
        let mut again: Vec<String> = asked
            .iter()
            .filter(listed)
            .filter_map(|entry| entry.summary.from.clone())
            .filter(|from| self.windows.contains(&from.parse().unwrap()))
            .map(|from| format!("the window from {from} was committed and is listed again"))
            .collect();
        let transcripts = asked
            .iter()
            .filter(|entry| entry.endpoint == gong::TRANSCRIPT);
        let transcripts: usize = transcripts.map(|entry| entry.summary.ids).sum();
        if transcripts > CALLS - self.answered && !repeats {
            again.push(format!(
                "{transcripts} transcripts are asked for though {} are here",
                self.answered
            ));
        }
        let fetched = world.host.log().entries();
        let fetched = fetched[self.sent.1..].iter();
        again.extend(fetched.filter_map(|entry| {
            let id = entry.path.split('/').nth(1)?;
            let is_here = self.stored.contains(id);
            is_here.then(|| format!("the recording of {id} was here and is fetched again"))
        }));
        again
    }
}
