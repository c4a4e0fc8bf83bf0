//! What all answers have in common, and what all errors have.

use serde_json::{Value, json};

use crate::{random, server::Answer};

/// Where GitHub documents its API.
const DOCUMENTATION: &str = "https://docs.github.com";

pub(super) type Outcome = Result<Answer, Refused>;

/// An error that an endpoint answers with.
pub(super) struct Refused {
    pub(super) status: u16,
    pub(super) message: String,
    /// In place of the documentation of the endpoint.
    pub(super) documentation: Option<&'static str>,
    pub(super) errors: Option<Value>,
}

impl Refused {
    pub(super) fn new(status: u16, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            documentation: None,
            errors: None,
        }
    }

    /// A pull request or a comment that is not there, or not any more.
    pub(super) fn absent(status: u16) -> Self {
        match status {
            410 => Self::new(410, "This issue was deleted"),
            _ => Self::new(status, "Not Found"),
        }
    }

    /// A text that is no commit of the repository.
    pub(super) fn no_commit(sha: &str) -> Self {
        Self::new(422, format!("No commit found for SHA: {sha}"))
    }

    pub(super) fn answer(self, number: usize, documentation: &str) -> Answer {
        let documentation = self.documentation.unwrap_or(documentation);
        error(
            number,
            self.status,
            &self.message,
            documentation,
            self.errors,
        )
    }
}

/// An error in GitHub's form.
pub(super) fn error(
    number: usize,
    status: u16,
    message: &str,
    documentation: &str,
    errors: Option<Value>,
) -> Answer {
    let mut body = json!({
        "message": message,
        "documentation_url": format!("{DOCUMENTATION}{documentation}"),
        "status": status.to_string(),
    });
    if let Some(errors) = errors {
        body["errors"] = errors;
    }
    json(number, status, &body)
}

/// An answer with a body.
pub(super) fn json(number: usize, status: u16, body: &Value) -> Answer {
    Answer {
        status,
        headers: vec![
            ("content-type", "application/json; charset=utf-8".into()),
            ("x-github-request-id", request_id(number)),
            ("x-github-media-type", "github.v3; format=json".into()),
            ("x-github-api-version-selected", "2022-11-28".into()),
        ],
        body: body.to_string().into_bytes(),
    }
}

/// An answer without one.
pub(super) fn empty(number: usize) -> Answer {
    Answer {
        status: 204,
        headers: vec![("x-github-request-id", request_id(number))],
        body: Vec::new(),
    }
}

/// A request without `User-Agent` is refused before anything else, and not in JSON.
pub(super) fn no_agent() -> Answer {
    let body = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header \
                (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required). Check \
                https://developer.github.com for other possible causes.\r\n";
    Answer {
        status: 403,
        headers: vec![("content-type", "text/html".into())],
        body: body.into(),
    }
}

/// The number by which GitHub's support finds a request.
pub(super) fn request_id(number: usize) -> String {
    let mixed = random::mix(number as u64);
    format!(
        "{:04X}:{:05X}:{:08X}",
        mixed >> 48,
        (mixed >> 28) & 0xF_FFFF,
        mixed & 0xFFFF_FFFF
    )
}
