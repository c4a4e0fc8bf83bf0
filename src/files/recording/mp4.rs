//! The boxes of MP4 and QuickTime files (ISO/IEC 14496-12), as far as they tell whether the file is whole,
//! how long it is and whether it has a picture.
//!
//! The crates that read MP4 make a list of all samples first, as long as the file declares, so a small file
//! can exhaust the memory or index past a list. Here a box is a few numbers, and a sample is not kept.

use std::{
    collections::HashMap,
    io::{self, ErrorKind, Read, Seek, SeekFrom},
};

/// What the boxes tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Movie {
    /// Whether there is a track with pictures; `None` if there is no track that can be seen or heard.
    pub(super) has_picture: Option<bool>,
    /// Length in milliseconds; `None` or 0 if unknown.
    pub(super) duration_ms: Option<i64>,
}

/// Boxes that are looked into; a file with more does not tell its length here.
const MOST_BOXES: usize = 1_000_000;

/// Bytes of one box that are read; a fragment has some seconds, and its table 16 bytes for each sample.
const LONGEST_TABLE: u64 = 4_000_000;

/// Walks over the boxes of a file that is `length` bytes long.
///
/// # Errors
/// `UnexpectedEof` or `InvalidData` if the file does not hold what it declares, else what reading says.
pub(super) fn read(reader: &mut (impl Read + Seek), length: u64) -> io::Result<Movie> {
    let mut found = Found::default();
    let mut position = 0;
    for _ in 0..MOST_BOXES {
        // A few bytes that make no box stand at the end of many files.
        if position + 8 > length {
            return found.movie();
        }
        let atom = Atom::read(reader, position, length)?;
        found.has_index |= &atom.kind == b"moov";
        position = match &atom.kind {
            b"moov" | b"trak" | b"mdia" | b"mvex" | b"moof" | b"traf" => atom.start,
            b"mvhd" | b"mehd" | b"tkhd" | b"mdhd" | b"hdlr" | b"trex" | b"tfhd" | b"tfdt"
            | b"trun" => {
                found.take(&atom.kind, &atom.content(reader)?);
                atom.end
            }
            _ => atom.end,
        };
    }
    found.fragments.clear();
    found.movie()
}

/// A box: its kind, and where its content lies.
struct Atom {
    kind: [u8; 4],
    start: u64,
    end: u64,
}

impl Atom {
    fn read(reader: &mut (impl Read + Seek), position: u64, length: u64) -> io::Result<Self> {
        reader.seek(SeekFrom::Start(position))?;
        let mut header = [0; 8];
        reader.read_exact(&mut header)?;
        let fields = Fields(&header);
        let (size, start) = match fields.u32(0) {
            // A box of size 1 has its size in the eight bytes behind; one of size 0 goes on to the end.
            Some(1) => {
                let mut size = [0; 8];
                reader.read_exact(&mut size)?;
                (u64::from_be_bytes(size), position + 16)
            }
            Some(0) | None => (length - position, position + 8),
            Some(size) => (u64::from(size), position + 8),
        };
        let end = position.checked_add(size).ok_or(ErrorKind::InvalidData)?;
        if end < start {
            return Err(ErrorKind::InvalidData.into());
        }
        if end > length {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let kind = [header[4], header[5], header[6], header[7]];
        Ok(Self { kind, start, end })
    }

    fn content(&self, reader: &mut impl Read) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        let longest = (self.end - self.start).min(LONGEST_TABLE);
        reader.take(longest).read_to_end(&mut content)?;
        Ok(content)
    }
}

/// What was found so far. Tracks and fragments are known by the id of their track.
#[derive(Default)]
struct Found {
    has_index: bool,
    has_picture: bool,
    has_sound: bool,
    /// Units in a second, and length in units.
    movie: Option<(u32, u64)>,
    fragmented: Option<u64>,
    /// Track that is looked at.
    track: u32,
    /// Units in a second, of each track.
    timescales: HashMap<u32, u32>,
    /// Length of a sample where its fragment does not tell, of each track.
    defaults: HashMap<u32, u32>,
    default: u32,
    /// End of the last fragment so far, in units, of each track.
    fragments: HashMap<u32, u64>,
}

impl Found {
    fn take(&mut self, kind: &[u8; 4], content: &[u8]) {
        // Fields that are not there change nothing, so a damaged box tells nothing.
        let _known = self.take_fields(kind, Fields(content));
    }

    fn take_fields(&mut self, kind: &[u8; 4], fields: Fields<'_>) -> Option<()> {
        let long = fields.u32(0)? >> 24 == 1;
        let flags = fields.u32(0)? & 0x00ff_ffff;
        match kind {
            b"mvhd" => self.movie = Some(fields.scale_and_length(long)?),
            b"mdhd" => {
                let (scale, _) = fields.scale_and_length(long)?;
                self.timescales.insert(self.track, scale);
            }
            b"mehd" => self.fragmented = Some(fields.number(4, long)?),
            b"tkhd" => self.track = fields.u32(if long { 20 } else { 12 })?,
            b"hdlr" => match fields.0.get(8..12)? {
                b"vide" => self.has_picture = true,
                b"soun" => self.has_sound = true,
                _ => {}
            },
            b"trex" => {
                self.defaults.insert(fields.u32(4)?, fields.u32(12)?);
            }
            b"tfhd" => {
                self.track = fields.u32(4)?;
                let skipped =
                    if flags & 1 != 0 { 8 } else { 0 } + if flags & 2 != 0 { 4 } else { 0 };
                self.default = if flags & 8 != 0 {
                    fields.u32(8 + skipped)?
                } else {
                    self.defaults.get(&self.track).copied().unwrap_or(0)
                };
            }
            b"tfdt" => {
                self.fragments.insert(self.track, fields.number(4, long)?);
            }
            b"trun" => {
                let length = fields.run_length(flags, self.default)?;
                let end = self.fragments.entry(self.track).or_default();
                *end = end.saturating_add(length);
            }
            _ => {}
        }
        Some(())
    }

    fn movie(&self) -> io::Result<Movie> {
        // Recorders write the index last, so without one the recording was not finished.
        if !self.has_index {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let (scale, length) = self.movie.unwrap_or_default();
        let whole = milliseconds(length, scale);
        let announced = milliseconds(self.fragmented.unwrap_or(0), scale);
        let of_fragments = self
            .fragments
            .iter()
            .filter_map(|(track, end)| milliseconds(*end, *self.timescales.get(track)?))
            .max();
        Ok(Movie {
            has_picture: (self.has_picture || self.has_sound).then_some(self.has_picture),
            duration_ms: whole.or(announced).or(of_fragments),
        })
    }
}

/// `None` for 0 and for all ones, which both mean unknown.
fn milliseconds(length: u64, scale: u32) -> Option<i64> {
    if scale == 0 || matches!(length, 0 | 0xffff_ffff | u64::MAX) {
        return None;
    }
    let scale = u128::from(scale);
    i64::try_from((u128::from(length) * 1000 + scale / 2) / scale).ok()
}

/// Numbers in the content of a box, which begins with a version (one byte) and flags (three).
#[derive(Clone, Copy)]
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn u32(self, at: usize) -> Option<u32> {
        let bytes = self.0.get(at..at + 4)?.try_into().ok()?;
        Some(u32::from_be_bytes(bytes))
    }

    /// A number of eight bytes if long, else of four.
    fn number(self, at: usize, long: bool) -> Option<u64> {
        if !long {
            return self.u32(at).map(u64::from);
        }
        let bytes = self.0.get(at..at + 8)?.try_into().ok()?;
        Some(u64::from_be_bytes(bytes))
    }

    /// Of `mvhd` and `mdhd`, behind two dates.
    fn scale_and_length(self, long: bool) -> Option<(u32, u64)> {
        let at = if long { 20 } else { 12 };
        Some((self.u32(at)?, self.number(at + 4, long)?))
    }

    /// Of `trun`: all its samples together.
    fn run_length(self, flags: u32, default: u32) -> Option<u64> {
        let samples = u64::from(self.u32(4)?);
        if flags & 0x100 == 0 {
            return Some(samples * u64::from(default));
        }
        let mut at = 8 + if flags & 1 != 0 { 4 } else { 0 } + if flags & 4 != 0 { 4 } else { 0 };
        let step = 4 * (flags >> 8 & 0xf).count_ones() as usize;
        let mut length = 0;
        for _ in 0..samples {
            length += u64::from(self.u32(at)?);
            at += step;
        }
        Some(length)
    }
}
