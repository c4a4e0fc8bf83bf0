//! What readers of lists hold to: each row or record is a call or a failure, and what is written is read again.

use call_import_engine::{
    files::{self, CallList, ListedCall, Options, RowFailure, Table, json as records},
    import,
    model::{Call, FileFailure, TranscriptContent, TranscriptState},
};

use super::{check_notices, check_problem, packed, settled, transcripts};

/// CSV and its kin.
pub fn table(bytes: &[u8]) {
    check_table("calls.csv", bytes);
}

/// Excel workbooks, whole or only the rows of their sheet.
pub fn workbook(bytes: &[u8]) {
    check_table("calls.xlsx", &packed::or_zipped(bytes, packed::workbook));
}

/// JSON: records, calls in the engine's form, one call, transcripts of the podcast namespace.
pub fn json(bytes: &[u8]) {
    for options in [Options::default(), settled()] {
        check_records(bytes, &options);
        if let Some(Ok(read)) = records::transcript(bytes, &options) {
            transcripts::check_read(&read);
            let made = read.transcript.segments.len() + read.reading.empty_cues;
            assert_eq!(made, read.reading.time_lines, "{read:?}");
        }
        match records::call(bytes, &options) {
            Ok(listed) => check_written(&listed.call, &options),
            Err(problem) => check_problem(&problem),
        }
    }
    let _ = records::is_json(bytes);
}

/// Saved answers of each platform whose answers are known.
pub fn saved(bytes: &[u8]) {
    const RAW: &str = r#"{"id": "1", "metaData": {"id": "1"}, "parties": [], "participants": []}"#;
    for platform in ["fathom", "fireflies", "gong", "grain", "tldv"] {
        for raw in [None, Some(RAW.to_owned())] {
            let Some(saved) = import::saved(platform, bytes, &[], &|_| raw.clone()) else {
                continue;
            };
            for call in &saved.calls {
                assert!(!call.external_id.is_empty(), "{platform}: {call:?}");
            }
            for failure in &saved.failures {
                assert!(!failure.detail.is_empty(), "{platform}: {failure:?}");
            }
        }
    }
    assert_eq!(import::saved("nobody", bytes, &[], &|_| None), None);
}

/// Reads a table as a list of calls and as a transcript.
pub(super) fn check_table(name: &str, bytes: &[u8]) {
    for options in [Options::default(), settled()] {
        let table = match files::table(name, bytes, &options) {
            Ok(table) => table,
            Err(problem) => {
                check_problem(&problem);
                continue;
            }
        };
        check_notices(&table.notices);
        assert!(table.rows.is_sorted_by_key(|row| row.line), "{table:?}");
        let _ = files::table_kind(&table, &options);
        match files::call_list(&table, &options) {
            Ok(list) => check_list(&table, list),
            Err(problem) => check_problem(&problem),
        }
        check_spoken(&table, &options);
    }
}

fn check_list(table: &Table, list: CallList) {
    check_notices(&list.notices);
    let made = list.calls.len() + list.failures.len();
    assert_eq!(made, table.rows.len(), "{list:?}");
    for ListedCall { call, .. } in &list.calls {
        assert!(
            call.duration_ms.is_none_or(|length| length >= 0),
            "{call:?}"
        );
        if let TranscriptContent::Here(transcript) = &call.transcript {
            transcripts::check_transcript(transcript);
        }
    }
    if !list.failures.is_empty() {
        check_failures(list.failures);
    }
}

/// Rows that failed are written such that they are read as they stood.
fn check_failures(failures: Vec<RowFailure>) {
    let failures: Vec<FileFailure> = failures.into_iter().map(of_file).collect();
    let mut read = Vec::new();
    for written in files::failures_csv(&failures) {
        let table = files::table("failures.csv", &written, &Options::default());
        let rows = table.expect("what is written can be read").rows;
        read.extend(rows.into_iter().map(|row| without_empty_end(row.cells)));
    }
    let cells = |failure: FileFailure| {
        let cells = failure.original.into_iter();
        without_empty_end(cells.map(|(_, cell)| cell).collect())
    };
    let mut stood: Vec<_> = failures.into_iter().map(cells).collect();
    // There is a table for each set of headings.
    stood.sort();
    read.sort();
    assert_eq!(read, stood);
}

/// Rows of one list may be of different length; in a table they are not.
fn without_empty_end(mut cells: Vec<String>) -> Vec<String> {
    while cells.pop_if(|cell| cell.is_empty()).is_some() {}
    cells
}

fn of_file(failure: RowFailure) -> FileFailure {
    check_problem(&failure.problem);
    failure.of_file("calls.csv")
}

fn check_spoken(table: &Table, options: &Options) {
    let spoken = match files::transcripts(table, options) {
        Ok(spoken) => spoken,
        Err(problem) => return check_problem(&problem),
    };
    check_notices(&spoken.notices);
    let segments = spoken.calls.iter().map(|call| {
        transcripts::check_transcript(&call.transcript);
        call.transcript.segments.len()
    });
    let made = segments.sum::<usize>() + spoken.failures.len();
    let told = spoken
        .notices
        .iter()
        .any(|notice| notice.code == "empty-cue");
    assert!(made <= table.rows.len(), "{spoken:?}");
    assert_eq!(made < table.rows.len(), told, "{spoken:?}");
}

fn check_records(bytes: &[u8], options: &Options) {
    let mut counted = 0;
    let mut end = 0;
    for record in records::records(bytes, options).into_iter().flatten() {
        counted += 1;
        match record {
            Ok(record) => {
                assert!(
                    record.text.starts_with('{') && record.text.ends_with('}'),
                    "{record:?}"
                );
                if let Some(range) = record.range {
                    assert!(end <= range.start && range.end <= bytes.len(), "{range:?}");
                    end = range.end;
                }
            }
            Err(failure) => check_problem(&failure.problem),
        }
    }
    let list = match records::call_list("calls.json", bytes, options) {
        Ok(list) => list,
        Err(problem) => return check_problem(&problem),
    };
    check_notices(&list.notices);
    assert_eq!(list.calls.len() + list.failures.len(), counted, "{list:?}");
    for failure in &list.failures {
        check_problem(&failure.problem);
    }
    for listed in list.calls {
        check_written(&listed.call, options);
        let Some(range) = listed.range else {
            continue;
        };
        let place = |at: u64| usize::try_from(at).expect("it lies in the bytes");
        let again = &bytes[place(range.start)..place(range.end)];
        let again = records::call(again, options).expect("what was read is read again");
        assert_eq!(again.call, listed.call);
    }
}

/// A call that is written is read as the same call.
fn check_written(call: &Call, options: &Options) {
    let written = line(call);
    let read = records::call(written.as_bytes(), options).expect("what is written can be read");
    // Line ends within it become spaces.
    let call = Call {
        raw: read.call.raw.clone(),
        ..call.clone()
    };
    assert_eq!(read.call, call, "{written}");
    assert_eq!(line(&read.call), written);
}

fn line(call: &Call) -> String {
    let said = match &call.transcript {
        TranscriptContent::Here(transcript) => Some(transcript),
        TranscriptContent::Absent | TranscriptContent::Pending => None,
    };
    records::line("gong", "northwind", call, TranscriptState::None, said)
}
