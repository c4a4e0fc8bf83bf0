//! The requests folder on disk: finds the files, reads them within bounds, and never leaves the folder.

mod changes;
mod replace;
mod shelf;
mod survey;
mod walk;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use crate::spec::{RequestFile, Source};

pub use changes::{changed_since, committed};
pub use replace::{create, replace};
pub use shelf::Shelf;
pub use survey::{survey, survey_paths};

/// What lies in the requests folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Workspace {
    /// Request files by path, and whatever stands in the place of one.
    pub sources: Vec<Source>,
    /// Files that requests may bring, by name relative to the folder.
    pub uploads: Vec<RequestFile>,
    /// The keys to seal to, if the folder has them.
    pub recipients: Option<Source>,
}

/// Name of the file with the keys to seal to.
pub const RECIPIENTS: &str = "recipients.txt";

/// Why the requests folder cannot be used at all. What is wrong with a single file is a finding.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// There is no such folder. The nightly run must not take this for "everything was deleted".
    #[error("There is no folder `{}`.", .path.display())]
    MissingFolder {
        /// The folder.
        path: PathBuf,
    },
    /// The folder or a folder in it cannot be read.
    #[error("`{}` cannot be read: {source}", .path.display())]
    Unreadable {
        /// What cannot be read.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file named on the command line is no file in the requests folder.
    #[error("`{}` is no file in the folder `{}`.", .path.display(), .folder.display())]
    NotInFolder {
        /// The file.
        path: PathBuf,
        /// The requests folder.
        folder: PathBuf,
    },
    /// The revision would be taken for an option of git.
    #[error("A revision does not begin with `-`.")]
    BadRevision,
    /// Git is not there or refuses.
    #[error("git cannot tell what changed since `{revision}`: {detail}")]
    Git {
        /// The revision asked for.
        revision: String,
        /// What git or the system says.
        detail: String,
    },
}

/// Reads the whole folder, sub-folders too.
///
/// Nothing under `files/` is a request. Uploads are all files that are not YAML, except
/// [`RECIPIENTS`]; each is hashed. Links that lead out of the folder are not followed; a link that
/// stands for a request becomes a [`Source`] with a problem.
///
/// # Errors
/// [`WorkspaceError::MissingFolder`], or [`WorkspaceError::Unreadable`] for a folder.
pub fn read(requests: &Path) -> Result<Workspace, WorkspaceError> {
    let folder = walk::Folder::open(requests)?;
    let mut workspace = Workspace::default();
    for entry in folder.entries()? {
        folder.take(&entry, &mut workspace);
    }
    workspace.recipients = folder.recipients();
    workspace.sources.sort_by(|a, b| a.path.cmp(&b.path));
    workspace
        .uploads
        .sort_by(|a, b| a.file.name.cmp(&b.file.name));
    Ok(workspace)
}

/// The keys to seal to alone, without reading the rest; `None` if the folder has no such file.
///
/// # Errors
/// [`WorkspaceError::MissingFolder`], or [`WorkspaceError::Unreadable`] for the folder.
pub fn recipients(requests: &Path) -> Result<Option<Source>, WorkspaceError> {
    Ok(walk::Folder::open(requests)?.recipients())
}

/// Like [`read`], but of the requests and the keys to seal to only those named: files or folders, as given
/// on the command line.
///
/// # Errors
/// As [`read`], and [`WorkspaceError::NotInFolder`] for a path that names neither.
pub fn read_paths(requests: &Path, paths: &[PathBuf]) -> Result<Workspace, WorkspaceError> {
    let mut workspace = read(requests)?;
    let folder = walk::Folder::open(requests)?;
    let mut wanted = BTreeSet::new();
    for path in paths {
        let inside = folder.shown_inside(path);
        let is_named = |source: &&Source| {
            inside
                .as_deref()
                .is_some_and(|inside| is_below(&source.path, inside))
        };
        let named: Vec<String> = workspace
            .sources
            .iter()
            .chain(&workspace.recipients)
            .filter(is_named)
            .map(|source| source.path.clone())
            .collect();
        wanted.extend(named.iter().cloned());
        if named.is_empty() {
            return Err(WorkspaceError::NotInFolder {
                path: path.clone(),
                folder: requests.to_owned(),
            });
        }
    }
    let is_wanted = |source: &Source| wanted.contains(&source.path);
    workspace.sources.retain(is_wanted);
    workspace.recipients = workspace.recipients.filter(is_wanted);
    Ok(workspace)
}

/// Whether a path, relative to the folder and with `/`, is that of a request file.
pub fn is_request(path: &str) -> bool {
    path.ends_with(".yaml") && !path.starts_with("files/")
}

/// Whether a path is another one or lies below it.
fn is_below(path: &str, folder: &str) -> bool {
    let rest = path.strip_prefix(folder);
    rest.is_some_and(|rest| folder.is_empty() || rest.is_empty() || rest.starts_with('/'))
}
