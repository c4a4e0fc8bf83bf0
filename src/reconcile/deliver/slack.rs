//! The same events on Slack, once. A webhook gives no way to look what stands there. So it is written down that a
//! message may stand there before it is sent, and whatever becomes of it and of this run, it is not sent again:
//! GitHub tells it in any case.
//!
//! What is written down is kept with the record. Where a machine is lost with a record that was not saved since,
//! the next run cannot know of it, and sends these messages once more.

use jiff::{SignedDuration, Timestamp};

use super::{OVERTAKEN, news};
use crate::{
    http::SendError,
    model::{ImportRecord, Notification},
    reconcile::{Edges, Settings, later},
    report,
    slack::{Slack, SlackError},
    store::StoreError,
};

/// How long Slack is told what it missed. What is older is told on GitHub alone.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Between two messages (Slack Docs, "Rate limits": one a second).
const BETWEEN: SignedDuration = SignedDuration::from_secs(1);

/// How often a message is sent again that Slack did not get.
const REPEATS: u32 = 3;

/// First wait before that; doubled each time.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(5);

/// Wait after a limit that does not say how long it lasts.
const LIMIT: SignedDuration = SignedDuration::from_secs(30);

/// Recorded as the place of a message that was sent, or was about to be, and whose answer nobody has seen.
const UNANSWERED: &str = "unanswered";

/// Recorded as the place of a message that Slack took.
const TAKEN: &str = "ok";

/// Tells Slack what it was not told yet. Whatever it answers, no import fails by it, and the next run tells
/// the rest.
///
/// # Errors
/// When the record cannot be read or written.
pub(super) async fn tell(
    settings: &Settings<'_>,
    edges: &Edges<'_>,
    slack: &Slack,
    imports: &[ImportRecord],
    give_up: Timestamp,
) -> Result<(), StoreError> {
    let now = edges.clock.now();
    let since = now.saturating_sub(KEPT).unwrap_or(Timestamp::MIN);
    let mut events = edges.store.untold_on_slack(since).await?;
    events.retain(|event| settings.concerns(&event.request_id));
    let news = news::sort(events, imports);
    for event in news.overtaken {
        let store = edges.store;
        store.told_on_slack(event, Some(OVERTAKEN), now).await?;
    }
    let mut sender = Sender {
        edges,
        slack,
        give_up,
        next: now,
    };
    for event in news.told {
        let number = imports
            .iter()
            .find(|import| import.request_id == event.request_id)
            .and_then(|import| import.pull_request);
        if let Err(reason) = sender.wait().await {
            tell_halt(&reason);
            break;
        }
        let (store, now) = (edges.store, edges.clock.now());
        store
            .told_on_slack(event.clone(), Some(UNANSWERED), now)
            .await?;
        let sent = sender.send(&event, number).await;
        let now = edges.clock.now();
        store
            .told_on_slack(event, sent.as_ref().ok().copied(), now)
            .await?;
        if let Err(reason) = sent {
            tell_halt(&reason);
            break;
        }
    }
    Ok(())
}

fn tell_halt(reason: &str) {
    tracing::warn!(
        reason,
        "not everything could be told on Slack; the next run does"
    );
}

struct Sender<'a> {
    edges: &'a Edges<'a>,
    slack: &'a Slack,
    give_up: Timestamp,
    /// When the next message may be sent.
    next: Timestamp,
}

impl Sender<'_> {
    /// Sends a message until Slack takes it, or why that is not worth waiting for. Gives what became of it.
    async fn send(
        &mut self,
        event: &Notification,
        pull_request: Option<i64>,
    ) -> Result<&'static str, String> {
        let place = pull_request.and_then(|number| {
            let address = self.slack.pull_request(number)?;
            Some((address, number))
        });
        let place = place
            .as_ref()
            .map(|(address, number)| (&**address, *number));
        let message = self.slack.message(&report::slack::text(&event.body, place));
        let mut failed = 0;
        loop {
            self.wait().await?;
            let (http, now) = (self.edges.http, self.edges.clock.now());
            let sent = http.post(self.slack.webhook(), &message, now).await;
            self.next = later(now, BETWEEN);
            let answer = match sent {
                Ok(reply) => Slack::judge(reply.status, reply.retry_after, &reply.body),
                Err(error) if may_have_arrived(&error) => {
                    tracing::warn!(
                        request = event.request_id,
                        detail = error.detail(),
                        "no answer from Slack: the message may stand there, and is not sent again"
                    );
                    return Ok(UNANSWERED);
                }
                Err(error) if failed == REPEATS => return Err(error.detail()),
                Err(_) => {
                    self.wait_after_failure(&mut failed);
                    continue;
                }
            };
            match answer {
                Ok(()) => return Ok(TAKEN),
                Err(SlackError::Limited(after)) => {
                    let after = after.and_then(|after| SignedDuration::try_from(after).ok());
                    // Limits are told in whole seconds.
                    let after = after.map_or(LIMIT, |after| after.saturating_add(BETWEEN));
                    self.next = later(self.edges.clock.now(), after);
                }
                Err(error @ SlackError::Refused { .. }) => return Err(error.to_string()),
                Err(error @ SlackError::Failed(_)) if failed == REPEATS => {
                    return Err(error.to_string());
                }
                Err(SlackError::Failed(_)) => self.wait_after_failure(&mut failed),
            }
        }
    }

    fn wait_after_failure(&mut self, failed: &mut u32) {
        let wait = FIRST_WAIT.saturating_mul(1 << *failed);
        self.next = later(self.edges.clock.now(), wait);
        *failed += 1;
    }

    async fn wait(&self) -> Result<(), String> {
        let mut interrupt = self.edges.interrupt.clone();
        let stopped = || Err("the run was stopped".to_owned());
        if *interrupt.borrow() {
            return stopped();
        }
        if self.next <= self.edges.clock.now() {
            return Ok(());
        }
        if self.next > self.give_up {
            return Err("it would take too long".into());
        }
        tokio::select! {
            biased;
            _ = interrupt.changed() => stopped(),
            () = self.edges.clock.wait(self.next, 0) => Ok(()),
        }
    }
}

/// Whether Slack may have got a message that brought no answer.
fn may_have_arrived(error: &SendError) -> bool {
    !error.is_unsent()
}
