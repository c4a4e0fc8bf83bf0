//! How a platform proves who asks.

use super::Traits;
use crate::model::Method;

/// How the platform proves who asks. The shell does it, with the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// `Authorization: Basic` from two fields of the credential.
    Basic {
        /// Field with the user part.
        user: &'static str,
        /// Field with the password part.
        password: &'static str,
    },
    /// `Authorization: Bearer` from one field.
    Bearer {
        /// Field with the token.
        token: &'static str,
    },
    /// A header of its own from one field.
    Header {
        /// Name of the header, lower case.
        name: &'static str,
        /// Field with the value.
        value: &'static str,
    },
    /// A header of its own from one of several keys, each of which may see other calls.
    Keys {
        /// Name of the header, lower case.
        name: &'static str,
        /// Field with the list of keys.
        values: &'static str,
    },
    /// `Authorization: Bearer` with a token that is renewed now and then.
    OAuth(OAuth),
}

/// Part of an OAuth credential: names the app.
pub const CLIENT_ID: &str = "client_id";
/// Part of an OAuth credential: proves that it is the app.
pub const CLIENT_SECRET: &str = "client_secret";
/// Part of an OAuth credential: what the customer's consent gives.
pub const REFRESH_TOKEN: &str = "refresh_token";
/// Part of an OAuth credential: signs requests until it expires.
pub const ACCESS_TOKEN: &str = "access_token";

/// How a platform signs in apps that a customer has consented to (RFC 6749), or that the customer has made
/// for us. The credential of such a request has `client_id`, `client_secret` and `refresh_token`, an
/// `access_token` if there is one, and [`OAuth::fields`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OAuth {
    /// Where the customer consents; `None` where the customer makes the app (server to server).
    pub authorize_url: Option<&'static str>,
    /// Where tokens come from.
    pub token_url: &'static str,
    /// Scopes to ask for, separated by blanks; may be empty.
    pub scopes: &'static str,
    /// Whether the platform checks a code verifier (RFC 7636).
    pub pkce: bool,
    /// Whether the redirect may go to this machine by http (RFC 8252); else only to an https address.
    pub loopback: bool,
    /// How the app itself signs in at the token URL.
    pub client: ClientAuth,
    /// How the token request is written.
    pub form: TokenForm,
    /// How new access tokens are got.
    pub grant: Grant,
    /// Further fields of the credential that every token request needs, for example `account_id`.
    pub fields: &'static [&'static str],
    /// The part of the token answer that is the address of the customer's own API, if there is one. Like any
    /// other it must be one of [`Traits::hosts`].
    pub base_url: Option<&'static str>,
}

/// How an app signs in at the token URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// HTTP Basic.
    Basic,
    /// `client_id` and `client_secret` in the body.
    Body,
}

/// How a token request is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenForm {
    /// `application/x-www-form-urlencoded`, as RFC 6749 says.
    Form,
    /// JSON.
    Json,
}

/// How new access tokens are got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// With the refresh token.
    RefreshToken,
    /// With the app's own credential alone: `grant_type` is this.
    App(&'static str),
}

impl Auth {
    /// Fields that a credential for this platform must have.
    pub fn fields(self) -> Vec<&'static str> {
        match self {
            Self::Basic { user, password } => vec![user, password],
            Self::Bearer { token } => vec![token],
            Self::Header { value, .. } => vec![value],
            Self::Keys { values, .. } => vec![values],
            Self::OAuth(oauth) => {
                let consent = match oauth.grant {
                    Grant::RefreshToken => Some(REFRESH_TOKEN),
                    Grant::App(_) => None,
                };
                let own = [CLIENT_ID, CLIENT_SECRET].into_iter().chain(consent);
                own.chain(oauth.fields.iter().copied()).collect()
            }
        }
    }

    /// Fields that it may have besides.
    pub const fn optional_fields(self) -> &'static [&'static str] {
        match self {
            Self::OAuth(_) => &[ACCESS_TOKEN],
            Self::Basic { .. } | Self::Bearer { .. } | Self::Header { .. } | Self::Keys { .. } => {
                &[]
            }
        }
    }
}

impl Traits {
    /// How a request of this method signs in; `None` where the platform has no such way.
    pub fn sign_in(&self, method: Method) -> Option<Auth> {
        match method {
            Method::Api => Some(self.auth),
            Method::Oauth => self.oauth.map(Auth::OAuth),
            Method::File => None,
        }
    }
}
