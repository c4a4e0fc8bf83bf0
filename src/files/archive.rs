//! ZIP files that people bring: what is in them, and one member at a time.
//!
//! Whoever packs a ZIP can write anything into it, so nothing it declares is believed: names must stay in
//! their folder, and what is unpacked is measured while it is read. Nothing is unpacked to disk here.

mod problems;

use std::{
    collections::HashSet,
    io::{self, ErrorKind, Read, Seek, SeekFrom, Write},
    sync::Arc,
};

use zip::{
    CompressionMethod, ZipArchive,
    read::{ZipArchiveMetadata, ZipFileEntry, ZipReadOptions},
};

use super::{FileProblem, bounded::Bounded, kind, names};
use problems::{
    bomb, damaged, encrypted, interrupted, problem, too_large, too_many, twins, unknown_method,
    unreadable, unsafe_name,
};

/// Members of one archive, folders included.
pub const MOST_MEMBERS: usize = 10_000;

/// Bytes of all members of one archive when they are unpacked.
pub const LARGEST_TOTAL: u64 = 100_000_000_000;

/// How many times larger a member may be than it is packed. Text shrinks to a fifth, tables to a fiftieth.
/// Recordings may shrink as they like: silence weighs nothing.
pub const HIGHEST_RATIO: u64 = 100;

/// Bytes unpacked below which the ratio says nothing.
pub const RATIO_COUNTS_FROM: u64 = 1_000_000;

/// Bytes that may be read to learn what is in an archive; 10,000 members with long names need 5 MB.
const DIRECTORY_BYTES: u64 = 32_000_000;

/// An open ZIP file.
#[derive(Debug)]
pub struct Archive<R> {
    reader: R,
    metadata: Arc<ZipArchiveMetadata>,
    directory: Directory,
}

/// What is in an archive.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Directory {
    /// Files to look at, in the archive's order.
    pub members: Vec<Member>,
    /// Names that are left out, and why: a sentence.
    pub left_out: Vec<(String, &'static str)>,
}

/// A file in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its place in the archive, to ask for it.
    pub index: usize,
    /// Its path within the archive, with `/`; it never leaves its folder.
    pub name: String,
    /// Its size when unpacked, as declared.
    pub bytes: u64,
}

impl<R: Read + Seek> Archive<R> {
    /// Opens an archive and looks at all names and sizes in it.
    ///
    /// # Errors
    /// A [`FileProblem`] if this is no ZIP file, or one that nobody packs with good intent: with paths that
    /// leave their folder, links, twins, passwords, overlapping members or unbelievable sizes.
    pub fn open(mut reader: R) -> Result<Self, FileProblem> {
        refuse_oversized(&mut reader).map_err(|error| unreadable(&error))?;
        let bounded = Bounded::new(&mut reader, DIRECTORY_BYTES);
        let mut archive = ZipArchive::new(bounded).map_err(|error| problem(&error))?;
        if archive.len() > MOST_MEMBERS {
            return Err(too_many());
        }
        let metadata = archive.metadata();
        let directory = directory(&metadata)?;
        // Members that share bytes unpack to far more than the archive holds, whatever each one declares.
        if archive
            .has_overlapping_entries()
            .map_err(|error| problem(&error))?
        {
            return Err(damaged());
        }
        drop(archive);
        Ok(Self {
            reader,
            metadata,
            directory,
        })
    }

    /// What is in it.
    pub const fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The bytes of a member, measured while they are unpacked.
    ///
    /// # Errors
    /// A [`FileProblem`] if it has more than `longest` bytes, or cannot be unpacked.
    pub fn read(&mut self, index: usize, longest: u64) -> Result<Vec<u8>, FileProblem> {
        let mut bytes = Vec::new();
        self.copy(index, longest, &mut bytes)?;
        Ok(bytes)
    }

    /// The first bytes of a member, at most so many.
    ///
    /// # Errors
    /// A [`FileProblem`] if it cannot be unpacked.
    pub fn head(&mut self, index: usize, longest: u64) -> Result<Vec<u8>, FileProblem> {
        let entry = self.metadata.entry(index).map_err(|_| damaged())?;
        let member = entry
            .with_reader(&mut self.reader, ZipReadOptions::new())
            .map_err(|error| problem(&error))?;
        let mut bytes = Vec::new();
        let read = member.take(longest).read_to_end(&mut bytes);
        read.map_err(|_| damaged())?;
        Ok(bytes)
    }

    /// Unpacks a member into a writer; tells how many bytes it has. On a problem, part of it may be written.
    ///
    /// # Errors
    /// A [`FileProblem`] if it has more than `longest` bytes or not as many as it declares, or cannot be
    /// unpacked or written.
    pub fn copy(
        &mut self,
        index: usize,
        longest: u64,
        writer: &mut impl Write,
    ) -> Result<u64, FileProblem> {
        let entry = self.metadata.entry(index).map_err(|_| damaged())?;
        let declared = entry.size();
        if declared > longest {
            return Err(too_large(longest));
        }
        let method = entry.compression();
        if !matches!(
            method,
            CompressionMethod::Stored | CompressionMethod::Deflated
        ) {
            return Err(unknown_method());
        }
        let mut member = entry
            .with_reader(&mut self.reader, ZipReadOptions::new())
            .map_err(|error| problem(&error))?;
        let mut buffer = vec![0; 65_536];
        let mut copied = 0;
        loop {
            let read = match member.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(unreadable(&error)),
            };
            copied += read as u64;
            if copied > declared {
                return Err(damaged());
            }
            writer
                .write_all(&buffer[..read])
                .map_err(|error| interrupted(&error))?;
        }
        if copied == declared {
            Ok(copied)
        } else {
            Err(damaged())
        }
    }
}

/// Names and sizes, or why this archive is not looked into.
fn directory(metadata: &ZipArchiveMetadata) -> Result<Directory, FileProblem> {
    if metadata.has_duplicate_names() {
        return Err(twins(None));
    }
    let mut found = Directory::default();
    let mut folders = Vec::new();
    let mut keys = HashSet::new();
    let mut filled = HashSet::new();
    let mut total = 0_u64;
    for index in 0..metadata.len() {
        let entry = metadata.entry(index).map_err(|_| damaged())?;
        let name = checked_name(&entry)?;
        if entry.is_dir() {
            folders.push(name);
            continue;
        }
        if name.is_empty() {
            return Err(unsafe_name(".", "has a name that no file can have"));
        }
        if !keys.insert(names::path_key(&name)) {
            return Err(twins(Some(&name)));
        }
        total = total.saturating_add(entry.size());
        if total > LARGEST_TOTAL {
            return Err(bomb());
        }
        filled.extend(folders_of(&name).map(str::to_owned));
        if let Some(reason) = kind::ignored(&name).or_else(|| packed(&name)) {
            found.left_out.push((name, reason));
            continue;
        }
        let ratio_counts = entry.size() > RATIO_COUNTS_FROM && !kind::sounds_recorded(&name);
        if ratio_counts && entry.size() / HIGHEST_RATIO > entry.compressed_size() {
            return Err(bomb());
        }
        found.members.push(Member {
            index,
            name,
            bytes: entry.size(),
        });
    }
    // `./` is the archive itself.
    folders.retain(|folder| !folder.is_empty() && !filled.contains(folder));
    let empty = folders
        .into_iter()
        .map(|folder| (folder, "This folder is empty."));
    found.left_out.extend(empty);
    Ok(found)
}

/// The name of a member, if it is a plain file or folder that stays where it is.
fn checked_name(entry: &ZipFileEntry<'_>) -> Result<String, FileProblem> {
    // Names not marked as UTF-8 are UTF-8 all the same if they can be, since macOS does not mark them; else
    // CP437, as ZIP has it (APPNOTE, appendix D).
    let name = entry.name().map_err(|_| damaged())?;
    // The upper four bits of a Unix mode tell the kind of a file: regular and folder are welcome, 0 is none.
    let kind_bits = entry.unix_mode().unwrap_or(0) & 0o170_000;
    if !matches!(kind_bits, 0 | 0o100_000 | 0o040_000) {
        return Err(unsafe_name(&name, "is a link or a device, not a file"));
    }
    if let Some(reason) = leaves_its_folder(&name) {
        return Err(unsafe_name(&name, reason));
    }
    if entry.encrypted() {
        return Err(encrypted());
    }
    let parts = name
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".");
    Ok(parts.collect::<Vec<_>>().join("/"))
}

/// Why a name is not safe, as the end of a sentence.
fn leaves_its_folder(name: &str) -> Option<&'static str> {
    let drive =
        |part: &str| part.len() >= 2 && part.as_bytes()[1] == b':' && part.is_char_boundary(1);
    if name.is_empty() || name.chars().any(char::is_control) {
        return Some("has a name that no file can have");
    }
    if name.contains('\\') {
        return Some("has a backslash in its name, which some systems take for a folder");
    }
    if name.starts_with('/') || drive(name) {
        return Some("has a path that begins at the top of a disk");
    }
    if name.split('/').any(|part| part == "..") {
        return Some("has a path that leaves its folder");
    }
    if name.split('/').any(is_device) {
        return Some("has a name that Windows keeps for devices");
    }
    None
}

/// Names that Windows gives to devices, with any ending (Microsoft, "Naming files, paths, and namespaces").
fn is_device(part: &str) -> bool {
    let base = part.split('.').next().unwrap_or(part).trim_end();
    let numbered = |prefix: &str| {
        base.len() == 4
            && base
                .get(..3)
                .is_some_and(|head| head.eq_ignore_ascii_case(prefix))
            && base.as_bytes()[3].is_ascii_digit()
    };
    ["CON", "PRN", "AUX", "NUL"]
        .iter()
        .any(|device| base.eq_ignore_ascii_case(device))
        || numbered("COM")
        || numbered("LPT")
}

/// Each folder above a path.
fn folders_of(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices('/').map(|(index, _)| &name[..index])
}

/// Archives within the archive.
fn packed(name: &str) -> Option<&'static str> {
    let ending = names::ending(name);
    matches!(
        ending.as_str(),
        "zip" | "7z" | "rar" | "tar" | "tgz" | "gz" | "bz2" | "xz"
    )
    .then_some(kind::PACKED_TWICE)
}

/// Refuses archives that declare so many members that making room for them alone would exhaust the memory.
///
/// The count of a plain archive has two bytes. That of ZIP64 has eight; its record of 56 bytes and the
/// locator of 20 that points to it stand before the record of 22 bytes, and perhaps a comment of two bytes
/// length, at the end (APPNOTE, 4.3.14 to 4.3.16). An archive where they stand otherwise is refused.
fn refuse_oversized(reader: &mut (impl Read + Seek)) -> io::Result<()> {
    const RECORD: usize = 56;
    const LOCATOR: usize = 20;
    const END: u64 = 22 + 65_535;
    let length = reader.seek(SeekFrom::End(0))?;
    let start = length.saturating_sub(END + (RECORD + LOCATOR) as u64);
    reader.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    reader.take(length - start).read_to_end(&mut tail)?;
    let number = |at: usize| {
        let bytes = tail.get(at..at + 8).and_then(|bytes| bytes.try_into().ok());
        bytes.map(u64::from_le_bytes)
    };
    for end in 0..tail.len() {
        let Some(locator) = end.checked_sub(LOCATOR) else {
            continue;
        };
        if !tail[end..].starts_with(b"PK\x05\x06") || !tail[locator..].starts_with(b"PK\x06\x07") {
            continue;
        }
        let Some(record) = locator.checked_sub(RECORD) else {
            return Err(ErrorKind::InvalidData.into());
        };
        let believable = tail[record..].starts_with(b"PK\x06\x06")
            && number(locator + 8) == Some(start + record as u64)
            && number(record + 32).is_some_and(|members| members <= 2 * MOST_MEMBERS as u64);
        if !believable {
            return Err(ErrorKind::InvalidData.into());
        }
    }
    reader.seek(SeekFrom::Start(0))?;
    Ok(())
}
