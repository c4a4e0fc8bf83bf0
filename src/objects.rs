//! Objects by name in one place: a folder, or a bucket of S3, Google Cloud Storage or Azure. A thin shell
//! over `object_store`; what the objects mean is decided in [`crate::state`].

use std::{
    fmt,
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Component, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use object_store::{
    BackoffConfig, ClientOptions, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions,
    PutPayload, RetryConfig, WriteMultipart, aws::AmazonS3Builder, azure::MicrosoftAzureBuilder,
    gcp::GoogleCloudStorageBuilder, local::LocalFileSystem, path::Path,
};

use crate::kill::{self, Point};

/// Longest time for one request. A large record goes up in one, since only then the other side promises
/// that it takes the place of none.
const TIMEOUT: Duration = Duration::from_secs(600);

/// Pieces in which a file goes up, and how many of them at once: what is held of it in memory.
const PIECE: usize = 8 << 20;
const PIECES_AT_ONCE: usize = 2;

/// Retries are `object_store`'s: after 1, 2, 4 and 8 seconds, and none once a minute has gone.
const RETRIES: usize = 4;

/// A place for objects.
#[derive(Debug)]
pub struct Objects {
    store: Box<dyn ObjectStore>,
    prefix: Path,
    /// The whole path, where it is a folder.
    folder: Option<PathBuf>,
    address: String,
}

/// An object in a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name, with `/` between folders.
    pub name: String,
    /// Its size.
    pub bytes: u64,
}

/// What came of creating an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// It is there now.
    New,
    /// One of that name was there before, and is as it was.
    Exists,
}

/// Why a place cannot be used. No text here holds a credential.
#[derive(Debug, thiserror::Error)]
pub enum ObjectsError {
    /// Not an address of anything we know.
    #[error(
        "{0:?} is no place: name a folder, or s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://CONTAINER/PREFIX"
    )]
    Address(String),
    /// The settings in the environment are wrong or missing.
    #[error("{address} cannot be used: check {settings} in the environment")]
    Settings {
        /// The place.
        address: String,
        /// How the variables begin that name its credentials.
        settings: &'static str,
        /// What is wrong with them.
        source: Cause,
    },
    /// The credentials do not suffice.
    #[error(
        "{address} does not let us {action}: check the credentials in the environment and what they allow"
    )]
    Refused {
        /// The place.
        address: String,
        /// What was tried.
        action: &'static str,
        /// What it says.
        source: Cause,
    },
    /// There is no room in it.
    #[error("{address} is full: make room there, or name another place")]
    Full {
        /// The place.
        address: String,
        /// What it says.
        source: Cause,
    },
    /// No use was made of it, for any other reason.
    #[error(
        "{address} cannot be reached or does not let us {action}; this may pass, and the next run tries again"
    )]
    Failed {
        /// The place.
        address: String,
        /// What was tried.
        action: &'static str,
        /// What went wrong.
        source: Cause,
    },
}

/// Why a file was not put in place.
#[derive(Debug, thiserror::Error)]
pub enum PutFileError {
    /// The place.
    #[error(transparent)]
    Place(ObjectsError),
    /// The file.
    #[error("a file on its way cannot be read")]
    File(#[source] io::Error),
}

/// What the other side said, without the queries of its addresses, in which signatures stand.
#[derive(Debug)]
pub struct Cause(String);

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Cause {}

impl Cause {
    /// Whether the credentials are to blame. `object_store` 0.14 has error kinds for that, but uses them
    /// neither for lists nor for files, so its words must do.
    fn is_refusal(&self) -> bool {
        let says = |phrase| self.0.contains(phrase);
        says("401 Unauthorized") || says("403 Forbidden") || says("Permission denied")
    }

    /// Whether there is no room, in the words of the operating system (ENOSPC, EDQUOT).
    fn is_full(&self) -> bool {
        let says = |phrase| self.0.contains(phrase);
        says("No space left on device") || says("Disk quota exceeded")
    }
}

impl From<object_store::Error> for Cause {
    fn from(error: object_store::Error) -> Self {
        Self(without_queries(&error.to_string()))
    }
}

impl ObjectsError {
    /// Whether it is the command line that is wrong.
    pub const fn is_usage(&self) -> bool {
        match self {
            Self::Address(_) => true,
            Self::Settings { .. }
            | Self::Refused { .. }
            | Self::Full { .. }
            | Self::Failed { .. } => false,
        }
    }
}

impl Objects {
    /// Finds the place. Nothing is asked of it yet; a folder need not exist.
    ///
    /// The credentials are those of the usual variables: `AWS_*` with `AWS_ENDPOINT_URL`, `GOOGLE_*`,
    /// `AZURE_*` (`object_store`, the builders' `from_env`).
    ///
    /// # Errors
    /// When the address cannot be read, or the environment does not fit it.
    pub fn open(address: &str) -> Result<Self, ObjectsError> {
        let wrong = || ObjectsError::Address(address.to_owned());
        let mut local = None;
        let (store, prefix): (Box<dyn ObjectStore>, Path) = match address.split_once("://") {
            None if address.is_empty() => return Err(wrong()),
            None => {
                let folder = plain(address).map_err(|_| wrong())?;
                let prefix = Path::from_absolute_path(&folder).map_err(|_| wrong())?;
                local = Some(folder);
                (Box::new(LocalFileSystem::new().with_fsync(true)), prefix)
            }
            Some((scheme, place)) => {
                let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
                if bucket.is_empty() || bucket.contains(['@', ':', '?', '#']) {
                    return Err(wrong());
                }
                let prefix = Path::parse(prefix).map_err(|_| wrong())?;
                (remote(scheme, bucket, address)?, prefix)
            }
        };
        Ok(Self {
            store,
            prefix,
            folder: local,
            address: address.to_owned(),
        })
    }

    /// The address, as it was given.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The names of all objects in the place, but not of those in deeper folders.
    ///
    /// # Errors
    /// [`ObjectsError`], when the place cannot be read. A folder that does not exist is empty.
    pub async fn list(&self) -> Result<Vec<String>, ObjectsError> {
        let listed = self.store.list_with_delimiter(Some(&self.prefix)).await;
        let listed = listed.map_err(|error| self.failed("list what is there", error))?;
        let names = listed.objects.iter();
        Ok(names
            .filter_map(|object| object.location.filename().map(str::to_owned))
            .collect())
    }

    /// All objects below the place, those in deeper folders too, by name with `/`.
    ///
    /// # Errors
    /// [`ObjectsError`], when the place cannot be read.
    pub async fn list_all(&self) -> Result<Vec<Listed>, ObjectsError> {
        let listed: Vec<_> = self
            .store
            .list(Some(&self.prefix))
            .try_collect()
            .await
            .map_err(|error| self.failed("list what is there", error))?;
        let mut objects: Vec<Listed> = listed
            .into_iter()
            .filter_map(|object| {
                let parts = object.location.prefix_match(&self.prefix)?;
                let parts: Vec<_> = parts.map(|part| part.as_ref().to_owned()).collect();
                Some(Listed {
                    name: parts.join("/"),
                    bytes: object.size,
                })
            })
            .collect();
        objects.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(objects)
    }

    /// Copies an object to a file, a piece at a time; its folder is made.
    ///
    /// # Errors
    /// [`ObjectsError`], when the place cannot be read or the file not be written.
    pub async fn fetch(&self, name: &str, path: &std::path::Path) -> Result<(), ObjectsError> {
        kill::here(Point::BeforeFetch);
        let failed = |error| self.failed("read from it", error);
        let on_disk = |error: io::Error| {
            failed(object_store::Error::Generic {
                store: "LocalFileSystem",
                source: Box::new(error),
            })
        };
        let mut pieces = self
            .store
            .get(&self.location(name))
            .await
            .map_err(failed)?
            .into_stream();
        let mut file = None;
        loop {
            let piece = pieces.try_next().await.map_err(failed)?;
            let (path, open) = (path.to_owned(), file.take());
            let written = tokio::task::spawn_blocking(move || append(open, &path, piece));
            let written = written.await.map_err(io::Error::other).flatten();
            match written.map_err(on_disk)? {
                Some(open) => file = Some(open),
                None => break,
            }
        }
        kill::here(Point::AfterFetch);
        Ok(())
    }

    /// The contents of an object; `None` if there is none of that name, or if it is longer than
    /// `longest` bytes and so not what was looked for.
    ///
    /// # Errors
    /// [`ObjectsError`], when the place cannot be read.
    pub async fn get(&self, name: &str, longest: u64) -> Result<Option<Bytes>, ObjectsError> {
        let failed = |error| self.failed("read from it", error);
        let found = match self.store.get(&self.location(name)).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        if found.meta.size > longest {
            return Ok(None);
        }
        found.bytes().await.map(Some).map_err(failed)
    }

    /// Creates an object, unless there is one of that name.
    ///
    /// When an answer gets lost, the object may be there in spite of an error, or be told to exist by the
    /// second try; whoever asked must compare.
    ///
    /// # Errors
    /// [`ObjectsError`], when the place cannot be written.
    pub async fn create(&self, name: &str, contents: &[Bytes]) -> Result<Created, ObjectsError> {
        kill::here(Point::BeforeObject);
        let created = match self.try_to_create(name, contents).await {
            // `object_store` does not repeat what must not happen twice; creating cannot.
            Err(object_store::Error::Generic { .. }) => self.try_to_create(name, contents).await,
            other => other,
        };
        kill::here(Point::AfterObject);
        created.map_err(|error| self.failed("write to it", error))
    }

    async fn try_to_create(
        &self,
        name: &str,
        contents: &[Bytes],
    ) -> Result<Created, object_store::Error> {
        let payload: PutPayload = contents.iter().cloned().collect();
        let options = PutOptions::from(PutMode::Create);
        match self
            .store
            .put_opts(&self.location(name), payload, options)
            .await
        {
            Ok(_) => Ok(Created::New),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(Created::Exists),
            Err(error) => Err(error),
        }
    }

    /// Where an object of this name is, for people and programs: a path or an address.
    pub fn uri(&self, name: &str) -> String {
        match &self.folder {
            Some(folder) => folder.join(name).to_string_lossy().into_owned(),
            None => format!("{}/{name}", self.address.trim_end_matches('/')),
        }
    }

    /// Puts a file in place under a name made from its contents, a piece at a time. What is there under that
    /// name with the same length is the same file, and nothing is sent. It shows only when it is whole.
    ///
    /// # Errors
    /// [`ObjectsError`], when the place cannot be written; [`io::Error`] when the file cannot be read.
    pub async fn put_file(&self, name: &str, file: File, bytes: u64) -> Result<(), PutFileError> {
        let failed = |error| PutFileError::Place(self.failed("write to it", error));
        let location = self.location(name);
        match self.store.head(&location).await {
            Ok(found) if found.size == bytes => return Ok(()),
            Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(failed(error)),
        }
        kill::here(Point::BeforeRecording);
        let put = match &self.folder {
            Some(folder) => {
                let target = folder.join(name);
                let put = tokio::task::spawn_blocking(move || put_in_folder(&target, file)).await;
                let put = put.map_err(io::Error::other).flatten();
                put.map_err(|error| {
                    failed(object_store::Error::Generic {
                        store: "LocalFileSystem",
                        source: Box::new(error),
                    })
                })
            }
            None => self.upload(&location, file).await,
        };
        kill::here(Point::AfterRecording);
        put
    }

    async fn upload(&self, location: &Path, mut file: File) -> Result<(), PutFileError> {
        let failed = |error| PutFileError::Place(self.failed("write to it", error));
        let upload = self.store.put_multipart(location).await.map_err(failed)?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, PIECE);
        loop {
            let piece;
            (file, piece) = next_piece(file).await.map_err(PutFileError::File)?;
            if piece.is_empty() {
                break;
            }
            upload
                .wait_for_capacity(PIECES_AT_ONCE)
                .await
                .map_err(failed)?;
            upload.put(piece);
        }
        upload.finish().await.map(drop).map_err(failed)
    }

    /// Deletes an object, if it is there.
    ///
    /// # Errors
    /// [`ObjectsError`], when the place cannot be written.
    pub async fn delete(&self, name: &str) -> Result<(), ObjectsError> {
        kill::here(Point::BeforeDeletion);
        let deleted = self.store.delete(&self.location(name)).await;
        kill::here(Point::AfterDeletion);
        match deleted {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.failed("delete from it", error)),
        }
    }

    /// A name may lie in folders, which `/` parts.
    fn location(&self, name: &str) -> Path {
        name.split('/').fold(self.prefix.clone(), Path::join)
    }

    fn failed(&self, action: &'static str, error: object_store::Error) -> ObjectsError {
        let address = self.address.clone();
        let source = Cause::from(error);
        if source.is_refusal() {
            ObjectsError::Refused {
                address,
                action,
                source,
            }
        } else if source.is_full() {
            ObjectsError::Full { address, source }
        } else {
            ObjectsError::Failed {
                address,
                action,
                source,
            }
        }
    }
}

/// Writes a piece to a file that the first one makes; `None` once there is no more, and all of it is written.
fn append(
    open: Option<File>,
    path: &std::path::Path,
    piece: Option<Bytes>,
) -> io::Result<Option<File>> {
    let mut file = match open {
        Some(file) => file,
        None => {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            File::create(path)?
        }
    };
    match piece {
        Some(piece) => file.write_all(&piece).map(|()| Some(file)),
        None => file.flush().map(|()| None),
    }
}

/// Copies a file under a name of its own first, which a try that was killed leaves to the next one.
fn put_in_folder(target: &std::path::Path, mut file: File) -> io::Result<()> {
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut unfinished = target.as_os_str().to_owned();
    unfinished.push(".part");
    let mut copy = File::create(&unfinished)?;
    io::copy(&mut file, &mut copy)?;
    copy.sync_all()?;
    kill::here(Point::RecordingCopied);
    fs::rename(&unfinished, target)
}

/// The next [`PIECE`] of a file, empty at its end, read on a thread that may wait.
async fn next_piece(mut file: File) -> io::Result<(File, Bytes)> {
    tokio::task::spawn_blocking(move || {
        let mut piece = Vec::with_capacity(PIECE);
        let longest = u64::try_from(PIECE).unwrap_or(u64::MAX);
        io::Read::by_ref(&mut file)
            .take(longest)
            .read_to_end(&mut piece)?;
        Ok((file, piece.into()))
    })
    .await?
}

/// The whole path of a folder, without the `..` that no name of an object may hold.
fn plain(folder: &str) -> io::Result<PathBuf> {
    let absolute = std::path::absolute(folder)?;
    if let Ok(real) = absolute.canonicalize() {
        return Ok(real);
    }
    // What does not exist yet is no link to anywhere, so its words tell where it is.
    let mut plain = PathBuf::new();
    for component in absolute.components() {
        if component == Component::ParentDir {
            plain.pop();
        } else {
            plain.push(component);
        }
    }
    Ok(plain)
}

/// A bucket, with the settings of the environment.
fn remote(scheme: &str, bucket: &str, address: &str) -> Result<Box<dyn ObjectStore>, ObjectsError> {
    // A second call finds the provider installed, which is what is wanted.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let settings = |settings| {
        move |source: object_store::Error| ObjectsError::Settings {
            address: address.to_owned(),
            settings,
            source: source.into(),
        }
    };
    match scheme {
        "s3" => AmazonS3Builder::from_env()
            .with_bucket_name(bucket)
            .with_client_options(client("AWS_ENDPOINT_URL"))
            .with_retry(retries())
            .build()
            .map(|store| Box::new(store) as _)
            .map_err(settings(
                "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and AWS_ENDPOINT_URL",
            )),
        "gs" => GoogleCloudStorageBuilder::from_env()
            .with_bucket_name(bucket)
            .with_client_options(client("GOOGLE_BASE_URL"))
            .with_retry(retries())
            .build()
            .map(|store| Box::new(store) as _)
            .map_err(settings(
                "GOOGLE_APPLICATION_CREDENTIALS or GOOGLE_SERVICE_ACCOUNT",
            )),
        "az" => MicrosoftAzureBuilder::from_env()
            .with_container_name(bucket)
            .with_client_options(client("AZURE_STORAGE_ENDPOINT"))
            .with_retry(retries())
            .build()
            .map(|store| Box::new(store) as _)
            .map_err(settings(
                "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
            )),
        _ => Err(ObjectsError::Address(address.to_owned())),
    }
}

/// Plain http only where the operator's own address says so.
fn client(endpoint: &str) -> ClientOptions {
    let is_plain = std::env::var(endpoint).is_ok_and(|url| url.starts_with("http://"));
    ClientOptions::new()
        .with_allow_http(is_plain)
        // The only way to keep proxies of the environment out: one that is named here, and is used for no host.
        .with_proxy_url("http://127.0.0.1:9")
        .with_proxy_excludes("*,0.0.0.0/0,::/0")
        .with_connect_timeout(Duration::from_secs(10))
        .with_timeout(TIMEOUT)
}

fn retries() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_secs(1),
            max_backoff: Duration::from_secs(8),
            base: 2.0,
        },
        max_retries: RETRIES,
        retry_timeout: Duration::from_secs(60),
    }
}

/// A text without the queries of the addresses in it.
fn without_queries(text: &str) -> String {
    let mut rest = text;
    let mut kept = String::with_capacity(text.len());
    while let Some(start) = rest.find("://") {
        let (before, address) = rest.split_at(start + 3);
        kept.push_str(before);
        let end = address
            .find(|character: char| character.is_whitespace() || "\"'()<>".contains(character))
            .unwrap_or(address.len());
        let (address, after) = address.split_at(end);
        kept.push_str(address.split('?').next().unwrap_or_default());
        rest = after;
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_folders_or_buckets() {
        for good in [
            "kept",
            "./kept",
            "/var/kept",
            "../kept",
            "../not yet there/../kept",
            "with blank/kept",
            "s3://bucket",
            "s3://bucket/a/b/",
        ] {
            assert!(Objects::open(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "s3://",
            "s3:///prefix",
            "s3://user:word@bucket/",
            "s3://bucket/../other",
            "ftp://host/kept",
            "file:///kept",
            "https://host/kept",
        ] {
            let error = Objects::open(bad).unwrap_err();
            assert!(error.is_usage(), "{bad}: {error}");
        }
    }

    #[test]
    fn signatures_in_addresses_are_not_told() {
        assert_eq!(
            without_queries("PUT https://a.example/b?sig=s3cret&x=1 in 3s (http://c.example/?k) ?"),
            "PUT https://a.example/b in 3s (http://c.example/) ?"
        );
        assert_eq!(without_queries("no address: why?"), "no address: why?");
    }

    #[test]
    fn a_full_place_is_called_full() {
        let place = Objects::open("/kept").unwrap();
        let told = |os_error| {
            let source = io::Error::from_raw_os_error(os_error).into();
            let error = object_store::Error::Generic {
                store: "folder",
                source,
            };
            place.failed("write to it", error).to_string()
        };
        assert_eq!(
            told(28),
            "/kept is full: make room there, or name another place"
        );
        assert!(told(5).contains("does not let us write"), "{}", told(5));
    }

    #[tokio::test]
    async fn an_object_is_created_once() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("not yet there");
        let objects = Objects::open(place.to_str().unwrap()).unwrap();
        assert_eq!(objects.list().await.unwrap(), Vec::<String>::new());
        assert_eq!(objects.get("a", 9).await.unwrap(), None);
        let pieces = [Bytes::from_static(b"ab"), Bytes::from_static(b"c")];
        assert_eq!(objects.create("a", &pieces).await.unwrap(), Created::New);
        let other = [Bytes::from_static(b"other")];
        assert_eq!(objects.create("a", &other).await.unwrap(), Created::Exists);
        assert_eq!(objects.list().await.unwrap(), ["a"]);
        let found = objects.get("a", 3).await.unwrap();
        assert_eq!(found, Some(Bytes::from_static(b"abc")));
        assert_eq!(objects.get("a", 2).await.unwrap(), None, "longer than told");
        objects.delete("a").await.unwrap();
        objects.delete("a").await.unwrap();
        assert_eq!(objects.list().await.unwrap(), Vec::<String>::new());
    }
}
