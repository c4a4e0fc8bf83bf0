//! The endpoints that are used before a merge: branches, files, pull requests, statuses, issues.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{
    answer::{Outcome, Refused},
    branches::{Conflict, FileCommit, Status, blob},
    contents::MAIN,
    exchange::Exchange,
    paging::Paging,
    write::time,
};

/// Most statuses of a name on a commit.
const MOST_STATUSES: usize = 1_000;

/// Longest description of a status in characters.
const LONGEST_DESCRIPTION: usize = 140;

/// What is asked for before a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    Repository,
    Ref(String),
    CreateRef,
    File(String),
    PutFile(String),
    DeleteFile(String),
    Pulls,
    CreatePull,
    PullFiles(u64),
    CombinedStatus(String),
    CreateStatus(String),
    Label(String),
    AddLabels(u64),
    Issue(u64),
    EditIssue(u64),
}

impl Target {
    /// Whether it creates or changes content.
    pub(super) const fn is_write(&self) -> bool {
        match self {
            Self::CreateRef
            | Self::PutFile(_)
            | Self::DeleteFile(_)
            | Self::CreatePull
            | Self::CreateStatus(_)
            | Self::AddLabels(_)
            | Self::EditIssue(_) => true,
            Self::Repository
            | Self::Ref(_)
            | Self::File(_)
            | Self::Pulls
            | Self::PullFiles(_)
            | Self::CombinedStatus(_)
            | Self::Label(_)
            | Self::Issue(_) => false,
        }
    }
}

impl Exchange<'_> {
    pub(super) fn before_merge(&self, target: &Target) -> Outcome {
        match target {
            Target::Repository => {
                let contents = self.state.contents();
                Ok(self.answer(200, &self.writer(&contents).full_repository()))
            }
            Target::Ref(branch) => self.branch(200, branch),
            Target::CreateRef => self.create_branch(),
            Target::File(path) => self.file(path),
            Target::PutFile(path) => self.put_file(path),
            Target::DeleteFile(path) => self.delete_file(path),
            Target::Pulls => self.pulls(),
            Target::CreatePull => self.create_pull(),
            Target::PullFiles(number) => self.pull_files(*number),
            Target::CombinedStatus(sha) => self.combined_status(sha),
            Target::CreateStatus(sha) => self.create_status(sha),
            Target::Label(name) => self.label(name),
            Target::AddLabels(number) => self.add_labels(*number),
            Target::Issue(number) => self.issue(*number),
            Target::EditIssue(number) => self.edit_issue(*number),
        }
    }

    fn branch(&self, status: u16, branch: &str) -> Outcome {
        let contents = self.state.contents();
        let head = contents.branch_head(branch);
        let head = head.ok_or_else(|| Refused::absent(404))?;
        Ok(self.answer(status, &self.writer(&contents).reference(branch, head)))
    }

    fn create_branch(&self) -> Outcome {
        let body = self.body()?;
        let name = text(&body, "ref")?;
        let name = name
            .strip_prefix("refs/heads/")
            .filter(|name| !name.is_empty())
            .ok_or_else(|| Refused::new(422, "Reference name must start with 'refs/'"))?;
        let sha = text(&body, "sha")?;
        {
            let mut contents = self.state.contents();
            if contents.commit(sha).is_none() {
                return Err(Refused::new(422, "Object does not exist"));
            }
            if !contents.add_branch(name, sha) {
                return Err(Refused::new(422, "Reference already exists"));
            }
        }
        self.branch(201, name)
    }

    fn file(&self, path: &str) -> Outcome {
        let paging = Paging::parse(&self.request.uri);
        let branch = paging.parameter("ref").unwrap_or(MAIN);
        let contents = self.state.contents();
        if contents.branch_head(branch).is_none() {
            return Err(Refused::new(
                404,
                format!("No commit found for the ref {branch}"),
            ));
        }
        let file = contents.file(branch, path);
        let file = file.ok_or_else(|| Refused::absent(404))?;
        Ok(self.answer(
            200,
            &self.writer(&contents).file(path, branch, Some(file), file),
        ))
    }

    fn put_file(&self, path: &str) -> Outcome {
        let body = self.body()?;
        let content = BASE64_STANDARD.decode(text(&body, "content")?);
        let content = content.map_err(|_| Refused::new(422, "content is not valid Base64"))?;
        self.commit(path, &body, Some(&content))
    }

    fn delete_file(&self, path: &str) -> Outcome {
        let body = self.body()?;
        text(&body, "sha")?;
        self.commit(path, &body, None)
    }

    fn commit(&self, path: &str, body: &Value, content: Option<&[u8]>) -> Outcome {
        let message = text(body, "message")?;
        let branch = body["branch"].as_str().unwrap_or(MAIN);
        let replaces = body["sha"].as_str();
        let now = self.state.traffic.clock.now();
        let mut contents = self.state.contents();
        let existed = contents.file(branch, path).is_some();
        let committed = contents.commit_file(
            &FileCommit {
                author: self.caller,
                branch,
                message,
                path,
                content,
                replaces,
            },
            now,
        );
        let sha = committed.map_err(|conflict| match conflict {
            Conflict::NoBranch => Refused::new(404, format!("Branch {branch} not found")),
            Conflict::Unnamed => Refused::new(422, "Invalid request.\n\n\"sha\" wasn't supplied."),
            Conflict::Other => {
                let named = replaces.unwrap_or_default();
                Refused::new(409, format!("{path} does not match {named}"))
            }
            Conflict::NoFile => Refused::absent(404),
        })?;
        let writer = self.writer(&contents);
        let file = content.map(|content| writer.file(path, branch, None, content));
        let commit = contents.commit(&sha).expect("it was made just now");
        let status = if existed { 200 } else { 201 };
        let answer = json!({"content": file, "commit": writer.git_commit(commit)});
        Ok(self.answer(status, &answer))
    }

    fn pulls(&self) -> Outcome {
        let paging = Paging::parse(&self.request.uri);
        let state = paging.parameter("state").unwrap_or("open");
        // As on GitHub, what is not `owner:branch` filters nothing.
        let head = paging
            .parameter("head")
            .and_then(|head| head.split_once(':'));
        let contents = self.state.contents();
        let mut pulls: Vec<_> = contents
            .pulls()
            .filter(|pull| state == "all" || (state == "open") == pull.is_open())
            .filter(|pull| {
                head.is_none_or(|(owner, branch)| {
                    pull.head_owner == owner && pull.head_branch == branch
                })
            })
            .collect();
        pulls.reverse();
        let writer = self.writer(&contents);
        Ok(self.page(&paging, &pulls, |pull| writer.pull(pull)))
    }

    fn create_pull(&self) -> Outcome {
        let body = self.body()?;
        let (title, head) = (text(&body, "title")?, text(&body, "head")?);
        let base = text(&body, "base")?;
        let invalid = |message: String| Refused {
            errors: Some(
                json!([{"resource": "PullRequest", "code": "custom", "message": message}]),
            ),
            ..Refused::new(422, "Validation Failed")
        };
        let now = self.state.traffic.clock.now();
        let mut contents = self.state.contents();
        let own = contents.owner.clone();
        let branch = head.strip_prefix(&format!("{own}:")).unwrap_or(head);
        let Some(head_sha) = contents.branch_head(branch).map(str::to_owned) else {
            return Err(Refused {
                errors: Some(
                    json!([{"resource": "PullRequest", "field": "head", "code": "invalid"}]),
                ),
                ..Refused::new(422, "Validation Failed")
            });
        };
        let stands = contents.pulls().any(|pull| {
            pull.is_open()
                && pull.head_branch == branch
                && pull.head_owner == own
                && pull.base == base
        });
        if stands {
            return Err(invalid(format!(
                "A pull request already exists for {own}:{branch}."
            )));
        }
        if head_sha == contents.head() {
            return Err(invalid(format!("No commits between {base} and {branch}")));
        }
        let number = contents.next_number();
        let text = body["body"].as_str().unwrap_or_default();
        contents.open_from(number, self.caller, title, text, branch, base, now);
        let pull = contents.pull(number).map_err(Refused::absent)?;
        Ok(self.answer(201, &self.writer(&contents).full_pull(pull)))
    }

    fn pull_files(&self, number: u64) -> Outcome {
        let paging = Paging::parse(&self.request.uri);
        let contents = self.state.contents();
        let pull = contents.pull(number).map_err(Refused::absent)?;
        let writer = self.writer(&contents);
        Ok(self.page(&paging, &pull.files, |(path, status)| {
            writer.changed_file(pull, path, status)
        }))
    }

    fn combined_status(&self, sha: &str) -> Outcome {
        let contents = self.state.contents();
        contents
            .commit(sha)
            .ok_or_else(|| Refused::no_commit(sha))?;
        Ok(self.answer(200, &self.writer(&contents).combined(sha)))
    }

    fn create_status(&self, sha: &str) -> Outcome {
        let body = self.body()?;
        let state = text(&body, "state")?;
        if !["error", "failure", "pending", "success"].contains(&state) {
            return Err(Refused::new(422, "Validation Failed"));
        }
        let word = |name: &str| body[name].as_str().map(str::to_owned);
        let description = word("description");
        let length = description.as_ref().map_or(0, |text| text.chars().count());
        if length > LONGEST_DESCRIPTION {
            let message = "description is too long (maximum is 140 characters)";
            return Err(Refused {
                errors: Some(
                    json!([{"resource": "Status", "code": "custom", "field": "description", "message": message}]),
                ),
                ..Refused::new(422, "Validation Failed")
            });
        }
        let mut contents = self.state.contents();
        if contents.commit(sha).is_none() {
            return Err(Refused::no_commit(sha));
        }
        let context = word("context").unwrap_or_else(|| "default".into());
        let statuses = &mut contents.proposals.statuses;
        let alike = statuses
            .iter()
            .filter(|status| status.sha == sha && status.context == context);
        if alike.count() >= MOST_STATUSES {
            return Err(Refused::new(422, "Validation Failed"));
        }
        let at = self.state.traffic.clock.now();
        let status = Status {
            sha: sha.into(),
            context,
            state: state.into(),
            description,
            target_url: word("target_url"),
            creator: self.caller.into(),
            at: super::contents::seconds(at),
        };
        statuses.push(status.clone());
        Ok(self.answer(201, &self.writer(&contents).status(&status)))
    }

    fn label(&self, name: &str) -> Outcome {
        let contents = self.state.contents();
        let labels = &contents.proposals.labels;
        let label = labels.iter().find(|label| label.eq_ignore_ascii_case(name));
        let label = label.ok_or_else(|| Refused::absent(404))?;
        Ok(self.answer(200, &self.writer(&contents).label(label)))
    }

    fn add_labels(&self, number: u64) -> Outcome {
        let body = self.body()?;
        let names: Vec<String> = body["labels"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|label| label.as_str().map(str::to_owned))
            .collect();
        let mut contents = self.state.contents();
        // GitHub makes labels that it does not know.
        contents.proposals.labels.extend(names.iter().cloned());
        let labels = contents.labels_of(number).map_err(Refused::absent)?;
        labels.extend(names);
        let labels = labels.clone();
        let writer = self.writer(&contents);
        let labels: Vec<Value> = labels.iter().map(|label| writer.label(label)).collect();
        Ok(self.answer(200, &Value::Array(labels)))
    }

    fn issue(&self, number: u64) -> Outcome {
        let contents = self.state.contents();
        let issues = &contents.proposals.issues;
        let issue = issues.get(&number).ok_or_else(|| Refused::absent(404))?;
        Ok(self.answer(200, &self.writer(&contents).issue(issue)))
    }

    fn edit_issue(&self, number: u64) -> Outcome {
        let body = self.body()?;
        {
            let mut contents = self.state.contents();
            let issues = &mut contents.proposals.issues;
            let issue = issues
                .get_mut(&number)
                .ok_or_else(|| Refused::absent(404))?;
            if let Some(title) = body["title"].as_str() {
                issue.title = title.into();
            }
            if let Some(text) = body["body"].as_str() {
                let earlier = std::mem::replace(&mut issue.body, text.into());
                issue.earlier.push(earlier);
            }
        }
        self.issue(number)
    }
}

/// A text that a request must have.
fn text<'b>(body: &'b Value, name: &str) -> Result<&'b str, Refused> {
    let missing = || {
        Refused::new(
            422,
            format!("Invalid request.\n\n\"{name}\" wasn't supplied."),
        )
    };
    body[name].as_str().ok_or_else(missing)
}

impl super::write::Writer<'_> {
    fn status(&self, status: &Status) -> Value {
        let url = format!("{}/statuses/{}", self.repository_url(), status.sha);
        json!({
            "url": url,
            "avatar_url": null,
            "id": 1,
            "node_id": "SC_1",
            "state": status.state,
            "description": status.description,
            "target_url": status.target_url,
            "context": status.context,
            "created_at": time(status.at),
            "updated_at": time(status.at),
            "creator": self.user(&status.creator),
        })
    }

    fn combined(&self, sha: &str) -> Value {
        let statuses = self.contents.statuses(sha);
        let has = |state: &str| statuses.iter().any(|status| status.state == state);
        let state = if has("failure") || has("error") {
            "failure"
        } else if statuses.is_empty() || has("pending") {
            "pending"
        } else {
            "success"
        };
        let mut simple: Vec<Value> = statuses.iter().map(|status| self.status(status)).collect();
        for status in &mut simple {
            if let Value::Object(members) = status {
                members.remove("creator");
            }
        }
        let url = format!("{}/commits/{sha}", self.repository_url());
        json!({
            "state": state,
            "sha": sha,
            "total_count": simple.len(),
            "statuses": simple,
            "repository": self.repository(),
            "commit_url": url,
            "url": format!("{url}/status"),
        })
    }

    fn reference(&self, branch: &str, head: &str) -> Value {
        let repository = self.repository_url();
        json!({
            "ref": format!("refs/heads/{branch}"),
            "node_id": "REF_1",
            "url": format!("{repository}/git/refs/heads/{branch}"),
            "object": {
                "type": "commit",
                "sha": head,
                "url": format!("{repository}/git/commits/{head}"),
            },
        })
    }

    /// `content-file`; without its content in answers to a commit.
    fn file(&self, path: &str, branch: &str, content: Option<&[u8]>, bytes: &[u8]) -> Value {
        let (repository, web) = (self.repository_url(), self.web());
        let sha = blob(bytes);
        let url = format!("{repository}/contents/{path}?ref={branch}");
        let (git, html) = (
            format!("{repository}/git/blobs/{sha}"),
            format!("{web}/blob/{branch}/{path}"),
        );
        let mut file = json!({
            "type": "file",
            "name": path.rsplit('/').next(),
            "path": path,
            "sha": sha,
            "size": bytes.len(),
            "url": url,
            "git_url": git,
            "html_url": html,
            "download_url": format!("{web}/raw/{branch}/{path}"),
            "_links": {"self": url, "git": git, "html": html},
        });
        if let Some(content) = content {
            // In lines of 60, as GitHub sends it.
            let encoded = BASE64_STANDARD.encode(content);
            let lines = encoded.as_bytes().chunks(60).map(String::from_utf8_lossy);
            let lines: String = lines.map(|line| format!("{line}\n")).collect();
            file["content"] = lines.into();
            file["encoding"] = "base64".into();
        }
        file
    }

    fn changed_file(&self, pull: &super::contents::Pull, path: &str, status: &str) -> Value {
        let (repository, web) = (self.repository_url(), self.web());
        let sha = &pull.head_sha;
        json!({
            "sha": blob(path.as_bytes()),
            "filename": path,
            "status": status,
            "additions": 1, "deletions": 0, "changes": 1,
            "blob_url": format!("{web}/blob/{sha}/{path}"),
            "raw_url": format!("{web}/raw/{sha}/{path}"),
            "contents_url": format!("{repository}/contents/{path}?ref={sha}"),
        })
    }

    fn label(&self, name: &str) -> Value {
        json!({
            "id": 1,
            "node_id": "LA_1",
            "url": format!("{}/labels/{}", self.repository_url(), name.replace(' ', "%20")),
            "name": name,
            "description": null,
            "color": "ededed",
            "default": false,
        })
    }

    fn issue(&self, issue: &super::branches::Issue) -> Value {
        let (repository, web) = (self.repository_url(), self.web());
        let number = issue.number;
        let url = format!("{repository}/issues/{number}");
        let labels: Vec<Value> = issue.labels.iter().map(|label| self.label(label)).collect();
        json!({
            "id": 1_900_000_000 + number,
            "node_id": "I_1",
            "number": number,
            "url": url,
            "repository_url": repository,
            "labels_url": format!("{url}/labels{{/name}}"),
            "comments_url": format!("{url}/comments"),
            "events_url": format!("{url}/events"),
            "html_url": format!("{web}/issues/{number}"),
            "state": if issue.is_open { "open" } else { "closed" },
            "title": issue.title,
            "body": issue.body,
            "user": self.user(&issue.author),
            "labels": labels,
            "assignee": null,
            "assignees": [],
            "milestone": null,
            "locked": false,
            "comments": 0,
            "closed_at": null,
            "created_at": time(issue.created_at),
            "updated_at": time(issue.created_at),
            "author_association": "MEMBER",
        })
    }
}
