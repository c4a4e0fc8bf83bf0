//! Folders of files as customers send them, made here so that it is known what must come of them.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot go on fails its test"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    io::{Cursor, Write as _},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::{record, support};

/// A repository with one request that brings files, and its record.
pub(super) struct Desk {
    pub(super) folder: tempfile::TempDir,
}

impl Desk {
    /// With the project's matrix, in which `uploads` are the places from which files may come.
    pub(super) fn new(uploads: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let matrix = fs::read_to_string(support::root().join("matrix.yaml")).unwrap();
        let allowed = serde_json::to_string(uploads).unwrap();
        let matrix = matrix.replace("\nuploads: []\n", &format!("\nuploads: {allowed}\n"));
        fs::write(folder.path().join("matrix.yaml"), matrix).unwrap();
        fs::create_dir(folder.path().join("requests")).unwrap();
        Self { folder }
    }

    /// Northwind's request; `lines` are `files:` and whatever else.
    pub(super) fn request(&self, platform: &str, lines: &str) {
        self.request_of("northwind", "Northwind", platform, lines);
    }

    pub(super) fn request_of(&self, id: &str, customer: &str, platform: &str, lines: &str) {
        let text = format!(
            "customer: {customer}\nplatform: {platform}\nmethod: file\nestimated_calls: 10\nurgency: onboarding\n\
             requested_completion: 2035-12-31\n{lines}\n"
        );
        fs::write(self.requests().join(format!("{id}.yaml")), text).unwrap();
    }

    pub(super) fn requests(&self) -> PathBuf {
        self.folder.path().join("requests")
    }

    pub(super) fn database(&self) -> PathBuf {
        self.folder.path().join("record.duckdb")
    }

    /// A file below `requests/files/northwind/`.
    pub(super) fn put(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.file(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(super) fn remove(&self, name: &str) {
        fs::remove_file(self.file(name)).unwrap();
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.requests().join("files/northwind").join(name)
    }

    /// The program, whose record lies in the folder.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = support::program(self.folder.path());
        command
            .args(arguments)
            .env("CALL_IMPORT_DATABASE", self.database());
        command
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// A night that ends with this exit code.
    pub(super) fn night(&self, code: i32) -> String {
        let output = self.run(&["reconcile", "--no-github"]);
        let (stdout, stderr) = support::text(&output);
        assert_eq!(output.status.code(), Some(code), "{stdout}{stderr}");
        stdout
    }

    pub(super) fn value(&self, sql: &str) -> String {
        record::value(&self.database(), sql)
    }

    pub(super) fn query(&self, sql: &str) -> Vec<String> {
        record::query(&self.database(), sql)
    }

    pub(super) fn count(&self, table: &str) -> usize {
        let count = self.value(&format!("SELECT count(*)::VARCHAR FROM {table}"));
        count.parse().unwrap()
    }

    /// What became of everything that the last attempt found.
    pub(super) fn tally(&self) -> String {
        self.value(
            "SELECT 'found ' || calls_found || ' = imported ' || calls_imported || ' + changed ' || calls_changed
                || ' + unchanged ' || calls_unchanged || ' + duplicate ' || calls_duplicate
                || ' + skipped ' || calls_skipped || ' + failed ' || calls_failed
             FROM attempts ORDER BY started_at DESC, run_id DESC LIMIT 1",
        )
    }

    /// Phase, whose turn it is, and why.
    pub(super) fn standing(&self) -> String {
        self.value(
            "SELECT phase || ', ' || whose_turn || ': ' || coalesce(reason, '-') FROM imports",
        )
    }
}

/// What must come of a folder.
#[derive(Default)]
pub(super) struct Expected {
    pub(super) files: usize,
    pub(super) calls: usize,
    pub(super) transcripts: usize,
    pub(super) segments: usize,
    pub(super) recordings: usize,
    pub(super) duplicates: usize,
    /// File, line, cell, code and value.
    pub(super) failures: BTreeSet<String>,
    pub(super) left_out: BTreeSet<String>,
}

/// Writes files and keeps the books.
pub(super) struct Packer<'a> {
    desk: &'a Desk,
    pub(super) expected: Expected,
    number: usize,
}

impl<'a> Packer<'a> {
    pub(super) fn new(desk: &'a Desk) -> Self {
        Self {
            desk,
            expected: Expected::default(),
            number: 0,
        }
    }

    /// A number that no other call has.
    pub(super) fn next(&mut self) -> usize {
        self.number += 1;
        self.number
    }

    pub(super) fn put(&mut self, name: &str, bytes: impl AsRef<[u8]>) {
        self.desk.put(name, bytes);
        self.expected.files += 1;
    }

    /// A transcript that makes a call of so many segments.
    pub(super) fn spoken(&mut self, name: &str, bytes: impl AsRef<[u8]>, segments: usize) {
        self.put(name, bytes);
        self.call(segments);
    }

    pub(super) fn call(&mut self, segments: usize) {
        self.expected.calls += 1;
        if segments > 0 {
            self.expected.transcripts += 1;
            self.expected.segments += segments;
        }
    }

    /// A file that makes no call.
    pub(super) fn damaged(&mut self, name: &str, bytes: impl AsRef<[u8]>, code: &str) {
        self.put(name, bytes);
        self.fails(name, "- -", code, "-");
    }

    /// `place` is line and cell.
    pub(super) fn fails(&mut self, name: &str, place: &str, code: &str, value: &str) {
        let failure = format!("files/northwind/{name} {place} {code} {value}");
        assert!(self.expected.failures.insert(failure), "{name}: {code}");
    }

    pub(super) fn leaves_out(&mut self, name: &str) {
        self.expected
            .left_out
            .insert(format!("files/northwind/{name}"));
    }
}

pub(super) fn failures(desk: &Desk) -> BTreeSet<String> {
    let rows = desk.query(
        "SELECT concat_ws(' ', file, coalesce(line::VARCHAR, '-'), coalesce(cell::VARCHAR, '-'), code, coalesce(value, '-'))
         FROM call_failures WHERE resolved_at IS NULL",
    );
    rows.into_iter().collect()
}

/// WebVTT as Zoom writes it, three segments.
pub(crate) fn zoom(call: usize) -> String {
    format!(
        "WEBVTT\n\n1\n00:00:01.000 --> 00:00:03.000\nBo Lind: Good morning, this is call {call}.\n\n\
         2\n00:00:04.000 --> 00:00:05.500\nZoë Ferreira: Morning!\n\n\
         3\n00:01:00.000 --> 00:01:09.000\nBo Lind: Shall we start?\n"
    )
}

/// WebVTT as Teams writes it, two segments.
pub(super) fn teams(call: usize) -> String {
    format!(
        "WEBVTT\r\n\r\n0:0:0.0 --> 0:0:2.750\r\n<v Bo Lind>Good morning, this is call {call}.</v>\r\n\r\n\
         0:0:3.0 --> 0:0:4.5\r\n<v Zoë Ferreira>Morning!</v>\r\n"
    )
}

/// SRT, two segments.
pub(super) fn srt(call: usize) -> String {
    format!(
        "1\n00:00:01,000 --> 00:00:02,500\nBo Lind: This is call {call}.\n\n2\n00:00:03,000 --> 00:00:04,000\nBo Lind: Bye.\n"
    )
}

/// Plain text in six layouts, three segments each.
pub(super) fn text(layout: usize, call: usize) -> String {
    let hello = format!("Good morning, this is call {call}.");
    match layout % 6 {
        0 => format!(
            "Bo Lind  0:00\n{hello}\n\nZoë Ferreira  0:04\nMorning!\n\nBo Lind  1:30\nBye.\n"
        ),
        1 => format!(
            "0:00 - Bo Lind (Northwind)\n  {hello}\n\n0:04 - Zoë Ferreira (Call Tools)\n  Morning!\n\n1:30 - Bo Lind (Northwind)\n  Bye.\n"
        ),
        2 => format!(
            "[00:15] Bo Lind: {hello}\n[00:19] Zoë Ferreira: Morning!\n[01:02] Bo Lind: Bye.\n"
        ),
        3 => format!(
            "00:00:15\tBo Lind:\t{hello}\n00:00:19\tZoë Ferreira:\tMorning!\n00:01:02\tBo Lind:\tBye.\n"
        ),
        4 => format!("Bo Lind: {hello}\nZoë Ferreira: Morning!\nBo Lind: Bye.\n"),
        _ => format!("0:00\nBo Lind\n{hello}\n0:04\nZoë Ferreira\nMorning!\n1:02\nBo Lind\nBye.\n"),
    }
}

/// A Word document with these lines.
pub(super) fn docx(text: &str) -> Vec<u8> {
    let mut body = String::new();
    for line in text.lines() {
        write!(
            body,
            "<w:p><w:r><w:t xml:space=\"preserve\">{line}</w:t></w:r></w:p>"
        )
        .unwrap();
    }
    let document = format!(
        r#"<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{body}</w:body></w:document>"#
    );
    zip(&[
        ("[Content_Types].xml".into(), b"<Types/>".to_vec()),
        ("word/document.xml".into(), document.into_bytes()),
    ])
}

pub(super) fn zip(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, content) in members {
        writer.start_file(name.as_str(), options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// So many milliseconds of sound, eight bytes each; no two numbers sound alike.
pub(super) fn wav(number: usize, milliseconds: u32) -> Vec<u8> {
    let samples = milliseconds * 8;
    let mut sound = vec![0x80; samples as usize];
    sound[..8].copy_from_slice(&(number as u64).to_le_bytes());
    [
        b"RIFF",
        &(36 + samples).to_le_bytes()[..],
        b"WAVEfmt \x10\0\0\0\x01\0\x01\0",
        &8_000_u32.to_le_bytes(),
        &8_000_u32.to_le_bytes(),
        b"\x01\0\x08\0data",
        &samples.to_le_bytes(),
        &sound,
    ]
    .concat()
}

/// The beginning of an MP4 file whose rest was not uploaded.
pub(super) fn cut_mp4() -> Vec<u8> {
    [
        &b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2"[..],
        &5_000_u32.to_be_bytes(),
        b"mdat",
        &[7; 300],
    ]
    .concat()
}

pub(super) fn utf_16(text: &str) -> Vec<u8> {
    let units = "\u{feff}".encode_utf16().chain(text.encode_utf16());
    units.flat_map(u16::to_le_bytes).collect()
}

pub(super) fn windows_1252(text: &str) -> Vec<u8> {
    text.chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect()
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    hex::encode(sha2::Sha256::digest(bytes))
}

/// Every file below a folder, by path.
pub(super) fn files_below(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder_now) = open.pop() {
        let Ok(entries) = fs::read_dir(&folder_now) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy();
                found.insert(name.into_owned(), fs::read(&path).unwrap());
            }
        }
    }
    found
}
