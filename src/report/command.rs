//! What people may ask for by a comment on a merged pull request, and what they are answered.

use super::{
    comment::is_login,
    notice::subject,
    phase,
    text::{code_span, count},
};
use crate::{
    model::{ImportRecord, NotificationKind, Phase, words::unsigned},
    plan,
};

/// What the first line of a command begins with.
const WORD: &str = "/import";

/// Longest first line that is looked at, in bytes.
const LONGEST: usize = 200;

/// Something that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// What failed or is held goes again.
    Retry,
    /// Where it stands.
    Status,
    /// It is to stop.
    Cancel,
}

/// A comment that asks for something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What for; `None` if it is not understood.
    pub command: Option<Command>,
    /// For which request, if it says so: whatever stands there.
    pub request_id: Option<String>,
}

/// Reads a comment: a command stands on its first line. `None` if it is none.
pub fn read(comment: &str) -> Option<Asked> {
    let line = comment.trim_start().lines().next()?;
    let rest = line.strip_prefix(WORD)?;
    if !rest.is_empty() && !rest.starts_with(char::is_whitespace) {
        return None;
    }
    let unknown = Asked {
        command: None,
        request_id: None,
    };
    if rest.len() > LONGEST {
        return Some(unknown);
    }
    let mut words = rest.split_whitespace();
    let command = match words.next().map(str::to_ascii_lowercase).as_deref() {
        Some("retry") => Command::Retry,
        Some("status") => Command::Status,
        Some("cancel") => Command::Cancel,
        _ => return Some(unknown),
    };
    let request_id = words.next().map(str::to_owned);
    Some(match words.next() {
        Some(_) => unknown,
        None => Asked {
            command: Some(command),
            request_id,
        },
    })
}

/// The notification that answers a comment: one, whoever answers first.
pub fn answer_id(comment: i64) -> String {
    plan::notification_id("", "", NotificationKind::Answer, &comment.to_string())
}

/// The text of an answer, without its hidden first line. `login` is whose comment it answers.
pub fn answer(login: &str, sentences: &str) -> String {
    match is_login(login) {
        true => format!("@{login}\n\n{sentences}\n"),
        false => format!("{sentences}\n"),
    }
}

/// What can be asked for.
pub fn list() -> String {
    "**This command is not known.** On the first line of a comment on a merged pull request may stand:\n\n\
     - `/import retry`: what failed, or is held, goes again in the next night\n\
     - `/import status`: where the import stands\n\
     - `/import cancel`: opens a pull request that deletes the request file; calls that are here stay\n\n\
     Where a pull request brings several requests, the one that is meant stands behind it: `/import retry northwind-gong`."
        .into()
}

/// The command must say which request it means.
pub fn which(ids: &[&str]) -> String {
    let ids: Vec<String> = ids
        .iter()
        .map(|id| format!("- {}", code_span(id)))
        .collect();
    format!(
        "**Which request?** Write it behind the command. This pull request brings:\n\n{}",
        ids.join("\n")
    )
}

/// The pull request brings no such request.
pub fn no_such_request(ids: &[&str]) -> String {
    match ids {
        [] => "**No import belongs to this pull request.** Commands work on the merged pull request that brought the request file, or changed it last.".into(),
        ids => {
            let ids: Vec<String> = ids.iter().map(|id| format!("- {}", code_span(id))).collect();
            format!(
                "**This pull request brings no such request.** It brings:\n\n{}",
                ids.join("\n")
            )
        }
    }
}

/// Nothing runs before the merge.
pub fn not_merged() -> String {
    "**This pull request is not merged yet**, so no import of it runs. The plan comment above says what will become of it.".into()
}

/// Only some may command.
pub fn no_right() -> String {
    "**Commands are for people who may write to this repository.** Ask one of them to write it."
        .into()
}

/// What a night does about imports that are to be tried again, from their rows before that.
pub fn retried(records: &[&ImportRecord]) -> String {
    let lines: Vec<String> = records.iter().map(|record| try_again(record)).collect();
    match lines.as_slice() {
        [line] => line.clone(),
        lines => {
            let lines: Vec<String> = lines.iter().map(|line| format!("- {line}")).collect();
            lines.join("\n")
        }
    }
}

/// Whether trying an import again changes anything.
pub const fn can_try_again(record: &ImportRecord) -> bool {
    match record.phase {
        Phase::Queued
        | Phase::Importing
        | Phase::Retrying
        | Phase::Delayed
        | Phase::NeedsCredentials
        | Phase::NeedsAttention
        | Phase::CompletedWithFailures => true,
        Phase::Completed
        | Phase::NoCallsFound
        | Phase::Unsupported
        | Phase::Suspended
        | Phase::Cancelled => false,
    }
}

fn try_again(record: &ImportRecord) -> String {
    let subject = subject(record);
    if !can_try_again(record) {
        let words = phase::words(record);
        let step = phase::next_step(record);
        return format!("**There is nothing to try again.** {subject} {words}. {step}");
    }
    let what = match unsigned(record.calls_failed) {
        0 => "It goes again in this night".to_owned(),
        1 => "The call that failed is tried again in this night".to_owned(),
        failed => format!(
            "The {} that failed are tried again in this night",
            count(failed, "call")
        ),
    };
    format!(
        "**{what}.** {subject} {}. The status comment says what comes of it.",
        was(record)
    )
}

/// Where it stood, in the past.
fn was(record: &ImportRecord) -> String {
    let words = phase::words(record);
    for (now, then) in [
        ("is ", "was "),
        ("has ", "had "),
        ("needs ", "needed "),
        ("cannot ", "could not "),
    ] {
        if let Some(rest) = words.strip_prefix(now) {
            return format!("{then}{rest}");
        }
    }
    words
}

/// Where the imports stand: links to their status comments, or that there is none yet.
pub fn status(links: &[(String, Option<String>)]) -> String {
    let lines: Vec<String> = links
        .iter()
        .map(|(id, link)| match link {
            Some(link) => format!("- {}: [status comment]({link})", code_span(id)),
            None => format!(
                "- {}: nothing is told here yet; the first night after the merge does",
                code_span(id)
            ),
        })
        .collect();
    format!("**Where it stands:**\n\n{}", lines.join("\n"))
}

/// Where imports stand, in a sentence each.
pub fn stands(records: &[&ImportRecord]) -> String {
    let lines: Vec<String> = records
        .iter()
        .map(|record| format!("- {} {}.", subject(record), phase::words(record)))
        .collect();
    format!(
        "**Where it stands**, as the status comment tells more fully:\n\n{}",
        lines.join("\n")
    )
}

/// A pull request asks for the end of an import.
pub fn cancelling(id: &str, number: i64) -> String {
    format!(
        "**#{number} deletes the request file of {}.** Once somebody merges it, the next night cancels what is not finished. Calls that are here stay.",
        code_span(id)
    )
}

/// The file is gone already.
pub fn is_cancelled(id: &str) -> String {
    format!(
        "**The request file of {} is deleted already.** The next night cancels what is not finished.",
        code_span(id)
    )
}

/// No pull request could be opened; how to do it by hand. `address` is GitHub's page for it.
pub fn cancel_by_hand(id: &str, address: &str) -> String {
    let open = format!("Open [the page that deletes the file]({address}).");
    format!(
        "**GitHub did not let the pull request be opened that deletes the request file of {}, so nothing is cancelled yet.** These steps do the same:\n\n{}",
        code_span(id),
        steps_to_cancel(&open)
    )
}

/// The nightly run, which may not change files, is the first to see the command. `path` is that of the file.
pub fn cancel_again(id: &str, path: &str) -> String {
    let open = format!(
        "Open the file {} on the default branch, press the three dots above its text, then *Delete file*.",
        code_span(path)
    );
    format!(
        "**Nothing is cancelled yet: only the nightly run saw this, and it may not change files.** Write {} in a new comment: within some minutes the answer is a pull request that deletes the request file. If no answer comes, these steps do the same:\n\n{}",
        code_span(&format!("/import cancel {id}")),
        steps_to_cancel(&open)
    )
}

fn steps_to_cancel(open: &str) -> String {
    format!(
        "1. {open}\n\
         2. Press *Commit changes…*, choose *Create a new branch for this commit and start a pull request*, press *Propose changes* and then *Create pull request*.\n\
         3. Merge it when it is approved. The next night cancels what is not finished; calls that are here stay."
    )
}

/// Title and text of the pull request that cancels an import.
pub fn cancel_pull_request(id: &str, number: i64, login: &str) -> (String, String) {
    let by = match is_login(login) {
        true => format!("@{login}"),
        false => "Somebody".into(),
    };
    (
        format!("Cancel the import {id}"),
        format!(
            "{by} asked for this in #{number} with `/import cancel`.\n\nMerging it deletes the request file; the next night then cancels what is not finished. Calls that are here stay. If the file comes back, the import goes on where it stopped.\n"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::{Asked, Command, read};

    #[test]
    fn commands_stand_on_the_first_line() {
        let asked = |command, request_id: Option<&str>| {
            Some(Asked {
                command,
                request_id: request_id.map(str::to_owned),
            })
        };
        for (comment, expected) in [
            ("/import retry", asked(Some(Command::Retry), None)),
            (
                "  /import  Status \r\nThank you!",
                asked(Some(Command::Status), None),
            ),
            (
                "\n/import cancel northwind-gong",
                asked(Some(Command::Cancel), Some("northwind-gong")),
            ),
            ("/import", asked(None, None)),
            ("/import help", asked(None, None)),
            ("/import retry a b", asked(None, None)),
            ("/important retry", None),
            ("Please /import retry", None),
            ("> /import retry", None),
            ("`/import retry`", None),
            ("", None),
        ] {
            assert_eq!(read(comment), expected, "{comment:?}");
        }
        let long = format!("/import retry {}", "x".repeat(100_000));
        assert_eq!(read(&long), asked(None, None));
    }
}
