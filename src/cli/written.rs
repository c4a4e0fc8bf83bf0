//! Tables about files that people ask for. Nothing is written over what is there.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::anyhow;

use super::{Exit, Stop, output::tell};
use crate::{files, model::FileFailure, report::text::inline, workspace};

/// Ends the command where something is in the place of a file to be written.
pub(super) fn must_be_new(file: &Path) -> Result<(), Stop> {
    if file.symlink_metadata().is_err() {
        return Ok(());
    }
    let error = anyhow!(
        "{} is there already, and nothing is written over it. Name another file, or remove this one.",
        file.display()
    );
    Err(Stop::with(Exit::Usage, error))
}

/// Writes a new file, and says so.
pub(super) fn new(file: &Path, bytes: &[u8], what: &str) -> Result<(), Stop> {
    must_be_new(file)?;
    let written = workspace::create(file, bytes);
    written.map_err(|error: io::Error| {
        anyhow::Error::new(error).context(format!("{} cannot be written.", file.display()))
    })?;
    tell(&format!("{} holds {what}.\n", shown(file)));
    Ok(())
}

/// Writes what failed in files as tables: into `file`, and where lists have different headings into further ones
/// beside it. Says where it is, or that nothing failed.
pub(super) fn failures(file: &Path, failures: &[FileFailure]) -> Result<(), Stop> {
    let tables = files::failures_csv(failures);
    if tables.is_empty() {
        tell(&format!(
            "Nothing failed, so {} was not written.\n",
            shown(file)
        ));
        return Ok(());
    }
    let places: Vec<PathBuf> = (1..=tables.len())
        .map(|place| numbered(file, place))
        .collect();
    for place in &places {
        must_be_new(place)?;
    }
    for (place, table) in places.iter().zip(&tables) {
        new(place, table, "what failed, to be corrected")?;
    }
    Ok(())
}

/// Writes the same as `<id>.csv`, `<id>-2.csv`, ... into a folder, in place of those of an earlier run, and tells how many.
pub(super) fn keep_failures(
    folder: &Path,
    id: &str,
    failures: &[FileFailure],
) -> anyhow::Result<usize> {
    fs::create_dir_all(folder)?;
    let tables = files::failures_csv(failures);
    for (index, table) in tables.iter().enumerate() {
        let file = numbered(&folder.join(format!("{id}.csv")), index + 1);
        workspace::replace(&file, table)?;
    }
    Ok(tables.len())
}

/// `northwind.csv`, `northwind-2.csv`, ...
pub(super) fn numbered(file: &Path, place: usize) -> PathBuf {
    if place <= 1 {
        return file.to_owned();
    }
    let part =
        |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    let (stem, ending) = (part(file.file_stem()), part(file.extension()));
    let dot = if ending.is_empty() { "" } else { "." };
    file.with_file_name(format!("{stem}-{place}{dot}{ending}"))
}

fn shown(file: &Path) -> String {
    inline(&file.display().to_string())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::numbered;

    #[test]
    fn further_tables_are_numbered() {
        let numbered = |file, place| numbered(Path::new(file), place).display().to_string();
        assert_eq!(numbered("out/northwind.csv", 1), "out/northwind.csv");
        assert_eq!(numbered("out/northwind.csv", 2), "out/northwind-2.csv");
        assert_eq!(numbered("failures", 3), "failures-3");
    }
}
