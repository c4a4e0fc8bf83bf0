//! The tokens of an account that signs in by OAuth. A refresh token mostly works once, so nothing is used
//! before it is kept: in the record, and where the record is kept between runs.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::{Edges, later};
use crate::{
    http::{AddressError, Authority, Endpoint, TokenAnswer, TokenError},
    import::{Access, Failure},
    model::{Credential, CredentialState, FailureClass, WhoseTurn},
    platforms::{Auth, Grant, OAuth, Traits},
    secrets::{Secrets, Tokens},
    state::{self, StateError},
    store::StoreError,
};

/// How long before its end an access token is renewed: clocks differ, and requests take their time.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// How an account signs in, with what changes while it is used.
#[derive(Debug, Clone)]
pub(super) struct SignIn {
    pub(super) platform: String,
    pub(super) account: String,
    /// The platform as people write it.
    pub(super) platform_name: String,
    pub(super) fingerprint: String,
    pub(super) traits: Traits,
    pub(super) oauth: OAuth,
    pub(super) authority: Authority,
    /// As the request has it.
    pub(super) credential: Credential,
    /// Scheme, host and port that the request names, or the platform's own.
    pub(super) base_url: String,
    /// What takes its place (`--platform-url`).
    pub(super) replacement: Option<String>,
    pub(super) tokens: Tokens,
    /// Whether the tokens are in the record, and where it is kept.
    pub(super) kept: bool,
}

/// Why there are no new tokens.
pub(super) enum Setback {
    /// The record could not be written: the run ends.
    Record(StoreError),
    /// Anything else.
    Import {
        failure: Failure,
        /// What the platform says about when to ask again.
        after: Option<Duration>,
        /// What is known of the tokens now.
        sign_in: Box<SignIn>,
    },
}

/// The tokens to begin with: those that the credential was renewed to, by an import of this run or as it is
/// recorded, else its own.
///
/// # Errors
/// When the recorded ones are those of this credential, but cannot be opened here.
pub(super) fn first(
    credential: &Credential,
    fingerprint: &str,
    known: Option<&SignIn>,
    recorded: Option<&CredentialState>,
    secrets: &Secrets,
) -> Result<(Tokens, bool), Failure> {
    let lineage = Tokens::lineage_of(credential);
    if let Some(known) = known.filter(|known| known.tokens.lineage == lineage) {
        return Ok((known.tokens.clone(), known.kept));
    }
    let Some(recorded) = recorded else {
        return Ok((Tokens::of(credential), true));
    };
    match secrets.open_tokens(&recorded.sealed) {
        Ok(tokens) if tokens.lineage == lineage => Ok((tokens, true)),
        Ok(_) => Ok((Tokens::of(credential), true)),
        Err(_) if recorded.credential_fingerprint != fingerprint => {
            Ok((Tokens::of(credential), true))
        }
        Err(error) => {
            let advice = "The credential was renewed in an earlier night, and what came in its place cannot be opened \
                          with the present secret key. An engineer adds the secret key of that time to \
                          CALL_IMPORT_IDENTITY, one key a line, or the customer consents again."
                .to_owned();
            Err(failure(
                FailureClass::Credentials,
                format!("recorded tokens: {error}"),
                Some((WhoseTurn::Engineering, advice)),
            ))
        }
    }
}

/// Refuses to begin what could not be kept.
///
/// # Errors
/// When tokens that come cannot be sealed here, or could not be opened again.
pub(super) fn check(oauth: OAuth, platform_name: &str, secrets: &Secrets) -> Result<(), Failure> {
    if oauth.grant != Grant::RefreshToken || secrets.can_keep_tokens() {
        return Ok(());
    }
    let advice = format!(
        "{platform_name} gives a new credential with every use, and it must be kept for the next night. That takes the \
         team's public key in requests/recipients.txt and its secret key in CALL_IMPORT_IDENTITY, and they are not \
         both there. Nothing was sent."
    );
    Err(failure(
        FailureClass::Credentials,
        "renewed tokens could not be kept".into(),
        Some((WhoseTurn::Engineering, advice)),
    ))
}

fn failure(class: FailureClass, detail: String, advice: Option<(WhoseTurn, String)>) -> Failure {
    Failure {
        class,
        detail,
        advice,
    }
}

impl SignIn {
    /// What is known of the access at the beginning of an import.
    pub(super) fn access(&self) -> Access {
        match &self.tokens.access_token {
            Some(_) if self.kept => Access::found(self.tokens.renew_at),
            Some(_) | None => Access::missing(),
        }
    }

    /// Where requests go, signed with the present tokens.
    ///
    /// # Errors
    /// When the request's own address is none of the platform's.
    pub(super) fn endpoint(&self) -> Result<Arc<Endpoint>, AddressError> {
        let base = self.tokens.base_url.as_ref().unwrap_or(&self.base_url);
        let auth = Auth::OAuth(self.oauth);
        let credential = self.tokens.added_to(&self.credential);
        let replacement = self.replacement.as_deref();
        Endpoint::new(base, replacement, &self.traits, auth, credential).map(Arc::new)
    }

    /// New tokens, kept.
    ///
    /// # Errors
    /// [`Setback`]; it holds what is known then.
    pub(super) async fn renew(mut self, edges: &Edges<'_>) -> Result<Self, Setback> {
        if !self.kept {
            // They came, but could not be saved. A second renewal would not make that better.
            return self.keep(edges).await;
        }
        let interrupted = self.tokens.renewing;
        if self.oauth.grant == Grant::RefreshToken {
            // Written down before: if nothing is heard of this run any more, the next one knows why the old
            // token is dead.
            self.tokens.renewing = true;
            self = self.keep(edges).await?;
        }
        let now = edges.clock.now();
        let credential = self.tokens.added_to(&self.credential);
        let answer = edges.http.renew(&self.authority, &credential, now).await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return Err(self.refused(&error, interrupted)),
        };
        let foreign = self.take(answer, now);
        self.tokens.become_known(edges.secrets.known());
        if self.oauth.grant == Grant::RefreshToken {
            self = self.keep(edges).await?;
        }
        match foreign {
            None => Ok(self),
            Some(error) => {
                let detail = format!("the token answer: {error}");
                let advice = format!("The import needs an engineer: {detail}.");
                let failure = failure(
                    FailureClass::BrokenReply,
                    detail,
                    Some((WhoseTurn::Engineering, advice)),
                );
                Err(self.setback(failure, None))
            }
        }
    }

    /// Takes in an answer. Tells when it names an address that is none of the platform's, which is not taken.
    fn take(&mut self, answer: TokenAnswer, now: Timestamp) -> Option<AddressError> {
        let TokenAnswer {
            access_token,
            refresh_token,
            expires_in,
            base_url,
        } = answer;
        let tokens = &mut self.tokens;
        tokens.access_token = Some(access_token);
        tokens.renew_at = expires_in.map(|life| renew_at(life, now));
        tokens.renewing = false;
        if refresh_token.is_some() {
            tokens.refresh_token = refresh_token;
        }
        self.kept = self.oauth.grant != Grant::RefreshToken;
        let foreign = base_url
            .as_ref()
            .and_then(|url| Endpoint::check(url, &self.traits).err());
        if foreign.is_none() && base_url.is_some() {
            self.tokens.base_url = base_url;
        }
        foreign
    }

    /// Writes the tokens down where they survive this run.
    async fn keep(mut self, edges: &Edges<'_>) -> Result<Self, Setback> {
        self.kept = false;
        let sealed = match edges.secrets.seal_tokens(&self.tokens) {
            Ok(sealed) => sealed,
            Err(error) => return Err(self.not_kept(&error)),
        };
        let state = CredentialState {
            platform: self.platform.clone(),
            account: self.account.clone(),
            credential_fingerprint: self.fingerprint.clone(),
            sealed,
            updated_at: edges.clock.now(),
        };
        let store = edges.store;
        store
            .put_credential_state(state.clone())
            .await
            .map_err(Setback::Record)?;
        if let Some(home) = edges.home
            && let Err(error) = state::keep_credential(home, &state).await
        {
            return Err(match error {
                StateError::Store(error) => Setback::Record(error),
                error => self.not_kept(&error),
            });
        }
        self.kept = true;
        Ok(self)
    }

    fn not_kept(self, error: &dyn std::error::Error) -> Setback {
        let detail = format!("renewed tokens could not be kept: {error}");
        self.setback(failure(FailureClass::Internal, detail, None), None)
    }

    fn setback(self, failure: Failure, after: Option<Duration>) -> Setback {
        Setback::Import {
            failure,
            after,
            sign_in: Box::new(self),
        }
    }

    /// What an answer without tokens means. `interrupted`: an earlier renewal was asked for, and its answer
    /// never came.
    fn refused(self, error: &TokenError, interrupted: bool) -> Setback {
        let name = &self.platform_name;
        let again = format!("Ask the customer's {name} administrator to consent again.");
        let (class, after, advice) = match error {
            TokenError::Lost(lost) => (lost.class(), None, None),
            TokenError::Throttled { after } => (FailureClass::Throttled, *after, None),
            TokenError::Unavailable { after, .. } => (FailureClass::Unavailable, *after, None),
            TokenError::Broken(_) => (FailureClass::BrokenReply, None, None),
            TokenError::Grant(_) if self.oauth.grant == Grant::RefreshToken => {
                let why = if interrupted {
                    "The credential was renewed by a run that was stopped, or cut off, before the new one could be \
                     saved, and the old one does not work any more."
                        .to_owned()
                } else {
                    format!(
                        "{name} does not accept the customer's consent any more: it was withdrawn, or used elsewhere."
                    )
                };
                let advice = format!("{why} {again}");
                let advice = Some((WhoseTurn::Customer, advice));
                (FailureClass::Credentials, None, advice)
            }
            TokenError::App(_) | TokenError::Grant(_) => {
                let advice = format!(
                    "{name} does not accept client_id and client_secret. Get them anew, and hand in the credential once \
                     more."
                );
                let turn = match self.oauth.grant {
                    Grant::RefreshToken => WhoseTurn::Cs,
                    Grant::App(_) => WhoseTurn::Customer,
                };
                (FailureClass::Credentials, None, Some((turn, advice)))
            }
            TokenError::Refused(detail) => {
                let advice = format!("The import needs an engineer: {detail}.");
                let advice = Some((WhoseTurn::Engineering, advice));
                (FailureClass::Internal, None, advice)
            }
        };
        let detail = match error {
            TokenError::Lost(lost) => lost.detail(),
            error => error.to_string(),
        };
        self.setback(failure(class, detail, advice), after)
    }
}

/// A little before the end; of a very short life, the middle.
fn renew_at(life: Duration, now: Timestamp) -> Timestamp {
    let life = SignedDuration::try_from(life).unwrap_or(SignedDuration::MAX);
    later(now, (life - MARGIN).max(life / 2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platforms::{REFRESH_TOKEN, connector};

    #[test]
    fn requests_go_where_the_token_answer_says() {
        let traits = connector("gong").unwrap().traits();
        let oauth = traits.oauth.unwrap();
        let credential = Credential::new([(REFRESH_TOKEN.to_owned(), "first".into())].into());
        let mut sign_in = SignIn {
            platform: "gong".into(),
            account: "northwind".into(),
            platform_name: "Gong".into(),
            fingerprint: String::new(),
            traits,
            oauth,
            authority: Authority::new(oauth, None).unwrap(),
            tokens: Tokens::of(&credential),
            credential,
            base_url: traits.base_url.to_owned(),
            replacement: None,
            kept: true,
        };
        let host = |sign_in: &SignIn| {
            let endpoint = sign_in.endpoint().unwrap();
            endpoint.host().map(str::to_owned)
        };
        let mut answer = |base_url: &str| {
            let answer = TokenAnswer {
                access_token: "second".into(),
                refresh_token: None,
                expires_in: None,
                base_url: Some(base_url.to_owned()),
            };
            let refused = sign_in.take(answer, Timestamp::UNIX_EPOCH);
            (refused.is_some(), host(&sign_in))
        };
        let own = Some("company-042.api.gong.io".to_owned());
        assert_eq!(
            answer("https://company-042.api.gong.io"),
            (false, own.clone())
        );
        assert_eq!(answer("https://company-042.evil.example"), (true, own));
    }

    #[test]
    fn tokens_are_renewed_a_little_before_they_expire() {
        let after = |seconds| {
            let at = renew_at(Duration::from_secs(seconds), Timestamp::UNIX_EPOCH);
            at.as_second()
        };
        assert_eq!(after(3_600), 3_540);
        assert_eq!(after(60), 30);
        assert_eq!(after(0), 0);
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(renew_at(Duration::MAX, now), Timestamp::MAX);
    }
}
