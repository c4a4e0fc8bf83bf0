//! Copies one recording: from its host to a file beside the record, in pieces, and from there, once it is
//! whole, to the place where recordings are kept.
//!
//! The file in between is what makes a broken download go on where it broke off, in this run or in the next,
//! and what lets the name of the copy hold the hash of its contents. So a copy is there whole or not at all,
//! and one that was put in place but not recorded is found again instead of made again.

mod brought;
mod partial;

use std::{io, path::PathBuf, sync::Arc};

use jiff::Timestamp;
use tokio::sync::watch;

use super::Edges;
use crate::{
    http::{Download, Endpoint, Resume, SendError},
    import::{Fetched, recording},
    model::{FailureClass, ImportRecord, MediaCopy},
    objects::{Objects, PutFileError},
    platforms::{Link, MediaFile, Place},
};
use partial::Partial;

/// A try that brings less than this does not count as one that got on.
const PROGRESS: u64 = 64 << 10;

/// Where recordings are kept, and where they wait until they are whole.
#[derive(Debug)]
pub struct MediaPlace {
    /// Where they are kept.
    pub objects: Objects,
    /// A folder on a disk with room for a few of them.
    pub partial: PathBuf,
}

/// Copies a recording of an import. When `halt` becomes true, what is here of it stays for the next run.
pub(super) async fn copy(
    edges: &Edges<'_>,
    endpoint: Option<Arc<Endpoint>>,
    file: MediaFile,
    record: ImportRecord,
    mut halt: watch::Receiver<bool>,
    now: Timestamp,
) -> Fetched {
    let Some(place) = edges.media else {
        return Fetched::Halted;
    };
    let link = match &file.place {
        Place::File(source) => {
            let copied = tokio::select! {
                copied = brought::copy(place, &file.external_id, source.clone(), &record) => copied,
                _ = halt.wait_for(|halt| *halt) => return Fetched::Halted,
            };
            return copied.unwrap_or_else(|stop| stop);
        }
        Place::Link(link) => link,
    };
    let Some(endpoint) = endpoint else {
        return Fetched::Halted;
    };
    let copying = Copying {
        edges,
        place,
        endpoint: &endpoint,
        file: &file,
        link,
        record: &record,
        now,
    };
    let copied = tokio::select! {
        copied = copying.copy() => copied,
        _ = halt.wait_for(|halt| *halt) => return Fetched::Halted,
    };
    copied.unwrap_or_else(|stop| stop)
}

struct Copying<'a> {
    edges: &'a Edges<'a>,
    place: &'a MediaPlace,
    endpoint: &'a Endpoint,
    file: &'a MediaFile,
    link: &'a Link,
    record: &'a ImportRecord,
    now: Timestamp,
}

impl Copying<'_> {
    async fn copy(&self) -> Result<Fetched, Fetched> {
        let ImportRecord {
            platform, account, ..
        } = self.record;
        let id = &self.file.external_id;
        let mut partial =
            Partial::open(&self.place.partial, [platform, account, id]).map_err(no_disk)?;
        if !partial.is_whole() {
            self.receive(&mut partial).await?;
        }
        if let Some(told) = self.file.bytes
            && told != partial.len()
        {
            let detail = format!(
                "the platform tells {told} bytes, and {} came",
                partial.len()
            );
            partial.begin_again().map_err(no_disk)?;
            return Err(in_vain(detail));
        }
        self.put_in_place(partial).await
    }

    /// Fetches what is missing.
    async fn receive(&self, partial: &mut Partial) -> Result<(), Fetched> {
        let had = partial.len();
        let resume = (had > 0).then(|| Resume {
            from: had,
            etag: partial.etag().map(str::to_owned),
        });
        let http = self.edges.http;
        let mut download = http
            .download(self.endpoint, self.link, resume.as_ref(), self.now)
            .await
            .map_err(|error| self.no_answer(&error))?;
        self.judge(&download, partial)?;
        partial
            .note(
                &download.content_type,
                download.whole,
                download.etag.clone(),
            )
            .map_err(no_disk)?;
        loop {
            match download.piece().await {
                Ok(Some(piece)) => partial.write(&piece).map_err(no_disk)?,
                Ok(None) => break,
                Err(error) => return Err(self.broken_off(&error.detail(), had, partial)),
            }
        }
        match partial.whole() {
            Some(whole) if whole != partial.len() => {
                let detail = format!("{} of {whole} bytes came", partial.len());
                Err(self.broken_off(&detail, had, partial))
            }
            _ if partial.len() == 0 => Err(in_vain("it is empty".into())),
            Some(_) => Ok(()),
            None => partial.end().map_err(no_disk),
        }
    }

    /// Whether an answer goes on with what is here, or begins it; if neither, why not.
    fn judge(&self, download: &Download, partial: &mut Partial) -> Result<(), Fetched> {
        let Download {
            status,
            begins_at,
            whole,
            ..
        } = download;
        let detail = format!("its host answered {status}");
        match status {
            200 if recording::is_no_recording(&download.content_type) => Err(in_vain(format!(
                "its host sends {} instead",
                download.content_type
            ))),
            200 => partial.begin_again().map_err(no_disk),
            206 if *begins_at == partial.len() && partial.suits(*whole) => Ok(()),
            206 | 416 => {
                partial.begin_again().map_err(no_disk)?;
                Err(in_vain(detail))
            }
            // Hosts of signed links answer any of these when one has expired.
            400 | 401 | 403 | 404 | 410 => Err(Fetched::Expired { detail }),
            408 | 429 | 500.. => Err(Fetched::Unavailable {
                class: if *status == 429 {
                    FailureClass::Throttled
                } else {
                    FailureClass::Unavailable
                },
                after: download.retry_after,
                detail,
            }),
            _ => Err(Fetched::Refused { detail }),
        }
    }

    fn no_answer(&self, error: &SendError) -> Fetched {
        let detail = self.endpoint.scrub(&error.detail());
        match error {
            SendError::Network(_) | SendError::TooLarge => Fetched::Unavailable {
                class: error.class(),
                after: None,
                detail,
            },
            SendError::Address(_) | SendError::Redirects | SendError::Credential => {
                Fetched::Refused { detail }
            }
        }
    }

    fn broken_off(&self, detail: &str, had: u64, partial: &Partial) -> Fetched {
        Fetched::Cut {
            progressed: partial.len() >= had.saturating_add(PROGRESS),
            detail: self.endpoint.scrub(detail),
        }
    }

    async fn put_in_place(&self, partial: Partial) -> Result<Fetched, Fetched> {
        let hashed = tokio::task::spawn_blocking(move || {
            let sums = partial.sums()?;
            Ok::<_, io::Error>((partial, sums))
        });
        let (partial, (head, sha256)) = hashed
            .await
            .map_err(io::Error::other)
            .flatten()
            .map_err(no_disk)?;
        let bytes = partial.len();
        let mime = recording::mime(&head, partial.content_type());
        let name = recording::name(
            self.record,
            &self.file.external_id,
            &sha256,
            mime.as_deref(),
        );
        let objects = &self.place.objects;
        let file = partial.reader().map_err(no_disk)?;
        match objects.put_file(&name, file, bytes).await {
            Ok(()) => {}
            Err(PutFileError::File(error)) => return Err(no_disk(error)),
            Err(PutFileError::Place(error)) => {
                return Err(Fetched::NoPlace {
                    detail: error.to_string(),
                });
            }
        }
        // It is whole elsewhere now. Should the commit get lost, it is fetched again and found to be there.
        partial.remove();
        Ok(Fetched::Stored(MediaCopy {
            mime,
            bytes: i64::try_from(bytes).unwrap_or(i64::MAX),
            sha256,
            stored_uri: objects.uri(&name),
        }))
    }
}

fn in_vain(detail: String) -> Fetched {
    Fetched::Cut {
        progressed: false,
        detail,
    }
}

fn no_disk(error: io::Error) -> Fetched {
    const DISK: &str = "the disk beside the record that recordings pass through";
    let detail = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            format!("{DISK} is full: make room there")
        }
        _ => format!("{DISK}: {error}"),
    };
    Fetched::NoPlace { detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_called_full() {
        let told = |os_error| no_disk(io::Error::from_raw_os_error(os_error));
        let Fetched::NoPlace { detail } = told(28) else {
            panic!("a disk is no place")
        };
        assert!(detail.ends_with("is full: make room there"), "{detail}");
        assert!(format!("{:?}", told(5)).contains("(os error 5)"));
    }
}
