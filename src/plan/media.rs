//! Audio and video: whether they can be copied, and what that takes.

use super::{Inputs, words::unsigned};
use crate::{
    import::Uploads,
    model::{ImportRecord, Method},
    platforms::{Connector, connector},
    spec::{ImportRequest, Include, Nightly},
};

/// A rule of thumb: an hour of a video call. No platform tells sizes beforehand.
pub const BYTES_OF_A_CALL: u64 = 150_000_000;

/// Why an import that wants recordings is held where there is no place for them.
pub(super) const NO_PLACE: &str = "It asks for audio and video, and there is no place to copy them to: set \
     CALL_IMPORT_MEDIA (or --media) to a folder or an s3://, gs:// or az:// address, or leave `media` out of \
     `include`.";

/// A rule of thumb: what comes in over an ordinary line, a second.
const BYTES_A_SECOND: u64 = 20_000_000;

/// Calls that one request tells the place of the recording of; `None` where none are wanted or to be had.
pub(super) fn batch(request: &ImportRequest) -> Option<usize> {
    let is_wanted = request.include.contains(&Include::Media);
    let connector = match request.method {
        Method::File => Some(&Uploads as &dyn Connector),
        Method::Api | Method::Oauth => connector(&request.platform),
    }
    .filter(|_| is_wanted)?;
    connector.media_batch(request.method)
}

/// Calls whose recording is still to be copied.
pub(super) fn calls(
    request: &ImportRequest,
    record: Option<&ImportRecord>,
    inputs: &Inputs<'_>,
) -> u64 {
    if batch(request).is_none() {
        return 0;
    }
    let listed = record.map_or(0, |record| unsigned(record.calls_listed));
    let copied = inputs.observed.copied.get(&request.id).copied();
    let calls = request.estimated_calls.max(listed);
    calls.saturating_sub(copied.map_or(0, unsigned))
}

/// The requests that tell where so many recordings are.
pub(super) fn requests(request: &ImportRequest, recordings: u64) -> u64 {
    if request.method == Method::File {
        return 0;
    }
    let batch = batch(request).and_then(|batch| u64::try_from(batch).ok());
    let batches = batch.map_or(0, |batch| recordings.div_ceil(batch.max(1)));
    let of_a_batch = connector(&request.platform).map_or(1, |connector| connector.media_requests());
    batches.saturating_mul(of_a_batch)
}

/// The nights that it takes to copy so many bytes.
pub(super) fn nights(bytes: u64, nightly: &Nightly) -> u64 {
    let seconds = unsigned(nightly.deadline.as_secs()).max(1);
    bytes.div_ceil(BYTES_A_SECOND.saturating_mul(seconds))
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, civil::time};

    use super::*;

    #[test]
    fn bytes_fill_nights() {
        let nightly = Nightly {
            at: time(1, 17, 0, 0),
            deadline: SignedDuration::from_hours(5),
            settle_days: 14,
        };
        let of_calls = |calls| nights(calls * BYTES_OF_A_CALL, &nightly);
        assert_eq!([0, 1, 2_400, 2_401, 5_000].map(of_calls), [0, 1, 1, 2, 3]);
    }
}
