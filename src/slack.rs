//! Slack's incoming webhooks: what is sent to one, and what its answer means
//! (<https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>).

use std::{fmt, time::Duration};

use secrecy::SecretString;
use serde_json::{Value, json};

use crate::model::KnownSecrets;

/// One channel of Slack, by the address that writes into it. Whoever knows the address can write there, so
/// it is a secret.
pub struct Slack {
    webhook: SecretString,
    pull_requests: Option<String>,
    known: KnownSecrets,
}

/// Why a message was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SlackError {
    /// Too many messages (HTTP 429).
    #[error("Slack's rate limit is reached")]
    Limited(Option<Duration>),
    /// The webhook or the message is not accepted, however often it is sent: `no_service`, `channel_is_archived`.
    #[error("Slack says {status}: {reason}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Slack's own word.
        reason: String,
    },
    /// Slack is not well (HTTP 5xx).
    #[error("Slack answers {0}")]
    Failed(u16),
}

impl Slack {
    /// `pull_requests` is what the addresses of pull requests begin with, where they are known.
    pub fn new(webhook: SecretString, pull_requests: Option<String>) -> Self {
        Self {
            webhook,
            pull_requests,
            known: KnownSecrets::default(),
        }
    }

    /// The same, but no text that holds one of these secrets gets there.
    #[must_use]
    pub fn withholding(self, known: &KnownSecrets) -> Self {
        let known = known.clone();
        Self { known, ..self }
    }

    /// The address to send to.
    pub const fn webhook(&self) -> &SecretString {
        &self.webhook
    }

    /// The address of a pull request.
    pub fn pull_request(&self, number: i64) -> Option<String> {
        let begin = self.pull_requests.as_ref()?;
        Some(format!("{begin}{number}"))
    }

    /// A message as the webhook takes it. Names in the text mention nobody and addresses unfold nothing.
    pub fn message(&self, text: &str) -> Value {
        let text = self.known.withheld_from(text, "Slack");
        json!({"text": text, "link_names": false, "unfurl_links": false, "unfurl_media": false})
    }

    /// What an answer means. A message that was taken is answered with 200 and `ok`.
    ///
    /// # Errors
    /// [`SlackError`] when it was not.
    pub fn judge(
        status: u16,
        retry_after: Option<Duration>,
        body: &[u8],
    ) -> Result<(), SlackError> {
        match status {
            200..300 => Ok(()),
            429 => Err(SlackError::Limited(retry_after)),
            500.. => Err(SlackError::Failed(status)),
            _ => {
                let reason = String::from_utf8_lossy(body);
                let reason = reason.chars().take(60);
                Err(SlackError::Refused {
                    status,
                    reason: reason
                        .map(|c| if c.is_control() { ' ' } else { c })
                        .collect(),
                })
            }
        }
    }
}

impl fmt::Debug for Slack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slack").finish_non_exhaustive()
    }
}
