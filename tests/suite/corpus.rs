//! The corpus of the fuzz targets, replayed on any Rust: what was found once is not lost again.

use std::{collections::BTreeSet, fs};

use crate::support;

#[expect(
    dead_code,
    unreachable_pub,
    reason = "for the fuzz targets it is a library of its own"
)]
#[path = "../../fuzz/src/lib.rs"]
mod laws;

/// Files of one target. Enough to begin with; what it takes to go on, each fuzzer finds for itself.
const MOST_FILES: usize = 40;

/// Bytes of one file.
const LARGEST_FILE: usize = 4_096;

#[test]
fn the_corpus_holds_to_the_laws() {
    for (target, law) in laws::LAWS {
        let folder = support::root().join("fuzz/corpus").join(target);
        let mut paths: Vec<_> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        assert!((1..=MOST_FILES).contains(&paths.len()), "{target}");
        for path in paths {
            // Shown if a law is broken.
            println!("{}", path.display());
            let bytes = fs::read(path).unwrap();
            assert!(bytes.len() <= LARGEST_FILE);
            law(&bytes);
        }
    }
}

#[test]
fn each_law_has_a_target_and_a_corpus() {
    let laws: BTreeSet<String> = laws::LAWS
        .iter()
        .map(|(target, _)| (*target).to_owned())
        .collect();
    let stems = |folder: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(support::root().join("fuzz").join(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let names = names.filter(|name| !name.starts_with('.'));
        names
            .map(|name| name.trim_end_matches(".rs").to_owned())
            .collect()
    };
    assert_eq!(stems("targets"), laws);
    assert_eq!(stems("corpus"), laws);
}
