//! What changed since a revision, asked from git.

use std::{collections::BTreeSet, path::Path, process::Command};

use super::WorkspaceError;

/// Paths that differ from `revision`, relative to `repository_dir`, with `/`: committed, edited and new ones.
///
/// # Errors
/// [`WorkspaceError::BadRevision`] for a revision that git would take for an option, and
/// [`WorkspaceError::Git`] where git is missing, the folder is no repository, or the revision is unknown
/// (in a shallow checkout, for example).
pub fn changed_since(
    repository_dir: &Path,
    revision: &str,
) -> Result<BTreeSet<String>, WorkspaceError> {
    if revision.starts_with('-') {
        return Err(WorkspaceError::BadRevision);
    }
    let diff = [
        "diff",
        "--name-only",
        "--relative",
        "--no-renames",
        "--no-ext-diff",
        "-z",
        "--end-of-options",
        revision,
        "--",
    ];
    let new = ["ls-files", "--others", "--exclude-standard", "-z"];
    let mut paths = run(repository_dir, revision, &diff)?;
    paths.extend(run(repository_dir, revision, &new)?);
    Ok(paths)
}

/// The text of a file in `folder` as it is at a revision; `None` where there is no git, no such revision, or no
/// such file in it.
pub fn committed(folder: &Path, revision: &str, name: &str) -> Option<String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(["show", "--end-of-options"])
        .arg(format!("{revision}:./{name}"))
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8(output.stdout).ok())?
}

fn run(
    folder: &Path,
    revision: &str,
    arguments: &[&str],
) -> Result<BTreeSet<String>, WorkspaceError> {
    let failed = |detail: String| WorkspaceError::Git {
        revision: revision.to_owned(),
        detail,
    };
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        let detail = String::from_utf8_lossy(&output.stderr);
        return Err(failed(detail.trim().to_owned()));
    }
    let names = output.stdout.split(|byte| *byte == 0);
    Ok(names
        .filter(|name| !name.is_empty())
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect())
}
