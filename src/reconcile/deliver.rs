//! After a run: what is recorded is told on the pull requests. Events once, as new comments; the status in
//! one comment that is edited when its text changes, and only then.
//!
//! Whatever GitHub does, no import fails by it, and what could not be told is told by the next run, as far as
//! it still holds then.

mod news;
mod slack;

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Edges, Event, Settings};
use crate::{
    comments::{self, Halt, Kind, Patience, Placed},
    github::{CommentId, GitHubError, Origin, Place},
    model::{ImportRecord, Notification, NotificationKind, words::utc_date},
    plan,
    report::comment::{self, StatusFacts},
    store::{Outbox, PostedStatus, StoreError},
};

/// Failed calls that a status comment may name.
const FAILURES: usize = 10;

/// Recorded as the place of an event that stands in the job summary alone.
const JOB_SUMMARY: &str = "job-summary";

/// Recorded as the place of an event that holds no more, and that nobody is told.
const OVERTAKEN: &str = "overtaken";

/// What came of telling.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Events that stand on no pull request and no commit, and never will: they belong into the job summary.
    pub(super) untold: Vec<Notification>,
    /// How many events the next run tells.
    pub(super) waiting: usize,
}

/// Tells people what is new, by GitHub and by Slack. `give_up` is the latest moment that is waited for.
///
/// # Errors
/// When the record cannot be read or written.
pub(super) async fn deliver(
    settings: &Settings<'_>,
    edges: &Edges<'_>,
    imports: &[ImportRecord],
    give_up: Timestamp,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<Told, StoreError> {
    let mut outbox = edges.store.outbox().await?;
    outbox
        .events
        .retain(|event| settings.concerns(&event.request_id));
    let news = news::sort(outbox.events, imports);
    outbox.events = news.told;
    for event in news.overtaken {
        let now = edges.clock.now();
        let store = edges.store;
        store.delivered(event, OVERTAKEN.to_owned(), now).await?;
    }
    let told = match edges.github {
        Some(github) => {
            let patience = Patience::new(github, edges.clock, edges.interrupt.clone(), give_up);
            on_github(settings, edges, patience, imports, &outbox, observe).await?
        }
        None => Told::default(),
    };
    if let Some(slack) = edges.slack {
        // By now it is known where GitHub tells it.
        let imports = edges.store.imports().await?;
        slack::tell(settings, edges, slack, &imports, give_up).await?;
    }
    Ok(told)
}

/// Delivers what is in the outbox, and every status that has changed.
async fn on_github(
    settings: &Settings<'_>,
    edges: &Edges<'_>,
    patience: Patience<'_>,
    imports: &[ImportRecord],
    outbox: &Outbox,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<Told, StoreError> {
    let mut delivery = Delivery {
        settings,
        edges,
        outbox,
        placed: Placed::new(patience),
        origins: BTreeMap::new(),
        told: BTreeMap::new(),
        summarized: Vec::new(),
        observe,
    };
    match delivery.tell_all(imports).await {
        Ok(()) => {}
        Err(Stop::Store(error)) => return Err(error),
        Err(Stop::Halt(halt)) => warn(&halt),
    }
    Ok(delivery.end())
}

struct Delivery<'a> {
    settings: &'a Settings<'a>,
    edges: &'a Edges<'a>,
    outbox: &'a Outbox,
    placed: Placed<'a>,
    /// By path.
    origins: BTreeMap<String, Option<Origin>>,
    /// Markers of this run's comments, with what they tell.
    told: BTreeMap<String, Notification>,
    /// What stands in the job summary alone.
    summarized: Vec<Notification>,
    observe: &'a mut dyn FnMut(Event<'_>),
}

/// Why work on GitHub ends early.
pub(super) enum Stop {
    Halt(Halt),
    Store(StoreError),
}

impl From<Halt> for Stop {
    fn from(halt: Halt) -> Self {
        Self::Halt(halt)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl<'a> Delivery<'a> {
    async fn tell_all(&mut self, imports: &[ImportRecord]) -> Result<(), Stop> {
        for import in imports {
            if self.settings.concerns(&import.request_id) {
                self.tell(import).await?;
            }
        }
        self.remove_doubles().await
    }

    /// Tells all there is to tell about one import.
    async fn tell(&mut self, import: &ImportRecord) -> Result<(), Stop> {
        let id = import.request_id.as_str();
        let events = self.events(id);
        let statuses = self.statuses(id);
        let status = self.status(import).await?;
        let stands = |posted: &&PostedStatus| posted.notification.body == status;
        if events.is_empty() && statuses.iter().any(stands) {
            return Ok(());
        }
        let origin = self.origin(import).await?;
        let pull_request = origin
            .as_ref()
            .and_then(|origin| origin.pull_request.as_ref());
        let author = pull_request.and_then(|pull_request| pull_request.author.clone());
        let number = pull_request.map(|pull_request| pull_request.number);
        if let Some(number) = number
            && import.pull_request != Some(number)
        {
            self.edges.store.set_pull_request(id, number).await?;
        }
        // The last change of the file may have come without a pull request.
        let number = number.or(import.pull_request);
        let places: Vec<Place> = number
            .map(Place::PullRequest)
            .into_iter()
            .chain(origin.map(|origin| Place::Commit(origin.commit)))
            .collect();
        self.tell_status(id, &statuses, status, &places).await?;
        if let Some(number) = number {
            self.point_to(id, &statuses, number).await?;
        }
        let mention = self.requested_by(id).or(author);
        for event in events {
            // An answer says itself whom it answers.
            let mention = mention.as_deref();
            let mention = mention.filter(|_| event.kind != NotificationKind::Answer);
            self.tell_event(event, mention, &places).await?;
        }
        Ok(())
    }

    fn events(&self, request_id: &str) -> Vec<&'a Notification> {
        let events = self.outbox.events.iter();
        events
            .filter(|event| event.request_id == request_id)
            .collect()
    }

    fn statuses(&self, request_id: &str) -> Vec<&'a PostedStatus> {
        let statuses = self.outbox.statuses.iter();
        statuses
            .filter(|posted| posted.notification.request_id == request_id)
            .collect()
    }

    /// The status comment as it should stand. It ends with the revision of the request file, unseen: a
    /// changed file may have come with another pull request, where the comment goes on.
    async fn status(&self, import: &ImportRecord) -> Result<String, StoreError> {
        let id = import.request_id.as_str();
        let failures = if import.failed() > 0 {
            self.edges.store.failures(id, FAILURES).await?
        } else {
            Vec::new()
        };
        let tally = self.edges.store.last_tally(id).await?;
        let declared = self.settings.declared;
        let request = declared.requests.iter().find(|request| request.id == id);
        let path = self.path(id);
        let period = request.filter(|request| request.from.is_some() || request.to.is_some());
        let period = period.map(|request| request.period(utc_date(import.first_seen_at)));
        let outside = match period {
            Some(period) => self.edges.store.calls_outside(import, period).await?,
            None => 0,
        };
        let facts = StatusFacts {
            estimated_calls: request.map(|request| request.estimated_calls),
            settle_days: self.settings.matrix.nightly.settle_days,
            path: path.map(in_repository),
            failures: &failures,
            tally,
            period,
            outside,
        };
        let revision = path.and_then(|path| declared.revisions.get(path));
        Ok(format!(
            "{}\n<!-- file: {} -->\n",
            comment::status(import, &facts).trim_end(),
            revision.map_or("gone", String::as_str)
        ))
    }

    /// The path of a request file as it is shown, if it is there.
    fn path(&self, request_id: &str) -> Option<&'a str> {
        self.settings.declared.path(request_id)
    }

    fn requested_by(&self, request_id: &str) -> Option<String> {
        let requests = &self.settings.declared.requests;
        let request = requests.iter().find(|request| request.id == request_id)?;
        request.requested_by.clone()
    }

    async fn origin(&mut self, import: &ImportRecord) -> Result<Option<Origin>, Halt> {
        let id = &import.request_id;
        // A deleted file is most likely to have been here.
        let path = self.path(id).map(in_repository);
        let path = path.map_or_else(|| format!("requests/{id}.yaml"), str::to_owned);
        if let Some(origin) = self.origins.get(&path) {
            return Ok(origin.clone());
        }
        let patience = self.placed.patience();
        let asked = patience.send(Kind::Read, |github| github.origin(&path));
        let origin = match asked.await {
            // GitHub answers for any path; so it is the repository that we may not see.
            Err(Halt::Refused(error)) => return Err(Halt::Later(error.to_string())),
            asked => asked?,
        };
        self.origins.insert(path, origin.clone());
        Ok(origin)
    }

    async fn tell_status(
        &mut self,
        request_id: &str,
        statuses: &[&PostedStatus],
        text: String,
        places: &[Place],
    ) -> Result<(), Stop> {
        for place in places {
            let notification = Notification {
                notification_id: status_id(request_id, place),
                request_id: request_id.to_owned(),
                kind: NotificationKind::Status,
                body: text.clone(),
            };
            let posted = statuses
                .iter()
                .find(|posted| posted.notification.notification_id == notification.notification_id);
            let known = posted.and_then(|posted| posted.remote_id.parse::<CommentId>().ok());
            match self.placed.put(place, known, &text).await {
                Ok(id) => return Ok(self.record(notification, id, &text).await?),
                Err(Halt::Refused(error)) => tell_refusal(request_id, place, &error),
                Err(halt) => return Err(halt.into()),
            }
        }
        Ok(())
    }

    /// Older status comments of the import link to the pull request where it goes on.
    async fn point_to(
        &mut self,
        request_id: &str,
        statuses: &[&PostedStatus],
        number: i64,
    ) -> Result<(), Stop> {
        let here = status_id(request_id, &Place::PullRequest(number));
        let text = comment::moved(request_id, number);
        for posted in statuses {
            let mut notification = posted.notification.clone();
            let Ok(id) = posted.remote_id.parse::<CommentId>() else {
                continue;
            };
            if notification.notification_id == here || notification.body == text {
                continue;
            }
            match self.placed.edit(id, &text).await {
                // A comment that is gone needs no link.
                Ok(()) | Err(Halt::Refused(_)) => {}
                Err(halt) => return Err(halt.into()),
            }
            notification.body.clone_from(&text);
            self.record(notification, id, &text).await?;
        }
        Ok(())
    }

    async fn tell_event(
        &mut self,
        event: &Notification,
        mention: Option<&str>,
        places: &[Place],
    ) -> Result<(), Stop> {
        let text = comment::event(event, mention);
        for place in places {
            match self.placed.put(place, None, &text).await {
                Ok(id) => return Ok(self.record(event.clone(), id, &text).await?),
                Err(Halt::Refused(error)) => tell_refusal(&event.request_id, place, &error),
                Err(halt) => return Err(halt.into()),
            }
        }
        if self.settings.has_job_summary {
            let now = self.edges.clock.now();
            let store = self.edges.store;
            store
                .delivered(event.clone(), JOB_SUMMARY.to_owned(), now)
                .await?;
            self.summarized.push(event.clone());
        }
        Ok(())
    }

    /// Writes down that a comment stands there, with its whole text.
    async fn record(
        &mut self,
        notification: Notification,
        id: CommentId,
        text: &str,
    ) -> Result<(), StoreError> {
        (self.observe)(Event::Told {
            request_id: &notification.request_id,
            kind: notification.kind,
        });
        let marker = comments::marker(text).to_owned();
        self.told.insert(marker, notification.clone());
        let now = self.edges.clock.now();
        let store = self.edges.store;
        store.delivered(notification, id.to_string(), now).await
    }

    async fn remove_doubles(&mut self) -> Result<(), Stop> {
        for (marker, id) in self.placed.remove_doubles().await? {
            let Some(notification) = self.told.get(&marker).cloned() else {
                continue;
            };
            if notification.kind == NotificationKind::Status {
                self.placed.edit(id, &notification.body).await?;
            }
            self.record(notification, id, &marker).await?;
        }
        Ok(())
    }

    fn end(self) -> Told {
        let is_told = |event: &&Notification| {
            let mut told = self.told.values().chain(&self.summarized);
            told.any(|told| told.notification_id == event.notification_id)
        };
        let told = self.outbox.events.iter().filter(is_told).count();
        Told {
            waiting: self.outbox.events.len() - told,
            untold: self.summarized,
        }
    }
}

/// One row for each import and place.
fn status_id(request_id: &str, place: &Place) -> String {
    plan::notification_id(request_id, "", NotificationKind::Status, &place.to_string())
}

/// A path as GitHub knows it, from the root of the repository.
pub(super) fn in_repository(path: &str) -> &str {
    match path.strip_prefix('/') {
        Some(absolute) => path
            .rfind("/requests/")
            .map_or(absolute, |index| &path[index + 1..]),
        None => path.trim_start_matches("./"),
    }
}

fn tell_refusal(request_id: &str, place: &Place, error: &GitHubError) {
    tracing::warn!(request = request_id, %place, %error, "no comment there");
}

fn warn(halt: &Halt) {
    tracing::warn!(
        reason = %halt,
        "not everything could be told on GitHub; the next run does"
    );
}
