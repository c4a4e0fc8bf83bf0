//! Lists of SHA-256 sums that come along: `SHA256SUMS`, or `calls.zip.sha256` beside `calls.zip`, in the form
//! that `sha256sum` writes.

use crate::files::FileProblem;

/// Whether a file is such a list.
pub(super) fn is_list(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
    let stem = file.strip_suffix(".txt").unwrap_or(&file);
    stem == "sha256sums" || file.ends_with(".sha256")
}

/// The names in the folder of the list, and their sums in small letters.
pub(super) fn read(list: &str, bytes: &[u8]) -> Vec<(String, String)> {
    let folder = list.rsplit_once('/').map_or("", |(folder, _)| folder);
    let beside = |name: &str| match folder {
        "" => name.to_owned(),
        folder => format!("{folder}/{name}"),
    };
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines().filter_map(|line| {
        let (sum, name) = match line.trim().split_once(char::is_whitespace) {
            Some((sum, name)) => (sum, name.trim_start().trim_start_matches(['*', '.', '/'])),
            // A list for one file may hold the sum alone.
            None => {
                let file = list.rsplit('/').next().unwrap_or(list);
                (line.trim(), file.strip_suffix(".sha256")?)
            }
        };
        let is_sum = sum.len() == 64 && sum.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_sum.then(|| (beside(name), sum.to_ascii_lowercase()))
    });
    lines.collect()
}

pub(super) fn differs(list: &str) -> FileProblem {
    FileProblem::new(
        "checksum-differs",
        format!("The file is not the one that {list} was made for: its SHA-256 is another."),
        "It was damaged or changed on its way. Upload it again, or correct the list of checksums.",
    )
}

pub(super) fn missing(list: &str) -> FileProblem {
    FileProblem::new(
        "checksum-without-file",
        format!("{list} names this file, and it is not here."),
        "Add the file, or take its line out of the list of checksums.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_sha256sum_are_read() {
        let sum = "0".repeat(63) + "A";
        let small = sum.to_ascii_lowercase();
        let text = format!("{sum}  a b.vtt\n{sum} *./c.zip\nnonsense\n{sum}\n");
        assert_eq!(
            read("files/SHA256SUMS", text.as_bytes()),
            [
                ("files/a b.vtt".to_owned(), small.clone()),
                ("files/c.zip".to_owned(), small.clone())
            ]
        );
        assert_eq!(
            read("c.zip.sha256", sum.as_bytes()),
            [("c.zip".to_owned(), small)]
        );
    }
}
