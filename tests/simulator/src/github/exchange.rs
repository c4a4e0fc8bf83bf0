//! The endpoints.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Identity, LONGEST_BODY, State,
    answer::{self, Outcome, Refused},
    comments::{Comment, Id, Place},
    contents::{Commit, Contents, MAIN},
    limits::Resource,
    paging::{Paging, turn},
    route::{REPOSITORY_ID, Route, Target, Verb},
    write::Writer,
};
use crate::server::{Answer, Incoming};

/// What a token lacks that a workflow was not given.
const NO_PERMISSION: &str = "Resource not accessible by integration";

/// What can be said with a reaction.
const REACTIONS: [&str; 8] = [
    "+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes",
];

/// A request that is being answered.
pub(super) struct Exchange<'a> {
    pub(super) state: &'a State,
    pub(super) request: &'a Incoming,
    pub(super) caller: &'a str,
    /// Where the client reached the API: scheme, host and prefix.
    pub(super) api: String,
    pub(super) route: Route,
}

impl Exchange<'_> {
    pub(super) fn outcome(&self) -> Outcome {
        if self.route.is_write() && self.state.switches().read_only {
            return Err(Refused::new(403, NO_PERMISSION));
        }
        match &self.route.target {
            Target::User => self.user(),
            Target::RateLimit => self.rate_limit(),
            Target::GraphQl => self.graphql(),
            Target::Commits => self.commits(),
            Target::PullsOf(sha) => self.pulls_of(sha),
            Target::List(place) => self.list(place),
            Target::Create(place) => self.create(place),
            Target::Recent => Ok(self.recent()),
            Target::React(id) => self.react(*id),
            Target::Permission(login) => Ok(self.permission(login)),
            Target::Pull(number) => self.pull(*number),
            Target::Comment(Verb::Get, id) => self.get(*id),
            Target::Comment(Verb::Edit, id) => self.edit(*id),
            Target::Comment(Verb::Delete, id) => self.delete(*id),
            Target::BeforeMerge(target) => self.before_merge(target),
        }
    }

    fn user(&self) -> Outcome {
        match self.state.switches().identity {
            Identity::Actions => return Err(Refused::new(403, NO_PERMISSION)),
            Identity::User(_) => {}
        }
        let contents = self.state.contents();
        let writer = self.writer(&contents);
        Ok(self.answer(200, &writer.myself(self.caller)))
    }

    fn rate_limit(&self) -> Outcome {
        let mut limiter = self.state.limiter();
        let now = self.request.at;
        let [core, graphql] =
            [Resource::Core, Resource::GraphQl].map(|resource| limiter.standing(resource, now));
        // The text of GitHub Enterprise Server.
        let core = core.ok_or_else(|| Refused::new(404, "Rate limiting is not enabled."))?;
        let resources = json!({"core": core, "graphql": graphql, "search": core});
        Ok(self.answer(200, &json!({"resources": resources, "rate": core})))
    }

    /// The only query there is, with whatever blanks and with or without its keyword.
    fn graphql(&self) -> Outcome {
        let body = self.body()?;
        let query = body["query"].as_str().unwrap_or_default();
        let query: String = query.split_whitespace().collect();
        let answer = match query.strip_prefix("query").unwrap_or(&query) {
            "{viewer{login}}" => json!({"data": {"viewer": {"login": self.caller}}}),
            _ => json!({"errors": [{"message": "Only the viewer's login is simulated"}]}),
        };
        Ok(self.answer(200, &answer))
    }

    fn commits(&self) -> Outcome {
        let paging = Paging::parse(&self.request.uri);
        let contents = self.state.contents();
        let path = paging.parameter("path").filter(|path| !path.is_empty());
        let branch = paging.parameter("sha").filter(|branch| *branch != MAIN);
        let commits = match branch {
            None => contents.history(path),
            Some(branch) if contents.branch_head(branch).is_none() => {
                return Err(Refused::absent(404));
            }
            Some(branch) => {
                let touches = |commit: &&Commit| {
                    path.is_none_or(|path| commit.files.iter().any(|file| file == path))
                };
                let commits = contents.branch_history(branch).into_iter();
                commits.filter(touches).collect()
            }
        };
        let writer = self.writer(&contents);
        Ok(self.page(&paging, &commits, |commit| {
            let comments = contents.comments(&Place::Commit(commit.sha.clone()));
            writer.commit(commit, comments.len())
        }))
    }

    fn pulls_of(&self, sha: &str) -> Outcome {
        let contents = self.state.contents();
        let commit = contents
            .commit(sha)
            .ok_or_else(|| Refused::no_commit(sha))?;
        let pulls = contents.pulls_of(commit);
        let paging = Paging::parse(&self.request.uri);
        let writer = self.writer(&contents);
        Ok(self.page(&paging, &pulls, |pull| writer.pull(pull)))
    }

    fn list(&self, place: &Place) -> Outcome {
        let contents = self.state.contents();
        locked(&contents, place)?;
        let paging = Paging::parse(&self.request.uri);
        let since: Option<Timestamp> = match place {
            Place::PullRequest(_) => paging.parameter("since").and_then(|time| time.parse().ok()),
            Place::Commit(_) => None,
        };
        let recent = |comment: &&Comment| since.is_none_or(|since| comment.updated_at >= since);
        let comments: Vec<_> = contents
            .comments(place)
            .into_iter()
            .filter(recent)
            .collect();
        let writer = self.writer(&contents);
        Ok(self.page(&paging, &comments, |comment| writer.comment(comment)))
    }

    /// Comments on all issues and pull requests. `since` looks at their last change.
    fn recent(&self) -> Answer {
        let contents = self.state.contents();
        let paging = Paging::parse(&self.request.uri);
        let since: Option<Timestamp> = paging.parameter("since").and_then(|time| time.parse().ok());
        let numbers = contents.pull_numbers();
        let places = numbers.map(Place::PullRequest);
        let mut comments: Vec<&Comment> = places
            .flat_map(|place| contents.comments(&place))
            .filter(|comment| since.is_none_or(|since| comment.updated_at >= since))
            .collect();
        let by_change = paging.parameter("sort") == Some("updated");
        comments.sort_by_key(|comment| {
            let time = if by_change {
                comment.updated_at
            } else {
                comment.created_at
            };
            (time, comment.id)
        });
        // Without `sort` the direction is ignored.
        if paging.parameter("sort").is_some() && paging.parameter("direction") == Some("desc") {
            comments.reverse();
        }
        let writer = self.writer(&contents);
        self.page(&paging, &comments, |comment| writer.comment(comment))
    }

    /// 201 for a new reaction, 200 for one that is there.
    fn react(&self, id: Id) -> Outcome {
        let body = self.body()?;
        let content = body["content"].as_str().unwrap_or_default();
        if !REACTIONS.contains(&content) {
            return Err(Refused::new(422, "Validation Failed"));
        }
        let mut contents = self.state.contents();
        let is_new = contents
            .react(id, self.caller, content)
            .ok_or_else(|| Refused::absent(404))?;
        let status = if is_new { 201 } else { 200 };
        let writer = self.writer(&contents);
        Ok(self.answer(
            status,
            &writer.reaction(self.caller, content, self.request.at),
        ))
    }

    fn permission(&self, login: &str) -> Answer {
        let contents = self.state.contents();
        let right = contents.right(login);
        let mut user = self.writer(&contents).user(login);
        user["role_name"] = right.into();
        self.answer(
            200,
            &json!({"permission": right, "role_name": right, "user": user}),
        )
    }

    fn pull(&self, number: u64) -> Outcome {
        let contents = self.state.contents();
        let pull = contents.pull(number).map_err(Refused::absent)?;
        Ok(self.answer(200, &self.writer(&contents).whole_pull(pull)))
    }

    fn create(&self, place: &Place) -> Outcome {
        let (body, now) = (self.text()?, self.state.traffic.clock.now());
        let mut contents = self.state.contents();
        if locked(&contents, place)? {
            return Err(Refused {
                documentation: Some("/articles/locking-conversations/"),
                ..Refused::new(403, "Unable to create comment because issue is locked.")
            });
        }
        let mut switches = self.state.switches();
        let rival = &mut switches.rival;
        if rival.take_if(|marker| body.contains(&**marker)).is_some() {
            contents.add_comment(self.caller, place, &body, now);
        }
        let id = contents.add_comment(self.caller, place, &body, now);
        let comment = contents.comment(id).expect("it was written just now");
        let body = self.writer(&contents).comment(comment);
        let mut answer = self.answer(201, &body);
        let location = body["url"].as_str().unwrap_or_default().to_owned();
        answer.headers.push(("location", location));
        Ok(answer)
    }

    fn get(&self, id: Id) -> Outcome {
        let contents = self.state.contents();
        let comment = contents.comment(id);
        let comment = comment.ok_or_else(|| Refused::absent(404))?;
        Ok(self.answer(200, &self.writer(&contents).comment(comment)))
    }

    fn edit(&self, id: Id) -> Outcome {
        self.get(id)?;
        let (body, now) = (self.text()?, self.state.traffic.clock.now());
        self.state
            .contents()
            .edit_comment(id, self.caller, &body, now);
        self.get(id)
    }

    fn delete(&self, id: Id) -> Outcome {
        let now = self.state.traffic.clock.now();
        let mut contents = self.state.contents();
        if !contents.delete_comment(id, self.caller, now) {
            return Err(Refused::absent(404));
        }
        Ok(answer::empty(self.request.number))
    }

    /// The text of a comment that is to be written.
    fn text(&self) -> Result<String, Refused> {
        let body = self.body()?;
        let text = body["body"].as_str();
        let text =
            text.ok_or_else(|| Refused::new(422, "Invalid request.\n\n\"body\" wasn't supplied."))?;
        let problem = if text.trim().is_empty() {
            "Body can't be blank".to_owned()
        } else if text.chars().count() > LONGEST_BODY {
            format!("Body is too long (maximum is {LONGEST_BODY} characters)")
        } else {
            return Ok(text.to_owned());
        };
        let on_commits = match &self.route.target {
            Target::Create(place) => matches!(place, Place::Commit(_)),
            Target::Comment(_, id) => id.on_commits,
            _ => false,
        };
        let resource = if on_commits {
            "CommitComment"
        } else {
            "IssueComment"
        };
        let errors = json!([
            {"resource": resource, "code": "unprocessable", "field": "data", "message": problem}
        ]);
        Err(Refused {
            errors: Some(errors),
            ..Refused::new(422, "Validation Failed")
        })
    }

    pub(super) fn body(&self) -> Result<Value, Refused> {
        let body: Value = serde_json::from_slice(&self.request.body)
            .map_err(|_| Refused::new(400, "Problems parsing JSON"))?;
        if body.is_object() {
            Ok(body)
        } else {
            Err(Refused::new(400, "Body should be a JSON object"))
        }
    }

    /// A page of a list, with its links.
    pub(super) fn page<T>(
        &self,
        paging: &Paging,
        items: &[T],
        write: impl Fn(&T) -> Value,
    ) -> Answer {
        let page: Vec<_> = paging.cut(items).iter().map(write).collect();
        let mut answer = self.answer(200, &Value::Array(page));
        let links = paging.links(items.len(), |relation, page| self.link(relation, page));
        answer.headers.extend(links.map(|links| ("link", links)));
        answer
    }

    /// The address of another page. As on GitHub it has the id of the repository in place of its name.
    fn link(&self, relation: &str, page: usize) -> String {
        let Incoming { uri, .. } = self.request;
        let switches = self.state.switches();
        let api = match &switches.foreign_next {
            Some(host) if relation == "next" => &format!("{host}{}", self.route.prefix),
            _ => &self.api,
        };
        let path = &uri.path()[self.route.prefix.len()..];
        // An empty one, `repos`, owner and name; or an empty one, `repositories` and the id.
        let named = path.starts_with("/repos/");
        let rest: Vec<_> = path.split('/').skip(if named { 4 } else { 3 }).collect();
        format!(
            "{api}/repositories/{REPOSITORY_ID}/{}?{}",
            rest.join("/"),
            turn(uri.query(), page)
        )
    }

    pub(super) fn answer(&self, status: u16, body: &Value) -> Answer {
        answer::json(self.request.number, status, body)
    }

    pub(super) fn writer<'w>(&'w self, contents: &'w Contents) -> Writer<'w> {
        Writer {
            contents,
            api: &self.api,
        }
    }
}

/// Whether nothing new may be said at a place; an error if there is no such place.
fn locked(contents: &Contents, place: &Place) -> Result<bool, Refused> {
    match place {
        Place::PullRequest(number) => contents.is_locked(*number).map_err(Refused::absent),
        Place::Commit(sha) => {
            let commit = contents.commit(sha);
            commit.map(|_| false).ok_or_else(|| Refused::no_commit(sha))
        }
    }
}
