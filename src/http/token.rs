//! The token URL of OAuth 2 (RFC 6749). The crate `oauth2` writes the requests; they go out through our own
//! client, which follows no redirect and has limits of time and size.

use std::{borrow::Cow, future::Future, pin::Pin, sync::OnceLock, time::Duration};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use jiff::Timestamp;
use oauth2::{
    AccessToken, AsyncHttpClient, AuthType, AuthorizationCode, Client, ClientId, ClientSecret,
    EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, RedirectUrl, RefreshToken,
    RequestTokenError, Scope, StandardRevocableToken, TokenResponse,
    basic::{
        BasicErrorResponse, BasicErrorResponseType, BasicRevocationErrorResponse,
        BasicTokenIntrospectionResponse, BasicTokenType,
    },
};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Authority, Consent, Http, SendError, network, read_body, retry_after};
use crate::{
    kill::{self, Point},
    model::{Credential, Forms},
    platforms::{CLIENT_ID, CLIENT_SECRET, ClientAuth, Grant, OAuth, REFRESH_TOKEN, TokenForm},
};

/// Longest time for a token request. A run that is to stop waits for its answer, which may hold the only
/// token that still works.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What a token URL gave.
#[derive(Debug, Clone)]
pub struct TokenAnswer {
    /// Signs requests.
    pub access_token: SecretString,
    /// Takes the place of the one that was sent, if there is one.
    pub refresh_token: Option<SecretString>,
    /// How long the access token lives.
    pub expires_in: Option<Duration>,
    /// The address of the customer's own API, unchecked.
    pub base_url: Option<String>,
}

/// Why a token URL gave none. No text here holds a part of the credential.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// No whole answer came: the old token may be spent.
    #[error(transparent)]
    Lost(#[from] SendError),
    /// It says wait.
    #[error("the token URL answered 429")]
    Throttled {
        /// How long.
        after: Option<Duration>,
    },
    /// It fails: the old token may be spent.
    #[error("the token URL answered {status}")]
    Unavailable {
        /// Status code.
        status: u16,
        /// What it says about when it will not.
        after: Option<Duration>,
    },
    /// It takes the refresh token or the code no more.
    #[error("the token URL refuses the grant: {0}")]
    Grant(String),
    /// It does not know the app, or not by this secret.
    #[error("the token URL refuses the app: {0}")]
    App(String),
    /// It will not do what we ask, however often we ask.
    #[error("the token URL refuses the request: {0}")]
    Refused(String),
    /// The answer cannot be read: the old token may be spent.
    #[error("the token URL's answer cannot be read: {0}")]
    Broken(String),
}

/// The token answer as platforms give it: `token_type` may be missing, `expires_in` may be any number.
#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    access_token: AccessToken,
    #[serde(default = "bearer")]
    token_type: BasicTokenType,
    expires_in: Option<Value>,
    refresh_token: Option<RefreshToken>,
    #[serde(flatten)]
    more: Map<String, Value>,
}

const fn bearer() -> BasicTokenType {
    BasicTokenType::Bearer
}

impl TokenResponse for Answer {
    type TokenType = BasicTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &BasicTokenType {
        &self.token_type
    }

    fn expires_in(&self) -> Option<Duration> {
        let written = self.expires_in.as_ref()?;
        let text = written.as_str().and_then(|text| text.trim().parse().ok());
        let seconds = written.as_f64().or(text)?;
        Duration::try_from_secs_f64(seconds).ok()
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh_token.as_ref()
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

/// An app at its token URL, in the crate's words.
type App = Client<
    BasicErrorResponse,
    Answer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

type RequestError = RequestTokenError<SendError, BasicErrorResponse>;

impl Authority {
    fn app(&self, credential: &Credential) -> App {
        let part = |name: &str| {
            let value = credential.field(name).map(ExposeSecret::expose_secret);
            value.unwrap_or_default().to_owned()
        };
        Client::new(ClientId::new(part(CLIENT_ID)))
            .set_client_secret(ClientSecret::new(part(CLIENT_SECRET)))
            .set_auth_type(match self.oauth.client {
                ClientAuth::Basic => AuthType::BasicAuth,
                ClientAuth::Body => AuthType::RequestBody,
            })
            .set_token_uri(self.token_url.clone())
    }
}

impl Http {
    /// New tokens for those of a credential.
    ///
    /// # Errors
    /// [`TokenError`]. After some of them nobody knows whether the old refresh token still works.
    pub async fn renew(
        &self,
        authority: &Authority,
        credential: &Credential,
        now: Timestamp,
    ) -> Result<TokenAnswer, TokenError> {
        let app = authority.app(credential);
        let courier = Courier::new(self, authority, now);
        let part = |name: &str| {
            let value = credential.field(name).map(ExposeSecret::expose_secret);
            value.unwrap_or_default().to_owned()
        };
        let more = authority.oauth.fields.iter();
        let outcome = match authority.oauth.grant {
            Grant::RefreshToken => {
                let token = RefreshToken::new(part(REFRESH_TOKEN));
                let request = app.exchange_refresh_token(&token);
                let request = more.fold(request, |request, field| {
                    request.add_extra_param(*field, part(field))
                });
                request.request_async(&courier).await
            }
            Grant::App(_) => {
                let request = app.exchange_client_credentials();
                let request = more.fold(request, |request, field| {
                    request.add_extra_param(*field, part(field))
                });
                request.request_async(&courier).await
            }
        };
        courier.judge(outcome, credential)
    }

    /// The first tokens of a consent.
    ///
    /// # Errors
    /// [`TokenError`].
    pub async fn redeem(
        &self,
        authority: &Authority,
        credential: &Credential,
        consent: Consent,
        code: &SecretString,
        now: Timestamp,
    ) -> Result<TokenAnswer, TokenError> {
        let app = authority.app(credential);
        let courier = Courier::new(self, authority, now);
        let redirect = RedirectUrl::new(consent.redirect)
            .map_err(|_| TokenError::Refused("the redirect is no address".into()))?;
        let code = AuthorizationCode::new(code.expose_secret().to_owned());
        let mut request = app
            .exchange_code(code)
            .set_redirect_uri(Cow::Owned(redirect));
        if let Some(verifier) = consent.verifier {
            request = request.set_pkce_verifier(verifier);
        }
        if authority.oauth.client == ClientAuth::Basic {
            // Gong, "Create an app for Gong", asks for it besides the header; RFC 6749, section 3.2.1, allows it.
            request = request.add_extra_param(CLIENT_ID, app.client_id().to_string());
        }
        let outcome = request.request_async(&courier).await;
        courier.judge(outcome, credential)
    }
}

/// Carries one request to the token URL, and keeps what the answer says beside its body.
struct Courier<'a> {
    http: &'a Http,
    oauth: OAuth,
    replaced: bool,
    now: Timestamp,
    heard: OnceLock<Heard>,
}

/// Status and `Retry-After` of an answer.
#[derive(Debug, Clone, Copy)]
struct Heard {
    status: u16,
    retry_after: Option<Duration>,
}

impl<'c> AsyncHttpClient<'c> for Courier<'_> {
    type Error = SendError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, SendError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.ask(request))
    }
}

impl<'a> Courier<'a> {
    const fn new(http: &'a Http, authority: &Authority, now: Timestamp) -> Self {
        Self {
            http,
            oauth: authority.oauth,
            replaced: authority.replaced,
            now,
            heard: OnceLock::new(),
        }
    }

    /// Sends what the crate has written, as the platform wants it.
    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, SendError> {
        let (mut parts, form) = request.into_parts();
        let body = rewritten(&form, self.oauth);
        if self.oauth.form == TokenForm::Json {
            let json = HeaderValue::from_static("application/json");
            parts.headers.insert(CONTENT_TYPE, json);
        }
        let request = self.http.client(self.replaced).post(parts.uri.to_string());
        let request = request.headers(parts.headers).body(body).timeout(TIMEOUT);
        kill::here(Point::BeforeRenewal);
        let mut response = request.send().await.map_err(network)?;
        kill::here(Point::AfterRenewal);
        let status = response.status();
        tracing::info!(status = status.as_u16(), "the platform's token URL answers");
        // One request is sent, so nothing is there yet.
        let _ = self.heard.set(Heard {
            status: status.as_u16(),
            retry_after: retry_after(response.headers(), self.now),
        });
        let body = read_body(&mut response).await?;
        // Without its type: some platforms call their JSON something else.
        let mut answer = HttpResponse::new(body.to_vec());
        *answer.status_mut() = status;
        Ok(answer)
    }

    /// What an answer means. Statuses count more than bodies, which platforms write as they like.
    fn judge(
        &self,
        outcome: Result<Answer, RequestError>,
        credential: &Credential,
    ) -> Result<TokenAnswer, TokenError> {
        use BasicErrorResponseType as Kind;
        let error = match outcome {
            Ok(answer) => return Ok(answer.told(self.oauth)),
            Err(RequestTokenError::Request(lost)) => return Err(TokenError::Lost(lost)),
            Err(error) => error,
        };
        let heard = self.heard.get();
        let status = heard.map_or(0, |heard| heard.status);
        let after = heard.and_then(|heard| heard.retry_after);
        let said = said(&error, status, credential);
        Err(match (status, kind(&error)) {
            (429, _) => TokenError::Throttled { after },
            (408 | 500.., _) => TokenError::Unavailable { status, after },
            (0 | 200..300, _) => TokenError::Broken(said),
            (_, Some(Kind::InvalidClient | Kind::UnauthorizedClient)) => TokenError::App(said),
            (_, Some(Kind::InvalidRequest | Kind::InvalidScope | Kind::UnsupportedGrantType)) => {
                TokenError::Refused(said)
            }
            (_, Some(Kind::InvalidGrant)) => TokenError::Grant(said),
            (401, Some(Kind::Extension(_)) | None) => TokenError::App(said),
            // Gong may answer a spent refresh token in plain text.
            (400 | 403, Some(Kind::Extension(_)) | None) => TokenError::Grant(said),
            (_, Some(Kind::Extension(_)) | None) => TokenError::Refused(said),
        })
    }
}

/// The body in the platform's form, with the platform's name of the grant.
fn rewritten(form: &[u8], oauth: OAuth) -> Bytes {
    let mut url = Url::parse("form:").expect("a scheme alone is an address");
    url.set_query(Some(&String::from_utf8_lossy(form)));
    let pairs: Vec<(String, String)> = url
        .query_pairs()
        .map(|(name, value)| match oauth.grant {
            // The crate knows but one grant of this kind.
            Grant::App(grant) if name == "grant_type" => (name.into_owned(), grant.to_owned()),
            Grant::App(_) | Grant::RefreshToken => (name.into_owned(), value.into_owned()),
        })
        .collect();
    match oauth.form {
        TokenForm::Form => {
            url.query_pairs_mut().clear().extend_pairs(pairs);
            Bytes::from(url.query().unwrap_or_default().to_owned())
        }
        TokenForm::Json => {
            let members = pairs
                .into_iter()
                .map(|(name, value)| (name, Value::String(value)));
            Bytes::from(Value::Object(members.collect()).to_string())
        }
    }
}

impl Answer {
    fn told(self, oauth: OAuth) -> TokenAnswer {
        let secret = |token: &str| SecretString::from(token);
        let base_url = oauth
            .base_url
            .and_then(|name| self.more.get(name)?.as_str());
        TokenAnswer {
            expires_in: self.expires_in(),
            base_url: base_url.map(|url| url.trim_end_matches('/').to_owned()),
            access_token: secret(self.access_token.secret()),
            refresh_token: self
                .refresh_token
                .as_ref()
                .map(|token| secret(token.secret())),
        }
    }
}

/// The error's code, where there is one.
fn kind(error: &RequestError) -> Option<&BasicErrorResponseType> {
    match error {
        RequestTokenError::ServerResponse(response) => Some(response.error()),
        RequestTokenError::Request(_)
        | RequestTokenError::Parse(..)
        | RequestTokenError::Other(_) => None,
    }
}

/// What the platform says, short and without the credential.
fn said(error: &RequestError, status: u16, credential: &Credential) -> String {
    let text = match error {
        RequestTokenError::ServerResponse(response) => {
            let code = response.error().as_ref();
            match response.error_description() {
                Some(more) => format!("{code}: {more}"),
                None => code.to_owned(),
            }
        }
        RequestTokenError::Request(_)
        | RequestTokenError::Parse(..)
        | RequestTokenError::Other(_) => "no JSON of OAuth".to_owned(),
    };
    let mut forms = Forms::default();
    forms.add_parts(credential);
    let text = credential.scrub(&forms.struck_from(&text));
    format!("status {status}, {}", plain(&text))
}

/// One short line of a foreign text.
pub(super) fn plain(text: &str) -> String {
    let letters = text.chars().take(200);
    letters
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platforms::connector;

    #[test]
    fn the_body_is_written_as_the_platform_wants_it() {
        let gong = connector("gong").unwrap().traits().oauth.unwrap();
        let body =
            |oauth| String::from_utf8(rewritten(b"grant_type=x&a=b+c%2F", oauth).to_vec()).unwrap();
        assert_eq!(body(gong), "grant_type=x&a=b+c%2F");
        let json = OAuth {
            form: TokenForm::Json,
            ..gong
        };
        assert_eq!(body(json), r#"{"a":"b c/","grant_type":"x"}"#);
        let app = OAuth {
            grant: Grant::App("account_credentials"),
            ..gong
        };
        assert_eq!(body(app), "grant_type=account_credentials&a=b+c%2F");
    }

    #[test]
    fn sparse_and_odd_token_answers_are_read() {
        let read = |json: &str| serde_json::from_str::<Answer>(json).unwrap();
        let sparse = read(r#"{"access_token": "a"}"#);
        assert_eq!(
            (sparse.expires_in(), sparse.refresh_token().is_none()),
            (None, true)
        );
        let odd = read(
            r#"{"access_token": "a", "token_type": "Bearer", "expires_in": "3600", "x": null}"#,
        );
        assert_eq!(odd.expires_in(), Some(Duration::from_secs(3_600)));
        let float = read(r#"{"access_token": "a", "expires_in": 59.5, "refresh_token": null}"#);
        assert_eq!(float.expires_in(), Some(Duration::from_millis(59_500)));
    }
}
