//! The support matrix that is committed, and what the program says about it.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{fs, path::Path};

use call_import_engine::{
    model::{Method, slug},
    plan::capacity,
    platforms,
    report::matrix::{self as report, entries},
    spec::{self, Per, SupportMatrix, SupportStatus},
};

fn matrix() -> SupportMatrix {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("matrix.yaml");
    spec::load_matrix("matrix.yaml", &fs::read(path).unwrap()).unwrap()
}

#[test]
fn every_row_keeps_its_promises() {
    for (key, row) in matrix().platforms {
        assert_eq!(slug(&key), key);
        let by_api = row.methods.iter().any(|method| *method != Method::File);
        assert!(
            !by_api || platforms::connector(&key).is_some(),
            "{key} has no connector"
        );
        let supported = row.status == SupportStatus::Supported;
        assert_eq!(
            row.alternative.is_none(),
            supported,
            "{key}: what else to do"
        );
        let possible = row.status != SupportStatus::NotSupported;
        assert_eq!(!row.methods.is_empty(), possible, "{key}: methods");
        assert_eq!(
            !row.can.is_empty(),
            possible,
            "{key}: what the customer can do"
        );
        assert!(!row.cannot.is_empty(), "{key}: what does not come along");
        if let Some(alternative) = &row.alternative
            && row.methods.contains(&Method::File)
        {
            assert!(
                alternative.contains(&format!("`platform: {key}`")),
                "{key}: {alternative}"
            );
        }
    }
}

#[test]
fn every_connector_has_a_row() {
    let matrix = matrix();
    for (key, _) in platforms::catalog() {
        assert!(matrix.platforms.contains_key(key), "{key}");
    }
    assert!(matrix.platforms.contains_key("other"));
}

#[test]
fn a_night_is_what_the_smallest_limit_allows() {
    let mut matrix = matrix();
    // Half of 10,000 a day; two requests bring 100 calls, less the one that proves the credential.
    let daily = capacity(&matrix, "gong").unwrap();
    assert_eq!(daily.requests_per_night, 5_000);
    assert!((249_800..=250_000).contains(&daily.calls_per_night));

    // Half of 3 a second for 5 hours.
    let gong = matrix.platforms.get_mut("gong").unwrap();
    gong.rate_limits.retain(|limit| limit.per != Per::Day);
    assert_eq!(
        capacity(&matrix, "gong").unwrap().requests_per_night,
        27_000
    );

    matrix
        .platforms
        .get_mut("gong")
        .unwrap()
        .rate_limits
        .clear();
    assert_eq!(capacity(&matrix, "gong"), None);
    assert_eq!(capacity(&matrix, "hubspot"), None);
    assert_eq!(capacity(&matrix, "no-such-platform"), None);
}

#[test]
fn the_timeline_follows_the_limits() {
    let mut matrix = matrix();
    for (share, told) in [
        (
            0.5,
            "1 night for up to about 250,000 calls; files: the night after the merge",
        ),
        (
            0.011,
            "1 night for 5,000 calls, 10 nights for 50,000 calls; files: the night after the merge",
        ),
    ] {
        matrix.platforms.get_mut("gong").unwrap().budget_share = share;
        let entries = entries(&matrix);
        let gong = entries
            .iter()
            .find(|entry| entry.platform == "gong")
            .unwrap();
        assert_eq!(gong.estimated_timeline, told, "{share}");
    }
}

#[test]
fn the_table_answers_at_a_glance() {
    insta::assert_snapshot!(report::plain(&entries(&matrix())));
}

#[test]
fn one_platform_answers_in_full() {
    let matrix = matrix();
    let entries = entries(&matrix);
    let of = |key: &str| entries.iter().find(|entry| entry.platform == key).unwrap();
    insta::assert_snapshot!("gong", report::plain_detail(of("gong")));
    insta::assert_snapshot!("zoom", report::plain_detail(of("zoom")));
    insta::assert_snapshot!("hubspot_markdown", report::markdown_detail(of("hubspot")));
}

#[test]
fn programs_get_the_fixed_shape() {
    let matrix = matrix();
    let document: serde_json::Value =
        serde_json::from_str(&report::json(&entries(&matrix))).unwrap();
    let platforms = document["platforms"].as_array().unwrap();
    assert_eq!(platforms.len(), matrix.platforms.len());
    let gong = platforms
        .iter()
        .find(|row| row["platform"] == "gong")
        .unwrap();
    assert_eq!(gong["status"], "supported");
    assert_eq!(gong["methods"], serde_json::json!(["api", "oauth", "file"]));
    assert!(gong["calls_per_night"].as_u64().unwrap() > 249_000);
    for row in platforms {
        for key in [
            "platform",
            "name",
            "status",
            "methods",
            "metadata",
            "calls_per_night",
            "estimated_timeline",
            "alternative",
            "notes",
        ] {
            assert!(row.get(key).is_some(), "{key}");
        }
    }
}

#[test]
fn spreadsheets_get_a_record_for_each_platform_and_no_formula() {
    let mut matrix = matrix();
    matrix.platforms.get_mut("gong").unwrap().name = "=HYPERLINK(\"x\"), \"Gong\"\nInc".into();
    let text = report::csv(&entries(&matrix)).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(reader.headers().unwrap().len(), 12);
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), matrix.platforms.len());
    let gong = records.iter().find(|record| &record[0] == "gong").unwrap();
    assert_eq!(&gong[1], "'=HYPERLINK(\"x\"), \"Gong\" Inc");
    assert!(gong[5].parse::<u64>().unwrap() > 249_000);
}

#[test]
fn names_end_no_cell_and_make_no_link() {
    let mut matrix = matrix();
    matrix.platforms.get_mut("gong").unwrap().name = "a|b](x) <img> @team `c`".into();
    let table = report::markdown(&entries(&matrix));
    assert!(
        table.contains(r"| a\|b\](x) \<img\> \@team \`c\` |"),
        "{table}"
    );
}
