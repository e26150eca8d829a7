//! Backlog's API v2 as far as a desk needs it (<https://developer.nulab.com/docs/backlog/>): "Get Project", "Get Issue Type List",
//! "Get Status List of Project", "Get Issue List", "Add Issue", "Update Issue", "Get Comment List", "Rate Limit".

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, Query, RawForm, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::{Faults, answered, serve};

pub const KEY: &str = "secret-key";

#[derive(Clone)]
pub struct Backlog {
    pub port: u16,
    /// Met by requests that write.
    pub faults: Faults,
    state: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    issues: Vec<Issue>,
    /// The search does not know new issues yet.
    index_lags: bool,
    searches: usize,
}

#[derive(Clone, Debug, Default)]
pub struct Issue {
    pub key: String,
    pub fields: HashMap<String, String>,
    pub comments: Vec<String>,
}

type Asked = HashMap<String, String>;

impl Backlog {
    pub async fn start() -> Self {
        let mut stand_in = Self { port: 0, faults: Faults::default(), state: Arc::default() };
        let router = Router::new()
            .route("/api/v2/projects/SUP", get(|asked| project(asked, json!({ "id": 7, "projectKey": "SUP" }))))
            .route(
                "/api/v2/projects/SUP/issueTypes",
                get(|asked| project(asked, json!([{ "id": 70, "name": "タスク" }, { "id": 71, "name": "障害" }]))),
            )
            .route(
                "/api/v2/projects/SUP/statuses",
                get(|asked| project(asked, json!([{ "id": 1, "name": "未対応" }, { "id": 3, "name": "処理済み" }]))),
            )
            .route("/api/v2/issues", get(list).post(add))
            .route("/api/v2/issues/{key}", axum::routing::patch(update))
            .route("/api/v2/issues/{key}/comments", get(comments))
            .with_state(stand_in.clone());
        stand_in.port = serve(router).await;
        stand_in
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn issues(&self) -> Vec<Issue> {
        self.state.lock().unwrap().issues.clone()
    }

    /// From now on the search knows nothing of new issues, as an index that lags behind.
    pub fn index_lags(&self) {
        self.state.lock().unwrap().index_lags = true;
    }

    pub fn searches(&self) -> usize {
        self.state.lock().unwrap().searches
    }
}

fn refusal(asked: &Asked) -> Option<Response> {
    let said = json!({ "errors": [{ "message": "Authentication failure.", "code": 11, "moreInfo": "" }] });
    (asked.get("apiKey").map(String::as_str) != Some(KEY))
        .then(|| (StatusCode::UNAUTHORIZED, Json(said)).into_response())
}

fn project(Query(asked): Query<Asked>, answer: Value) -> std::future::Ready<Response> {
    std::future::ready(refusal(&asked).unwrap_or_else(|| Json(answer).into_response()))
}

fn shown(issue: &Issue) -> Value {
    json!({ "id": 1, "issueKey": issue.key, "summary": issue.fields["summary"], "description": issue.fields["description"] })
}

async fn list(State(stand_in): State<Backlog>, Query(asked): Query<Asked>) -> Response {
    if let Some(refused) = refusal(&asked) {
        return refused;
    }
    let mut inner = stand_in.state.lock().unwrap();
    inner.searches += 1;
    assert_eq!(asked["projectId[]"], "7");
    let found: Vec<Value> = match asked.get("keyword") {
        Some(_) if inner.index_lags => Vec::new(),
        Some(word) => {
            let has = |issue: &&Issue| issue.fields["description"].contains(word.as_str());
            inner.issues.iter().filter(has).map(shown).collect()
        }
        None => {
            assert_eq!(asked["createdSince"].len(), 10, "a day");
            let (offset, count): (usize, usize) = (asked["offset"].parse().unwrap(), asked["count"].parse().unwrap());
            inner.issues.iter().rev().skip(offset).take(count).map(shown).collect()
        }
    };
    Json(found).into_response()
}

fn form(bytes: &[u8]) -> Asked {
    let mut url = reqwest::Url::parse("http://form.invalid/").unwrap();
    url.set_query(Some(std::str::from_utf8(bytes).unwrap()));
    url.query_pairs().into_owned().collect()
}

async fn add(State(stand_in): State<Backlog>, Query(asked): Query<Asked>, RawForm(bytes): RawForm) -> Response {
    if let Some(refused) = refusal(&asked) {
        return refused;
    }
    let go = stand_in.faults.meet().await;
    answered(go, || {
        let fields = form(&bytes);
        let needed = ["projectId", "summary", "issueTypeId", "priorityId"];
        if let Some(missing) = needed.iter().find(|name| !fields.contains_key(**name)) {
            let said = json!({ "errors": [{ "message": format!("{missing} is missing"), "code": 7, "moreInfo": "" }] });
            return (StatusCode::BAD_REQUEST, Json(said)).into_response();
        }
        let mut inner = stand_in.state.lock().unwrap();
        let key = format!("SUP-{}", inner.issues.len() + 1);
        let issue = Issue { key, fields, comments: Vec::new() };
        let answer = (StatusCode::CREATED, Json(shown(&issue))).into_response();
        inner.issues.push(issue);
        answer
    })
    .await
}

async fn update(
    State(stand_in): State<Backlog>,
    Path(key): Path<String>,
    Query(asked): Query<Asked>,
    RawForm(bytes): RawForm,
) -> Response {
    if let Some(refused) = refusal(&asked) {
        return refused;
    }
    let go = stand_in.faults.meet().await;
    answered(go, || {
        let mut inner = stand_in.state.lock().unwrap();
        let Some(issue) = inner.issues.iter_mut().find(|issue| issue.key == key) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let mut fields = form(&bytes);
        issue.comments.extend(fields.remove("comment"));
        issue.fields.extend(fields);
        Json(shown(issue)).into_response()
    })
    .await
}

async fn comments(State(stand_in): State<Backlog>, Path(key): Path<String>, Query(asked): Query<Asked>) -> Response {
    if let Some(refused) = refusal(&asked) {
        return refused;
    }
    let inner = stand_in.state.lock().unwrap();
    let issue = inner.issues.iter().find(|issue| issue.key == key).unwrap();
    let rows: Vec<Value> = issue.comments.iter().rev().map(|text| json!({ "id": 1, "content": text })).collect();
    Json(rows).into_response()
}
