//! `call-import authorize`: a customer consents in a browser, and what comes of it is sealed.

use std::{
    io::{self, IsTerminal as _},
    net::IpAddr,
};

use anyhow::{Context as _, anyhow};
use clap::Args;
use inquire::Text;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};

use super::{
    Common, Exit, Output, Stop, check, credential, known,
    loopback::{Loopback, Visit},
    output::tell,
    place::{Place, find_platform},
    recipients,
    reconcile::{PlatformUrl, duration, platform_url},
    record,
};
use crate::{
    clock::{Clock as _, SystemClock},
    http::{Authority, Consent, ConsentError, Endpoint, Http, TokenAnswer, TokenError},
    model::{Credential, Method},
    platforms::{self, Auth, CLIENT_ID, CLIENT_SECRET, OAuth, REFRESH_TOKEN},
    secrets::{self, CredentialError, Plaintext},
};

/// Arguments of `authorize`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The platform, by its key or its name
    #[arg(value_name = "PLATFORM")]
    platform: String,
    /// The request to put the credential into: its id or its file
    #[arg(value_name = "REQUEST", required_unless_present = "customer")]
    request: Option<String>,
    /// Not for a file: print the lines for a request of this customer
    #[arg(long, value_name = "NAME", conflicts_with = "request")]
    customer: Option<String>,
    /// What the platform gave, where it sends browsers to a page of its own or of ours: the code, or the
    /// whole address of that page
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    /// Wait for the browser on this port of 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// Where the platform sends the browser, exactly as it is registered with the app
    #[arg(long, value_name = "URI", conflicts_with = "port")]
    redirect_uri: Option<String>,
    /// Give up after this long
    #[arg(long, value_name = "10m", value_parser = duration, default_value = "10m")]
    wait: SignedDuration,
    /// Send the token request to another scheme, host and port, for simulators and proxies
    #[arg(long, value_name = "NAME=URL", value_parser = platform_url)]
    platform_url: Option<PlatformUrl>,
}

/// How the answer comes back.
enum Way {
    /// The browser comes to this machine.
    Loopback {
        loopback: Loopback,
        /// Where it comes to.
        path: String,
    },
    /// Somebody copies it.
    Copy,
}

/// Lets a customer consent and seals what comes of it.
pub(super) fn run(arguments: &Arguments, common: &Common, out: &mut Output) -> Result<Exit, Stop> {
    let matrix = check::matrix(common)?;
    let recipients = recipients::load(common)?;
    let (key, name) = find_platform(&matrix, &arguments.platform)?;
    let place = match (&arguments.request, &arguments.customer) {
        (Some(request), _) => match Place::of_request(request, &matrix, common, out)? {
            Ok(place) => place,
            Err(exit) => return Ok(exit),
        },
        (None, customer) => {
            let customer = customer.as_deref().unwrap_or_default();
            Place::of_customer(customer, &key, &matrix)?
        }
    };
    if arguments.request.is_some()
        && (place.purpose.platform != key || place.method != Method::Oauth)
    {
        return Err(usage(format!(
            "The request must say `platform: {key}` and `method: oauth`."
        )));
    }
    let oauth = consenting(&key, &name)?;
    let replacement = arguments.platform_url.as_ref();
    let replacement = replacement.filter(|url| url.platform == key);
    let authority = Authority::new(oauth, replacement.map(|url| url.url.as_str()))?;
    let runtime = record::runtime()?;
    let (redirect, way) = runtime.block_on(redirect(arguments, oauth, &name))?;
    let shape = Auth::Basic {
        user: CLIENT_ID,
        password: CLIENT_SECRET,
    };
    let app = credential::pasted(&name, Some(shape))?;
    let app = secrets::parts(&app, shape).map_err(|error| match error {
        CredentialError::WrongShape(_) => usage(format!(
            "The app's own credential is missing. Pipe in {{\"{CLIENT_ID}\": \"...\", \"{CLIENT_SECRET}\": \"...\"}}, or \
             run the command in a terminal without a pipe."
        )),
        other => Stop::with(Exit::Usage, other),
    })?;
    let client_id = app.field(CLIENT_ID).map(ExposeSecret::expose_secret);
    let consent = authority.consent(client_id.unwrap_or_default(), &redirect);
    let consent = consent.context("The platform asks nobody to consent.")?;
    let redemption = Redemption {
        authority: &authority,
        app: &app,
        platform: &name,
        http: Http::new()?,
    };
    let answer = runtime.block_on(redemption.answer(arguments, oauth, consent, way))?;
    if arguments.request.is_none() && place.method != Method::Oauth {
        tell("note: The request must say `method: oauth`.\n");
    }
    let sealed = plaintext(&app, answer, oauth, &place, &name)?.seal(&recipients)?;
    place.put(&sealed, &recipients, common, out)
}

fn usage(sentence: String) -> Stop {
    Stop::with(Exit::Usage, anyhow!(sentence))
}

/// How customers consent on the platform.
fn consenting(key: &str, name: &str) -> Result<OAuth, Stop> {
    let traits = platforms::connector(key).map(|connector| connector.traits());
    let oauth = traits.and_then(|traits| traits.oauth);
    let oauth = oauth.filter(|oauth| oauth.authorize_url.is_some());
    oauth.ok_or_else(|| {
        usage(format!(
            "{name} asks no customer to consent. `call-import matrix {key}` shows how to import from it."
        ))
    })
}

/// What turns a code into tokens.
struct Redemption<'a> {
    authority: &'a Authority,
    app: &'a Credential,
    platform: &'a str,
    http: Http,
}

impl Redemption<'_> {
    /// From the address that the customer opens to the first tokens.
    async fn answer(
        &self,
        arguments: &Arguments,
        oauth: OAuth,
        consent: Consent,
        way: Way,
    ) -> Result<TokenAnswer, Stop> {
        if let Some(code) = &arguments.code {
            if oauth.pkce {
                let name = self.platform;
                return Err(usage(format!(
                    "{name} takes a code only from the command that printed the address."
                )));
            }
            return self.redeem(consent, &Consent::copied_code(code)).await;
        }
        let wait = arguments.wait;
        tell(&format!(
            "Somebody who may consent for the customer opens this address within {wait:#}:\n\n  {}\n\n",
            consent.url
        ));
        match way {
            Way::Loopback { loopback, path } => {
                self.browser(consent, loopback, &path, wait).await
            }
            Way::Copy if io::stdin().is_terminal() => {
                let pasted = Text::new("The address of the page that the browser ends on:");
                let pasted = pasted.prompt().map_err(|_| anyhow!("Nothing was sealed."))?;
                let code = consent.code(&pasted).map_err(|error| not_consented(&error))?;
                self.redeem(consent, &code).await
            }
            Way::Copy => Err(usage(
                "Then run the same command again with --code and the address of the page that the browser ends on."
                    .into(),
            )),
        }
    }

    /// Waits for the browser and tells it what came of its code.
    async fn browser(
        &self,
        consent: Consent,
        mut loopback: Loopback,
        path: &str,
        wait: SignedDuration,
    ) -> Result<TokenAnswer, Stop> {
        let deadline = SystemClock.now().saturating_add(wait);
        let arrived = tokio::select! {
            arrived = arrival(&mut loopback, &consent, path) => arrived,
            () = SystemClock.wait(deadline.unwrap_or(Timestamp::MAX), 0) => {
                Err(anyhow!("Nobody came back within {wait:#}. Nothing was sealed.").into())
            }
        };
        let (visit, code) = arrived?;
        let redeemed = self.redeem(consent, &code).await;
        let (status, sentence) = match &redeemed {
            Ok(_) => ("200 OK", "Done. You can close this window."),
            Err(_) => (
                "502 Bad Gateway",
                "That did not work. The terminal says why.",
            ),
        };
        visit.answer(status, sentence).await;
        redeemed
    }

    async fn redeem(&self, consent: Consent, code: &SecretString) -> Result<TokenAnswer, Stop> {
        let now = SystemClock.now();
        let known = known::secrets();
        known.learn(code);
        let redeemed = self
            .http
            .redeem(self.authority, self.app, consent, code, now)
            .await
            .map_err(|error| refused(&error, self.platform))?;
        known.learn(&redeemed.access_token);
        redeemed
            .refresh_token
            .iter()
            .for_each(|token| known.learn(token));
        Ok(redeemed)
    }
}

/// Where the browser is sent, and how what it brings gets here.
async fn redirect(arguments: &Arguments, oauth: OAuth, name: &str) -> Result<(String, Way), Stop> {
    let (port, path) = match (&arguments.redirect_uri, arguments.port) {
        (Some(uri), _) if !Endpoint::is_address(uri) => {
            return Err(usage("--redirect-uri is no address.".into()));
        }
        (Some(uri), _) => match local(uri) {
            Some(local) => local,
            None => return Ok((uri.clone(), Way::Copy)),
        },
        (None, Some(port)) => (port, "/"),
        (None, None) if oauth.loopback => (0, "/"),
        (None, None) => {
            return Err(usage(format!(
                "{name} sends browsers only where the app says. Give that address, as it is registered with the app, \
                 by --redirect-uri; or --port N if the app allows http://127.0.0.1:N/."
            )));
        }
    };
    let own = arguments.redirect_uri.clone();
    if arguments.code.is_some() {
        let uri = own.unwrap_or_else(|| format!("http://127.0.0.1:{port}{path}"));
        return Ok((uri, Way::Copy));
    }
    let loopback = Loopback::bind(port)
        .await
        .with_context(|| format!("Port {port} of 127.0.0.1 cannot be used."))?;
    let port = loopback.port()?;
    let uri = own.unwrap_or_else(|| format!("http://127.0.0.1:{port}{path}"));
    let path = path.to_owned();
    Ok((uri, Way::Loopback { loopback, path }))
}

/// Port and path of an address on this machine.
fn local(uri: &str) -> Option<(u16, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (host, port) = host.rsplit_once(':')?;
    let is_local = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let port = port.parse().ok()?;
    is_local.then_some((port, if path.is_empty() { "/" } else { path }))
}

/// The browser that comes back with a code for us. Whoever comes with anything else is sent away.
async fn arrival(
    loopback: &mut Loopback,
    consent: &Consent,
    path: &str,
) -> Result<(Visit, SecretString), Stop> {
    loop {
        let visit = loopback
            .next()
            .await
            .context("The browser cannot be heard.")?;
        if visit.target.split('?').next() != Some(path) {
            visit
                .answer("404 Not Found", "There is nothing here.")
                .await;
            continue;
        }
        match consent.code(&visit.target) {
            Ok(code) => return Ok((visit, code)),
            Err(error @ ConsentError::Denied(_)) => {
                visit
                    .answer("200 OK", "There is no consent. You can close this window.")
                    .await;
                return Err(not_consented(&error));
            }
            Err(error @ (ConsentError::ForeignState | ConsentError::NoCode)) => {
                tell(&format!("warning: A browser came, but {error}.\n"));
                visit
                    .answer(
                        "400 Bad Request",
                        "This is not the answer that is waited for.",
                    )
                    .await;
            }
        }
    }
}

fn not_consented(error: &ConsentError) -> Stop {
    anyhow!("There is no consent: {error}. Nothing was sealed.").into()
}

fn refused(error: &TokenError, name: &str) -> Stop {
    let sentence = match error {
        TokenError::Grant(_) => format!(
            "{name} does not take the code: it is too old, was used before, or belongs to another app or --redirect-uri. \
             Begin again."
        ),
        TokenError::App(_) => format!("{name} does not accept client_id and client_secret."),
        TokenError::Lost(lost) if lost.is_unsent() => format!(
            "The server of {name} that gives tokens cannot be reached from here, so nothing was sealed. Check the \
             connection to the internet and begin again."
        ),
        TokenError::Lost(_) => format!(
            "The server of {name} that gives tokens broke off without an answer, so nothing was sealed. Begin again."
        ),
        TokenError::Throttled { .. } => format!(
            "{name} takes no more requests for now, so nothing was sealed. Begin again in some minutes."
        ),
        TokenError::Unavailable { status, .. } => format!(
            "The server of {name} that gives tokens is out of order (it answered {status}), so nothing was sealed. \
             Begin again later."
        ),
        TokenError::Refused(_) => format!(
            "{name} refuses the request for tokens, so nothing was sealed. An engineer sees why with -v."
        ),
        TokenError::Broken(_) => format!(
            "What {name} answered holds no tokens that can be read, so nothing was sealed. Begin again; if it stays \
             so, an engineer sees why with -v."
        ),
    };
    // The whole chain of causes is for `-v`.
    let detail = match error {
        TokenError::Lost(lost) => lost.detail(),
        other => other.to_string(),
    };
    anyhow!(detail).context(sentence).into()
}

/// The credential, ready to be sealed. The access token is left out: it would be dead before the request is
/// merged.
fn plaintext(
    app: &Credential,
    answer: TokenAnswer,
    oauth: OAuth,
    place: &Place,
    name: &str,
) -> Result<Plaintext, Stop> {
    let refresh_token = answer.refresh_token.ok_or_else(|| {
        anyhow!(
            "{name} gave no refresh token, so the access would end tonight. Ask {name} whether the app may work without \
             the customer present."
        )
    })?;
    let own = [CLIENT_ID, CLIENT_SECRET].map(|part| (part, app.field(part).cloned()));
    let parts = own
        .into_iter()
        .chain([(REFRESH_TOKEN, Some(refresh_token))]);
    let parts: Vec<_> = parts
        .filter_map(|(part, value)| Some((part, value?)))
        .collect();
    let joined = Plaintext::joined(&parts);
    Plaintext::read(&joined, Some(Auth::OAuth(oauth)), &place.purpose)
        .map_err(|error| anyhow::Error::new(error).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_on_this_machine_are_listened_to() {
        assert_eq!(local("http://127.0.0.1:8123/back"), Some((8123, "/back")));
        assert_eq!(local("http://localhost:8123"), Some((8123, "/")));
        for other in [
            "https://127.0.0.1:8123/",
            "http://imports.example:80/",
            "http://127.0.0.1/",
        ] {
            assert_eq!(local(other), None, "{other}");
        }
    }
}
