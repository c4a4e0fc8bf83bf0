//! Writing a file whole or not at all.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

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
    let written = write(&temporary, bytes, &target).and_then(|()| fs::rename(&temporary, &target));
    if written.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Writes a new file. What is there already is never written over.
///
/// # Errors
/// What the system says, for example that the file exists; nothing is then left behind.
pub fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(path);
    }
    written
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
