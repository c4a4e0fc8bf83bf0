//! Copies a recording that came as a file to the place where recordings are kept.

use std::{
    fs::{self, File},
    io::{self, Read as _, Seek as _},
    os::unix::fs::DirBuilderExt as _,
    path::Path,
};

use super::{MediaPlace, no_disk};
use crate::{
    files::{FileProblem, SourceFile},
    import::{Fetched, recording},
    model::{ImportRecord, MediaCopy},
    objects::PutFileError,
    workspace::Shelf,
};

/// A file that is whole on this disk.
struct Whole {
    file: File,
    bytes: u64,
    head: Vec<u8>,
    sha256: String,
}

enum Stop {
    File(FileProblem),
    Disk(io::Error),
}

pub(super) async fn copy(
    place: &MediaPlace,
    external_id: &str,
    source: SourceFile,
    record: &ImportRecord,
) -> Result<Fetched, Fetched> {
    let folder = place.partial.clone();
    let whole = tokio::task::spawn_blocking(move || whole(&source, &folder)).await;
    let whole = whole.unwrap_or_else(|error| Err(Stop::Disk(io::Error::other(error))));
    let Whole {
        file,
        bytes,
        head,
        sha256,
    } = whole.map_err(|stop| match stop {
        Stop::File(problem) => Fetched::Refused {
            detail: problem.to_string(),
        },
        Stop::Disk(error) => no_disk(error),
    })?;
    let mime = recording::mime(&head, "");
    let name = recording::name(record, external_id, &sha256, mime.as_deref());
    match place.objects.put_file(&name, file, bytes).await {
        Ok(()) => Ok(Fetched::Stored(MediaCopy {
            mime,
            bytes: i64::try_from(bytes).unwrap_or(i64::MAX),
            sha256,
            stored_uri: place.objects.uri(&name),
        })),
        Err(PutFileError::File(error)) => Err(no_disk(error)),
        Err(PutFileError::Place(error)) => Err(Fetched::NoPlace {
            detail: error.to_string(),
        }),
    }
}

/// Opens a file, or unpacks a member of a bundle beside the record.
fn whole(source: &SourceFile, folder: &Path) -> Result<Whole, Stop> {
    let mut shelf = Shelf::default();
    let (mut file, sha256) = match source.member {
        None => {
            let sha256 = shelf.copy(source, &mut io::sink()).map_err(Stop::File)?;
            (File::open(&source.path).map_err(Stop::Disk)?, sha256)
        }
        Some(_) => {
            let mut folders = fs::DirBuilder::new();
            folders
                .recursive(true)
                .mode(0o700)
                .create(folder)
                .map_err(Stop::Disk)?;
            let mut unpacked = tempfile::tempfile_in(folder).map_err(Stop::Disk)?;
            let sha256 = shelf.copy(source, &mut unpacked).map_err(Stop::File)?;
            (unpacked, sha256)
        }
    };
    let bytes = file.metadata().map_err(Stop::Disk)?.len();
    let mut head = Vec::new();
    file.rewind().map_err(Stop::Disk)?;
    let longest = u64::try_from(recording::HEAD).unwrap_or(u64::MAX);
    (&mut file)
        .take(longest)
        .read_to_end(&mut head)
        .map_err(Stop::Disk)?;
    file.rewind().map_err(Stop::Disk)?;
    Ok(Whole {
        file,
        bytes,
        head,
        sha256,
    })
}
