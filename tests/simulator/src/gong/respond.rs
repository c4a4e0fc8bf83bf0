//! The endpoints.

use axum::http::header;
use jiff::SignedDuration;

use super::{
    CALL, CALLS, EXTENSIVE, State, TRANSCRIPT, Tenant, USERS, WORKSPACES,
    paging::{Candidates, Page, Walk},
    query::{Body, Dates, Filter, ListQuery, Selector, UsersQuery, fingerprint, summarize},
    write,
};
use crate::{
    company::Population,
    json::{self, Object},
    log::Endpoint,
    random,
    server::{Answer, Arrival, CursorFault, Incoming, Service},
};

/// What an endpoint answers, or status and text of an error.
type Outcome = Result<String, (u16, String)>;

/// Web conferences are listed by their scheduled time, which is at most so much before their start.
const EARLY: SignedDuration = SignedDuration::from_mins(15);

impl Service for State {
    fn receive(&self, request: &Incoming) -> Arrival {
        let authorization = request.headers.get(header::AUTHORIZATION);
        let consented = self.traffic.account(request);
        let tenant = self.tenants.iter().find(|tenant| {
            let is_own = match consented {
                Some(account) => tenant.account.name() == account,
                None => authorization.is_some_and(|header| header == tenant.authorization.as_str()),
            };
            is_own && !tenant.account.is_revoked()
        });
        let refusal = match tenant {
            // The exact text is not documented.
            None => Some(self.error(
                request.number,
                401,
                "Access denied: wrong access key or secret",
            )),
            Some(tenant) => {
                let outcome = tenant.account.admit(request.at);
                outcome.err().map(|seconds| {
                    let mut answer = self.error(request.number, 429, "API request limit exceeded");
                    answer.headers.push(("retry-after", seconds.to_string()));
                    answer
                })
            }
        };
        Arrival {
            endpoint: match route(request) {
                Ok((endpoint, _)) => endpoint,
                Err(_) => Endpoint::UNKNOWN,
            },
            caller: tenant.map(|tenant| tenant.account.name().to_owned()),
            summary: summarize(&request.uri, &request.body),
            refusal,
        }
    }

    fn respond(&self, request: &Incoming, caller: &str, cursor: CursorFault) -> Answer {
        let outcome = self.outcome(request, caller, cursor);
        match outcome {
            Ok(body) => answer(request.number, 200, body),
            Err((status, message)) => self.error(request.number, status, &message),
        }
    }

    fn error(&self, number: usize, status: u16, message: &str) -> Answer {
        let mut body = String::new();
        Object::write(&mut body, |object| {
            object.text("requestId", trace(number).as_str());
            object.member("errors", |out| {
                json::list(out, [message], json::string);
            });
        });
        answer(number, status, body)
    }
}

/// A request that is being answered.
struct Exchange<'a> {
    state: &'a State,
    tenant: &'a Tenant,
    request: &'a Incoming,
    cursor: CursorFault,
}

/// Endpoint and, where the path holds one, the id.
fn route(request: &Incoming) -> Result<(Endpoint, &str), (u16, String)> {
    let path = request.uri.path();
    let (endpoint, method, id) = match path {
        "/v2/workspaces" => (WORKSPACES, "GET", ""),
        "/v2/users" => (USERS, "GET", ""),
        "/v2/calls" => (CALLS, "GET", ""),
        "/v2/calls/extensive" => (EXTENSIVE, "POST", ""),
        "/v2/calls/transcript" => (TRANSCRIPT, "POST", ""),
        _ => match path.strip_prefix("/v2/calls/") {
            Some(id) if !id.is_empty() && !id.contains('/') => (CALL, "GET", id),
            _ => return Err((404, "Not Found".into())),
        },
    };
    if request.method != method {
        return Err((405, "Method Not Allowed".into()));
    }
    Ok((endpoint, id))
}

impl State {
    fn outcome(&self, request: &Incoming, caller: &str, cursor: CursorFault) -> Outcome {
        let (endpoint, id) = route(request)?;
        let exchange = Exchange {
            state: self,
            tenant: self
                .tenant(caller)
                .expect("the caller was found on arrival"),
            request,
            cursor,
        };
        match endpoint {
            WORKSPACES => Ok(exchange.workspaces()),
            USERS => exchange.users(),
            CALLS => exchange.calls(),
            EXTENSIVE => exchange.extensive(),
            TRANSCRIPT => exchange.transcripts(),
            _ => exchange.call(id),
        }
    }
}

impl Exchange<'_> {
    fn population(&self) -> &Population {
        self.tenant.account.population()
    }

    fn workspaces(&self) -> String {
        let workspaces = self.population().workspaces();
        self.envelope(None, |object| {
            let named = workspaces.iter().zip(["Sales", "Customer Success"]);
            object.objects("workspaces", named, |object, (id, name)| {
                object.text("id", id.as_str());
                object.text("name", name);
                object.text("description", None);
            });
        })
    }

    fn users(&self) -> Outcome {
        let query = UsersQuery::parse(&self.request.uri).map_err(malformed)?;
        let users: Vec<_> = self.population().users().collect();
        let walk = Walk {
            candidates: Candidates::Range(0..users.len() as u32),
            id: &|index| users[index as usize].id.clone(),
            index: &|id| {
                users
                    .iter()
                    .position(|user| user.id == id)
                    .map(|index| index as u32)
            },
            query: fingerprint(USERS),
            cursor_life: self.state.cursor_life,
        };
        let page = walk
            .page(
                query.cursor.as_deref(),
                self.cursor,
                self.request.at,
                |_| true,
            )
            .map_err(malformed)?;
        Ok(self.envelope(Some(&page), |object| {
            object.objects("users", &page.records, |object, index| {
                write::user(object, &users[*index as usize]);
            });
        }))
    }

    fn calls(&self) -> Outcome {
        let (query, filter) = ListQuery::parse(&self.request.uri).map_err(malformed)?;
        let dates = filter.check(self.state.strict).map_err(malformed)?;
        let population = self.population();
        let listed_at = |index| {
            let call = population.call(index);
            call.scheduled.unwrap_or(call.start)
        };
        let range = population.between(dates.from, dates.to.map(|to| to + EARLY));
        let candidates = Candidates::Range(range);
        let page = self.page(
            CALLS,
            query.cursor.as_deref(),
            &filter,
            &Selector::default(),
            candidates,
            |index| dates.include(listed_at(index)),
        )?;
        Ok(self.envelope(Some(&page), |object| {
            object.objects("calls", &page.records, |object, index| {
                write::facts(object, &population.call(*index));
            });
        }))
    }

    fn call(&self, id: &str) -> Outcome {
        let account = &self.tenant.account;
        let index = self.population().index(id);
        let index = index.filter(|index| account.shows(*index));
        let Some(index) = index else {
            return Err((404, format!("Call ID {id} was not found")));
        };
        Ok(self.envelope(None, |object| {
            object.object("call", |object| {
                write::facts(object, &self.population().call(index))
            });
        }))
    }

    fn extensive(&self) -> Outcome {
        let (body, dates) = self.body()?;
        let filter = body.filter.unwrap_or_default();
        let selector = body.content_selector.unwrap_or_default();
        let population = self.population();
        let candidates = self.candidates(&filter, dates);
        let page = self.page(
            EXTENSIVE,
            body.cursor.as_deref(),
            &filter,
            &selector,
            candidates,
            |index| dates.include(population.start(index)),
        )?;
        Ok(self.envelope(Some(&page), |object| {
            object.objects("calls", &page.records, |object, index| {
                let call = population.call(*index);
                write::detailed(object, population, &call, &selector);
                if selector.exposed_fields.media {
                    let link = |kind: &str| self.state.links.link(&call.id, kind, self.request.at);
                    write::media(object, &call, link);
                }
            });
        }))
    }

    fn transcripts(&self) -> Outcome {
        let (body, dates) = self.body()?;
        let filter = body.filter.unwrap_or_default();
        if body.content_selector.is_some() || filter.primary_user_ids.is_some() {
            return Err(malformed(
                "Malformed request: a key that this endpoint does not have",
            ));
        }
        let population = self.population();
        let candidates = self.candidates(&filter, dates);
        let page = self.page(
            TRANSCRIPT,
            body.cursor.as_deref(),
            &filter,
            &Selector::default(),
            candidates,
            |index| {
                let fate = population.transcript_fate(index);
                dates.include(population.start(index)) && self.tenant.account.is_transcribed(fate)
            },
        )?;
        Ok(self.envelope(Some(&page), |object| {
            object.member("callTranscripts", |out| {
                json::list(out, &page.records, |out, index| {
                    self.transcript(out, *index)
                });
            });
        }))
    }

    /// What was said in a call.
    fn transcript(&self, out: &mut String, index: u32) {
        let tell = |out: &mut String| {
            let population = self.population();
            let call = population.call(index);
            Object::write(out, |object| {
                write::transcript(object, &call, &population.turns(&call));
            });
        };
        match self.tenant.told.get(index as usize) {
            Some(told) => out.push_str(told.get_or_init(|| {
                let mut out = String::new();
                tell(&mut out);
                out
            })),
            None => tell(out),
        }
    }

    /// The body of a POST, checked.
    fn body(&self) -> Result<(Body, Dates), (u16, String)> {
        let content_type = self.request.headers.get(header::CONTENT_TYPE);
        let is_json = content_type
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.trim_start().starts_with("application/json"));
        if !is_json {
            return Err((415, "Unsupported Media Type".into()));
        }
        let body = Body::parse(&self.request.body).map_err(malformed)?;
        let checked = body
            .filter
            .as_ref()
            .map(|filter| filter.check(self.state.strict));
        let dates = checked.unwrap_or_else(|| Filter::default().check(self.state.strict));
        Ok((body, dates.map_err(malformed)?))
    }

    fn candidates(&self, filter: &Filter, dates: Dates) -> Candidates {
        let population = self.population();
        let range = population.between(dates.from, dates.to);
        Candidates::of(population, filter.call_ids.as_deref(), range)
    }

    /// The page of calls that match; 404 when none does.
    fn page(
        &self,
        endpoint: Endpoint,
        cursor: Option<&str>,
        filter: &Filter,
        selector: &Selector,
        candidates: Candidates,
        matches: impl Fn(u32) -> bool,
    ) -> Result<Page, (u16, String)> {
        let population = self.population();
        let walk = Walk {
            candidates,
            id: &|index| population.id(index),
            index: &|id| population.index(id),
            query: fingerprint((endpoint, filter, selector)),
            cursor_life: self.state.cursor_life,
        };
        let workspace = filter.workspace_id.as_ref();
        let hosts = filter.primary_user_ids.as_ref();
        let page = walk.page(cursor, self.cursor, self.request.at, |index| {
            self.tenant.account.shows(index)
                && workspace.is_none_or(|id| *id == population.workspace_id(index))
                && hosts.is_none_or(|ids| {
                    let host = population.call(index).primary_user_id;
                    host.is_some_and(|host| ids.contains(&host))
                })
                && matches(index)
        });
        let page = page.map_err(malformed)?;
        if page.records.is_empty() {
            return Err((
                404,
                "No calls found corresponding to the provided filters".into(),
            ));
        }
        Ok(page)
    }

    /// An answer with the members that all answers have.
    fn envelope(&self, page: Option<&Page>, members: impl FnOnce(&mut Object<'_>)) -> String {
        let mut body = String::new();
        Object::write(&mut body, |object| {
            object.text("requestId", trace(self.request.number).as_str());
            if let Some(page) = page {
                page.write(object);
            }
            members(object);
        });
        body
    }
}

fn answer(number: usize, status: u16, body: String) -> Answer {
    Answer {
        status,
        headers: vec![
            ("content-type", "application/json;charset=UTF-8".into()),
            ("x-traceid", trace(number)),
        ],
        body: body.into_bytes(),
    }
}

/// The `requestId` of an answer.
fn trace(number: usize) -> String {
    format!("simulated{:016x}", random::mix(number as u64))
}

fn malformed(message: impl Into<String>) -> (u16, String) {
    (400, message.into())
}
