//! The hand-over to the product: Parquet files by platform and account.

use std::{
    fs,
    path::{Path, PathBuf},
};

use duckdb::{Connection, params};

use super::{
    connect::{self, quoted},
    error::StoreError,
};

/// One file of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its rows.
    pub rows: u64,
}

/// Name of each file and the table or view that it holds.
const FILES: &[(&str, &str)] = &[
    ("calls", "calls"),
    ("participants", "participants"),
    ("segments", "transcript_segments"),
    ("media", "media"),
];

/// Writes `DIRECTORY/<platform>/<account>/{calls,participants,segments,media}.parquet` for every account
/// that has calls. The files of an account take the place of older ones when all four are written.
///
/// # Errors
/// As [`super::Store::open_to_read`], and when the folder cannot be written.
pub fn export(path: &Path, directory: &Path) -> Result<Vec<ExportedFile>, StoreError> {
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
            let written = export_account(connection, &platform, &account, &folder)
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
    platform: &str,
    account: &str,
    folder: &Path,
) -> Result<Vec<ExportedFile>, StoreError> {
    let refused = |path: &Path| {
        let path = path.to_owned();
        move |source| StoreError::File { path, source }
    };
    fs::create_dir_all(folder).map_err(refused(folder))?;
    let mut written = Vec::new();
    for (name, relation) in FILES {
        let partial = folder.join(format!(".{name}.parquet.partial"));
        let rows = copy(connection, relation, platform, account, &partial)?;
        written.push((partial, folder.join(format!("{name}.parquet")), rows));
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
    platform: &str,
    account: &str,
    file: &Path,
) -> Result<u64, StoreError> {
    let copied = connection.execute(
        &format!(
            "COPY (SELECT * FROM {relation} WHERE platform = ? AND account = ?)
             TO {} (FORMAT parquet, COMPRESSION zstd)",
            quoted(&file.to_string_lossy())
        ),
        params![platform, account],
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
