//! Slack, as the environment describes it.

use std::env;

use secrecy::{ExposeSecret, SecretString};

use super::{github, known};
use crate::{http::Endpoint, slack::Slack};

/// The address of an incoming webhook: whoever has it can write there.
const WEBHOOK: &str = "SLACK_WEBHOOK_URL";

/// Slack, if a webhook is set. One that cannot be used stops no import.
pub(super) fn channel() -> Option<Slack> {
    let webhook = SecretString::from(env::var(WEBHOOK).ok()?.trim());
    if webhook.expose_secret().is_empty() {
        return None;
    }
    if !Endpoint::is_address(webhook.expose_secret()) {
        tracing::warn!("{WEBHOOK} is not the address of a webhook: nobody is told on Slack");
        return None;
    }
    Some(Slack::new(webhook, github::pull_requests()).withholding(known::secrets()))
}
