//! What is looked at before anything is read holds to this: kinds, names, bundles, recordings; and what belongs
//! together.

mod gathered;
mod memory;

use std::{collections::HashSet, io::Cursor};

use call_import_engine::{
    files::{self, Archive, Group, HEAD_BYTES, Kind, Options, Proposal},
    model::MediaKind,
};

use super::{check_problem, settled};

pub use gathered::{checksums, gather};

/// A week in milliseconds.
const LONGEST_RECORDING: i64 = 7 * 24 * 3_600_000;

/// Bytes of a member that are read. What is larger is refused.
const LONGEST_MEMBER: u64 = 1_000_000;

/// ZIP files: names stay in their folder, and members are as long as they are said to be.
pub fn archive(bytes: &[u8]) {
    let mut archive = match Archive::open(Cursor::new(bytes)) {
        Ok(archive) => archive,
        Err(problem) => return check_problem(&problem),
    };
    let directory = archive.directory().clone();
    let mut names = HashSet::new();
    let members = directory.members.iter().map(|member| &member.name);
    for name in members.chain(directory.left_out.iter().map(|(name, _)| name)) {
        assert!(names.insert(name), "{directory:?}");
        let stays = |part: &str| !matches!(part, "" | "." | "..");
        assert!(name.split('/').all(stays), "{name:?}");
        assert!(!name.contains(['\\', '\0']), "{name:?}");
    }
    for member in &directory.members {
        let head = archive.head(member.index, HEAD_BYTES);
        let whole = archive.read(member.index, LONGEST_MEMBER);
        if let Ok(whole) = &whole {
            assert_eq!(whole.len() as u64, member.bytes, "{member:?}");
            let head = head.as_ref().expect("what is read whole has a head");
            let length = whole.len().min(HEAD_BYTES as usize);
            assert_eq!(head, &whole[..length], "{member:?}");
        }
        for problem in [head.err(), whole.err()].into_iter().flatten() {
            check_problem(&problem);
        }
    }
}

/// Recordings: a length is never 0 or absurd, and what has the kind of a recording is taken for one.
pub fn recording(bytes: &[u8]) {
    let facts = files::facts(Cursor::new(bytes), bytes.len() as u64);
    match &facts {
        Ok(facts) => {
            let length = facts.duration_ms;
            assert!(
                length.is_none_or(|length| (1..=LONGEST_RECORDING).contains(&length)),
                "{facts:?}"
            );
            let is_sound = facts.mime.starts_with("audio/");
            assert_eq!(is_sound, facts.kind == MediaKind::Audio, "{facts:?}");
        }
        Err(problem) => check_problem(problem),
    }
    let head = &bytes[..bytes.len().min(HEAD_BYTES as usize)];
    if let Kind::Recording { .. } = files::kind("call", head) {
        let refused = facts.is_err_and(|problem| problem.code == "not-a-recording");
        assert!(!refused, "taken for a recording, and then not read as one");
    }
}

/// Kinds, by a name on the first line and the bytes below it.
pub fn kind(bytes: &[u8]) {
    let (name, head) = memory::first_line(bytes);
    match files::kind(&name, head) {
        Kind::Refused(problem) => check_problem(&problem),
        Kind::Ignored(reason) => assert!(reason.ends_with('.'), "{reason}"),
        Kind::Recording { kind, mime } => {
            assert_eq!(
                mime.starts_with("audio/"),
                kind == MediaKind::Audio,
                "{mime}"
            );
            if let Err(problem) = files::facts(Cursor::new(head), head.len() as u64) {
                assert_ne!(problem.code, "not-a-recording", "{name:?}");
            }
        }
        // What is taken for one of these is read, or refused with a reason.
        Kind::Transcript => {
            if let Err(problem) = files::read(&name, head, &Options::default()) {
                check_problem(&problem);
            }
        }
        Kind::Table => {
            if let Err(problem) = files::table(&name, head, &Options::default()) {
                check_problem(&problem);
            }
        }
        Kind::Json => {
            if let Err(problem) = files::json::call_list(&name, head, &Options::default()) {
                check_problem(&problem);
            }
        }
        Kind::Archive => {
            if let Err(problem) = Archive::open(Cursor::new(head)) {
                check_problem(&problem);
            }
        }
    }
}

/// Names of files: what they tell is in them, and a proposed list that names them is read again.
pub fn names(bytes: &[u8]) {
    let name = String::from_utf8_lossy(bytes);
    let stem = files::stem(&name);
    let file = name.rsplit('/').next().unwrap_or_default();
    assert!(file.contains(stem), "{stem:?}");
    assert_eq!(stem.is_empty(), file.is_empty(), "{stem:?}");
    if let Some(title) = files::title(&name) {
        assert!(!title.is_empty() && title.trim() == title, "{title:?}");
    }
    // The folder has no say.
    let below = format!("files/{name}");
    assert_eq!(files::stem(&below), stem);
    assert_eq!(files::title(&below), files::title(&name));
    assert_eq!(files::started_at(&below), files::started_at(&name));
    // A cell in which nothing can be seen is none.
    if !file.contains(char::is_alphanumeric) {
        return;
    }
    let group = Group {
        transcript: Some(&below),
        ..Group::default()
    };
    let proposal = Proposal::from_names(&group, None);
    let written = files::proposed("files", &[(&group, &proposal)]);
    let table = files::table("manifest.csv", &written, &settled());
    let list = files::call_list(&table.expect("what is written can be read"), &settled());
    let list = list.expect("what is proposed says what is what");
    assert_eq!(list.calls.len() + list.failures.len(), 1, "{list:?}");
}
