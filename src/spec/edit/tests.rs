//! Texts of requests before and after.

use proptest::prelude::*;

use super::*;

const BLOCK: &str = "-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----\n";

fn put(text: &str) -> (String, Former) {
    let Edited { text, former } = put_sealed(text, BLOCK).unwrap();
    (text, former)
}

#[test]
fn a_new_credential_goes_where_people_look_for_it() {
    let (text, former) = put("customer: A\nmethod: api # best\n\n# from here\nperiod: {}\n");
    assert_eq!(former, Former::Nothing);
    assert_eq!(
        text,
        "customer: A\nmethod: api # best\n\
         credentials:\n  sealed: |\n    -----BEGIN AGE ENCRYPTED FILE-----\n    YWdl\n    \
         -----END AGE ENCRYPTED FILE-----\n\n# from here\nperiod: {}\n"
    );
}

#[test]
fn what_stood_there_is_replaced_and_named() {
    for (old, former) in [
        ("credentials:\n", Former::Nothing),
        ("credentials: {}\n", Former::Nothing),
        ("credentials:\n  sealed:\n", Former::Nothing),
        (
            "credentials:\n  secret: IMPORT_A_GONG # ask Jo\n",
            Former::Named,
        ),
        ("\"credentials\": {secret: IMPORT_A_GONG}\n", Former::Named),
        ("credentials:\n  secret: hunter2\n", Former::ClearText),
        ("credentials: hunter2\n", Former::ClearText),
        ("credentials:\n  - hunter2\n", Former::ClearText),
        ("credentials:\n- hunter2\n", Former::ClearText),
        (
            "credentials: {\n\"access_key\": \"x\"\n}\n",
            Former::ClearText,
        ),
        ("credentials:\nhunter2\n", Former::ClearText),
        ("credentials:\n  sealed: hunter2\n", Former::ClearText),
        (
            "credentials:\n  sealed: |\n    hunter2\n",
            Former::ClearText,
        ),
        (
            "credentials:\n  sealed: |\n    -----BEGIN AGE ENCRYPTED FILE-----\n",
            Former::Sealed,
        ),
        (
            "credentials:\n  sealed: |\n-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n",
            Former::Sealed,
        ),
        (
            "credentials:\nsealed: |\n-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n",
            Former::Sealed,
        ),
    ] {
        let (text, found) = put(&format!("customer: A\n{old}\n# notes\nnotes: b\n"));
        assert_eq!(found, former, "{old}");
        let expected = format!("customer: A\n{}\n# notes\nnotes: b\n", sealed_lines(BLOCK));
        assert_eq!(text, expected, "{old}");
    }
}

#[test]
fn comments_and_shape_of_the_old_lines_stay() {
    let old = "customer: A\r\ncredentials:   # one of two\r\n   # made by Jo\r\n   sealed: |  # age\r\n      x\r\n      # text\r\nnotes: b";
    let (text, _) = put(old);
    assert_eq!(
        text,
        "customer: A\r\ncredentials:   # one of two\r\n   # made by Jo\r\n   sealed: |  # age\r\n     \
         -----BEGIN AGE ENCRYPTED FILE-----\r\n     YWdl\r\n     -----END AGE ENCRYPTED FILE-----\r\nnotes: b"
    );
    let (text, _) = put("\u{feff}credentials:\n  secret: IMPORT_A_GONG\ncustomer: A");
    assert!(
        text.starts_with("\u{feff}credentials:\n  sealed: |\n"),
        "{text:?}"
    );
    assert!(text.ends_with("FILE-----\ncustomer: A"), "{text:?}");
}

#[test]
fn what_cannot_be_edited_safely_is_left_alone() {
    for (text, error) in [
        ("{customer: A, platform: gong}\n", EditError::Unusual),
        ("? credentials\n: {}\ncustomer: A\n", EditError::Unusual),
        (
            "customer: A\ncredentials: &x {}\nnotes: *x\n",
            EditError::Unusual,
        ),
        ("customer: A\nnotes: [\n", EditError::Unusual),
        ("# nothing\n", EditError::Unusual),
        (
            "credentials:\ncustomer: A\ncredentials:\n",
            EditError::Twice,
        ),
    ] {
        assert_eq!(put_sealed(text, BLOCK), Err(error), "{text}");
    }
}

/// Entries of a request, in every notation that people use.
const ENTRIES: [&str; 7] = [
    "customer: A\n",
    "platform: gong # a comment\n",
    "method: api\n  # indented\n",
    "notes: |\n  credentials:\n    sealed: |\n\n  # no comment\n",
    "period: {from: 2024-01-01,\n  to: 2026-10-31}\n",
    "internal_domains:\n- a.example\n- b.example\n",
    "\"options\":\n  base_url: 'https://a.example'\n",
];
const CREDENTIALS: [&str; 6] = [
    "",
    "credentials:\n",
    "credentials: {secret: IMPORT_A_GONG}\n",
    "credentials: # where\n  # inside\n  secret: IMPORT_A_GONG\n  # below\n",
    "credentials:\n    sealed: |   # sealed\n      -----BEGIN AGE ENCRYPTED FILE-----\n      x\n",
    "credentials:\n  access_key: >-\n    folded\n    text\n",
];
const BETWEEN: [&str; 4] = ["", "\n", "# a comment\n", "\n# credentials:\n\n"];

proptest! {
    #[test]
    fn all_other_bytes_stay_and_sealing_again_changes_the_block_only(
        order in Just(ENTRIES.to_vec()).prop_shuffle(),
        between in prop::collection::vec(prop::sample::select(&BETWEEN[..]), 9),
        credentials in prop::sample::select(&CREDENTIALS[..]),
        at in 0..=7usize,
        has_crlf: bool,
        is_open: bool,
    ) {
        let mut entries = order;
        entries.insert(at, credentials);
        let mut text: String = between.iter().zip(entries).map(|(a, b)| format!("{a}{b}")).collect();
        if has_crlf {
            text = text.replace('\n', "\r\n");
        }
        if is_open {
            text.truncate(text.trim_end().len());
        }
        let bare = without_credentials(&text).unwrap();
        let (once, _) = put(&text);
        prop_assert_eq!(without_credentials(&once).unwrap(), bare);
        for comment in text.lines().filter(|line| line.starts_with('#')) {
            prop_assert!(once.contains(comment));
        }
        prop_assert_eq!(once.contains('\r'), has_crlf);
        prop_assert_eq!(once.replace("\r\n", "").contains(['\r', '\n']), !has_crlf);
        let again = put_sealed(&once, &BLOCK.replace("YWdl", "bmV3")).unwrap();
        prop_assert_eq!(again.former, Former::Sealed);
        prop_assert_eq!(again.text, once.replace("YWdl", "bmV3"));
    }
}
