//! A command on a pull request, acknowledged at once. What needs the record is left to the nightly run, which
//! reads every command that has no answer.

use super::propose::{Change, Proposal, ProposeError, propose};
use crate::{
    comments::{Halt, Kind, Patience, Placed},
    github::{CommentId, Place, Reaction, Remark},
    report::{
        command::{self, Asked, Command},
        comment,
    },
    workspace,
};

/// A comment to look at.
#[derive(Debug, Clone, Copy)]
pub struct Remarked<'a> {
    /// Its id; everything else is asked from GitHub.
    pub comment: i64,
    /// The requests folder, from the root of the repository.
    pub folder: &'a str,
    /// Where people see the repository: `https://github.com`.
    pub server: &'a str,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acknowledged {
    /// It is no command of a person on a pull request.
    NoCommand,
    /// Its author may not command.
    NoRight,
    /// The nightly run does it.
    Tonight,
    /// The answer stands there.
    Here,
}

/// Looks at a comment, and acknowledges it if it is a command of somebody who may write to the repository.
///
/// # Errors
/// When GitHub lets nothing through; the nightly run answers then.
pub async fn acknowledge(
    patience: Patience<'_>,
    remarked: &Remarked<'_>,
) -> Result<Acknowledged, Halt> {
    let mut placed = Placed::new(patience);
    let patience = placed.patience();
    let remark = patience
        .send(Kind::Read, |github| github.remark(remarked.comment))
        .await?;
    let Some((remark, asked)) = remark.and_then(command_of) else {
        return Ok(Acknowledged::NoCommand);
    };
    let is_merged = patience
        .send(Kind::Read, |github| github.is_merged(remark.number))
        .await?;
    let (Some(is_merged), Some(author)) = (is_merged, remark.author.clone()) else {
        return Ok(Acknowledged::NoCommand);
    };
    let mut answering = Answering {
        placed,
        remark: &remark,
        author: &author,
        remarked,
    };
    answering.answer(&asked, is_merged).await
}

fn command_of(remark: Remark) -> Option<(Remark, Asked)> {
    let asked = command::read(&remark.body)?;
    (!remark.is_by_program).then_some((remark, asked))
}

struct Answering<'a> {
    placed: Placed<'a>,
    remark: &'a Remark,
    author: &'a str,
    remarked: &'a Remarked<'a>,
}

impl Answering<'_> {
    async fn answer(&mut self, asked: &Asked, is_merged: bool) -> Result<Acknowledged, Halt> {
        let author = self.author;
        let patience = self.placed.patience();
        let may_write = patience.send(Kind::Read, |github| github.may_write(author));
        if !may_write.await? {
            self.react(Reaction::Confused).await?;
            // Strangers get no comment, so that nobody can make us write many.
            if self.remark.is_by_member {
                self.say(&command::no_right()).await?;
            }
            return Ok(Acknowledged::NoRight);
        }
        if asked.command.is_some() {
            self.react(Reaction::Eyes).await?;
        }
        let (sentences, reaction) = match asked.command {
            None => (command::list(), Reaction::Confused),
            Some(_) if !is_merged => (command::not_merged(), Reaction::Confused),
            Some(command) => {
                let requests = self.requests().await?;
                match meant(&requests, asked, command) {
                    Err(sentences) => (sentences, Reaction::Confused),
                    Ok(_) if command == Command::Retry => return Ok(Acknowledged::Tonight),
                    Ok(meant) if command == Command::Cancel => self.cancel(meant[0]).await?,
                    Ok(meant) => (self.status(&meant).await?, Reaction::Rocket),
                }
            }
        };
        self.say(&sentences).await?;
        self.react(reaction).await?;
        Ok(Acknowledged::Here)
    }

    /// The request files that the pull request brought or changed.
    async fn requests(&mut self) -> Result<Vec<Request>, Halt> {
        let number = self.remark.number;
        let patience = self.placed.patience();
        let files = patience.send(Kind::Read, |github| github.pull_files(number));
        let folder = self.remarked.folder;
        let requests = files.await?.into_iter().filter(|file| !file.is_deleted);
        let requests = requests.filter_map(|file| {
            let inside = file.path.strip_prefix(folder)?.strip_prefix('/')?;
            let stem = inside.rsplit('/').next()?.strip_suffix(".yaml")?;
            workspace::is_request(inside).then(|| Request {
                id: stem.to_owned(),
                path: file.path.clone(),
            })
        });
        Ok(requests.collect())
    }

    async fn status(&mut self, meant: &[&Request]) -> Result<String, Halt> {
        let number = self.remark.number;
        let place = Place::PullRequest(number);
        let repository = self.placed.patience().github().repository().to_owned();
        let server = self.remarked.server;
        let mut links = Vec::new();
        for request in meant {
            let marker = comment::status_marker(&request.id);
            let found = self.placed.find(&place, &marker).await?;
            let link = found.and_then(|found| match found.id {
                CommentId::PullRequest(id) => Some(format!(
                    "{server}/{repository}/pull/{number}#issuecomment-{id}"
                )),
                CommentId::Commit(_) => None,
            });
            links.push((request.id.clone(), link));
        }
        Ok(command::status(&links))
    }

    /// Files are what is wanted, so an import is cancelled by a pull request that deletes its file.
    async fn cancel(&mut self, request: &Request) -> Result<(String, Reaction), Halt> {
        let Request { id, path } = request;
        let (title, body) = command::cancel_pull_request(id, self.remark.number, self.author);
        let branch = format!("call-import/cancel-{id}");
        let proposal = Proposal {
            branch: &branch,
            path,
            change: Change::Delete,
            source: "cancel",
            title: &title,
            body: &body,
            label: None,
        };
        match propose(self.placed.patience(), &proposal).await {
            Ok(proposed) => Ok((
                command::cancelling(id, proposed.pull.number),
                Reaction::Rocket,
            )),
            Err(ProposeError::Settled { .. }) => Ok((command::is_cancelled(id), Reaction::Rocket)),
            Err(ProposeError::Halt(halt @ (Halt::Later(_) | Halt::Unknown(_)))) => Err(halt),
            Err(error) => {
                tracing::warn!(%error, "no pull request could be opened");
                let patience = self.placed.patience();
                let base = patience.send(Kind::Read, |github| github.default_branch());
                let base = base.await?;
                let repository = self.placed.patience().github().repository();
                let server = self.remarked.server;
                let address = format!("{server}/{repository}/delete/{base}/{path}");
                Ok((command::cancel_by_hand(id, &address), Reaction::Confused))
            }
        }
    }

    async fn say(&mut self, sentences: &str) -> Result<(), Halt> {
        let marker = comment::event_marker(&command::answer_id(self.remark.id));
        let text = command::answer(self.author, sentences);
        let place = Place::PullRequest(self.remark.number);
        let text = format!("{marker}\n{text}");
        self.placed.put(&place, None, &text).await?;
        self.placed.remove_doubles().await.map(drop)
    }

    async fn react(&mut self, reaction: Reaction) -> Result<(), Halt> {
        let id = self.remark.id;
        let patience = self.placed.patience();
        let react = patience.send(Kind::Edit, |github| github.react(id, reaction));
        match react.await {
            // A reaction is a courtesy; a locked conversation takes none.
            Err(Halt::Refused(error)) => {
                tracing::warn!(%error, "no reaction there");
                Ok(())
            }
            reacted => reacted,
        }
    }
}

/// A request file of a pull request.
struct Request {
    id: String,
    path: String,
}

/// The requests that a command means, or what to answer instead.
fn meant<'a>(
    requests: &'a [Request],
    asked: &Asked,
    command: Command,
) -> Result<Vec<&'a Request>, String> {
    let ids: Vec<&str> = requests.iter().map(|request| &*request.id).collect();
    let meant: Vec<&Request> = match &asked.request_id {
        Some(id) => requests
            .iter()
            .filter(|request| request.id == *id)
            .collect(),
        None => requests.iter().collect(),
    };
    match (command, meant.as_slice()) {
        (_, []) => Err(command::no_such_request(&ids)),
        (Command::Cancel, [_, _, ..]) => Err(command::which(&ids)),
        (Command::Cancel | Command::Retry | Command::Status, _) => Ok(meant),
    }
}
