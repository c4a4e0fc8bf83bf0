//! What recordings tell of themselves: small ones of each kind are written here, byte by byte.

use std::io::{self, Cursor, Read, Seek, SeekFrom};

use call_import_engine::{
    files::{FileProblem, Recording, facts},
    model::MediaKind,
};
use proptest::prelude::*;

#[test]
fn a_wav_file_tells_its_length() {
    assert_eq!(
        told(&wav(8_000, 12_000)).unwrap(),
        sound("audio/x-wav", Some(1_500))
    );
}

#[test]
fn a_wav_file_that_was_streamed_does_not() {
    for unknown in [0, u32::MAX] {
        let mut file = wav(8_000, 12_000);
        file[4..8].copy_from_slice(&unknown.to_le_bytes());
        file[40..44].copy_from_slice(&unknown.to_le_bytes());
        assert_eq!(told(&file).unwrap(), sound("audio/x-wav", None));
    }
}

#[test]
fn an_ogg_file_tells_its_length() {
    assert_eq!(
        told(&ogg(48_000 * 3)).unwrap(),
        sound("audio/opus", Some(3_000))
    );
}

#[test]
fn a_whole_mp4_file_tells_its_length_and_whether_it_has_a_picture() {
    let film = mp4(&[b"soun", b"vide"], 93_500);
    assert_eq!(told(&film).unwrap(), picture("video/mp4", Some(93_500)));
    assert_eq!(
        told(&mp4(&[b"soun"], 93_500)).unwrap(),
        sound("audio/mp4", Some(93_500))
    );
    // Nothing tells the length, so it is unknown; it is never zero.
    assert_eq!(
        told(&mp4(&[b"vide"], 0)).unwrap(),
        picture("video/mp4", None)
    );
}

#[test]
fn a_fragmented_mp4_file_is_as_long_as_its_fragments() {
    let file = fragmented(&[3_000, 3_000, 2_500]);
    assert_eq!(told(&file).unwrap(), picture("video/mp4", Some(8_500)));
    // The fields that a writer may leave out stand elsewhere then.
    let announced = atom(b"mehd", &[&[0; 4], &9_000_u32.to_be_bytes()[..]].concat());
    let file = [
        ftyp(),
        atom(b"moov", &[mvhd(0), atom(b"mvex", &announced)].concat()),
    ]
    .concat();
    assert_eq!(told(&file).unwrap().duration_ms, Some(9_000));
}

#[test]
fn re_mp4_agrees_on_the_length_of_fragments() {
    for lengths in [&[3_000][..], &[3_000, 3_000, 2_500], &[40; 50]] {
        let file = fragmented(lengths);
        let other = re_mp4::Mp4::read_bytes(&file).unwrap();
        let track = other.tracks().values().next().unwrap();
        let samples = track.samples.iter().map(|sample| sample.duration);
        let milliseconds = samples.sum::<u64>() * 1_000 / track.timescale;
        assert_eq!(told(&file).unwrap().duration_ms, Some(milliseconds as i64));
    }
}

#[test]
fn a_recording_that_was_cut_off_is_refused() {
    let films = [
        mp4(&[b"soun", b"vide"], 93_500),
        fragmented(&[3_000, 3_000]),
    ];
    for file in films {
        // At the very end of a box, as when a fragment is missing, nothing shows.
        for cut in [file.len() - 1, file.len() / 2, 60] {
            assert_eq!(
                told(&file[..cut]).unwrap_err().code,
                "recording-cut-off",
                "{cut}"
            );
        }
    }
    for file in [wav(8_000, 12_000), webm(93_500.0, true)] {
        let half = &file[..file.len() / 2];
        assert_eq!(told(half).unwrap_err().code, "recording-cut-off");
    }
    let unfinished = [ftyp(), atom(b"mdat", &[7; 300])].concat();
    insta::assert_snapshot!(told(&unfinished).unwrap_err(), @"The recording is incomplete: the file ends before it says it does. Upload it again, and wait until the upload has finished. If the original does not play to its end either, ask for another.");
}

#[test]
fn a_webm_file_tells_its_length() {
    assert_eq!(
        told(&webm(93_500.0, true)).unwrap(),
        picture("video/webm", Some(93_500))
    );
    assert_eq!(
        told(&webm(93_500.0, false)).unwrap(),
        sound("audio/webm", Some(93_500))
    );
    assert_eq!(told(&webm(0.0, true)).unwrap(), picture("video/webm", None));
}

#[test]
fn what_is_no_recording_is_refused() {
    let problem = told(b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n").unwrap_err();
    insta::assert_snapshot!(problem, @"This is no recording in a format that is known here. Bring the recording as MP4, M4A, MP3, WAV, WebM or OGG, or take it out of the request.");
}

#[test]
fn a_recording_is_not_read_whole() {
    for file in [
        wav(8_000, 4_000_000),
        [
            ftyp(),
            atom(b"mdat", &vec![7; 4_000_000]),
            movie(&[b"vide"], 93_500),
        ]
        .concat(),
    ] {
        let mut reader = Counting {
            inner: Cursor::new(&file),
            read: 0,
        };
        let duration = facts(&mut reader, file.len() as u64).unwrap().duration_ms;
        assert!(duration.is_some());
        assert!(
            reader.read < 100_000,
            "{} of {} bytes were read",
            reader.read,
            file.len()
        );
    }
}

#[test]
fn a_file_that_cannot_be_read_is_a_problem_of_today() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    impl Seek for Broken {
        fn seek(&mut self, _position: SeekFrom) -> io::Result<u64> {
            Ok(0)
        }
    }
    let problem = facts(Broken, 10).unwrap_err();
    assert_eq!(problem.code, "recording-unreadable");
}

proptest! {
    #[test]
    fn any_bytes_behind_any_magic_are_bounded(
        magic in proptest::sample::select(MAGIC),
        bytes in proptest::collection::vec(any::<u8>(), 0..2_000),
    ) {
        never_zero(&[magic, &bytes].concat())?;
    }

    #[test]
    fn changed_recordings_are_bounded(
        which in 0..6_usize,
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..6),
        cut in proptest::option::of(any::<proptest::sample::Index>()),
    ) {
        let mut file = match which {
            0 => wav(8_000, 400),
            1 => ogg(48_000),
            2 => mp4(&[b"soun", b"vide"], 93_500),
            3 => fragmented(&[3_000, 40]),
            4 => mp3(),
            _ => webm(93_500.0, true),
        };
        for (place, byte) in changes {
            let place = place.index(file.len());
            file[place] = byte;
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len()));
        }
        never_zero(&file)?;
    }
}

/// Beginnings of recordings, behind which anything may stand.
const MAGIC: &[&[u8]] = &[
    b"",
    b"ID3\x04\0\0\0\0\0\0",
    b"\xff\xfb\x90\x64",
    b"\xff\xf1\x50\x80",
    b"RIFF\x24\x07\0\0WAVEfmt \x10\0\0\0",
    b"RIFF\x24\x07\0\0AVI LIST",
    b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x13OpusHead",
    b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x1e\x01vorbis",
    b"fLaC\0\0\0\x22",
    b"FORM\0\0\x07\x24AIFF",
    b"MAC \x96\x0f\0\0",
    b"\0\0\0\x18ftypisom\0\0\0\0isommp42",
    b"\0\0\0\x18ftypisom\0\0\0\0isommp42\0\0\0\0moov\0\0\0\x20mvhd",
    b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm\x18\x53\x80\x67\xff",
    b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm\x18\x53\x80\x67\xff\x15\x49\xa9\x66\x87\x44\x89\x84",
];

fn never_zero(file: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(recording) = told(file) {
        prop_assert!(recording.duration_ms.is_none_or(|duration| duration > 0));
    }
    Ok(())
}

fn told(file: &[u8]) -> Result<Recording, FileProblem> {
    facts(Cursor::new(file), file.len() as u64)
}

fn sound(mime: &'static str, duration_ms: Option<i64>) -> Recording {
    Recording {
        kind: MediaKind::Audio,
        mime,
        duration_ms,
    }
}

fn picture(mime: &'static str, duration_ms: Option<i64>) -> Recording {
    Recording {
        kind: MediaKind::Video,
        mime,
        duration_ms,
    }
}

struct Counting<R> {
    inner: R,
    read: usize,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read += read;
        Ok(read)
    }
}

impl<R: Seek> Seek for Counting<R> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.inner.seek(position)
    }
}

/// Sound of one channel and eight bits.
fn wav(rate: u32, samples: u32) -> Vec<u8> {
    [
        b"RIFF",
        &(36 + samples).to_le_bytes()[..],
        b"WAVEfmt \x10\0\0\0\x01\0\x01\0",
        &rate.to_le_bytes(),
        &rate.to_le_bytes(),
        b"\x01\0\x08\0data",
        &samples.to_le_bytes(),
        &vec![0x80; samples as usize],
    ]
    .concat()
}

/// Frames of silence: MPEG 1 layer 3, 128 kbit/s, 44,100 Hz.
fn mp3() -> Vec<u8> {
    let mut frame = vec![0; 417];
    frame[..4].copy_from_slice(b"\xff\xfb\x90\x64");
    frame.repeat(5)
}

/// Opus (RFC 7845): a head, comments, and one packet that ends at a sample of 48,000 a second.
fn ogg(end: u64) -> Vec<u8> {
    let head = b"OpusHead\x01\x01\0\0\x80\xbb\0\0\0\0\0";
    let tags = b"OpusTags\0\0\0\0\0\0\0\0";
    [
        ogg_page(2, 0, 0, head),
        ogg_page(0, 0, 1, tags),
        ogg_page(4, end, 2, &[0xf8, 0xff, 0xfe]),
    ]
    .concat()
}

/// A page (RFC 3533, section 6) with one packet.
fn ogg_page(flags: u8, position: u64, number: u32, packet: &[u8]) -> Vec<u8> {
    let mut page = [
        &b"OggS\0"[..],
        &[flags],
        &position.to_le_bytes(),
        &7_u32.to_le_bytes(),
        &number.to_le_bytes(),
        &[0; 4],
        &[1, packet.len() as u8],
        packet,
    ]
    .concat();
    let checksum = page.iter().fold(0_u32, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte) << 24, |sum, _| {
            sum << 1 ^ if sum >> 31 == 1 { 0x04c1_1db7 } else { 0 }
        })
    });
    page[22..26].copy_from_slice(&checksum.to_le_bytes());
    page
}

fn atom(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    [&(content.len() as u32 + 8).to_be_bytes()[..], kind, content].concat()
}

fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers
        .iter()
        .flat_map(|number| number.to_be_bytes())
        .collect()
}

fn ftyp() -> Vec<u8> {
    atom(b"ftyp", b"isom\0\0\x02\0isomiso2mp41")
}

/// A file with its index at the end, in thousandths of a second.
fn mp4(handlers: &[&[u8; 4]], duration: u32) -> Vec<u8> {
    [ftyp(), atom(b"mdat", &[7; 300]), movie(handlers, duration)].concat()
}

fn movie(handlers: &[&[u8; 4]], duration: u32) -> Vec<u8> {
    let tracks = handlers
        .iter()
        .zip(1..)
        .flat_map(|(handler, id)| track(handler, id, duration));
    atom(
        b"moov",
        &mvhd(duration).into_iter().chain(tracks).collect::<Vec<_>>(),
    )
}

fn mvhd(duration: u32) -> Vec<u8> {
    let head = numbers(&[0, 0, 0, 1_000, duration, 0x0001_0000, 0x0100_0000, 0, 0]);
    let matrix = numbers(&[0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000]);
    atom(
        b"mvhd",
        &[head, matrix, numbers(&[0, 0, 0, 0, 0, 0, 3])].concat(),
    )
}

/// A track whose tables are empty, so that other readers take it as well.
fn track(handler: &[u8; 4], id: u32, duration: u32) -> Vec<u8> {
    let matrix = [0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000];
    let tkhd = [
        &[0, 0, 0, id, 0, duration, 0, 0, 0, 0][..],
        &matrix,
        &[0, 0],
    ]
    .concat();
    let media = [
        atom(b"mdhd", &numbers(&[0, 0, 0, 1_000, duration, 0x55c4_0000])),
        atom(b"hdlr", &[&[0; 8], &handler[..], &[0; 13]].concat()),
        atom(
            b"minf",
            &[
                atom(b"vmhd", &numbers(&[1, 0, 0])),
                atom(
                    b"dinf",
                    &atom(
                        b"dref",
                        &[numbers(&[0, 1]), atom(b"url ", &numbers(&[1]))].concat(),
                    ),
                ),
                atom(
                    b"stbl",
                    &[
                        atom(
                            b"stsd",
                            &[numbers(&[0, 1]), atom(b"none", &[0; 8])].concat(),
                        ),
                        atom(b"stts", &numbers(&[0, 0])),
                        atom(b"stsc", &numbers(&[0, 0])),
                        atom(b"stsz", &numbers(&[0, 0, 0])),
                        atom(b"stco", &numbers(&[0, 0])),
                    ]
                    .concat(),
                ),
            ]
            .concat(),
        ),
    ];
    atom(
        b"trak",
        &[
            atom(b"tkhd", &numbers(&tkhd)),
            atom(b"mdia", &media.concat()),
        ]
        .concat(),
    )
}

/// A file whose index tells no length; each fragment has two samples that have it together.
fn fragmented(lengths: &[u32]) -> Vec<u8> {
    let extends = atom(b"mvex", &atom(b"trex", &numbers(&[0, 1, 1, 0, 0, 0])));
    let mut file = [
        ftyp(),
        atom(b"moov", &[mvhd(0), track(b"vide", 1, 0), extends].concat()),
    ]
    .concat();
    let mut start = 0;
    for (number, length) in (1..).zip(lengths) {
        let parts = [
            atom(b"tfhd", &numbers(&[0x0002_0000, 1])),
            atom(b"tfdt", &numbers(&[0, start])),
            // Lengths and sizes of samples.
            atom(
                b"trun",
                &numbers(&[0x0300, 2, length - length / 3, 4, length / 3, 4]),
            ),
        ];
        file.extend(atom(
            b"moof",
            &[
                atom(b"mfhd", &numbers(&[0, number])),
                atom(b"traf", &parts.concat()),
            ]
            .concat(),
        ));
        file.extend(atom(b"mdat", &[7; 8]));
        start += length;
    }
    file
}

/// Matroska (RFC 9559) in thousandths of a second; padded, as `infer` wants 256 bytes.
fn webm(duration: f32, with_picture: bool) -> Vec<u8> {
    let doc_type = b"\x42\x82\x84webm";
    let info = [
        element(b"\x2a\xd7\xb1", &1_000_000_u32.to_be_bytes()),
        element(b"\x44\x89", &duration.to_be_bytes()),
        element(b"\x4d\x80", b"test"),
        element(b"\x57\x41", b"test"),
    ];
    let track = |number: u8, kind: u8, codec: &[u8], details: Vec<u8>| {
        let fields = [
            element(b"\xd7", &[number]),
            element(b"\x73\xc5", &[number]),
            element(b"\x83", &[kind]),
            element(b"\x86", codec),
            details,
        ];
        element(b"\xae", &fields.concat())
    };
    let heard = element(
        b"\xe1",
        &[
            element(b"\xb5", &48_000_f32.to_be_bytes()),
            element(b"\x9f", &[1]),
        ]
        .concat(),
    );
    let seen = element(
        b"\xe0",
        &[element(b"\xb0", &[64]), element(b"\xba", &[64])].concat(),
    );
    let mut tracks = track(1, 2, b"A_OPUS", heard);
    if with_picture {
        tracks.extend(track(2, 1, b"V_VP8", seen));
    }
    let cluster = [
        element(b"\xe7", &[0]),
        element(b"\xa3", b"\x81\0\0\x80\xf8\xff\xfe"),
    ]
    .concat();
    let segment = [
        element(b"\x15\x49\xa9\x66", &info.concat()),
        element(b"\xec", &[0; 300]),
        element(b"\x16\x54\xae\x6b", &tracks),
        element(b"\x1f\x43\xb6\x75", &cluster),
    ];
    [
        element(b"\x1a\x45\xdf\xa3", doc_type),
        element(b"\x18\x53\x80\x67", &segment.concat()),
    ]
    .concat()
}

/// An id, a size of two bytes, and data.
fn element(id: &[u8], data: &[u8]) -> Vec<u8> {
    [id, &(0x4000 | data.len() as u16).to_be_bytes(), data].concat()
}
