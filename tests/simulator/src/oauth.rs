//! OAuth 2 as strict platforms do it (RFC 6749): an authorization endpoint at which everybody consents at once,
//! and a token endpoint whose refresh tokens work once. Who uses one twice loses all tokens of that consent.
//!
//! Any simulated call-recording platform can have it: [`crate::Config::with_oauth`].

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use axum::{
    extract::Query,
    http::{Uri, header},
};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    clock::Clock,
    log::{Endpoint, Summary},
    random,
    server::{Answer, Arrival, Incoming},
};

/// Where a customer consents.
pub const AUTHORIZE: Endpoint = Endpoint("GET authorize");
/// Where tokens come from.
pub const TOKEN: Endpoint = Endpoint("POST token");

/// How long a code lives (Gong: 10 minutes).
const CODE_LIFE: SignedDuration = SignedDuration::from_mins(10);

/// An app and the account that consents to it.
#[derive(Debug, Clone)]
pub struct Config {
    /// Path of the authorization endpoint.
    pub authorize_path: &'static str,
    /// Path of the token endpoint.
    pub token_path: &'static str,
    /// Names the app.
    pub client_id: String,
    /// Proves that it is the app.
    pub client_secret: String,
    /// Whether the app proves it by HTTP Basic; else in the body.
    pub basic: bool,
    /// Whether token requests are JSON; else forms.
    pub json: bool,
    /// Whether consents need a code verifier (RFC 7636).
    pub pkce: bool,
    /// The account that consents, as the platform names it.
    pub account: String,
    /// How long access tokens live.
    pub life: Duration,
    /// Whether the refresh token before the last still works, once.
    pub grace: bool,
    /// The grant of an app without consents, and what its token requests must have besides.
    pub app_grant: Option<(&'static str, Vec<(&'static str, String)>)>,
    /// Further members of the token answer.
    pub more: Vec<(&'static str, String)>,
}

impl Config {
    /// What the importer is given for the consent that is there from the beginning.
    pub fn credential(&self) -> Value {
        json!({
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "refresh_token": token("refresh", 1),
        })
    }

    /// Gong's, for the account `demo`: Basic, forms, tokens for a day, and the address of the customer's API.
    pub fn gong() -> Self {
        Self {
            authorize_path: "/oauth2/authorize",
            token_path: "/oauth2/generate-customer-token",
            client_id: "simulated-app".into(),
            client_secret: "simulated-app-secret".into(),
            basic: true,
            json: false,
            pkce: false,
            account: "demo".into(),
            life: Duration::from_secs(24 * 3600),
            grace: false,
            app_grant: None,
            more: vec![(
                "api_base_url_for_customer",
                "https://company-042.api.gong.io".into(),
            )],
        }
    }
}

/// A running authorization server, for tests. Clones share the state.
#[derive(Clone)]
pub struct Authority(Arc<State>);

struct State {
    config: Config,
    clock: Arc<dyn Clock>,
    tokens: Mutex<Tokens>,
}

/// What was given out.
#[derive(Debug, Default)]
struct Tokens {
    given: u64,
    /// The refresh token that works; `None` when the consent was withdrawn.
    refresh: Option<String>,
    /// The one before it.
    spent: Vec<String>,
    /// Access tokens and when they expire.
    access: HashMap<String, Timestamp>,
    codes: HashMap<String, Code>,
}

/// A consent that was not redeemed yet.
#[derive(Debug)]
struct Code {
    redirect: String,
    challenge: Option<String>,
    expires_at: Timestamp,
}

/// An error of RFC 6749, section 5.2.
type Refusal = (u16, &'static str, &'static str);

impl Authority {
    pub(crate) fn new(config: Config, clock: Arc<dyn Clock>) -> Self {
        let authority = Self(Arc::new(State {
            config,
            clock,
            tokens: Mutex::default(),
        }));
        let first = authority.0.name(&mut authority.tokens(), "refresh");
        authority.tokens().refresh = Some(first);
        authority
    }

    /// Path of the authorization endpoint.
    pub fn authorize_path(&self) -> &'static str {
        self.0.config.authorize_path
    }

    /// The refresh token that works now.
    ///
    /// # Panics
    /// When the consent was withdrawn.
    pub fn refresh_token(&self) -> String {
        let token = self.tokens().refresh.clone();
        token.expect("the test has not withdrawn the consent")
    }

    /// An access token, as if it had been given out before.
    pub fn access_token(&self) -> String {
        let now = self.0.clock.now();
        self.0.access(&mut self.tokens(), now)
    }

    /// No access token works any more, as when they have expired early.
    pub fn expire(&self) {
        self.tokens().access.clear();
    }

    /// The customer withdraws the consent.
    pub fn withdraw(&self) {
        self.tokens().withdraw();
    }

    /// The customer consents anew: what was given out before is dead, and there is another refresh token.
    pub fn consent(&self) {
        let mut tokens = self.tokens();
        tokens.withdraw();
        tokens.refresh = Some(self.0.name(&mut tokens, "refresh"));
    }

    /// Every token and code that was ever given out begins like this, so that a test can look for them.
    pub const fn mark() -> &'static str {
        "simulated-token-"
    }

    /// The account whose access token a request has.
    pub(crate) fn account(&self, request: &Incoming) -> Option<&str> {
        let header = request.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let token = header.strip_prefix("Bearer ")?;
        let tokens = self.tokens();
        let expires_at = tokens.access.get(token)?;
        (request.at < *expires_at).then_some(self.0.config.account.as_str())
    }

    /// Takes in a request, if it is for one of the two endpoints.
    pub(crate) fn receive(&self, request: &Incoming) -> Option<Arrival> {
        let config = &self.0.config;
        let endpoint = match (request.method.as_str(), request.uri.path()) {
            ("GET", path) if path == config.authorize_path => AUTHORIZE,
            ("POST", path) if path == config.token_path => TOKEN,
            _ => return None,
        };
        Some(Arrival {
            endpoint,
            caller: None,
            summary: Summary::default(),
            refusal: None,
        })
    }

    /// Answers such a request.
    pub(crate) fn respond(&self, endpoint: Endpoint, request: &Incoming) -> Answer {
        let outcome = if endpoint == AUTHORIZE {
            self.0.authorize(&mut self.tokens(), request)
        } else {
            self.0.token(&mut self.tokens(), request)
        };
        outcome.unwrap_or_else(|(status, error, description)| {
            let body = json!({"error": error, "error_description": description});
            answer(status, &body)
        })
    }

    fn tokens(&self) -> MutexGuard<'_, Tokens> {
        self.0.tokens.lock().expect("no holder of this lock panics")
    }
}

impl Tokens {
    /// Nothing that was given out works any more.
    fn withdraw(&mut self) {
        self.spent.extend(self.refresh.take());
        self.access.clear();
    }
}

impl State {
    /// Everybody who comes consents: the browser is sent back with a code.
    fn authorize(&self, tokens: &mut Tokens, request: &Incoming) -> Result<Answer, Refusal> {
        let query = pairs(request.uri.query().unwrap_or_default());
        let value = |name: &str| query.get(name).cloned();
        if value("client_id").as_ref() != Some(&self.config.client_id)
            || value("response_type").as_deref() != Some("code")
        {
            return Err((400, "unauthorized_client", "Unknown client"));
        }
        let redirect = value("redirect_uri").ok_or((400, "invalid_request", "No redirect_uri"))?;
        let challenge = value("code_challenge");
        if self.config.pkce
            && (challenge.is_none() || value("code_challenge_method").as_deref() != Some("S256"))
        {
            return Err((400, "invalid_request", "No code challenge"));
        }
        let code = self.name(tokens, "code");
        let expires_at = request.at + CODE_LIFE;
        let mut location = format!("{redirect}?code={code}");
        if let Some(state) = value("state") {
            location.push_str(&format!("&state={state}"));
        }
        let consent = Code {
            redirect,
            challenge,
            expires_at,
        };
        tokens.codes.insert(code, consent);
        Ok(Answer {
            status: 302,
            headers: vec![("location", location)],
            body: Vec::new(),
        })
    }

    fn token(&self, tokens: &mut Tokens, request: &Incoming) -> Result<Answer, Refusal> {
        let body = self.body(request)?;
        let value = |name: &str| body.get(name).map(String::as_str);
        self.prove(request, &value)?;
        let grant = value("grant_type").unwrap_or_default();
        match (&self.config.app_grant, grant) {
            (Some((own, more)), grant) if grant == *own => {
                if more.iter().any(|(name, text)| value(name) != Some(text)) {
                    return Err((400, "invalid_request", "Unknown account"));
                }
                Ok(self.give(tokens, request.at, false))
            }
            (None, "refresh_token") => {
                self.refresh(tokens, value("refresh_token").unwrap_or_default())?;
                Ok(self.give(tokens, request.at, true))
            }
            (None, "authorization_code") => {
                let code = tokens.codes.remove(value("code").unwrap_or_default());
                let code = code.filter(|code| request.at < code.expires_at);
                let code = code.ok_or((400, "invalid_grant", "Unknown code"))?;
                let verified = value("code_verifier").map(|verifier| {
                    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
                });
                if value("redirect_uri") != Some(&code.redirect) || verified != code.challenge {
                    return Err((400, "invalid_grant", "The code is for somebody else"));
                }
                tokens.withdraw();
                Ok(self.give(tokens, request.at, true))
            }
            _ => Err((400, "unsupported_grant_type", "No such grant")),
        }
    }

    /// Whether a refresh token works. It does so once; its second use is taken for theft.
    fn refresh(&self, tokens: &mut Tokens, token: &str) -> Result<(), Refusal> {
        let invalid = (
            400,
            "invalid_grant",
            "The refresh token is invalid or was used",
        );
        if tokens.refresh.as_deref() == Some(token) {
            tokens.spent.extend(tokens.refresh.take());
            return Ok(());
        }
        let is_last = tokens.spent.last().is_some_and(|spent| spent == token);
        if self.config.grace && is_last && tokens.refresh.is_some() {
            return Ok(());
        }
        if tokens.spent.iter().any(|spent| spent == token) {
            tokens.withdraw();
        }
        Err(invalid)
    }

    fn give(&self, tokens: &mut Tokens, now: Timestamp, renews: bool) -> Answer {
        let access = self.access(tokens, now);
        let mut body = json!({
            "access_token": access,
            "token_type": "bearer",
            "expires_in": self.config.life.as_secs(),
        });
        if renews {
            let refresh = self.name(tokens, "refresh");
            body["refresh_token"] = refresh.clone().into();
            tokens.refresh = Some(refresh);
        }
        for (name, value) in &self.config.more {
            body[*name] = value.clone().into();
        }
        answer(200, &body)
    }

    fn access(&self, tokens: &mut Tokens, now: Timestamp) -> String {
        let life = SignedDuration::try_from(self.config.life).unwrap_or(SignedDuration::MAX);
        let access = self.name(tokens, "access");
        let expires_at = now.saturating_add(life).unwrap_or(Timestamp::MAX);
        tokens.access.insert(access.clone(), expires_at);
        access
    }

    /// A token of its own.
    fn name(&self, tokens: &mut Tokens, kind: &str) -> String {
        tokens.given += 1;
        token(kind, tokens.given)
    }

    fn body(&self, request: &Incoming) -> Result<HashMap<String, String>, Refusal> {
        let unreadable = (400, "invalid_request", "The body cannot be read");
        let kind = request.headers.get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if self.config.json {
            let body: Map<String, Value> =
                serde_json::from_slice(&request.body).map_err(|_| unreadable)?;
            let texts = body.into_iter();
            let texts = texts.filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())));
            return Ok(texts.collect());
        }
        let body = std::str::from_utf8(&request.body).map_err(|_| unreadable)?;
        if kind.starts_with("application/x-www-form-urlencoded") {
            Ok(pairs(body))
        } else {
            Err(unreadable)
        }
    }

    /// Whether the app is the one it says.
    fn prove<'b>(
        &self,
        request: &Incoming,
        value: &impl Fn(&str) -> Option<&'b str>,
    ) -> Result<(), Refusal> {
        let Config {
            client_id,
            client_secret,
            ..
        } = &self.config;
        let is_proved = if self.config.basic {
            let pair = BASE64_STANDARD.encode(format!("{client_id}:{client_secret}"));
            let header = request.headers.get(header::AUTHORIZATION);
            header.is_some_and(|header| *header == format!("Basic {pair}"))
        } else {
            value("client_id") == Some(client_id) && value("client_secret") == Some(client_secret)
        };
        if is_proved {
            Ok(())
        } else {
            Err((401, "invalid_client", "Unknown client or wrong secret"))
        }
    }
}

/// The token that is given out as the `count`th.
fn token(kind: &str, count: u64) -> String {
    format!(
        "{}{kind}-{count}-{:016x}",
        Authority::mark(),
        random::mix(count)
    )
}

fn answer(status: u16, body: &Value) -> Answer {
    Answer {
        status,
        headers: vec![
            ("content-type", "application/json".into()),
            ("cache-control", "no-store".into()),
        ],
        body: body.to_string().into_bytes(),
    }
}

/// The members of a form.
fn pairs(form: &str) -> HashMap<String, String> {
    let uri = format!("/?{form}").parse::<Uri>().unwrap_or_default();
    Query::try_from_uri(&uri)
        .map(|Query(pairs)| pairs)
        .unwrap_or_default()
}
