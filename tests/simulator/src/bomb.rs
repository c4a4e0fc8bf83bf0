//! A reply that is small on the wire and large once decompressed.

use std::sync::LazyLock;

use axum::body::Bytes;
use flate2::{Compress, Compression, Crc, FlushCompress};

/// Decoded size of one piece.
const PIECE: usize = 1 << 20;

/// A MiB of blanks as one piece of a deflate stream, which may be repeated because it refers to
/// nothing before it.
static BLANKS: LazyLock<(Bytes, Crc)> = LazyLock::new(|| {
    let blanks = vec![b' '; PIECE];
    let mut checksum = Crc::new();
    checksum.update(&blanks);
    (deflate(&blanks, FlushCompress::Full).into(), checksum)
});

/// A gzip stream of at least `blanks` bytes of white space and then the body, which is valid JSON if the body is.
pub(crate) fn pieces(blanks: u64, body: &[u8]) -> impl Iterator<Item = Bytes> + Send + 'static {
    let count = blanks.div_ceil(PIECE as u64);
    let (piece, piece_checksum) = &*BLANKS;
    let mut checksum = Crc::new();
    for _ in 0..count {
        checksum.combine(piece_checksum);
    }
    let mut body_checksum = Crc::new();
    body_checksum.update(body);
    checksum.combine(&body_checksum);
    let mut end = deflate(body, FlushCompress::Finish);
    end.extend(checksum.sum().to_le_bytes());
    end.extend(checksum.amount().to_le_bytes());
    let header = Bytes::from_static(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
    std::iter::once(header)
        .chain((0..count).map(move |_| piece.clone()))
        .chain(std::iter::once(Bytes::from(end)))
}

fn deflate(bytes: &[u8], flush: FlushCompress) -> Vec<u8> {
    let mut compress = Compress::new(Compression::best(), false);
    // Deflate adds at most a few bytes a block to what it cannot compress.
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 100 + 1024);
    compress
        .compress_vec(bytes, &mut out, flush)
        .expect("memory is compressed without errors");
    out
}
