//! Calls about which a platform says much: DuckDB unpacks 2,048 of a column at a time, whatever they hold.

use call_import_engine::{model::Call, store};

use super::fixtures::{Place, call, page};

/// Text that does not compress, so many bytes of it.
fn talkative(number: u64, bytes: u64) -> Call {
    let noise = (0..bytes / 16).map(|word| {
        let mixed = (number * bytes + word + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        format!("{mixed:016x}")
    });
    let mut call = call(&format!("call-{number}"));
    call.raw = Some(noise.collect());
    call
}

/// As long as the JSON of a call with many trackers and topics, and as long as a page of a hundred may be.
#[tokio::test]
async fn calls_with_much_json_are_written_changed_checked_and_exported() {
    for (bytes, pages) in [(24_000, 41), (150_000, 22)] {
        let place = Place::new();
        let calls = 100 * pages;
        let store = place.begun().await;
        for number in 0..pages {
            let page_of = number * 100..(number + 1) * 100;
            let calls = page_of.map(|number| talkative(number, bytes)).collect();
            store.commit_page(page(calls)).await.expect("a page");
        }
        store.close().await.expect("the record closes");

        // Another night, which does not know yet how large they are.
        let store = place.open();
        let renamed = (0..100).map(|number| {
            let mut call = talkative(number * pages, bytes);
            call.title = Some(format!("Renamed {number}"));
            call
        });
        let receipt = store.commit_page(page(renamed.collect())).await;
        assert_eq!(receipt.expect("a page").updated, 100);
        store.close().await.expect("the record closes");
        let contents = store::inspect(&place.path()).expect("a whole record");
        assert_eq!(contents.rows["calls"], calls);
        let folder = place.folder.path().join("out");
        let files = store::export(&place.path(), &folder, store::ExportFormat::Parquet);
        assert!(!files.expect("files").is_empty());
    }
}
