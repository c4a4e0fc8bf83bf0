//! The fields of a request as flags.

use anyhow::anyhow;
use clap::Args;

use crate::{
    cli::{Exit, Stop, place::in_the_history},
    spec::{Draft, holds_credential},
};

/// Flags named like the keys of a request.
#[derive(Debug, Args)]
#[command(next_help_heading = "The request")]
pub(in crate::cli) struct Fields {
    /// Name of the file, and so of the import; default: customer and platform
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) id: Option<String>,
    /// The customer's name
    #[arg(long, value_name = "NAME")]
    customer: Option<String>,
    /// Where the calls were recorded: a platform's key or name
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<String>,
    /// About how many calls
    #[arg(long, value_name = "NUMBER")]
    estimated_calls: Option<String>,
    /// What depends on it: deal, onboarding or retention
    #[arg(long, value_name = "WORD")]
    urgency: Option<String>,
    /// The day on which the customer wants it
    #[arg(long, value_name = "DAY")]
    requested_completion: Option<String>,
    /// How the calls reach us: api, oauth or file; default: the platform's first
    #[arg(long, value_name = "WORD")]
    method: Option<String>,
    /// Name of the secret that holds the credential: IMPORT_<ACCOUNT>_<PLATFORM>. Never the credential
    #[arg(long, value_name = "NAME", conflicts_with = "seal")]
    credentials_secret: Option<String>,
    /// With method file: a path or pattern below the requests folder, or an address; may be repeated
    #[arg(long, value_name = "PATH")]
    files: Vec<String>,
    /// First day of which calls are wanted
    #[arg(long, value_name = "DAY")]
    period_from: Option<String>,
    /// Last day of which calls are wanted
    #[arg(long, value_name = "DAY")]
    period_to: Option<String>,
    /// What to import of each call: transcript, media
    #[arg(long, value_name = "WORDS", value_delimiter = ',')]
    include: Vec<String>,
    /// A setting of the platform; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    options: Vec<String>,
    /// Label of the customer's workspace; default: made from the customer's name
    #[arg(long, value_name = "LABEL")]
    account: Option<String>,
    /// The customer's own e-mail domains
    #[arg(long, value_name = "DOMAINS", value_delimiter = ',')]
    internal_domains: Vec<String>,
    /// GitHub login of the person to tell; default: whoever opens the pull request
    #[arg(long, value_name = "LOGIN")]
    requested_by: Option<String>,
    /// Hold the import back
    #[arg(long)]
    suspended: bool,
    /// Anything that people should know
    #[arg(long, value_name = "TEXT")]
    notes: Option<String>,
}

impl Fields {
    /// The draft that they make. A credential among them is refused, and not repeated.
    pub(in crate::cli) fn draft(&self) -> Result<Draft, Stop> {
        let options = self.options.iter().map(|option| option.split_once('='));
        let options: Option<Vec<(&str, &str)>> = options.collect();
        let options = options.ok_or_else(|| {
            let error = anyhow!(
                "--options needs a name and a value, for example --options skip_private=true."
            );
            Stop::with(Exit::Usage, error)
        })?;
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let draft = Draft {
            id: self.id.clone(),
            customer: self.customer.clone(),
            platform: self.platform.clone(),
            estimated_calls: self.estimated_calls.clone(),
            urgency: self.urgency.clone(),
            requested_completion: self.requested_completion.clone(),
            method: self.method.clone(),
            secret: self.credentials_secret.clone(),
            files: self.files.clone(),
            period_from: self.period_from.clone(),
            period_to: self.period_to.clone(),
            include: self.include.clone(),
            options: options.into_iter().map(owned).collect(),
            account: self.account.clone(),
            internal_domains: self.internal_domains.clone(),
            requested_by: self.requested_by.clone(),
            suspended: self.suspended,
            notes: self.notes.clone(),
        };
        let is_no_name = |name: &String| !name.starts_with("IMPORT_");
        if draft.secret.as_ref().is_some_and(is_no_name) {
            return Err(in_the_history(
                "--credentials-secret takes the name of a secret, which begins with IMPORT_.",
            ));
        }
        let named = draft
            .options
            .iter()
            .map(|(name, value)| format!("{name}: {value}"));
        if draft.texts().any(holds_credential)
            || named.into_iter().any(|line| holds_credential(&line))
        {
            return Err(in_the_history("A flag holds what looks like a credential."));
        }
        Ok(draft)
    }
}
