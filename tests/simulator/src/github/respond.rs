//! Who may ask, and how often; then the endpoint answers.

use axum::http::header;

use super::{
    Identity, State,
    answer::{self, Refused},
    exchange::Exchange,
    limits::{Refusal, Resource},
    route::{Route, Target, route},
};
use crate::{
    log::{Endpoint, Summary},
    server::{Answer, Arrival, CursorFault, Incoming, Service},
};

impl Service for State {
    fn receive(&self, request: &Incoming) -> Arrival {
        let route = self.route(request);
        let authenticated = request
            .headers
            .get(header::AUTHORIZATION)
            .is_some_and(|header| {
                let header = header.to_str().unwrap_or_default();
                let (scheme, token) = header.split_once(' ').unwrap_or_default();
                let known = ["bearer", "token"].contains(&scheme.to_ascii_lowercase().as_str());
                known && token == self.token
            });
        let agent = request.headers.get(header::USER_AGENT);
        let refusal = if agent.is_none_or(|agent| agent.is_empty()) {
            Some(answer::no_agent())
        } else if !authenticated {
            Some(answer::error(
                request.number,
                401,
                "Bad credentials",
                "/rest",
                None,
            ))
        } else {
            self.admit(request, route.as_ref()).err()
        };
        Arrival {
            endpoint: route.map_or(Endpoint::UNKNOWN, |route| route.endpoint),
            caller: authenticated.then(|| self.switches().identity.login().to_owned()),
            summary: Summary::default(),
            refusal,
        }
    }

    fn respond(&self, request: &Incoming, caller: &str, _: CursorFault) -> Answer {
        let route = self.route(request);
        let resource = resource(route.as_ref());
        let mut answer = match route {
            Some(route) => {
                let documentation = route.documentation;
                let exchange = Exchange {
                    state: self,
                    request,
                    caller,
                    api: format!("http://{}{}", host(request), route.prefix),
                    route,
                };
                let outcome = exchange.outcome();
                outcome.unwrap_or_else(|refused| refused.answer(request.number, documentation))
            }
            None => Refused::new(404, "Not Found").answer(request.number, "/rest"),
        };
        let headers = self.limiter().headers(resource, self.traffic.clock.now());
        answer.headers.extend(headers);
        answer
    }

    fn error(&self, number: usize, status: u16, message: &str) -> Answer {
        answer::error(number, status, message, "/rest", None)
    }
}

impl State {
    fn route(&self, request: &Incoming) -> Option<Route> {
        let path = request.uri.path();
        route(&request.method, path, &self.contents().full_name())
    }

    /// Counts a request against the limits of the token.
    fn admit(&self, request: &Incoming, route: Option<&Route>) -> Result<(), Answer> {
        if route.is_some_and(|route| route.target == Target::RateLimit) {
            return Ok(());
        }
        let write = route.is_some_and(Route::is_write);
        let resource = resource(route);
        let mut limiter = self.limiter();
        let admitted = limiter.admit(resource, write, request.number, request.at);
        let Err(refusal) = admitted else {
            return Ok(());
        };
        let overview = "/rest/overview/rate-limits-for-the-rest-api";
        let mut answer = match refusal {
            Refusal::Primary => {
                let whom = match self.switches().identity {
                    Identity::Actions => "installation",
                    Identity::User(_) => "user",
                };
                let message = format!("API rate limit exceeded for {whom}. {}", help(request));
                answer::error(request.number, 403, &message, overview, None)
            }
            Refusal::Secondary { retry_after } => {
                let message = format!(
                    "You have exceeded a secondary rate limit and have been temporarily blocked from content \
                     creation. Please retry your request again later. {}",
                    help(request)
                );
                let section = format!("{overview}#about-secondary-rate-limits");
                let mut answer = answer::error(request.number, 403, &message, &section, None);
                let wait = retry_after.map(|seconds| ("retry-after", seconds.to_string()));
                answer.headers.extend(wait);
                answer
            }
        };
        answer.headers.extend(limiter.headers(resource, request.at));
        Err(answer)
    }
}

/// Which primary limit a request counts against.
fn resource(route: Option<&Route>) -> Resource {
    match route {
        Some(route) if route.target == Target::GraphQl => Resource::GraphQl,
        _ => Resource::Core,
    }
}

/// Where the client believes to be.
fn host(request: &Incoming) -> &str {
    let host = request.headers.get(header::HOST);
    host.and_then(|host| host.to_str().ok())
        .unwrap_or("127.0.0.1")
}

/// What GitHub says under every refusal for a limit.
fn help(request: &Incoming) -> String {
    format!(
        "If you reach out to GitHub Support for help, please include the request ID {} and timestamp {}.",
        answer::request_id(request.number),
        request.at.strftime("%Y-%m-%d %H:%M:%S UTC"),
    )
}
