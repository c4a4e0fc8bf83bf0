//! Brings the files of a request to this machine and looks through them, before any call of them is recorded.

use std::{fs, path::PathBuf, sync::Arc};

use globset::{GlobBuilder, GlobMatcher};

use crate::{
    files::{Gathered, Options, SourceFile},
    import::{Failure, gather},
    model::{FailureClass, FileFailure, WhoseTurn},
    objects::{Objects, ObjectsError},
    plan::Job,
    workspace::Shelf,
};

/// The files of one request while they are worked on. What was fetched goes when this does.
#[derive(Debug)]
pub(super) struct Brought {
    pub(super) gathered: Arc<Gathered>,
    _fetched: Fetched,
}

/// Copies of remote files, gone when this is dropped.
#[derive(Debug)]
pub(super) struct Fetched(PathBuf);

impl Drop for Fetched {
    fn drop(&mut self) {
        // What cannot be removed now is overwritten or removed by the next run.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Removes what a run that was killed left of remote files; what is given back removes what this run leaves.
pub(super) fn clean(folder: PathBuf) -> Fetched {
    drop(Fetched(folder.clone()));
    Fetched(folder)
}

/// Brings and looks through the files of a request. `folder` is for copies of remote ones.
///
/// # Errors
/// Why the import cannot go on tonight.
pub(super) async fn bring(job: Job, folder: PathBuf) -> Result<Brought, Failure> {
    let request = &job.request;
    let fetched = Fetched(folder.join(&request.id));
    let mut files: Vec<SourceFile> = request.files.iter().map(|file| file.file.clone()).collect();
    for pattern in &request.remote_files {
        files.extend(fetch(pattern, &fetched.0).await?);
    }
    let looked = tokio::task::spawn_blocking(move || {
        let mut shelf = Shelf::default();
        let options = Options::read(&job.request.options).unwrap_or_default();
        let platform = &job.request.platform;
        gather(&files, platform, options, &mut |wish| shelf.read(wish))
    });
    let gathered = looked.await.map_err(|error| crashed(&error.to_string()))?;
    if let Some(problem) = &gathered.problem {
        return Err(to_settle(problem));
    }
    Ok(Brought {
        gathered: Arc::new(gathered),
        _fetched: fetched,
    })
}

/// The remote files that an address, perhaps with `*`, names.
async fn fetch(pattern: &str, folder: &std::path::Path) -> Result<Vec<SourceFile>, Failure> {
    let (place, name) = parted(pattern);
    let objects = Objects::open(place).map_err(|error| unreachable_place(&error))?;
    let found = objects
        .list_all()
        .await
        .map_err(|error| unreachable_place(&error))?;
    let matcher = matcher(name)?;
    let mut files = Vec::new();
    // A file called `call [1].vtt` is meant by exactly this name, whatever it means as a pattern.
    let is_meant = |found: &str| found == name || matcher.is_match(found);
    // A folder means everything in it.
    let is_inside = |found: &str| {
        let folder = name.trim_end_matches('/');
        let rest = found.strip_prefix(folder);
        rest.is_some_and(|rest| folder.is_empty() || rest.starts_with('/'))
    };
    let is_folder = !found.iter().any(|object| is_meant(&object.name));
    let meant = found.iter().filter(|object| {
        if is_folder {
            is_inside(&object.name)
        } else {
            is_meant(&object.name)
        }
    });
    for object in meant {
        let address = format!("{place}/{}", object.name);
        let path = folder.join(hashed(&address));
        objects
            .fetch(&object.name, &path)
            .await
            .map_err(|error| unreachable_place(&error))?;
        files.push(SourceFile {
            name: address,
            path,
            bytes: object.bytes,
            member: None,
        });
    }
    if files.is_empty() {
        let detail = format!("no file fits {pattern}");
        return Err(Failure {
            class: FailureClass::File,
            advice: Some((
                WhoseTurn::Cs,
                format!(
                    "No file fits `{pattern}`. Upload the files there and write `/import retry` on the pull request, or correct `files` in the request and merge."
                ),
            )),
            detail,
        });
    }
    Ok(files)
}

/// The bucket, or the part of the path before any `*`, and the rest.
fn parted(pattern: &str) -> (&str, &str) {
    let fixed = pattern.find(['*', '?', '[', '{']).unwrap_or(pattern.len());
    let begin = pattern[..fixed].rfind('/').unwrap_or(0);
    (&pattern[..begin], &pattern[begin + 1..])
}

fn matcher(pattern: &str) -> Result<GlobMatcher, Failure> {
    let glob = GlobBuilder::new(pattern).literal_separator(true).build();
    glob.map(|glob| glob.compile_matcher()).map_err(|error| Failure {
        class: FailureClass::File,
        detail: error.to_string(),
        advice: Some((
            WhoseTurn::Cs,
            "The brackets in an address under `files` cannot be read as a pattern. Use `*` for any part of a name."
                .to_owned(),
        )),
    })
}

fn hashed(address: &str) -> String {
    use sha2::Digest as _;
    hex::encode(&sha2::Sha256::digest(address)[..16])
}

fn to_settle(problem: &FileFailure) -> Failure {
    let detail = problem.detail();
    Failure {
        class: FailureClass::File,
        advice: Some((WhoseTurn::Cs, format!("`{}`: {detail}", problem.file))),
        detail: format!("{}: {detail}", problem.file),
    }
}

fn unreachable_place(error: &ObjectsError) -> Failure {
    let detail = error.to_string();
    let advice = match error {
        ObjectsError::Address(_) | ObjectsError::Settings { .. } | ObjectsError::Refused { .. } => {
            Some((
                WhoseTurn::Engineering,
                format!("The import needs an engineer: {detail}."),
            ))
        }
        ObjectsError::Full { .. } | ObjectsError::Failed { .. } => None,
    };
    Failure {
        class: FailureClass::Network,
        detail,
        advice,
    }
}

fn crashed(detail: &str) -> Failure {
    Failure {
        class: FailureClass::Internal,
        detail: detail.to_owned(),
        advice: Some((
            WhoseTurn::Engineering,
            "The import needs an engineer: our code failed on one of its files.".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::parted;

    #[test]
    fn an_address_is_parted_where_its_pattern_begins() {
        for (pattern, expected) in [
            (
                "s3://imports/northwind/calls.zip",
                ("s3://imports/northwind", "calls.zip"),
            ),
            (
                "s3://imports/northwind/*.vtt",
                ("s3://imports/northwind", "*.vtt"),
            ),
            (
                "s3://imports/northwind/2026-*/a.vtt",
                ("s3://imports/northwind", "2026-*/a.vtt"),
            ),
            ("gs://imports/a.vtt", ("gs://imports", "a.vtt")),
        ] {
            assert_eq!(parted(pattern), expected);
        }
    }
}
