//! Asking for an import: in a sentence, in a form, with flags, and on a terminal.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod form;
mod program;
mod terminal;

use std::sync::LazyLock;

use call_import_engine::{
    report::{
        ask::{answer, missing, understood},
        matrix::entries,
    },
    spec::{self, Draft, Source, SourceContent, SupportMatrix, SupportStatus, understand},
};
use jiff::civil::{Date, date};
use proptest::prelude::*;

use crate::support;

/// The project's own matrix, read once.
fn matrix() -> &'static SupportMatrix {
    static MATRIX: LazyLock<SupportMatrix> = LazyLock::new(support::matrix);
    &MATRIX
}

/// A Wednesday.
const TODAY: Date = date(2026, 11, 25);

/// Each sentence with what it comes to.
fn shown(sentences: &[&str]) -> String {
    let shown = sentences
        .iter()
        .map(|sentence| format!("> {sentence}\n{}", read(sentence)));
    shown.collect::<Vec<_>>().join("\n")
}

/// What a sentence comes to: the fields, what is missing, and the file.
fn read(sentence: &str) -> String {
    let matrix = matrix();
    let said = understand(sentence, matrix, TODAY);
    let settled = said.settle(Draft::default(), matrix, TODAY);
    let mut text = understood(&settled, matrix, &said.left_over);
    if settled.gaps.is_empty() {
        text.push_str(&settled.draft.render().unwrap());
    } else {
        text.push_str(&missing(&settled.gaps));
    }
    text
}

#[test]
fn sentences_become_requests() {
    let sentences = [
        "5,000 calls from Gong for Northwind, needed by 4 December, onboarding",
        "about 2k Grain calls, Brandt Bakeries, asap by 2026-12-04, deal",
        "import 300 fathom recordings for Whitlock & Sons until next Friday (retention), from January to October 2026",
        "Northwind Robotics wants 1 200 calls imported from tl;dv in two weeks, it is for an onboarding",
        "deal: 12k zoom recordings with video for Zoë & Søn, Inc. due Dec 4th",
        "retention - 500 calls - Aircall - Brandt Grain Mills - by 2027-01-15 - as files",
        "For our new customer Made In Ltd: Microsoft Teams, 40 meetings, onboarding, tomorrow",
        "Gong calls for Northwind by Friday, deal, ~800, since March 2025",
        "customer: Northwind, platform: Gong, estimated_calls: 5000, urgency: deal, requested_completion: 2026-12-04",
        "for Northwind Gong by Friday 4 December, 700 calls, onboarding, only those of the sales team",
        "kick-off is on 30 November, 900 calls from Fathon for Whitlock, needed by 4 December",
    ];
    insta::assert_snapshot!(shown(&sentences));
}

#[test]
fn platforms_and_days_that_are_not_quite_said_are_shown() {
    let sentences = [
        "100 calls from ZoomInfo for Bar by 4 December, deal",
        "100 calls from Fathm for Bar by next Friday, deal",
        "100 calls from Chrous for Bar by Friday, deal",
        "100 Wingman calls for Bar by next Monday, deal",
        "Teams, 40 meetings, for Initech by 4/12/26, onboarding",
    ];
    insta::assert_snapshot!(shown(&sentences));
}

#[test]
fn recordings_are_wanted_or_not() {
    let matrix = matrix();
    let both = Some(&["transcript", "media"][..]);
    let transcripts = Some(&["transcript"][..]);
    for (words, expected) in [
        ("with recordings", both),
        ("with the recordings", both),
        ("with video", both),
        ("incl. media", both),
        ("including audio and video", both),
        ("audio and video", both),
        ("with audio files", both),
        ("with transcripts and recordings", both),
        ("and recordings", both),
        ("video", both),
        ("without recordings", transcripts),
        ("no video", transcripts),
        ("with transcripts", transcripts),
        ("video calls", None),
        ("all recordings", None),
    ] {
        for sentence in [
            format!("100 calls from Gong for Bar by 4 December, deal, {words}"),
            format!("100 calls from Gong for Bar, {words}, by 4 December, deal"),
            format!(
                "deal: 100 calls from Gong for Bar from 1 January 2025 to 30 June 2025 {words}, by 4 December"
            ),
        ] {
            // Without a mark before it, a word alone may belong to anything.
            if words == "video" && sentence.contains("2025 video") {
                continue;
            }
            let said = understand(&sentence, matrix, TODAY);
            let include: Vec<&str> = said.draft.include.iter().map(String::as_str).collect();
            assert_eq!(include, expected.unwrap_or_default(), "{sentence}");
            assert_eq!(said.draft.customer.as_deref(), Some("Bar"), "{sentence}");
        }
    }
    let both_ways =
        read("100 calls from Gong for Bar by 4 December, deal, with video, without audio");
    assert!(both_ways.contains("--include"), "{both_ways}");
}

#[test]
fn files_are_named_in_a_sentence() {
    for (sentence, files) in [
        (
            "40 calls from Otter for Initech by 4 December, deal, files/initech/*.srt",
            &["files/initech/*.srt"][..],
        ),
        (
            "40 calls from Otter for Initech as files in `requests/files/initech/*`, by 4 December, deal.",
            &["files/initech/*"],
        ),
        (
            "files/a/one.vtt and files/b/two.vtt: 2 Gong calls for Initech by 4 December, deal",
            &["files/a/one.vtt", "files/b/two.vtt"],
        ),
        (
            "40 calls from Gong for Initech by 4 December, deal, from s3://imports/initech/*.vtt.",
            &["s3://imports/initech/*.vtt"],
        ),
    ] {
        let said = understand(sentence, matrix(), TODAY);
        let settled = said.settle(Draft::default(), matrix(), TODAY);
        assert_eq!(settled.gaps, [], "{sentence}");
        assert_eq!(settled.draft.files, files, "{sentence}");
        assert_eq!(settled.draft.method.as_deref(), Some("file"), "{sentence}");
        assert_eq!(settled.draft.customer.as_deref(), Some("Initech"));
        assert!(
            said.left_over.is_empty(),
            "{sentence}: {:?}",
            said.left_over
        );
    }
}

#[test]
fn every_way_of_the_matrix_becomes_a_command() {
    let draft = Draft {
        customer: Some("Zoë's Inn".into()),
        estimated_calls: Some("40".into()),
        ..Draft::default()
    };
    for entry in entries(matrix()) {
        let text = answer(&entry, &draft, true);
        let is_possible = entry.status == SupportStatus::Supported;
        assert!(
            !text.contains("CUSTOMER") && !text.contains("`files:"),
            "{text}"
        );
        let command = "  call-import new --customer 'Zoë'\\''s Inn' --platform ";
        // What has no way at all has no command either.
        let has_way = entry
            .alternative
            .is_some_and(|way| way.contains("`platform: "));
        assert_eq!(text.contains(command), !is_possible && has_way, "{text}");
        assert!(
            is_possible || has_way || entry.platform == "hubspot",
            "{text}"
        );
    }
}

#[test]
fn what_is_missing_or_unclear_is_asked_for_and_not_guessed() {
    let sentences = [
        "",
        "import calls please",
        "5,000 calls from Gong for Northwind by 04/12/2026, onboarding",
        "5,000 calls from Gong and 300 calls from Grain for Northwind by 4 December, deal",
        "5,000 calls from Whizzcall for Northwind by 4 December, deal or onboarding",
        "300 hours from Gong, Northwind, Whitlock, by the end of the month, deal",
        "5,000 calls from Gong for Northwind by 31 November, deal",
        "5,000 calls from Gong for Northwind by Thu 4 December, deal",
    ];
    insta::assert_snapshot!(shown(&sentences));
}

#[test]
fn flags_are_read_as_people_write_them() {
    let text = |text: &str| Some(text.to_owned());
    let draft = Draft {
        customer: text("  “Northwind\n Robotics” "),
        platform: text("GONG"),
        estimated_calls: text("about 5,000 calls"),
        urgency: text("Onboarding"),
        requested_completion: text("Dec 4"),
        method: text("API key"),
        options: vec![
            ("skip_private".into(), "true".into()),
            ("workspace_id".into(), "12".into()),
        ],
        include: vec!["transcripts".into(), "video".into()],
        period_from: text("1 March 2025"),
        suspended: true,
        notes: text("Kick-off: Monday.\n# not a comment\n"),
        ..Draft::default()
    };
    let settled = draft.settle(matrix(), TODAY);
    assert_eq!(settled.gaps, []);
    insta::assert_snapshot!(settled.draft.render().unwrap());
}

/// What the checks say of a draft's file, and the request that it makes.
fn load(draft: &Draft) -> spec::Declared {
    let id = draft.id.as_deref().unwrap_or("x");
    let source = Source {
        path: format!("requests/{id}.yaml"),
        content: SourceContent::Bytes(draft.render().unwrap().into_bytes()),
    };
    spec::load(&[source], &[], matrix(), TODAY)
}

/// Words of sentences, and words that are none.
fn anything() -> impl Strategy<Value = String> {
    let words = [
        "for",
        "from",
        "by",
        "until",
        "in",
        "5,000",
        "5 000",
        "calls",
        "Gong",
        "tl;dv",
        "Northwind",
        "4",
        "December",
        "2026",
        "31",
        "to",
        "-",
        "(",
        ")",
        "next",
        "Friday",
        "end",
        "of",
        "the",
        "week",
        "last",
        "12",
        "months",
        "since",
        "onboarding",
        "deal",
        "99999999999999999999",
        "&",
        "Inc.",
        "ß",
        "日本",
        "\u{202e}",
        "04/12/2026",
        "0000-00-00",
        "feb",
        "29",
        "k",
        "9999",
    ];
    let word = prop_oneof![
        4 => proptest::sample::select(words.to_vec()).prop_map(str::to_owned),
        1 => "\\PC{0,12}",
    ];
    proptest::collection::vec(word, 0..14).prop_map(|words| words.join(" "))
}

/// Parts of sentences.
const PIECES: &[&str] = &[
    "5,000 calls",
    "from Gong",
    "from Fathm",
    "Teams",
    "for Northwind",
    "for Northwind Gong",
    "by 4 December",
    "by next Friday",
    "by 4/12/26",
    "deal",
    "onboarding,",
    "with recordings",
    "audio and video",
    "without",
    "with",
    "incl.",
    "since March 2025",
    "from 1 January 2025 to 30 June 2025",
    "via api",
    "as files",
    "files/northwind/*.vtt",
    "and",
    "please",
    "-",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_sentence_is_too_strange(sentence in anything(), day in -400_000..400_000_i32) {
        let today = date(2026, 11, 25).saturating_add(jiff::Span::new().days(day));
        let matrix = matrix();
        let said = understand(&sentence, matrix, today);
        // Nothing is invented: each word that is left over stands in the sentence.
        for words in &said.left_over {
            prop_assert!(sentence.contains(words.as_str()), "{words}");
        }
        let settled = said.draft.settle(matrix, today);
        understood(&settled, matrix, &said.left_over);
        settled.draft.render().unwrap();
    }

    #[test]
    fn no_word_disappears(words in proptest::collection::vec(proptest::sample::select(PIECES), 1..7), at in 0_usize..40, own in "[b-df-hj-np-tv-xz]{9}") {
        let sentence = words.join(" ");
        let mut all: Vec<&str> = sentence.split(' ').collect();
        let at = at.min(all.len());
        all.insert(at, &own);
        let sentence = all.join(" ");
        let matrix = matrix();
        let said = understand(&sentence, matrix, TODAY);
        let draft = said.draft.texts().any(|text| text.contains(&own));
        let told = said.gaps.iter().any(|gap| gap.why.as_ref().is_some_and(|why| why.contains(&own)));
        let read = said.readings.iter().any(|reading| reading.written.contains(&own));
        let left = said.left_over.iter().any(|left| left.contains(&own));
        prop_assert!(draft || told || read || left, "{sentence}: {said:?}");
    }

    #[test]
    fn what_is_written_is_read_back(customer in "[\\PC]{1,60}", notes in "(\\PC|\n|\t){0,80}", domain in "\\PC{0,20}") {
        let text = |text: &str| Some(text.to_owned());
        let draft = Draft {
            customer: Some(customer),
            platform: text("gong"),
            estimated_calls: text("5"),
            urgency: text("deal"),
            requested_completion: text("2030-12-31"),
            account: text("x"),
            secret: text("IMPORT_X_GONG"),
            notes: Some(notes.clone()),
            internal_domains: if domain.is_empty() { vec![] } else { vec![domain] },
            ..Draft::default()
        };
        let draft = draft.settle(matrix(), TODAY).draft;
        let declared = load(&draft);
        // Whatever is wrong with it is wrong with what somebody wrote, and never with the YAML.
        let yaml = ["yaml-syntax", "duplicate-key", "unknown-key", "two-documents", "wrong-type", "hash-cut"];
        for finding in &declared.findings {
            prop_assert!(!yaml.contains(&finding.code.as_str()), "{finding:?}\n{}", draft.render().unwrap());
        }
        for request in declared.requests {
            prop_assert_eq!(Some(&request.customer), draft.customer.as_ref());
            prop_assert_eq!(request.notes.as_ref(), Some(&notes));
        }
    }
}
