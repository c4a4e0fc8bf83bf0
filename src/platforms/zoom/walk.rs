//! The listing of a window: month by month, the newest first, and in each month person by person.
//!
//! The people are asked for once, and carried in the cursor, unless they are more than a page of them: then they
//! are asked for again each month, because Zoom's page tokens die after 15 minutes.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use super::{NAME, Verdict, judge, recording};
use crate::{
    model::Window,
    platforms::{
        Exchange, HttpExchange, HttpReply, Page, Progress, Rejection, RequestClass, Setup, Step,
        fields, replies,
    },
};

/// People or recordings on a page: the most that Zoom gives.
const PAGE_SIZE: usize = 300;

/// Recordings that are enough for one page of ours.
const ENOUGH: usize = 100;

/// Begins or goes on. A cursor that cannot be read any more begins the window anew.
pub(super) fn begin(window: Window, cursor: Option<&str>, setup: &Setup) -> Step {
    let at = cursor
        .and_then(|cursor| serde_json::from_str(cursor).ok())
        .unwrap_or_else(|| Position::first(window));
    State {
        at,
        found: Vec::new(),
    }
    .step(window, setup)
}

/// Takes in the reply to what [`State::step`] has asked.
pub(super) fn next(
    window: Window,
    setup: &Setup,
    progress: &Progress,
    reply: &HttpReply,
) -> Result<Step, Rejection> {
    let mut state: State =
        serde_json::from_value(progress.clone()).map_err(|error| Rejection::Broken {
            detail: format!("expected our own progress: {error}"),
        })?;
    let has_token = state.at.token().is_some();
    let verdict = match judge(reply) {
        // The token is dead: Zoom names no code for it.
        Err(Rejection::Refused { .. }) if reply.status == 400 && has_token => {
            return Err(Rejection::RestartWindow);
        }
        verdict => verdict?,
    };
    match (state.at.users.get(state.at.user), verdict) {
        (None, Verdict::Answer) => state.take_users(replies::parse(NAME, reply)?)?,
        (None, Verdict::Gone) => {
            return Err(Rejection::Refused {
                detail: "Zoom answered 404 to the list of users".into(),
            });
        }
        (Some(_), Verdict::Answer) => {
            let answer: Recordings<'_> = replies::parse(NAME, reply)?;
            let brings_nothing = answer.meetings.is_empty();
            state.take_recordings(answer)?;
            if brings_nothing && state.at.token.is_some() {
                // So that a platform that names one empty page after another is found out.
                return Ok(Step::Page(state.page(setup)));
            }
        }
        // Somebody who was deleted a moment ago.
        (Some(_), Verdict::Gone) => state.take_recordings(Recordings::default())?,
    }
    Ok(state.step(window, setup))
}

/// Where a walk stands: the cursor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Position {
    /// The day behind the present stretch, which is a month or what the window has of it.
    to: Date,
    /// People whose recordings are listed.
    users: Vec<User>,
    /// Whose turn it is.
    user: usize,
    /// Whether `users`, with those who are still to be asked for, are all there are.
    whole: bool,
    /// The page of people to ask for when these are done.
    more: Option<UserPage>,
    /// The page of that person's recordings.
    token: Option<String>,
}

/// Somebody who may have recordings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct User {
    pub(super) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) email: Option<String>,
}

/// A page of people. Those who have left keep their recordings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct UserPage {
    inactive: bool,
    token: Option<String>,
}

/// What is remembered between the requests of one step.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct State {
    at: Position,
    /// Recordings of the page to come, each with its `user`.
    found: Vec<Value>,
}

/// `GET /users`
#[derive(Deserialize)]
struct Users {
    users: Vec<ListedUser>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct ListedUser {
    #[serde(deserialize_with = "fields::id")]
    id: String,
    display_name: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<String>,
}

/// `GET /users/{userId}/recordings`
#[derive(Default, Deserialize)]
struct Recordings<'a> {
    #[serde(borrow)]
    meetings: Vec<&'a RawValue>,
    next_page_token: Option<String>,
}

impl Position {
    fn first(window: Window) -> Self {
        Self {
            to: window.to,
            users: Vec::new(),
            user: 0,
            whole: true,
            more: Some(UserPage::default()),
            token: None,
        }
    }

    /// The first day of the present stretch.
    fn first_day(&self, window: Window) -> Date {
        let last = self.to.yesterday().unwrap_or(self.to);
        last.first_of_month().max(window.from)
    }

    /// The month before; `None` where the window has none.
    fn earlier(self, window: Window) -> Option<Self> {
        let to = self.first_day(window);
        (to > window.from).then(|| {
            if self.whole {
                Self {
                    to,
                    user: 0,
                    ..self
                }
            } else {
                Self {
                    to,
                    whole: false,
                    ..Self::first(window)
                }
            }
        })
    }

    /// The token that the next request has.
    fn token(&self) -> Option<&str> {
        match self.users.get(self.user) {
            Some(_) => self.token.as_deref(),
            None => self.more.as_ref()?.token.as_deref(),
        }
    }

    fn request(&self, window: Window) -> Option<HttpExchange> {
        let mut path = match (self.users.get(self.user), &self.more) {
            (Some(user), _) => {
                // Both days are included.
                let to = self.to.yesterday().unwrap_or(self.to);
                format!(
                    "/v2/users/{}/recordings?from={}&to={to}",
                    fields::percent_encoded(&user.id),
                    self.first_day(window)
                )
            }
            (None, Some(UserPage { inactive, .. })) => {
                let status = if *inactive { "inactive" } else { "active" };
                format!("/v2/users?status={status}")
            }
            (None, None) => return None,
        };
        path.push_str(&format!("&page_size={PAGE_SIZE}"));
        if let Some(token) = self.token() {
            path.push_str("&next_page_token=");
            path.push_str(&fields::percent_encoded(token));
        }
        Some(HttpExchange {
            // Zoom's class Medium.
            class: RequestClass::Heavy,
            ..HttpExchange::get(path)
        })
    }
}

impl State {
    /// The next request, or the page when there are enough recordings or the month is over.
    fn step(self, window: Window, setup: &Setup) -> Step {
        let Some(request) = self.at.request(window) else {
            let next = self.at.clone().earlier(window);
            return Step::Page(Page {
                next: next.map(|next| cursor(&next)),
                ..recording::page(self.found, setup)
            });
        };
        if self.found.len() >= ENOUGH {
            return Step::Page(self.page(setup));
        }
        let progress = serde_json::to_value(&self).unwrap_or_default();
        Step::Send(Exchange::Http(request), progress)
    }

    /// What was found, with a cursor to where we stand.
    fn page(self, setup: &Setup) -> Page {
        Page {
            next: Some(cursor(&self.at)),
            ..recording::page(self.found, setup)
        }
    }

    fn take_users(&mut self, answer: Users) -> Result<(), Rejection> {
        let asked = self.at.more.take().unwrap_or_default();
        let token = page_token(answer.next_page_token, asked.token.as_deref())?;
        self.at.more = match token {
            Some(token) => Some(UserPage {
                token: Some(token),
                ..asked
            }),
            None if asked.inactive => None,
            None => Some(UserPage {
                inactive: true,
                token: None,
            }),
        };
        let known = |user: &User| self.at.users.iter().any(|known| known.id == user.id);
        let users = answer.users.into_iter().map(ListedUser::into_user);
        let users: Vec<User> = users.filter(|user| !known(user)).collect();
        if self.at.whole && self.at.users.len() + users.len() <= PAGE_SIZE {
            self.at.users.extend(users);
        } else {
            // Those before are done.
            self.at.whole = false;
            self.at.users = users;
            self.at.user = 0;
        }
        Ok(())
    }

    fn take_recordings(&mut self, answer: Recordings<'_>) -> Result<(), Rejection> {
        let token = page_token(answer.next_page_token, self.at.token.as_deref())?;
        let user = self.at.users.get(self.at.user);
        let user = serde_json::to_value(user).unwrap_or_default();
        let found = answer.meetings.into_iter();
        self.found
            .extend(found.map(|meeting| recording::kept(meeting, &user)));
        if token.is_none() {
            self.at.user += 1;
        }
        self.at.token = token;
        Ok(())
    }
}

impl ListedUser {
    fn into_user(self) -> User {
        let parts = [self.first_name, self.last_name].map(fields::text);
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        User {
            name: fields::text(self.display_name).or_else(|| fields::text(Some(parts.join(" ")))),
            email: self.email.as_deref().and_then(fields::email),
            id: self.id,
        }
    }
}

/// The next page's token, which is an empty text at the end.
fn page_token(told: Option<String>, asked: Option<&str>) -> Result<Option<String>, Rejection> {
    let token = told.filter(|token| !token.is_empty());
    if token.is_some() && token.as_deref() == asked {
        return Err(Rejection::Broken {
            detail: "the platform sent the token of a page with that page".into(),
        });
    }
    Ok(token)
}

fn cursor(at: &Position) -> String {
    serde_json::to_string(at).unwrap_or_default()
}
