//! Commands on pull requests, before anything is planned. No event is waited for: what was asked and is not
//! answered is done, however it was missed before.
//!
//! What a command changes and its answer are one transaction; the answer waits in the outbox like any other
//! news. So a command is carried out once, whatever GitHub does meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::{
    Edges, Settings,
    deliver::{Stop, in_repository},
    later,
};
use crate::{
    comments::{Halt, Kind, Patience, Placed},
    github::{Place, Reaction, Remark},
    model::{ImportRecord, Notification, NotificationKind, Phase},
    report::{
        command::{self, Asked, Command},
        comment,
    },
    spec::Declared,
    store::StoreError,
};

/// How far back comments are read, beyond the last run.
const BACK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How long an import that is finished can be commanded.
const FINISHED: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Pages of a hundred comments that are read at most.
const PAGES: usize = 5;

/// Commands of one night; what is more waits for the next.
const COMMANDS: usize = 50;

/// How long the night waits for GitHub before it begins without.
const PATIENCE: SignedDuration = SignedDuration::from_mins(5);

/// Recorded as the place of the answer to somebody who may not command: there is none.
const NO_RIGHT: &str = "no-right";

/// Carries out what people with the right to write asked for in comments on the pull requests of imports.
/// Without news that is one request to GitHub, and none where nothing could be commanded.
///
/// # Errors
/// When the record cannot be read or written.
pub(super) async fn carry_out(
    settings: &Settings<'_>,
    edges: &Edges<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(github) = edges.github else {
        return Ok(());
    };
    let imports = edges.store.imports().await?;
    let imports: Vec<&ImportRecord> = imports
        .iter()
        .filter(|import| settings.concerns(&import.request_id) && can_be_commanded(import, now))
        .collect();
    if imports.is_empty() {
        return Ok(());
    }
    let give_up = later(now, PATIENCE);
    let patience = Patience::new(github, edges.clock, edges.interrupt.clone(), give_up);
    let mut commands = Commands {
        edges,
        declared: settings.declared,
        imports,
        placed: Placed::new(patience),
        rights: BTreeMap::new(),
    };
    match commands.carry_out(now).await {
        Ok(()) => Ok(()),
        Err(Stop::Store(error)) => Err(error),
        Err(Stop::Halt(halt)) => {
            tracing::warn!(reason = %halt, "commands on GitHub cannot be read; the next run does");
            Ok(())
        }
    }
}

fn can_be_commanded(import: &ImportRecord, now: Timestamp) -> bool {
    let finished = import.finished_at;
    let is_recent = finished.is_none_or(|finished| now.duration_since(finished) < FINISHED);
    let is_open = import.phase.is_unfinished() || import.phase == Phase::CompletedWithFailures;
    import.pull_request.is_some() && (is_open || is_recent)
}

struct Commands<'a> {
    edges: &'a Edges<'a>,
    declared: &'a Declared,
    imports: Vec<&'a ImportRecord>,
    placed: Placed<'a>,
    /// Who may command, as far as it was asked.
    rights: BTreeMap<String, bool>,
}

impl<'a> Commands<'a> {
    async fn carry_out(&mut self, now: Timestamp) -> Result<(), Stop> {
        for (remark, asked) in self.unanswered(now).await?.into_iter().take(COMMANDS) {
            self.obey(&remark, &asked, now).await?;
        }
        Ok(())
    }

    /// Commands without an answer in the record, the oldest first.
    async fn unanswered(&mut self, now: Timestamp) -> Result<Vec<(Remark, Asked)>, Stop> {
        let last = self.edges.store.last_run().await?.unwrap_or(now);
        let since = last.min(now).saturating_sub(BACK);
        let since = since.unwrap_or(Timestamp::MIN);
        let patience = self.placed.patience();
        let remarks = patience.send(Kind::Read, |github| github.remarks(since, PAGES));
        let numbers: BTreeSet<i64> = self
            .imports
            .iter()
            .filter_map(|import| import.pull_request)
            .collect();
        let mut commands: Vec<(Remark, Asked)> = remarks
            .await?
            .into_iter()
            .filter(|remark| numbers.contains(&remark.number) && !remark.is_by_program)
            .filter_map(|remark| {
                let asked = command::read(&remark.body)?;
                Some((remark, asked))
            })
            .collect();
        commands.sort_by_key(|(remark, _)| remark.id);
        let ids = commands
            .iter()
            .map(|(remark, _)| command::answer_id(remark.id));
        let known = self.edges.store.known_notifications(ids.collect()).await?;
        commands.retain(|(remark, _)| !known.contains(&command::answer_id(remark.id)));
        Ok(commands)
    }

    async fn obey(&mut self, remark: &Remark, asked: &Asked, now: Timestamp) -> Result<(), Stop> {
        let of_pull: Vec<&ImportRecord> = self
            .imports
            .iter()
            .copied()
            .filter(|import| import.pull_request == Some(remark.number))
            .collect();
        let Some(first) = of_pull.first() else {
            return Ok(());
        };
        let author = remark.author.clone().unwrap_or_default();
        let mut answer = Notification {
            notification_id: command::answer_id(remark.id),
            request_id: first.request_id.clone(),
            kind: NotificationKind::Answer,
            body: String::new(),
        };
        let store = self.edges.store;
        // What the workflow has answered at once is done.
        let place = Place::PullRequest(remark.number);
        let marker = comment::event_marker(&answer.notification_id);
        if asked.command != Some(Command::Retry)
            && let Some(found) = self.placed.find(&place, &marker).await?
        {
            let id = found.id.to_string();
            return Ok(store.delivered(answer, id, now).await?);
        }
        if !self.may_command(&author).await? {
            let place = NO_RIGHT.to_owned();
            return Ok(store.delivered(answer, place, now).await?);
        }
        let (sentences, retried) = reply(asked, &of_pull, self.declared);
        answer.body = command::answer(&author, &sentences);
        let reaction = match asked.command {
            Some(Command::Retry) if retried.is_empty() => Reaction::Confused,
            Some(_) => Reaction::Rocket,
            None => Reaction::Confused,
        };
        store.carry_out(retried, answer, now).await?;
        let reacted = self
            .placed
            .patience()
            .send(Kind::Edit, |github| github.react(remark.id, reaction));
        if let Err(halt) = reacted.await {
            tracing::warn!(reason = %halt, "a command was carried out without a reaction");
        }
        Ok(())
    }

    /// Asked again each time, because the right may have gone since the comment was written.
    async fn may_command(&mut self, author: &str) -> Result<bool, Halt> {
        if author.is_empty() {
            return Ok(false);
        }
        if let Some(right) = self.rights.get(author) {
            return Ok(*right);
        }
        let patience = self.placed.patience();
        let right = patience.send(Kind::Read, |github| github.may_write(author));
        let right = right.await?;
        self.rights.insert(author.to_owned(), right);
        Ok(right)
    }
}

/// What is answered, and which imports go again.
fn reply(asked: &Asked, of_pull: &[&ImportRecord], declared: &Declared) -> (String, Vec<String>) {
    let ids: Vec<&str> = of_pull.iter().map(|import| &*import.request_id).collect();
    let meant: Vec<&ImportRecord> = match &asked.request_id {
        Some(id) => of_pull
            .iter()
            .copied()
            .filter(|import| import.request_id == *id)
            .collect(),
        None => of_pull.to_vec(),
    };
    let nothing = Vec::new();
    match (asked.command, meant.as_slice()) {
        (None, _) => (command::list(), nothing),
        (Some(_), []) => (command::no_such_request(&ids), nothing),
        (Some(Command::Retry), meant) => {
            let retried = meant.iter().filter(|import| command::can_try_again(import));
            let retried = retried.map(|import| import.request_id.clone()).collect();
            (command::retried(meant), retried)
        }
        (Some(Command::Status), meant) => (command::stands(meant), nothing),
        (Some(Command::Cancel), [import]) => {
            let id = &import.request_id;
            let sentences = match declared.path(id) {
                Some(path) => command::cancel_again(id, in_repository(path)),
                None => command::is_cancelled(id),
            };
            (sentences, nothing)
        }
        (Some(Command::Cancel), _) => (command::which(&ids), nothing),
    }
}
