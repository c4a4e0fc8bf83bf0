//! Walking the folder without leaving it.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Component, Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::{RECIPIENTS, Workspace, WorkspaceError};
use crate::{
    files::SourceFile,
    spec::{MAX_REQUEST_BYTES, RequestFile, Source, SourceContent, codes, too_large},
};

/// The requests folder, with all links on the way to it resolved.
pub(super) struct Folder {
    shown: PathBuf,
    real: PathBuf,
}

/// Something in the folder.
pub(super) struct Entry {
    /// Path relative to the folder, with `/`.
    name: String,
    path: PathBuf,
}

/// What an entry is, after following a link that stays in the folder.
enum Kind {
    File(PathBuf),
    Folder,
    LinkToFolder,
    Dangling,
    Outside,
    Other,
}

impl Folder {
    pub(super) fn open(requests: &Path) -> Result<Self, WorkspaceError> {
        let real = match requests.canonicalize() {
            Ok(real) => real,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(WorkspaceError::MissingFolder {
                    path: requests.to_owned(),
                });
            }
            Err(source) => return Err(unreadable(requests, source)),
        };
        if !real.is_dir() {
            return Err(WorkspaceError::MissingFolder {
                path: requests.to_owned(),
            });
        }
        Ok(Self {
            shown: requests.to_owned(),
            real,
        })
    }

    /// Everything below the folder that is not itself an ordinary folder.
    pub(super) fn entries(&self) -> Result<Vec<Entry>, WorkspaceError> {
        let mut entries = Vec::new();
        let mut open = vec![String::new()];
        while let Some(folder) = open.pop() {
            let path = self.real.join(&folder);
            for item in fs::read_dir(&path).map_err(|source| unreadable(&path, source))? {
                let item = item.map_err(|source| unreadable(&path, source))?;
                let file_name = item.file_name().to_string_lossy().into_owned();
                let name = if folder.is_empty() {
                    file_name.clone()
                } else {
                    format!("{folder}/{file_name}")
                };
                let is_folder = item.file_type().is_ok_and(|kind| kind.is_dir());
                if !is_folder || (is_yaml(&name) && !is_upload(&name)) {
                    entries.push(Entry {
                        name,
                        path: item.path(),
                    });
                } else if !file_name.starts_with('.') {
                    open.push(name);
                }
            }
        }
        Ok(entries)
    }

    /// Puts an entry where it belongs.
    pub(super) fn take(&self, entry: &Entry, workspace: &mut Workspace) {
        let is_request = is_yaml(&entry.name) && !is_upload(&entry.name);
        let file_name = entry.name.rsplit('/').next().unwrap_or_default();
        // Hidden files and the keys to seal to are nobody's calls.
        if !is_request && (file_name.starts_with('.') || entry.name == RECIPIENTS) {
            return;
        }
        let content = match self.kind(entry) {
            Kind::File(path) if is_request => read_request(&path),
            Kind::File(path) => match read_upload(entry, path) {
                Ok(file) => return workspace.uploads.push(file),
                Err(error) => not_readable(&error),
            },
            kind => problem(&kind),
        };
        workspace.sources.push(Source {
            path: self.shown_as(&entry.name),
            content,
        });
    }

    /// The keys to seal to, if there are any.
    pub(super) fn recipients(&self) -> Option<Source> {
        let entry = Entry {
            name: RECIPIENTS.to_owned(),
            path: self.real.join(RECIPIENTS),
        };
        if entry.path.symlink_metadata().is_err() {
            return None;
        }
        let content = match self.kind(&entry) {
            Kind::File(path) => read_request(&path),
            Kind::Folder | Kind::LinkToFolder | Kind::Dangling | Kind::Outside | Kind::Other => {
                SourceContent::Problem {
                    code: codes::UNREADABLE.name,
                    message: "This is no file, but a folder, or a link that leads nowhere or out of the requests folder.".to_owned(),
                    help: "Put the file with the public keys in its place.".to_owned(),
                }
            }
        };
        Some(Source {
            path: self.shown_as(RECIPIENTS),
            content,
        })
    }

    fn kind(&self, entry: &Entry) -> Kind {
        let Ok(metadata) = entry.path.symlink_metadata() else {
            return Kind::Other;
        };
        if metadata.is_file() {
            return Kind::File(entry.path.clone());
        }
        if metadata.is_dir() {
            return Kind::Folder;
        }
        if !metadata.is_symlink() {
            // Reading a pipe or a socket would wait for ever.
            return Kind::Other;
        }
        match entry.path.canonicalize() {
            Err(_) => Kind::Dangling,
            Ok(target) if !target.starts_with(&self.real) => Kind::Outside,
            Ok(target) if target.is_dir() => Kind::LinkToFolder,
            Ok(target) if target.is_file() => Kind::File(target),
            Ok(_) => Kind::Other,
        }
    }

    /// A path of the folder as shown to people.
    fn shown_as(&self, name: &str) -> String {
        let folder = with_slashes(&self.shown);
        match folder.as_str() {
            "" | "." => name.to_owned(),
            folder => format!("{}/{name}", folder.trim_end_matches('/')),
        }
    }

    /// A path given on the command line as shown to people; empty for the folder itself, `None` if it
    /// lies elsewhere. A link in its last part is not followed, because the link stands for itself.
    pub(super) fn shown_inside(&self, path: &Path) -> Option<String> {
        if path.canonicalize().is_ok_and(|real| real == self.real) {
            return Some(String::new());
        }
        let name = path.file_name()?;
        let parent = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new(".")).canonicalize().ok()?;
        let parent = parent.strip_prefix(&self.real).ok()?;
        Some(self.shown_as(&with_slashes(&parent.join(name))))
    }
}

fn with_slashes(path: &Path) -> String {
    let text = path.to_string_lossy();
    if cfg!(windows) {
        text.replace('\\', "/")
    } else {
        text.into_owned()
    }
}

/// Whether a name says that it is a request: `.yaml`, and what people write for it, even where a
/// program put `.txt` behind it.
fn is_yaml(name: &str) -> bool {
    let file_name = name.rsplit('/').next().unwrap_or_default().to_lowercase();
    [".yaml", ".yml"]
        .iter()
        .any(|end| file_name.ends_with(end) || file_name.contains(&format!("{end}.")))
}

/// `files/` is reserved: nothing in it is a request.
fn is_upload(name: &str) -> bool {
    let first = Path::new(name).components().next();
    first == Some(Component::Normal("files".as_ref())) && name.contains('/')
}

/// Reads a request file, one byte beyond the limit at most: it may grow while it is read.
fn read_request(path: &Path) -> SourceContent {
    let mut bytes = Vec::new();
    let read =
        File::open(path).and_then(|file| file.take(MAX_REQUEST_BYTES + 1).read_to_end(&mut bytes));
    match read {
        Err(error) => not_readable(&error),
        Ok(_) if bytes.len() as u64 > MAX_REQUEST_BYTES => {
            let (message, help) = too_large(MAX_REQUEST_BYTES);
            SourceContent::Problem {
                code: codes::TOO_LARGE.name,
                message,
                help,
            }
        }
        Ok(_) => SourceContent::Bytes(bytes),
    }
}

fn not_readable(error: &io::Error) -> SourceContent {
    SourceContent::Problem {
        code: codes::UNREADABLE.name,
        // The kind says it in words, without the number that the system puts behind it.
        message: format!("The file cannot be read: {}.", error.kind()),
        help: "Look at the file's permissions, or add it again.".to_owned(),
    }
}

fn read_upload(entry: &Entry, path: PathBuf) -> io::Result<RequestFile> {
    let mut hash = Sha256::new();
    let mut file = File::open(&path)?;
    let mut buffer = vec![0; 64 * 1024];
    let mut bytes = 0;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                hash.update(&buffer[..count]);
                bytes += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(RequestFile {
        file: SourceFile {
            name: entry.name.clone(),
            path,
            bytes,
            member: None,
        },
        sha256: hex::encode(hash.finalize()),
    })
}

fn problem(kind: &Kind) -> SourceContent {
    let (code, message, help) = match kind {
        Kind::Folder => (
            codes::DIRECTORY,
            "This is a folder, and its name is that of a request file.",
            "Rename the folder, or move its files and delete it.",
        ),
        Kind::Dangling => (
            codes::DANGLING_SYMLINK,
            "This is a link to a file that does not exist.",
            "Delete the link, or put the file itself in its place.",
        ),
        Kind::Outside => (
            codes::SYMLINK_OUTSIDE,
            "This is a link to something outside the requests folder, which is never read.",
            "Put the file itself in the place of the link.",
        ),
        Kind::LinkToFolder => (
            codes::SYMLINK_OUTSIDE,
            "This is a link to a folder, and links to folders are not followed.",
            "Put the files themselves in a folder of this name.",
        ),
        Kind::Other | Kind::File(_) => (
            codes::UNREADABLE,
            "This is not a file that can be read, but a pipe, socket or device.",
            "Delete it.",
        ),
    };
    SourceContent::Problem {
        code: code.name,
        message: message.to_owned(),
        help: help.to_owned(),
    }
}

fn unreadable(path: &Path, source: io::Error) -> WorkspaceError {
    WorkspaceError::Unreadable {
        path: path.to_owned(),
        source,
    }
}
