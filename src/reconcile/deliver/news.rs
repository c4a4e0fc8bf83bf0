//! What of the outbox still holds. A night may pass before something can be told, and what was news then
//! may be wrong by now.

use std::collections::BTreeMap;

use crate::{
    model::{ImportRecord, Notification, NotificationKind, Phase},
    report::notice,
};

/// Events that nobody was told yet.
#[derive(Debug, Default)]
pub(super) struct News {
    /// Those that still hold.
    pub(super) told: Vec<Notification>,
    /// Those that something later has overtaken.
    pub(super) overtaken: Vec<Notification>,
}

/// Tells events that hold from those that do not. Of several of one kind the last counts, but for answers; dates that slipped
/// several times become one event, which tells the last date beside the one that people know.
pub(super) fn sort(events: Vec<Notification>, imports: &[ImportRecord]) -> News {
    let mut of_one_kind: BTreeMap<(String, NotificationKind), Vec<Notification>> = BTreeMap::new();
    let mut order = Vec::new();
    let mut news = News::default();
    for event in events {
        if event.kind == NotificationKind::Answer {
            news.told.push(event);
            continue;
        }
        let key = (event.request_id.clone(), event.kind);
        order.retain(|earlier| *earlier != key);
        order.push(key.clone());
        of_one_kind.entry(key).or_default().push(event);
    }
    let was_delayed = |id: &str| {
        let key = (id.to_owned(), NotificationKind::Delayed);
        order.contains(&key)
    };
    for key in &order {
        let Some(mut same) = of_one_kind.remove(key) else {
            continue;
        };
        let (id, kind) = key;
        let record = imports.iter().find(|record| record.request_id == *id);
        let text = record.map_or_else(
            || same.last().map(|event| event.body.clone()),
            |record| text(record, *kind, &same, was_delayed(id)),
        );
        if let Some(body) = text
            && let Some(last) = same.pop()
        {
            news.told.push(Notification { body, ..last });
        }
        news.overtaken.append(&mut same);
    }
    news
}

/// What the last of some untold events of one kind says now; `None` if it does not hold any more.
fn text(
    record: &ImportRecord,
    kind: NotificationKind,
    untold: &[Notification],
    was_delayed: bool,
) -> Option<String> {
    let holds = match kind {
        NotificationKind::DateSlipped => return notice::slipped(record, untold),
        // Whoever was not told of the delay need not be told of its end.
        NotificationKind::Recovered => record.phase != Phase::Delayed && !was_delayed,
        NotificationKind::NeedsCredentials => record.phase == Phase::NeedsCredentials,
        NotificationKind::NeedsAttention => record.phase == Phase::NeedsAttention,
        NotificationKind::Delayed => record.phase == Phase::Delayed,
        NotificationKind::Completed => record.phase == Phase::Completed,
        NotificationKind::CompletedWithFailures => record.phase == Phase::CompletedWithFailures,
        NotificationKind::NoCallsFound => record.phase == Phase::NoCallsFound,
        NotificationKind::Unsupported => record.phase == Phase::Unsupported,
        NotificationKind::Answer | NotificationKind::Status => true,
    };
    let last = untold.last()?;
    holds.then(|| last.body.clone())
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Date, date};

    use super::sort;
    use crate::{
        model::{
            ImportRecord, MediaCounts, Method, Notification, NotificationKind, Phase, WhoseTurn,
        },
        report::notice::{self, Occasion},
    };

    fn record(phase: Phase, expected: Date) -> ImportRecord {
        let night = "2026-12-01T01:17:00Z".parse().unwrap();
        ImportRecord {
            request_id: "northwind".into(),
            digest: "d".into(),
            customer: "Northwind".into(),
            platform: "gong".into(),
            account: "northwind".into(),
            method: Method::Api,
            phase,
            whose_turn: WhoseTurn::Nobody,
            reason: None,
            calls_listed: 0,
            calls_imported: 0,
            calls_failed: 0,
            transcripts_imported: 0,
            transcripts_pending: 0,
            media: MediaCounts::default(),
            requests_sent: 0,
            requested_completion: None,
            promised_completion: None,
            expected_completion: Some(expected),
            credential_fingerprint: None,
            pull_request: None,
            first_seen_at: night,
            started_at: None,
            finished_at: None,
            failing_since: None,
            next_attempt_at: None,
            updated_at: night,
        }
    }

    fn event(id: &str, kind: NotificationKind, told: Option<Date>, is: Date) -> Notification {
        let occasion = Occasion {
            told,
            ..Occasion::default()
        };
        Notification {
            notification_id: id.into(),
            request_id: "northwind".into(),
            kind,
            body: notice::body(&record(Phase::Importing, is), kind, occasion),
        }
    }

    /// Slips of the first, from the 2nd to the 3rd, and of the second night, to the 5th, that nobody was told.
    fn slips() -> Vec<Notification> {
        let day = |day| date(2026, 12, day);
        let slip = NotificationKind::DateSlipped;
        vec![
            event("a", slip, Some(day(2)), day(3)),
            event("b", slip, Some(day(3)), day(5)),
        ]
    }

    fn ids(events: &[Notification]) -> Vec<&str> {
        events.iter().map(|event| &*event.notification_id).collect()
    }

    #[test]
    fn several_slips_become_one_from_the_date_that_people_know() {
        let news = sort(slips(), &[record(Phase::Importing, date(2026, 12, 5))]);
        assert_eq!(
            (ids(&news.told), ids(&news.overtaken)),
            (vec!["b"], vec!["a"])
        );
        let headline = news.told[0].body.lines().next().unwrap();
        assert!(
            headline.contains("Sat 5 Dec 2026 instead of Wed 2 Dec 2026"),
            "{headline}"
        );
        let less = sort(slips(), &[record(Phase::Importing, date(2026, 12, 4))]);
        assert!(
            less.told[0]
                .body
                .contains("Fri 4 Dec 2026 instead of Wed 2 Dec 2026")
        );
    }

    #[test]
    fn what_is_wrong_by_now_is_not_told() {
        for (phase, expected) in [
            (Phase::Completed, date(2026, 12, 4)),
            (Phase::Importing, date(2026, 12, 2)),
            (Phase::NeedsCredentials, date(2026, 12, 5)),
        ] {
            let news = sort(slips(), &[record(phase, expected)]);
            assert_eq!(
                (ids(&news.told), ids(&news.overtaken)),
                (vec![], vec!["a", "b"])
            );
        }
        let today = date(2026, 12, 5);
        let delay = || {
            vec![
                event("a", NotificationKind::Delayed, None, today),
                event("b", NotificationKind::Recovered, None, today),
            ]
        };
        let news = sort(delay(), &[record(Phase::Importing, today)]);
        assert!(news.told.is_empty(), "neither a delay nor its end");
        let end = delay().split_off(1);
        let news = sort(end, &[record(Phase::Importing, today)]);
        assert_eq!(ids(&news.told), ["b"], "people know of the delay");
    }
}
