//! Backlog (Nulab) as a tracker (<https://developer.nulab.com/docs/backlog/>). Its API knows no key that makes a repeat harmless, so
//! an issue carries a mark that names the ticket and is looked for before one is made, and so does each comment.
//!
//! Requests go out one after the other, as its page on rate limits asks; a 429 waits for `X-RateLimit-Reset`.

use std::sync::Arc;

use reqwest::{RequestBuilder, Url};
use secrecy::ExposeSecret;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

use super::Before;
use super::backlog_text::{comment, description, summary};
use super::http::{Answer, Client};
use crate::config::{BacklogLogin, BacklogSettings};
use crate::connectors::email::oauth::{OAuthError, TokenSource};
use crate::connectors::{Posted, SendError};
use crate::domain::{Notice, NoticeEvent, Outbound, Priority, Timestamp};

const REFERENCE: &str = "backlog:";
/// Most rows the API gives at once ("Get Issue List", `count`).
const PAGE: usize = 100;
/// Pages of young issues looked through after a lost answer.
const MOST_PAGES: usize = 20;
const DAY_MS: i64 = 86_400_000;
// The statuses every project has ("Get Status List of Project").
const OPEN: u64 = 1;
const IN_PROGRESS: u64 = 2;
const RESOLVED: u64 = 3;

pub(super) struct Backlog {
    client: Client,
    settings: BacklogSettings,
    tokens: Option<Arc<TokenSource>>,
    project: Mutex<Option<Project>>,
}

/// What names in the settings are there.
#[derive(Clone, Copy)]
struct Project {
    id: u64,
    issue_type: u64,
    resolved: u64,
}

type Form = Vec<(String, String)>;

impl Backlog {
    pub(super) fn new(client: Client, settings: BacklogSettings, tokens: Option<Arc<TokenSource>>) -> Self {
        Self { client, settings, tokens, project: Mutex::default() }
    }

    pub(super) fn host(&self) -> &str {
        self.settings.api_url.host_str().unwrap_or_default()
    }

    pub(super) async fn send(
        &self,
        outbound: &Outbound,
        notice: &Notice,
        before: Before<'_>,
        now: Timestamp,
    ) -> Result<Posted, SendError> {
        let project = self.project().await?;
        let mark = ticket_mark(outbound, notice);
        let known = before.reference.and_then(|reference| reference.strip_prefix(REFERENCE)).map(str::to_owned);
        let known = match known {
            Some(key) => Some(key),
            None => self.find(project, &mark, before.tried.then_some(notice.at.min(now))).await?,
        };
        let key = match known {
            Some(key) => {
                self.update(project, &key, (outbound, notice), before.tried).await?;
                key
            }
            None => self.create(project, (outbound, notice), &mark).await?,
        };
        Ok(Posted { reference: format!("{REFERENCE}{key}"), thread: None })
    }

    /// The issue that carries `mark`. The search reads an index that may lag behind; after a try whose answer may have been
    /// lost, the issues made since `young` are looked through as well.
    async fn find(&self, project: Project, mark: &str, young: Option<Timestamp>) -> Result<Option<String>, SendError> {
        let id = project.id.to_string();
        let found = self.list("issues", &[("projectId[]", &id), ("keyword", mark), ("count", "100")]).await?;
        if let Some(key) = carrying(&found, mark) {
            return Ok(Some(key));
        }
        // Days are those of the space's time zone, which is not known here.
        let since = young.and_then(|at| at.plus_ms(-DAY_MS).utc()).map(|at| at.format("%Y-%m-%d").to_string());
        let Some(since) = since else { return Ok(None) };
        for page in 0..MOST_PAGES {
            let offset = (page * PAGE).to_string();
            let query = [
                ("projectId[]", id.as_str()),
                ("createdSince", since.as_str()),
                ("sort", "created"),
                ("order", "desc"),
                ("count", "100"),
                ("offset", offset.as_str()),
            ];
            let listed = self.list("issues", &query).await?;
            if let Some(key) = carrying(&listed, mark) {
                return Ok(Some(key));
            }
            if listed.len() < PAGE {
                break;
            }
        }
        Ok(None)
    }

    async fn create(
        &self,
        project: Project,
        (outbound, notice): (&Outbound, &Notice),
        mark: &str,
    ) -> Result<String, SendError> {
        let mut form: Form = vec![
            ("projectId".to_owned(), project.id.to_string()),
            ("issueTypeId".to_owned(), project.issue_type.to_string()),
            ("priorityId".to_owned(), priority_id(notice.priority).to_string()),
            ("summary".to_owned(), summary(notice)),
            ("description".to_owned(), description(outbound, notice, mark)),
        ];
        self.put_fields(&mut form, notice);
        let answer = self.ask(|client, url| client.post(url).form(&form), "issues", &[]).await?;
        let key = answer.json().and_then(|issue| issue.get("issueKey")?.as_str().map(str::to_owned));
        // Made, but nobody knows under which key: the next try finds it by its mark.
        key.ok_or_else(|| SendError::Transient {
            reason: "the answer names no issueKey".to_owned(),
            retry_after_ms: None,
        })
    }

    async fn update(
        &self,
        project: Project,
        key: &str,
        (outbound, notice): (&Outbound, &Notice),
        tried: bool,
    ) -> Result<(), SendError> {
        let mark = format!("madoguchi:{}", &hex::encode(Sha256::digest(&outbound.dedupe_key))[..16]);
        let path = format!("issues/{key}");
        if tried {
            let query = [("order", "desc"), ("count", "100")];
            let comments = self.list(&format!("{path}/comments"), &query).await?;
            let carries = |comment: &Value| comment["content"].as_str().is_some_and(|text| text.contains(&mark));
            if comments.iter().any(carries) {
                return Ok(());
            }
        }
        let mut form: Form = vec![("comment".to_owned(), comment(outbound, notice, &mark))];
        let status = match notice.event {
            NoticeEvent::Resolved => Some(project.resolved),
            NoticeEvent::Reopened => Some(OPEN),
            NoticeEvent::Acknowledged => Some(IN_PROGRESS),
            NoticeEvent::Escalated | NoticeEvent::Opened | NoticeEvent::Changed => None,
        };
        form.extend(status.map(|id| ("statusId".to_owned(), id.to_string())));
        if matches!(notice.event, NoticeEvent::Escalated | NoticeEvent::Changed) {
            form.push(("priorityId".to_owned(), priority_id(notice.priority).to_string()));
            self.put_fields(&mut form, notice);
        }
        self.ask(|client, url| client.patch(url).form(&form), &path, &[]).await.map(|_| ())
    }

    fn put_fields(&self, form: &mut Form, notice: &Notice) {
        for detail in &notice.details {
            if let Some(id) = self.settings.custom_fields.get(&detail.name) {
                form.push((format!("customField_{id}"), detail.value.clone()));
            }
        }
    }

    /// The ids behind the names of the settings; asked for once.
    async fn project(&self) -> Result<Project, SendError> {
        let mut known = self.project.lock().await;
        if let Some(project) = *known {
            return Ok(project);
        }
        let operator = |reason: String| SendError::NeedsOperator { reason };
        let key = &self.settings.project;
        let path = format!("projects/{key}");
        let answer = match self.ask(Client::get, &path, &[]).await {
            Err(SendError::Permanent { reason }) => {
                return Err(operator(format!("project {key}: {reason}; check its key and who may see it")));
            }
            other => other?,
        };
        let id = answer.json().and_then(|project| project.get("id")?.as_u64());
        let id = id.ok_or_else(|| operator(format!("project {key} has no id; is url a Backlog space?")))?;
        let types = self.list(&format!("{path}/issueTypes"), &[]).await?;
        let wanted = self.settings.issue_type.as_deref();
        let issue_type = named(&types, wanted).ok_or_else(|| unknown("issue_type", wanted, &types))?;
        let resolved = match self.settings.resolved_status.as_deref() {
            None => RESOLVED,
            wanted => {
                let statuses = self.list(&format!("{path}/statuses"), &[]).await?;
                named(&statuses, wanted).ok_or_else(|| unknown("resolved_status", wanted, &statuses))?
            }
        };
        let project = Project { id, issue_type, resolved };
        *known = Some(project);
        Ok(project)
    }

    async fn list(&self, path: &str, query: &[(&str, &str)]) -> Result<Vec<Value>, SendError> {
        let answer = self.ask(Client::get, path, query).await?;
        match answer.json() {
            Some(Value::Array(rows)) => Ok(rows),
            _ => Err(SendError::Transient { reason: format!("{path}: the answer is no list"), retry_after_ms: None }),
        }
    }

    async fn ask(
        &self,
        request: impl Fn(&Client, Url) -> RequestBuilder + Send,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Answer, SendError> {
        let base = self.settings.api_url.as_str().trim_end_matches('/');
        let mut url = Url::parse(&format!("{base}/api/v2/{path}"))
            .map_err(|fault| SendError::NeedsOperator { reason: format!("url: {fault}") })?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut bearer = None;
        match &self.settings.login {
            BacklogLogin::ApiKey(key) => {
                url.query_pairs_mut().append_pair("apiKey", key.expose_secret());
            }
            BacklogLogin::OAuth(_) => bearer = Some(self.token().await?),
        }
        let mut request = request(&self.client, url);
        if let Some(token) = &bearer {
            request = request.bearer_auth(token.expose_secret());
        }
        let answer = self.client.ask(request).await?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        if let (401, Some(tokens)) = (answer.status.as_u16(), &self.tokens) {
            // It may have been taken back before its end: the next try brings a new one.
            tokens.renew().await;
            let reason = "the access token was not accepted".to_owned();
            return Err(SendError::Transient { reason, retry_after_ms: None });
        }
        Err(self.client.refusal(&answer))
    }

    async fn token(&self) -> Result<secrecy::SecretString, SendError> {
        let missing = || SendError::NeedsOperator { reason: "there is no source of access tokens".to_owned() };
        let tokens = self.tokens.as_ref().ok_or_else(missing)?;
        tokens.token().await.map_err(|fault| match fault {
            OAuthError::Transient { reason } => SendError::Transient { reason, retry_after_ms: None },
            OAuthError::NeedsOperator { reason } => SendError::NeedsOperator { reason },
        })
    }

    /// Signs in and looks the project up. Changes nothing.
    pub(super) async fn probe(&self) -> Result<String, String> {
        match self.project().await {
            Ok(_) => Ok(format!("project {} is there", self.settings.project)),
            Err(fault) => Err(fault.to_string()),
        }
    }
}

/// Names the ticket over desks: `madoguchi:T-7@desk.example`.
fn ticket_mark(outbound: &Outbound, notice: &Notice) -> String {
    let domain = outbound.message_id.rsplit_once('@').map_or("desk.invalid", |(_, domain)| domain);
    format!("madoguchi:{}@{domain}", notice.ticket)
}

fn carrying(issues: &[Value], mark: &str) -> Option<String> {
    // The end of the mark must be its end: `desk.example` is not `desk.example.org`.
    let carries = |text: &str| {
        text.match_indices(mark).any(|(at, _)| {
            let next = text[at + mark.len()..].chars().next();
            next.is_none_or(|c| !c.is_alphanumeric() && c != '.' && c != '-')
        })
    };
    let issue = issues.iter().find(|issue| issue["description"].as_str().is_some_and(carries))?;
    issue["issueKey"].as_str().map(str::to_owned)
}

fn named(rows: &[Value], name: Option<&str>) -> Option<u64> {
    let row = match name {
        Some(name) => rows.iter().find(|row| row["name"] == *name)?,
        None => rows.first()?,
    };
    row["id"].as_u64()
}

fn unknown(key: &str, name: Option<&str>, rows: &[Value]) -> SendError {
    let known: Vec<&str> = rows.iter().filter_map(|row| row["name"].as_str()).collect();
    SendError::NeedsOperator {
        reason: format!("{key} = \"{}\" is not in the project; known are {}", name.unwrap_or(""), known.join(", ")),
    }
}

/// High, normal and low ("Get Priority List"); there is no higher one.
const fn priority_id(priority: Priority) -> u64 {
    match priority {
        Priority::Critical | Priority::High => 2,
        Priority::Medium => 3,
        Priority::Low => 4,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_issue_is_known_by_the_whole_mark() {
        let issues = [
            json!({ "issueKey": "S-1", "description": "madoguchi:T-71@desk.example" }),
            json!({ "issueKey": "S-2", "description": "madoguchi:T-7@desk.example.org" }),
            json!({ "issueKey": "S-3", "description": null }),
            json!({ "issueKey": "S-4", "description": "x\n[madoguchi:T-7@desk.example]\n" }),
        ];
        assert_eq!(carrying(&issues, "madoguchi:T-7@desk.example").as_deref(), Some("S-4"));
        assert_eq!(carrying(&issues[..3], "madoguchi:T-7@desk.example"), None);
    }
}
