//! The pull request of a new request: its branch, its title and its words.

use super::{Change, Proposal, ProposeError, Proposed, propose};
use crate::{comments::Patience, report::comment::is_login};

/// The label of such pull requests, where the repository has it.
const LABEL: &str = "import request";

/// What the pull request asks of people, in the words of those that people open themselves.
const TEMPLATE: &str = include_str!("../../.github/pull_request_template.md");

/// A request that nobody has merged yet.
#[derive(Debug, Clone, Copy)]
pub struct NewRequest<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its file, from the root of the repository.
    pub path: &'a str,
    /// The YAML.
    pub text: &'a str,
    /// Login of whoever asks for it, who is told.
    pub requested_by: Option<&'a str>,
    /// The issue in which it was asked for.
    pub issue: Option<i64>,
}

impl NewRequest<'_> {
    /// Its branch.
    pub fn branch(&self) -> String {
        format!("call-import/{}", self.id)
    }

    /// Makes a pull request stand that brings the request.
    ///
    /// # Errors
    /// [`ProposeError`] says why there is none, and what to do.
    pub async fn propose(&self, patience: &mut Patience<'_>) -> Result<Proposed, ProposeError> {
        let source = match (self.issue, self.requested_by) {
            (Some(issue), _) => format!("issue {issue}"),
            (None, Some(login)) => login.to_owned(),
            (None, None) => "nobody in particular".to_owned(),
        };
        let proposal = Proposal {
            branch: &self.branch(),
            path: self.path,
            change: Change::Write(self.text),
            source: &source,
            title: &format!("Import request {}", self.id),
            body: &self.body(),
            label: Some(LABEL),
        };
        propose(patience, &proposal).await
    }

    /// Who asks, where, and what people tick.
    fn body(&self) -> String {
        let login = self.requested_by.filter(|login| is_login(login));
        let who = login.map_or_else(|| "Somebody".to_owned(), |login| format!("@{login}"));
        let place = self.issue.map(|issue| format!(" in #{issue}"));
        let (_, template) = TEMPLATE.split_once("-->").unwrap_or(("", TEMPLATE));
        format!(
            "{who} asks for this import{}.\n\n{}",
            place.unwrap_or_default(),
            template.trim_start()
        )
    }
}
