//! Writing a file whole or not at all.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use crate::kill::{self, Point};

/// Gives a file new bytes: whoever reads it, and whatever happens meanwhile, sees the old ones or the new
/// ones, whole. Its permissions stay; a link stays, and what it points to is replaced.
///
/// # Errors
/// What the system says; the file is then as it was.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let target = match path.canonicalize() {
        Ok(target) => target,
        Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
        Err(error) => return Err(error),
    };
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    // Not the end of a request file, so that a check at the same moment does not take it for one.
    name.push(format!("-{}~", std::process::id()));
    let temporary = target.with_file_name(name);
    let written = write(&temporary, bytes, &target).and_then(|()| {
        kill::here(Point::BeforeFile);
        fs::rename(&temporary, &target)
    });
    kill::here(Point::AfterFile);
    if written.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Writes a new file, which is there whole or not at all. What is there already is never written over.
///
/// # Errors
/// What the system says, for example that the file exists; nothing is then left behind.
pub fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        Some(_) | None => Path::new("."),
    };
    // What the user's mask leaves of it, as for any new file; and not the end of a request file.
    let mut file = tempfile::Builder::new()
        .permissions(Permissions::from_mode(0o666))
        .suffix("~")
        .tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    kill::here(Point::BeforeFile);
    file.persist_noclobber(path).map_err(|error| error.error)?;
    kill::here(Point::AfterFile);
    Ok(())
}

fn write(temporary: &Path, bytes: &[u8], target: &Path) -> io::Result<()> {
    let mut file: File = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(temporary)?;
    if let Ok(former) = fs::metadata(target) {
        file.set_permissions(former.permissions())?;
    }
    file.write_all(bytes)?;
    file.sync_all()
}
