//! The outbox: what people must be told, and where it was told.

use duckdb::{Connection, params};
use jiff::Timestamp;

use super::{
    error::StoreError,
    ledger::must_exist,
    values::{Cells, Utc},
};
use crate::model::{Notification, NotificationKind};

/// The channel every notification is made for.
const CHANNEL: &str = "github";

/// The channel that gets a copy. The copy's row is written once it is told, its id made from the other's.
const SLACK: &str = "slack";

/// What the id of a copy ends with.
const COPY: &str = "-slack";

/// What waits for delivery, and which status comments there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outbox {
    /// Events that nobody was told yet, oldest first.
    pub events: Vec<Notification>,
    /// Status comments, with the text that they have.
    pub statuses: Vec<PostedStatus>,
}

/// A status comment that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostedStatus {
    /// The comment as row of `notifications`: one for each import and place.
    pub notification: Notification,
    /// Where it is, in the words of the one who posted it.
    pub remote_id: String,
}

/// Writes notifications, but none twice.
pub(super) fn add(
    connection: &Connection,
    notifications: &[Notification],
    now: Timestamp,
) -> Result<(), StoreError> {
    for notification in notifications {
        connection.execute(
            "INSERT INTO notifications (notification_id, request_id, kind, channel, body, created_at)
             SELECT $1, $2, $3, $4, $5, $6
             WHERE NOT EXISTS (SELECT 1 FROM notifications WHERE notification_id = $1)",
            params![
                notification.notification_id,
                notification.request_id,
                notification.kind.as_str(),
                CHANNEL,
                notification.body,
                Utc(now)
            ],
        )?;
    }
    Ok(())
}

/// Everything in the outbox.
pub(super) fn all(connection: &Connection) -> Result<Outbox, StoreError> {
    let mut statement = connection.prepare(
        "SELECT notification_id, request_id, kind, body, remote_id FROM notifications
         WHERE channel = $1 AND (delivered_at IS NULL OR kind = $2)
         ORDER BY created_at, notification_id",
    )?;
    let status = NotificationKind::Status.as_str();
    let rows = statement.query_map([CHANNEL, status], |row| {
        let mut cells = Cells::of(row);
        let notification = Notification {
            notification_id: cells.take()?,
            request_id: cells.take()?,
            kind: cells.word()?,
            body: cells.take()?,
        };
        Ok((notification, cells.take::<Option<String>>()?))
    })?;
    let mut outbox = Outbox::default();
    for row in rows {
        match row? {
            (notification, None) => outbox.events.push(notification),
            (notification, Some(remote_id)) => outbox.statuses.push(PostedStatus {
                notification,
                remote_id,
            }),
        }
    }
    Ok(outbox)
}

/// Writes down that a notification was delivered, with the text that stands there now. A status has no row
/// before its comment exists.
pub(super) fn delivered(
    connection: &Connection,
    notification: &Notification,
    remote_id: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    add(connection, std::slice::from_ref(notification), now)?;
    let changed = connection.execute(
        "UPDATE notifications SET body = ?, delivered_at = ?, remote_id = ? WHERE notification_id = ?",
        params![
            notification.body,
            Utc(now),
            remote_id,
            notification.notification_id
        ],
    )?;
    must_exist(changed, "notification", &notification.notification_id)
}

/// Events since a moment of which Slack was told nothing, oldest first. Answers to people on GitHub are
/// theirs alone; what was overtaken before anybody was told is no news, and what was erased has no text.
pub(super) fn untold_on_slack(
    connection: &Connection,
    since: Timestamp,
) -> Result<Vec<Notification>, StoreError> {
    let mut statement = connection.prepare(
        "SELECT notification_id, request_id, kind, body FROM notifications AS event
         WHERE channel = $1 AND kind NOT IN ($2, $3) AND created_at >= $4
           AND remote_id IS DISTINCT FROM 'overtaken' AND body <> ''
           AND NOT EXISTS (SELECT 1 FROM notifications AS copy
                           WHERE copy.channel = $5 AND copy.notification_id = event.notification_id || $6)
         ORDER BY created_at, notification_id",
    )?;
    let parameters = params![
        CHANNEL,
        NotificationKind::Status.as_str(),
        NotificationKind::Answer.as_str(),
        Utc(since),
        SLACK,
        COPY
    ];
    let rows = statement.query_map(parameters, |row| {
        let mut cells = Cells::of(row);
        Ok(Notification {
            notification_id: cells.take()?,
            request_id: cells.take()?,
            kind: cells.word()?,
            body: cells.take()?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Writes down what became of an event on Slack, in the place of what was written of it before; `None` if it
/// was not told after all.
pub(super) fn told_on_slack(
    connection: &Connection,
    event: &Notification,
    remote_id: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let copy = format!("{}{COPY}", event.notification_id);
    connection.execute(
        "DELETE FROM notifications WHERE notification_id = ?",
        [&copy],
    )?;
    let Some(remote_id) = remote_id else {
        return Ok(());
    };
    connection.execute(
        "INSERT INTO notifications
             (notification_id, request_id, kind, channel, body, created_at, delivered_at, remote_id)
         VALUES ($1, $2, $3, $4, $5, $6, $6, $7)",
        params![
            copy,
            event.request_id,
            event.kind.as_str(),
            SLACK,
            event.body,
            Utc(now),
            remote_id
        ],
    )?;
    Ok(())
}

/// Of these notifications those that are recorded, told or not.
pub(super) fn known(connection: &Connection, ids: &[String]) -> Result<Vec<String>, StoreError> {
    let mut statement =
        connection.prepare("SELECT count(*) > 0 FROM notifications WHERE notification_id = ?")?;
    let mut known = Vec::new();
    for id in ids {
        if statement.query_row([id], |row| row.get(0))? {
            known.push(id.clone());
        }
    }
    Ok(known)
}

/// Remembers the pull request of an import's request file.
pub(super) fn set_pull_request(
    connection: &Connection,
    request_id: &str,
    number: i64,
) -> Result<(), StoreError> {
    let changed = connection.execute(
        "UPDATE imports SET pull_request = ? WHERE request_id = ?",
        params![number, request_id],
    )?;
    must_exist(changed, "import", request_id)
}
