//! ZIP files, honest and hostile, and what a file is by its first bytes.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot go on fails its test"
)]

use std::{
    fmt::Write as _,
    io::{Cursor, Write},
};

use call_import_engine::{
    files::{Archive, Directory, FileProblem, Kind, kind},
    model::MediaKind,
};
use proptest::prelude::*;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

#[test]
fn a_bundle_is_looked_into_without_unpacking_it() {
    let zip = packed(&[
        ("northwind/a/Kick-off.vtt", b"WEBVTT\n"),
        ("northwind/a/Kick-off.mp4", b"film"),
        ("./northwind//manifest.csv", b"title\n"),
        ("empty/", b""),
        ("full/", b""),
        ("full/call.srt", b"1\n"),
        ("__MACOSX/northwind/._Kick-off.vtt", b"x"),
        ("northwind/.DS_Store", b"x"),
        ("northwind/Thumbs.db", b"x"),
        ("northwind/desktop.ini", b"x"),
        ("older/2024.ZIP", b"PK"),
    ]);
    let mut archive = Archive::open(Cursor::new(&zip)).unwrap();
    insta::assert_snapshot!(render(archive.directory()), @"
    + northwind/a/Kick-off.vtt (7)
    + northwind/a/Kick-off.mp4 (4)
    + northwind/manifest.csv (6)
    + full/call.srt (2)
    - __MACOSX/northwind/._Kick-off.vtt: macOS adds this file to folders; it holds nothing of a call.
    - northwind/.DS_Store: macOS adds this file to folders; it holds nothing of a call.
    - northwind/Thumbs.db: Windows adds this file to folders; it holds nothing of a call.
    - northwind/desktop.ini: Windows adds this file to folders; it holds nothing of a call.
    - older/2024.ZIP: A ZIP file within a ZIP file is not opened; unpack it first.
    - empty: This folder is empty.
    ");
    let members = archive.directory().members.clone();
    assert_eq!(archive.read(members[0].index, 100).unwrap(), b"WEBVTT\n");
    let mut copied = Vec::new();
    let bytes = archive.copy(members[1].index, 4, &mut copied).unwrap();
    assert_eq!((bytes, copied.as_slice()), (4, &b"film"[..]));
    assert_eq!(
        archive.read(members[1].index, 3).unwrap_err().code,
        "archive-member-too-large"
    );
    assert_eq!(archive.read(99, 100).unwrap_err().code, "archive-damaged");
}

#[test]
fn hostile_bundles_are_refused_in_plain_words() {
    let text = |name: &str| raw(&[Raw::new(name.as_bytes())]);
    let mut shown = String::new();
    for (what, zip) in [
        ("parent folder", text("a/../../etc/call.vtt")),
        ("top of the disk", text("/etc/call.vtt")),
        ("drive letter", text("C:/call.vtt")),
        ("backslashes", text("..\\call.vtt")),
        ("device", text("a/con.vtt")),
        ("device with a number", text("LPT1")),
        ("line end in the name", text("a\ncall.vtt")),
        ("no name", text("")),
        (
            "link",
            raw(&[Raw {
                mode: 0o120_777,
                ..Raw::new(b"call.vtt")
            }]),
        ),
        (
            "pipe",
            raw(&[Raw {
                mode: 0o010_644,
                ..Raw::new(b"call.vtt")
            }]),
        ),
        (
            "the same name",
            raw(&[Raw::new(b"call.vtt"), Raw::new(b"call.vtt")]),
        ),
        (
            "case",
            raw(&[Raw::new(b"a/Call.vtt"), Raw::new(b"A/call.VTT")]),
        ),
        (
            "accents",
            raw(&[
                Raw::new("Zoe\u{308}.vtt".as_bytes()),
                Raw::new("Zo\u{eb}.vtt".as_bytes()),
            ]),
        ),
        (
            "one folder spelt twice",
            raw(&[Raw::new(b"a/call.vtt"), Raw::new(b"a/./call.vtt")]),
        ),
        (
            "password",
            raw(&[Raw {
                flags: 1,
                ..Raw::new(b"call.vtt")
            }]),
        ),
        (
            "too many",
            raw(&vec![Raw::new(b""); 10_001]
                .into_iter()
                .enumerate()
                .map(|(index, member)| Raw {
                    name: index.to_string().into_bytes(),
                    ..member
                })
                .collect::<Vec<_>>()),
        ),
        (
            "too much in all",
            raw(&(0..30)
                .map(|index| Raw {
                    declared: Some(u32::MAX - 1),
                    ..Raw::new(format!("{index}.mp4").as_bytes())
                })
                .collect::<Vec<_>>()),
        ),
        ("bomb", bomb("call.vtt")),
        (
            "declared bomb",
            raw(&[Raw {
                declared: Some(2_000_000_000),
                ..Raw::new(b"call.vtt")
            }]),
        ),
        ("shared bytes", overlapping()),
        ("cut off", text("call.vtt")[..60].to_vec()),
        (
            "no ZIP",
            b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n".to_vec(),
        ),
        ("nothing", Vec::new()),
    ] {
        let problem = Archive::open(Cursor::new(&zip)).unwrap_err();
        writeln!(shown, "{what}: [{}] {problem}", problem.code).unwrap();
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn what_a_member_declares_is_not_believed() {
    let content = vec![b'a'; 5_000];
    let less = Raw {
        declared: Some(10),
        content: content.clone(),
        ..Raw::new(b"call.vtt")
    };
    assert_eq!(
        read_first(&raw(&[less]), 10).unwrap_err().code,
        "archive-damaged"
    );
    let more = Raw {
        declared: Some(6_000),
        content: content.clone(),
        ..Raw::new(b"call.vtt")
    };
    assert_eq!(
        read_first(&raw(&[more]), 10_000).unwrap_err().code,
        "archive-damaged"
    );
    let changed = Raw {
        checksum: Some(1),
        content: content.clone(),
        ..Raw::new(b"call.vtt")
    };
    assert_eq!(
        read_first(&raw(&[changed]), 10_000).unwrap_err().code,
        "archive-damaged"
    );
    let strange = Raw {
        method: 14,
        content: content.clone(),
        ..Raw::new(b"call.vtt")
    };
    assert_eq!(
        read_first(&raw(&[strange]), 10_000).unwrap_err().code,
        "archive-method"
    );
    // A recording of silence may shrink a thousandfold, but not grow beyond what is asked for.
    let problem = read_first(&bomb("call.wav"), 1_000_000).unwrap_err();
    assert_eq!(problem.code, "archive-member-too-large");
    assert_eq!(
        read_first(
            &raw(&[Raw {
                content,
                ..Raw::new(b"call.vtt")
            }]),
            5_000
        )
        .unwrap()
        .len(),
        5_000
    );
}

#[test]
fn a_count_of_members_that_would_exhaust_the_memory_is_refused_before_room_is_made() {
    // ZIP64: a record with a count of eight bytes, the locator that points to it, and the plain end.
    let mut zip = raw(&[Raw::new(b"call.vtt")]);
    let end = zip.split_off(zip.len() - 22);
    let record = zip.len() as u64;
    zip.extend_from_slice(b"PK\x06\x06");
    zip.extend_from_slice(&44_u64.to_le_bytes());
    zip.extend_from_slice(&[45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    for number in [1_u64 << 40, 1 << 40, u64::MAX >> 8, 0] {
        zip.extend_from_slice(&number.to_le_bytes());
    }
    zip.extend_from_slice(b"PK\x06\x07\0\0\0\0");
    zip.extend_from_slice(&record.to_le_bytes());
    zip.extend_from_slice(&1_u32.to_le_bytes());
    zip.extend_from_slice(&end[..8]);
    zip.extend_from_slice(&[0xff; 12]);
    zip.extend_from_slice(&[0, 0]);
    assert_eq!(open_code(&zip), "archive-damaged");
}

#[test]
fn names_are_read_in_the_encoding_of_their_time() {
    let zip = raw(&[
        // CP437, as ZIP has it where nothing is said; UTF-8 that says so; UTF-8 that does not, as from macOS.
        Raw::new(b"Zo\x89.vtt"),
        Raw {
            flags: 1 << 11,
            ..Raw::new("Zoë 2.vtt".as_bytes())
        },
        Raw::new("Zoe\u{308} 3.vtt".as_bytes()),
    ]);
    let archive = Archive::open(Cursor::new(&zip)).unwrap();
    let names: Vec<_> = archive
        .directory()
        .members
        .iter()
        .map(|member| member.name.as_str())
        .collect();
    assert_eq!(names, ["Zoë.vtt", "Zoë 2.vtt", "Zoe\u{308} 3.vtt"]);
}

#[test]
fn kinds_are_told_by_bytes_and_endings_only_among_texts() {
    let docx = packed(&[
        ("[Content_Types].xml", b"<x/>"),
        ("word/document.xml", b"<x/>"),
    ]);
    let xlsx = packed(&[
        ("[Content_Types].xml", b"<x/>"),
        ("xl/workbook.xml", b"<x/>"),
    ]);
    let pptx = packed(&[
        ("[Content_Types].xml", b"<x/>"),
        ("ppt/presentation.xml", b"<x/>"),
    ]);
    let bundle = packed(&[("word/call.vtt", b"WEBVTT")]);
    let utf_16: Vec<u8> = "Bo: hello, this is Bo"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let mut shown = String::new();
    for (name, head) in [
        ("a.vtt", &b"WEBVTT\n"[..]),
        ("a.srt", b"1\n00:00:01,000 --> 00:00:02,000\nHello\n"),
        ("a.txt", b"BM: hello\n"),
        ("wide.txt", &utf_16),
        ("windows.txt", b"Zo\xeb says hello"),
        ("call", b"WEBVTT\n"),
        ("calls.csv", b"title,date\n"),
        ("calls.tsv", b"title\tdate\n"),
        ("calls.csv", b"\xff\xfet\0i\0"),
        ("calls.json", b"{}"),
        ("calls.jsonl", b"{}\n{}\n"),
        ("calls.NDJSON", b"{}\n{}\n"),
        ("call.docx", &docx),
        ("call.bin", &docx),
        ("calls.xlsx", &xlsx),
        ("calls", &xlsx),
        ("slides.pptx", &pptx),
        ("slides", &pptx),
        ("bundle.zip", &bundle),
        ("bundle", &bundle),
        ("call.txt", b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41"),
        ("call.mp4", b"\0\0\0\x18ftypxyz1\0\0\0\0xyz1"),
        ("photo.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"),
        ("call.m4a", b"\0\0\0\x20ftypM4A \0\0\x02\0isomiso2"),
        ("call.mp3", b"ID3\x04\0\0\0\0\0\0"),
        ("call.wav", b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0"),
        ("call.ogg", b"OggS\0\x02\0\0\0\0\0\0\0\0"),
        ("notes.pdf", b"%PDF-1.7\n"),
        ("notes.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0"),
        ("photo.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        ("page.html", b"<!doctype html><html></html>"),
        ("page.txt", b"<!doctype html><html></html>"),
        ("mail.eml", b"From: bo@northwind.example\n"),
        ("noise.bin", b"\x01\x02\x03\x80\x90\0\x07"),
        ("empty.vtt", b""),
        (".DS_Store", b"\0\0\0\x01Bud1"),
        ("a/Thumbs.db", b""),
        ("__MACOSX/a.vtt", b"WEBVTT"),
    ] {
        let told = match kind(name, head) {
            Kind::Recording { kind, mime } => format!("{} {mime}", kind.as_str()),
            Kind::Refused(_) => "refused".to_owned(),
            Kind::Ignored(reason) => format!("ignored: {reason}"),
            other => format!("{other:?}"),
        };
        writeln!(shown, "{name}: {told}").unwrap();
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn sound_is_told_from_pictures() {
    let told = kind("a", b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0");
    assert_eq!(
        told,
        Kind::Recording {
            kind: MediaKind::Audio,
            mime: "audio/x-wav"
        }
    );
}

proptest! {
    #[test]
    fn any_bytes_are_a_bundle_or_a_problem(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        look_at_all(&bytes)?;
    }

    #[test]
    fn a_bundle_with_changed_bytes_is_still_bounded(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..6),
        cut in proptest::option::of(any::<proptest::sample::Index>()),
    ) {
        let mut zip = packed(&[
            ("a/call.vtt", b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello Hello Hello Hello\n"),
            ("a/call.mp4", &[0; 3_000]),
            ("calls.csv", b"title\nKick-off\n"),
        ]);
        for (place, byte) in changes {
            let place = place.index(zip.len());
            zip[place] = byte;
        }
        if let Some(cut) = cut {
            zip.truncate(cut.index(zip.len()));
        }
        look_at_all(&zip)?;
    }

    #[test]
    fn what_is_packed_comes_out_again(
        contents in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..6),
    ) {
        let names: Vec<_> = (0..contents.len()).map(|index| format!("{index}/call.vtt")).collect();
        let members: Vec<_> = names.iter().map(String::as_str).zip(contents.iter().map(Vec::as_slice)).collect();
        let zip = packed(&members);
        let mut archive = Archive::open(Cursor::new(&zip)).unwrap();
        prop_assert_eq!(archive.directory().members.len(), contents.len());
        for (member, content) in archive.directory().members.clone().into_iter().zip(&contents) {
            prop_assert_eq!(&archive.read(member.index, 200).unwrap(), content);
        }
    }

    #[test]
    fn any_bytes_are_of_some_kind(name in ".{0,20}", bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        kind(&name, &bytes);
    }
}

/// Opens and reads everything; names stay in their folder and nothing is longer than allowed.
fn look_at_all(zip: &[u8]) -> Result<(), TestCaseError> {
    let Ok(mut archive) = Archive::open(Cursor::new(zip)) else {
        return Ok(());
    };
    for member in archive.directory().members.clone() {
        prop_assert!(!member.name.is_empty() && !member.name.starts_with('/'));
        prop_assert!(
            !member
                .name
                .split('/')
                .any(|part| part == ".." || part.is_empty())
        );
        if let Ok(bytes) = archive.read(member.index, 2_000) {
            prop_assert!(bytes.len() <= 2_000);
        }
    }
    Ok(())
}

fn render(directory: &Directory) -> String {
    let mut shown = String::new();
    for member in &directory.members {
        writeln!(shown, "+ {} ({})", member.name, member.bytes).unwrap();
    }
    for (name, reason) in &directory.left_out {
        writeln!(shown, "- {name}: {reason}").unwrap();
    }
    shown
}

fn open_code(zip: &[u8]) -> &'static str {
    Archive::open(Cursor::new(zip)).unwrap_err().code
}

fn read_first(zip: &[u8], longest: u64) -> Result<Vec<u8>, FileProblem> {
    let mut archive = Archive::open(Cursor::new(zip)).unwrap();
    let first = archive.directory().members[0].index;
    archive.read(first, longest)
}

/// A ZIP file as programs write them.
fn packed(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, content) in members {
        zip.start_file(*name, options).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Ten million zeros in ten thousand bytes.
fn bomb(name: &str) -> Vec<u8> {
    packed(&[(name, &vec![0; 10_000_000])])
}

/// Two members of which the second points to the bytes of the first.
fn overlapping() -> Vec<u8> {
    let mut zip = raw(&[
        Raw {
            content: vec![b'a'; 500],
            ..Raw::new(b"a.vtt")
        },
        Raw {
            content: vec![b'a'; 500],
            ..Raw::new(b"b.vtt")
        },
    ]);
    let second = zip
        .windows(4)
        .rposition(|window| window == b"PK\x01\x02")
        .unwrap();
    zip[second + 42..second + 46].copy_from_slice(&0_u32.to_le_bytes());
    zip
}

/// A member as no decent program writes it.
#[derive(Clone)]
struct Raw {
    name: Vec<u8>,
    content: Vec<u8>,
    declared: Option<u32>,
    checksum: Option<u32>,
    method: u16,
    flags: u16,
    mode: u32,
}

impl Raw {
    fn new(name: &[u8]) -> Self {
        Self {
            name: name.to_vec(),
            content: b"WEBVTT\n".to_vec(),
            declared: None,
            checksum: None,
            method: 0,
            flags: 0,
            mode: 0o100_644,
        }
    }

    /// What the local and the central header have in common, from the flags on (APPNOTE, 4.3.7 and 4.3.12).
    fn header(&self) -> Vec<u8> {
        let packed = self.content.len() as u32;
        let unpacked = self.declared.unwrap_or(packed);
        let checksum = self.checksum.unwrap_or_else(|| checksum(&self.content));
        [
            &self.flags.to_le_bytes()[..],
            &self.method.to_le_bytes(),
            &[0; 4],
            &checksum.to_le_bytes(),
            &packed.to_le_bytes(),
            &unpacked.to_le_bytes(),
            &(self.name.len() as u16).to_le_bytes(),
            &[0; 2],
        ]
        .concat()
    }
}

fn raw(members: &[Raw]) -> Vec<u8> {
    let mut zip = Vec::new();
    let mut directory = Vec::new();
    for member in members {
        let start = zip.len() as u32;
        zip.extend(
            [
                b"PK\x03\x04\x14\0",
                &member.header()[..],
                &member.name,
                &member.content,
            ]
            .concat(),
        );
        directory.extend(
            [
                &b"PK\x01\x02\x14\x03\x14\0"[..],
                &member.header(),
                &[0; 6],
                &(member.mode << 16).to_le_bytes(),
                &start.to_le_bytes(),
                &member.name,
            ]
            .concat(),
        );
    }
    let count = (members.len() as u16).to_le_bytes();
    let start = zip.len() as u32;
    let length = directory.len() as u32;
    zip.extend(directory);
    zip.extend(
        [
            &b"PK\x05\x06\0\0\0\0"[..],
            &count,
            &count,
            &length.to_le_bytes(),
            &start.to_le_bytes(),
            &[0, 0],
        ]
        .concat(),
    );
    zip
}

/// CRC-32 as ZIP has it.
fn checksum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            sum >> 1 ^ if sum & 1 == 1 { 0xedb8_8320 } else { 0 }
        })
    })
}
