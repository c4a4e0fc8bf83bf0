//! The hand-over to the product: files by platform and account.

mod lines;

use std::{
    fs,
    path::{Path, PathBuf},
};

use duckdb::{Connection, params};

use super::{
    connect::{self, quoted},
    error::StoreError,
    recorded::Scope,
};

/// What an export writes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ExportFormat {
    /// `calls`, `participants`, `segments` and `media` as Parquet.
    #[default]
    Parquet,
    /// `calls.jsonl`, as `schemas/call.schema.json` describes it: everything of a call on one line. It can be imported
    /// again.
    JsonLines,
}

/// One file of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its rows.
    pub rows: u64,
}

/// Name of each Parquet file and the table or view that it holds.
const FILES: &[(&str, &str)] = &[
    ("calls", "calls"),
    ("participants", "participants"),
    ("segments", "transcript_segments"),
    ("media", "media"),
];

/// Writes `DIRECTORY/<platform>/<account>/{calls,participants,segments,media}.parquet` or `calls.jsonl` for every
/// account that has calls. The files of an account take the place of older ones when all of them are written.
///
/// # Errors
/// As [`super::Store::open_to_read`], and when the folder cannot be written.
pub fn export(
    path: &Path,
    directory: &Path,
    format: ExportFormat,
) -> Result<Vec<ExportedFile>, StoreError> {
    let refused = |source| StoreError::File {
        path: directory.to_owned(),
        source,
    };
    fs::create_dir_all(directory).map_err(refused)?;
    let directory = directory.canonicalize().map_err(refused)?;
    let session = connect::open_to_export(path, &directory)?;
    session.read(|connection| {
        let mut files = Vec::new();
        for (platform, account) in accounts(connection)? {
            let folder = directory
                .join(file_name(&platform))
                .join(file_name(&account));
            let scope = Scope {
                platform: &platform,
                account: &account,
            };
            let written = export_account(connection, scope, &folder, format)
                .map_err(|error| error.explained_export(path, &folder))?;
            files.extend(written);
        }
        Ok(files)
    })
}

fn accounts(connection: &Connection) -> Result<Vec<(String, String)>, StoreError> {
    let mut statement =
        connection.prepare("SELECT DISTINCT platform, account FROM calls ORDER BY ALL")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn export_account(
    connection: &Connection,
    scope: Scope<'_>,
    folder: &Path,
    format: ExportFormat,
) -> Result<Vec<ExportedFile>, StoreError> {
    let refused = |path: &Path| {
        let path = path.to_owned();
        move |source| StoreError::File { path, source }
    };
    fs::create_dir_all(folder).map_err(refused(folder))?;
    let mut written = Vec::new();
    let mut keep = |name: &str, write: &dyn Fn(&Path) -> Result<u64, StoreError>| {
        let partial = folder.join(format!(".{name}.partial"));
        let rows = write(&partial)?;
        written.push((partial, folder.join(name), rows));
        Ok::<_, StoreError>(())
    };
    match format {
        ExportFormat::Parquet => {
            for (name, relation) in FILES {
                keep(&format!("{name}.parquet"), &|file| {
                    copy(connection, relation, scope, file)
                })?;
            }
        }
        ExportFormat::JsonLines => {
            keep("calls.jsonl", &|file| lines::write(connection, scope, file))?;
        }
    }
    let mut files = Vec::new();
    for (partial, path, rows) in written {
        fs::rename(&partial, &path).map_err(refused(&path))?;
        files.push(ExportedFile { path, rows });
    }
    Ok(files)
}

/// Copies the rows of one account. `relation` is one of [`FILES`]; everything else is bound or quoted.
fn copy(
    connection: &Connection,
    relation: &str,
    scope: Scope<'_>,
    file: &Path,
) -> Result<u64, StoreError> {
    let copied = connection.execute(
        &format!(
            "COPY (SELECT * FROM {relation} WHERE platform = ? AND account = ?)
             TO {} (FORMAT parquet, COMPRESSION zstd)",
            quoted(&file.to_string_lossy())
        ),
        params![scope.platform, scope.account],
    )?;
    Ok(copied as u64)
}

/// A name that is safe as one folder on every system and different for different texts: slugs stay as
/// they are, every other byte becomes `%` and two hexadecimal digits.
fn file_name(text: &str) -> String {
    use std::fmt::Write as _;
    let mut name = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => name.push(char::from(byte)),
            _ => write!(name, "%{byte:02X}").expect("writing to a string never fails"),
        }
    }
    if name.is_empty() {
        name.push('%');
    }
    name
}

#[cfg(test)]
mod tests {
    use super::{file_name, quoted};

    #[test]
    fn nothing_leaves_the_folder() {
        assert_eq!(file_name("northwind-robotics"), "northwind-robotics");
        assert_eq!(file_name("../a b"), "%2E%2E%2Fa%20b");
        assert_eq!(file_name(""), "%");
        assert_eq!(quoted("it's"), "'it''s'");
    }
}
