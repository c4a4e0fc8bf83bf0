//! What all files of a request come to.

use std::collections::{BTreeMap, BTreeSet};

use call_import_engine::{
    files::{Gathered, Got, Kind, What, Wish, kind},
    import::{self, Survey},
};

use super::{
    super::settled,
    memory::{Memory, hash},
};

/// A transcript that is listed with its checksum.
const TRANSCRIPT: &[u8] = b"WEBVTT\n\n00:01.000 --> 00:02.000\nBo Lind: Hello.\n";

/// A whole request: every file is in one place, every call is counted, and a list that is proposed names as many.
pub fn gather(bytes: &[u8]) {
    let memory = Memory::of(bytes);
    for platform in ["gong", "zoom"] {
        let gathered = gathered(&memory, platform);
        check_places(&memory, &gathered);
        let survey = surveyed(&memory, gathered.clone());
        check_counts(&gathered, &survey);
        // Read in the same way, the same files are the same.
        assert_eq!(surveyed(&memory, gathered), survey);
    }
}

/// A list of checksums beside two files that are there.
pub fn checksums(bytes: &[u8]) {
    let memory = Memory::of(&[])
        .with("files/a.vtt", TRANSCRIPT)
        .with("files/b.vtt", TRANSCRIPT)
        .with("files/SHA256SUMS", bytes);
    let gathered = gathered(&memory, "gong");
    let text = String::from_utf8_lossy(bytes);
    for name in ["a.vtt", "b.vtt"] {
        let differs = |sum: &str| sum != hash(TRANSCRIPT);
        let file = format!("files/{name}");
        let failed = gathered
            .failures
            .iter()
            .any(|failure| failure.file == file && failure.code == "checksum-differs");
        let kept = gathered.drafts.iter().any(|draft| draft.name == file);
        assert_ne!(failed, kept, "{gathered:?}");
        if exact_sums(&text, name).any(differs) {
            assert!(failed, "{gathered:?}");
        }
        if !text.contains(name) {
            assert!(kept, "{gathered:?}");
        }
    }
}

/// The sums of a file on lines as `sha256sum` writes them.
fn exact_sums<'a>(text: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let ending = format!("  {name}");
    text.split('\n').filter_map(move |line| {
        let sum = line.strip_suffix(&ending)?;
        let small = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (sum.len() == 64 && sum.bytes().all(small)).then_some(sum)
    })
}

fn gathered(memory: &Memory, platform: &str) -> Gathered {
    let files = memory.listed();
    import::gather(&files, platform, settled(), &mut |wish| memory.read(wish))
}

fn surveyed(memory: &Memory, gathered: Gathered) -> Survey {
    let ours = ["oursidelta.example".to_owned()];
    import::survey(gathered, &ours, &mut |wish| memory.read(wish))
}

/// Transcripts and recordings are of one call, or failed, or left out; nothing is two of these.
fn check_places(memory: &Memory, gathered: &Gathered) {
    let mut places: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for draft in &gathered.drafts {
        let read = draft.content.files().chain(&draft.recording);
        let others = draft.others.iter().map(String::as_str);
        for name in read.map(|file| &*file.name).chain(others) {
            places.entry(name).or_default().insert("call");
        }
    }
    for file in &gathered.left_out {
        places.entry(&file.name).or_default().insert("left out");
    }
    // Failures with a line, and of records, are of a part of the file.
    let whole = gathered
        .failures
        .iter()
        .filter(|failure| failure.line.is_none() && failure.code != "broken-record");
    for failure in whole {
        places.entry(&failure.file).or_default().insert("failed");
    }
    for (name, places) in &places {
        assert_eq!(places.len(), 1, "{name} is {places:?}: {gathered:?}");
    }
    if gathered.problem.is_some() {
        return;
    }
    for file in memory.listed() {
        let head = Wish {
            file,
            what: What::Head,
        };
        let Ok(Got::Bytes(bytes)) = memory.read(&head) else {
            continue;
        };
        let name = &*head.file.name;
        match kind(name, &bytes) {
            Kind::Transcript | Kind::Recording { .. } | Kind::Ignored(_) | Kind::Refused(_) => {
                let is_sums =
                    name.ends_with(".sha256") || name.to_ascii_lowercase().contains("sha256sums");
                assert!(
                    is_sums || places.contains_key(name),
                    "{name} is lost: {gathered:?}"
                );
            }
            // These are told by what is in them.
            Kind::Table | Kind::Json | Kind::Archive => {}
        }
    }
}

/// found = calls + duplicates + failures + left out
fn check_counts(gathered: &Gathered, survey: &Survey) {
    assert_eq!(survey.problem, gathered.problem);
    if survey.problem.is_some() {
        return;
    }
    let found = &survey.found;
    let failed = survey.failures.len() - gathered.failures.len();
    let counted = found.calls + found.duplicates + failed as u64;
    assert_eq!(counted, gathered.drafts.len() as u64, "{survey:?}");
    assert_eq!(found.failed, survey.failures.len() as u64);
    for failure in &survey.failures {
        assert!(failure.message.ends_with(['.', ')']), "{failure:?}");
        assert!(
            !failure.file.is_empty() && !failure.help.is_empty(),
            "{failure:?}"
        );
    }
    assert_eq!(found.left_out, gathered.left_out.len() as u64);
}
