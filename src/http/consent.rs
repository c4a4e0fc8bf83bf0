//! Where a customer consents (RFC 6749, section 4.1), and what the browser brings back.

use oauth2::{
    AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
    TokenUrl, basic::BasicClient,
};
use reqwest::Url;
use secrecy::SecretString;

use super::{AddressError, token::plain};
use crate::platforms::OAuth;

/// Where a platform gives tokens.
#[derive(Debug, Clone)]
pub struct Authority {
    pub(super) oauth: OAuth,
    pub(super) token_url: TokenUrl,
    authorize_url: Option<AuthUrl>,
    /// Whether the operator has named another place for both.
    pub(super) replaced: bool,
}

/// A customer's consent that is asked for.
#[derive(Debug)]
pub struct Consent {
    /// What the customer opens in a browser.
    pub url: String,
    pub(super) redirect: String,
    state: CsrfToken,
    pub(super) verifier: Option<PkceCodeVerifier>,
}

/// Why a redirect brings no code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConsentError {
    /// It answers no question of ours.
    #[error("the answer does not belong to the address that was printed here")]
    ForeignState,
    /// The customer or the platform said no; the code of RFC 6749, section 4.1.2.1.
    #[error("the platform answered {0} instead of giving a code")]
    Denied(String),
    /// Neither a code nor an error stands in it.
    #[error("there is no code in the answer")]
    NoCode,
}

impl Authority {
    /// The platform's own, or the same paths at `replacement` (`--platform-url`).
    ///
    /// # Errors
    /// When `replacement` is no address.
    pub fn new(oauth: OAuth, replacement: Option<&str>) -> Result<Self, AddressError> {
        let placed = |own: &str| {
            let wrong = || AddressError::Unreadable(replacement.unwrap_or(own).to_owned());
            let own = Url::parse(own).map_err(|_| wrong())?;
            match replacement {
                None => Ok(own.to_string()),
                Some(other) => Url::parse(other)
                    .and_then(|other| other.join(own.path()))
                    .map(String::from)
                    .map_err(|_| wrong()),
            }
        };
        let unreadable =
            |error: oauth2::url::ParseError| AddressError::Unreadable(error.to_string());
        let authorize_url = oauth.authorize_url.map(placed).transpose()?;
        Ok(Self {
            oauth,
            token_url: TokenUrl::new(placed(oauth.token_url)?).map_err(unreadable)?,
            authorize_url: authorize_url
                .map(AuthUrl::new)
                .transpose()
                .map_err(unreadable)?,
            replaced: replacement.is_some(),
        })
    }

    /// Begins a consent that comes back to `redirect`; `None` where no customer is asked.
    pub fn consent(&self, client_id: &str, redirect: &str) -> Option<Consent> {
        let client = BasicClient::new(ClientId::new(client_id.to_owned()))
            .set_auth_uri(self.authorize_url.clone()?)
            .set_redirect_uri(RedirectUrl::new(redirect.to_owned()).ok()?);
        let scopes = self.oauth.scopes.split_whitespace();
        let request = client
            .authorize_url(CsrfToken::new_random)
            .add_scopes(scopes.map(|scope| Scope::new(scope.to_owned())));
        let (request, verifier) = if self.oauth.pkce {
            let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
            (request.set_pkce_challenge(challenge), Some(verifier))
        } else {
            (request, None)
        };
        let (url, state) = request.url();
        Some(Consent {
            url: url.into(),
            redirect: redirect.to_owned(),
            state,
            verifier,
        })
    }
}

impl Consent {
    /// The code in the address that the browser was sent to, or in its path and query alone.
    ///
    /// # Errors
    /// [`ConsentError`]; above all when the answer is to another question than this.
    pub fn code(&self, redirected: &str) -> Result<SecretString, ConsentError> {
        let base = Url::parse(&self.redirect).map_err(|_| ConsentError::NoCode)?;
        let url = base
            .join(redirected.trim())
            .map_err(|_| ConsentError::NoCode)?;
        let value = |name: &str| {
            let mut pairs = url.query_pairs();
            pairs.find(|(key, _)| key == name).map(|(_, value)| value)
        };
        if value("state").as_deref() != Some(self.state.secret()) {
            return Err(ConsentError::ForeignState);
        }
        match (value("code"), value("error")) {
            (Some(code), _) if !code.is_empty() => Ok(SecretString::from(&*code)),
            (_, Some(error)) => Err(ConsentError::Denied(plain(&error))),
            (_, None) => Err(ConsentError::NoCode),
        }
    }

    /// The code that somebody copied, alone or in the address of the page that the browser ended on. Nothing here
    /// can tell whether it belongs to a consent that was asked for here; the platform can.
    pub fn copied_code(copied: &str) -> SecretString {
        let copied = copied.trim();
        let url = Url::parse(copied).ok();
        let own = url.as_ref().and_then(|url| {
            let mut pairs = url.query_pairs();
            pairs.find(|(name, _)| name == "code").map(|(_, code)| code)
        });
        SecretString::from(own.as_deref().unwrap_or(copied))
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;
    use serde_json::{Map, Value};

    use super::*;
    use crate::platforms::connector;

    fn authority(replacement: Option<&str>) -> Authority {
        let oauth = connector("gong").unwrap().traits().oauth.unwrap();
        Authority::new(oauth, replacement).unwrap()
    }

    #[test]
    fn paths_stay_where_the_address_is_replaced() {
        let authority = authority(Some("http://127.0.0.1:8080"));
        assert_eq!(
            authority.token_url.as_str(),
            "http://127.0.0.1:8080/oauth2/generate-customer-token"
        );
    }

    #[test]
    fn only_the_answer_to_the_own_question_brings_a_code() {
        let consent = authority(None)
            .consent("app", "https://imports.example/back")
            .unwrap();
        let state = consent.state.secret();
        let url = Url::parse(&consent.url).unwrap();
        let asked: Map<String, Value> = url
            .query_pairs()
            .map(|(name, value)| (name.into_owned(), value.into()))
            .collect();
        assert_eq!(asked["redirect_uri"], "https://imports.example/back");
        assert_eq!(asked["state"], state.as_str());
        let code = |redirected: &str| {
            let code = consent.code(redirected);
            code.map(|code| code.expose_secret().to_owned())
        };
        assert_eq!(
            code(&format!("/back?code=a%2Fb&state={state}")),
            Ok("a/b".into())
        );
        let whole = format!("https://imports.example/back?state={state}&code=ab");
        assert_eq!(code(&whole), Ok("ab".into()));
        for foreign in ["/back?code=ab", "/back?code=ab&state=other", "/back"] {
            assert_eq!(code(foreign), Err(ConsentError::ForeignState), "{foreign}");
        }
        assert_eq!(
            code(&format!("/back?error=access_denied&state={state}")),
            Err(ConsentError::Denied("access_denied".into()))
        );
    }

    #[test]
    fn a_code_is_copied_alone_or_in_its_address() {
        for copied in [
            " a/b ",
            "https://imports.example/back?state=s&code=a%2Fb#top",
        ] {
            assert_eq!(
                Consent::copied_code(copied).expose_secret(),
                "a/b",
                "{copied}"
            );
        }
    }
}
