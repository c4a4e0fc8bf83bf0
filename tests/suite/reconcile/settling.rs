//! After the end: late calls and late transcripts, and the silence after that.

use call_import_engine::model::Phase;

use super::{NIGHT, gong, population};
use crate::{record, support::Scene};

#[tokio::test]
async fn late_transcripts_and_calls_are_found_and_then_nothing_is_asked() {
    let mut scene = Scene::new(NIGHT);
    let running = gong(&mut scene, population(300, "2026-11-01", "2026-11-30"));
    let gong = running.gong();
    gong.first_company().hide([290, 291]);
    scene.request(
        "northwind",
        "Northwind",
        "period: {from: 2026-11-01, to: 2026-11-30}\n",
    );

    let first = scene.run("night-1").await;
    let import = &first.imports[0];
    assert_eq!(
        (import.phase, import.calls_imported),
        (Phase::Completed, 298)
    );
    assert!(import.transcripts_pending > 0);
    insta::assert_snapshot!(import.reason.clone().unwrap_or_default());

    gong.first_company().reveal([290, 291]);
    gong.first_company().release_transcripts();
    scene.clock.set("2026-12-02T01:17:00Z");
    let sent = gong.log().len();
    let second = scene.run("night-2").await;
    assert_eq!(second.imports[0].calls_imported, 300);
    let never = pending(&scene);
    assert_eq!(
        i64::try_from(never).expect("a few"),
        second.imports[0].transcripts_pending,
        "only those that never come are still asked for"
    );
    assert!(
        gong.log().len() - sent <= 4,
        "two pages and two batches at most"
    );

    let before = record::dump(&scene.database());
    scene.clock.set("2026-12-02T09:00:00Z");
    let sent = gong.log().len();
    scene.run("same-day").await;
    assert_eq!(gong.log().len(), sent, "once a day is enough");
    assert_eq!(record::dump(&scene.database()), before);

    scene.clock.set("2026-12-10T01:17:00Z");
    scene.run("night-10").await;
    assert_eq!(
        record::dump(&scene.database()),
        before,
        "settling without news changes nothing"
    );
    assert!(gong.log().len() > sent);

    scene.clock.set("2026-12-16T01:17:00Z");
    let sent = gong.log().len();
    let over = scene.run("night-16").await;
    assert_eq!(gong.log().len(), sent, "two weeks are over");
    assert_eq!(
        (over.imports[0].phase, over.imports[0].transcripts_pending),
        (Phase::Completed, 0)
    );
    assert_eq!(pending(&scene), 0);
    let unavailable = "SELECT count(*)::VARCHAR FROM calls WHERE transcript_state = 'unavailable'";
    assert_eq!(
        record::value(&scene.database(), unavailable),
        never.to_string()
    );
}

fn pending(scene: &Scene) -> usize {
    let sql = "SELECT count(*)::VARCHAR FROM calls WHERE transcript_state = 'pending'";
    record::value(&scene.database(), sql)
        .parse()
        .expect("a number")
}
