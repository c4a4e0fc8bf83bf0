//! Proves a credential with the platform's cheapest requests, before it is sealed. It goes nowhere but to
//! the platform.

use std::sync::Arc;

use jiff::{Timestamp, ToSpan as _};
use serde_json::{Map, Value};

use super::{Stop, output::tell, reconcile::PlatformUrl, record};
use crate::{
    clock::{Clock as _, SystemClock},
    http::{Endpoint, Http},
    model::{Method, Period, words},
    platforms::{self, Auth, Connector, Exchange, Page, Rejection, Reply, Seen, Setup, Step, Work},
    report::text::{inline, sentence},
    secrets::Plaintext,
};

/// Requests of one proof at most: some platforms need a few before they tell of calls.
const REQUESTS: usize = 5;

/// Names that are told at most.
const NAMES: usize = 5;

/// Days that are looked through for calls.
const DAYS: i64 = 30;

/// Whose credential is proved, and where.
pub(super) struct Proof<'a> {
    /// Key of the platform.
    pub(super) key: &'a str,
    /// Its name.
    pub(super) name: &'a str,
    /// How the request signs in.
    pub(super) method: Method,
    /// The request's options.
    pub(super) options: Map<String, Value>,
    /// Another address of the platform's API.
    pub(super) replacement: Option<&'a PlatformUrl>,
}

/// What came of a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The platform takes it, or it could not be proved. What is known was told.
    Seal,
    /// The platform refuses it, and what to ask the customer for was told.
    Refused,
}

impl Proof<'_> {
    /// Asks the platform and tells in plain words what it says.
    pub(super) fn carry_out(&self, credential: &Plaintext) -> Result<Verdict, Stop> {
        let name = self.name;
        let Some(connector) = platforms::connector(self.key) else {
            return Ok(unproved(&format!("how to ask {name} is not known here")));
        };
        let traits = connector.traits();
        let auth = match traits.sign_in(self.method) {
            None => return Ok(unproved(&format!("{name} has no such way to sign in"))),
            Some(Auth::OAuth(_)) => {
                return Ok(unproved(
                    "a consent was proved when it was given, and to use it here would use it up",
                ));
            }
            Some(auth) => auth,
        };
        let credential = credential.parts(auth)?;
        let base = self.options.get("base_url").and_then(Value::as_str);
        let base = base.unwrap_or(traits.base_url).trim_end_matches('/');
        let replacement = self.replacement.filter(|url| url.platform == self.key);
        let replacement = replacement.map(|url| url.url.as_str());
        let endpoint = match Endpoint::new(base, replacement, &traits, auth, credential) {
            Ok(endpoint) => endpoint,
            Err(error) => return Ok(unproved(&error.to_string())),
        };
        let now = SystemClock.now();
        let window = self.window(traits.window_days, now);
        let setup = Setup {
            base_url: base.to_owned(),
            options: self.options.clone(),
            internal_domains: Vec::new(),
            period: window,
            method: self.method,
            as_of: now,
            keys: endpoint.keys(),
            gathered: Arc::default(),
        };
        let http = Http::new()?;
        let asking = Asking {
            connector,
            setup,
            endpoint,
            http,
        };
        let answer = record::runtime()?.block_on(asking.ask(window));
        Ok(self.judge(answer, &asking.endpoint, window))
    }

    /// The last days before today, as many as may be listed at once.
    fn window(&self, longest: i64, now: Timestamp) -> Period {
        let today = words::utc_date(now);
        let to = today.yesterday().unwrap_or(today);
        let days = DAYS.min(longest.max(1));
        Period {
            from: today.saturating_sub(days.days()),
            to,
        }
    }

    fn judge(
        &self,
        answer: Result<Proved, Failure>,
        endpoint: &Endpoint,
        window: Period,
    ) -> Verdict {
        let name = self.name;
        let clean = |text: &str| sentence(&endpoint.scrub(text));
        match answer {
            Ok(Proved { sees, listed }) => {
                let quoted = |name: &String| format!("`{}`", inline(&endpoint.scrub(name)));
                let place = sees.map(|sees| place(&sees, quoted));
                let calls = listed.map(|page| calls(&page, window));
                let (place, calls) = (place.unwrap_or_default(), calls.unwrap_or_default());
                tell(&format!("{name} takes the credential.{place}{calls}\n"));
                Verdict::Seal
            }
            Err(Failure::Rejected(Rejection::Credentials { advice })) => {
                tell(&format!(
                    "{name} refuses the credential, so nothing was sealed. {}\n",
                    clean(&advice)
                ));
                Verdict::Refused
            }
            Err(Failure::Rejected(Rejection::Throttled { .. })) => {
                unproved(&format!("{name} takes no more requests for now"))
            }
            Err(Failure::Rejected(
                Rejection::Unavailable { detail, .. }
                | Rejection::TooMuch { detail, .. }
                | Rejection::Refused { detail }
                | Rejection::Broken { detail },
            )) => unproved(&clean(&detail)),
            Err(Failure::Lost(detail)) => {
                tracing::debug!(detail, "no answer");
                unproved(&format!("{name} cannot be reached from here"))
            }
            Err(Failure::Rejected(Rejection::RestartWindow)) => {
                unproved(&format!("{name} gave no answer to go by"))
            }
        }
    }
}

fn unproved(reason: &str) -> Verdict {
    tell(&format!(
        "note: The credential is sealed unproved: {}. The nightly run tells whether it works.\n",
        reason.trim_end_matches('.')
    ));
    Verdict::Seal
}

/// Where it leads, which tells the key of another workspace, account or person.
fn place(sees: &Seen, quoted: impl Fn(&String) -> String) -> String {
    match sees {
        Seen::Workspaces(names) => match names.as_slice() {
            [] => String::new(),
            [name] => format!(" It sees the workspace {}.", quoted(name)),
            names => format!(" It sees the workspaces {}.", list(names, quoted)),
        },
        Seen::Teams(names) => match names.as_slice() {
            [] => String::new(),
            [name] => format!(" Its account has the team {}.", quoted(name)),
            names => format!(" Its account has the teams {}.", list(names, quoted)),
        },
        Seen::User(name) => format!(" It is a key of {}.", quoted(name)),
    }
}

/// At least two names, as many as are told: `A`, `B` and `C`.
fn list(names: &[String], quoted: impl Fn(&String) -> String) -> String {
    let mut shown: Vec<String> = names.iter().take(NAMES).map(quoted).collect();
    let last = if names.len() > NAMES {
        Some("others".to_owned())
    } else {
        shown.pop()
    };
    format!("{} and {}", shown.join(", "), last.unwrap_or_default())
}

/// How many calls it sees, which tells a wrong workspace or a key without rights.
fn calls(page: &Page, window: Period) -> String {
    let listed = page.calls.len() as u64;
    let (count, least) = match page.total {
        Some(total) => (total, ""),
        None if page.next.is_some() => (listed, "at least "),
        None => (listed, ""),
    };
    let days = words::counted(window.days().unsigned_abs(), "day");
    match count {
        0 => format!(
            " It sees no call of the last {days}: is it the right workspace, and may its owner see the calls?"
        ),
        count => format!(
            " It sees {least}{} of the last {days}.",
            words::counted(count, "call")
        ),
    }
}

/// What a platform that takes the credential tells of it.
struct Proved {
    /// Where it leads.
    sees: Option<Seen>,
    /// The first page of calls, if it shows one at once.
    listed: Option<Page>,
}

/// Why there is no answer to go by.
enum Failure {
    Rejected(Rejection),
    Lost(String),
}

struct Asking {
    connector: &'static dyn Connector,
    setup: Setup,
    endpoint: Endpoint,
    http: Http,
}

impl Asking {
    /// Whether the platform takes the credential, and what it tells then.
    async fn ask(&self, window: Period) -> Result<Proved, Failure> {
        let verified = self.carry_out(&Work::Verify).await?;
        let sees = verified.and_then(|page| page.sees);
        let listing = Work::List {
            window: window.window(),
            cursor: None,
        };
        match self.carry_out(&listing).await {
            // What the cheaper request has proved stays so.
            Err(Failure::Rejected(Rejection::Credentials { advice })) => {
                Err(Failure::Rejected(Rejection::Credentials { advice }))
            }
            Err(failure) if self.connector.traits().verify_requests == 0 => Err(failure),
            Err(_) => Ok(Proved { sees, listed: None }),
            Ok(listed) => Ok(Proved { sees, listed }),
        }
    }

    async fn carry_out(&self, work: &Work) -> Result<Option<Page>, Failure> {
        let mut step = self.connector.begin(work, &self.setup);
        for _ in 0..REQUESTS {
            let (exchange, progress) = match step {
                Step::Page(page) => return Ok(Some(page)),
                Step::Send(Exchange::Files(_), _) => return Ok(None),
                Step::Send(Exchange::Http(exchange), progress) => (exchange, progress),
                // What must be made ready first is not what proves a key.
                Step::Later(..) => return Ok(None),
            };
            let now = SystemClock.now();
            let reply = self.http.send(&self.endpoint, &exchange, now).await;
            let reply = Reply::Http(reply.map_err(|error| Failure::Lost(error.detail()))?);
            let next = self.connector.next(work, &self.setup, &progress, &reply);
            step = next.map_err(Failure::Rejected)?;
        }
        match step {
            Step::Page(page) => Ok(Some(page)),
            // It goes on and on, and every answer was one.
            Step::Send(..) | Step::Later(..) => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Seen, inline, place};

    #[test]
    fn where_it_leads_is_told_in_few_and_harmless_words() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let told = |seen: &Seen| place(seen, |name| format!("`{}`", inline(name)));
        for (seen, expected) in [
            (Seen::Workspaces(names(&[])), ""),
            (
                Seen::Workspaces(names(&["EMEA"])),
                " It sees the workspace `EMEA`.",
            ),
            (
                Seen::Teams(names(&["a", "b", "c", "d", "e"])),
                " Its account has the teams `a`, `b`, `c`, `d` and `e`.",
            ),
            (
                Seen::Teams(names(&["a", "b", "c", "d", "e", "f"])),
                " Its account has the teams `a`, `b`, `c`, `d`, `e` and others.",
            ),
            (
                Seen::User("jane@northwind.example".into()),
                " It is a key of `jane@northwind.example`.",
            ),
            (
                Seen::Workspaces(names(&["\u{1b}[2J\n::error::a\u{202e}b"])),
                " It sees the workspace `[2J ::error::ab`.",
            ),
        ] {
            assert_eq!(told(&seen), expected);
        }
        let long = told(&Seen::Workspaces(vec!["x".repeat(100_000); 9]));
        assert!(long.len() < 600, "{}", long.len());
    }
}
