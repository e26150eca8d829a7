//! The Web API and the files: tokens, scopes, arguments in three forms, faults.
//!
//! `docs.slack.dev/apis/web-api`: reading methods take their arguments from the address or a form, not from JSON.

use std::collections::HashMap;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use serde_json::{Map, Value, json};

use super::world::{APP, APP_TOKEN, BOT, BOT_ID, BOT_TOKEN, TEAM, World};
use super::{Workspace, history, post};

/// Methods that read JSON bodies.
const WRITING: &[&str] = &[
    "apps.connections.open",
    "chat.postMessage",
    "chat.update",
    "conversations.open",
    "views.open",
    "views.publish",
    "views.update",
];
/// The scope each method needs; any of them is enough.
const NEEDS: &[(&str, &[&str])] = &[
    ("chat.postMessage", &["chat:write"]),
    ("chat.update", &["chat:write"]),
    ("conversations.history", &["channels:history", "groups:history", "im:history", "mpim:history"]),
    ("conversations.replies", &["channels:history", "groups:history", "im:history", "mpim:history"]),
    ("conversations.info", &["channels:read", "groups:read", "im:read", "mpim:read"]),
    ("conversations.open", &["im:write"]),
    ("users.conversations", &["channels:read", "groups:read", "im:read", "mpim:read"]),
    ("users.info", &["users:read"]),
];

pub(super) fn router(workspace: Workspace) -> Router {
    Router::new().route("/api/{method}", any(call)).route("/files/{name}", get(file)).with_state(workspace)
}

fn pairs(text: &str) -> HashMap<String, String> {
    let url = reqwest::Url::parse(&format!("http://x/?{text}")).expect("an address");
    url.query_pairs().into_owned().collect()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

async fn call(
    State(workspace): State<Workspace>,
    Path(method): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let slow = {
        let mut world = workspace.world();
        let share = world.faults.slow;
        world.dice.falls(share).then_some(world.faults.slow_for)
    };
    if let Some(period) = slow {
        tokio::time::sleep(period).await;
    }
    let mut world = workspace.world();
    *world.calls.entry(method.clone()).or_default() += 1;
    let Faulty { limited, broken } = Faulty::roll(&mut world);
    if limited {
        let refusal = axum::Json(json!({ "ok": false, "error": "ratelimited" }));
        let pause_s = world.faults.limited_for_s.max(1).to_string();
        return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, pause_s)], refusal).into_response();
    }
    if broken {
        return (StatusCode::INTERNAL_SERVER_ERROR, "upstream").into_response();
    }
    let mut arguments = pairs(query.as_deref().unwrap_or_default());
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let mut json_body = Value::Object(Map::new());
    if kind.starts_with("application/json") {
        if WRITING.contains(&method.as_str()) {
            json_body = serde_json::from_slice(&body).unwrap_or_else(|_| json!({ "invalid": true }));
        }
    } else {
        arguments.extend(pairs(std::str::from_utf8(&body).unwrap_or_default()));
    }
    for (name, value) in &arguments {
        json_body[name] = json!(value);
    }
    let token = bearer(&headers).map(str::to_owned).or_else(|| arguments.get("token").cloned());
    let answer = match refused(&world, &method, token.as_deref()) {
        Some(refusal) => refusal,
        None => answer(&mut world, &method, &json_body, &arguments),
    };
    let scopes = world.scopes.iter().cloned().collect::<Vec<_>>().join(",");
    if method == "chat.postMessage" && world.swallow_answers > 0 {
        world.swallow_answers -= 1;
        return (StatusCode::INTERNAL_SERVER_ERROR, "upstream").into_response();
    }
    ([("x-oauth-scopes", scopes)], axum::Json(answer)).into_response()
}

struct Faulty {
    limited: bool,
    broken: bool,
}

impl Faulty {
    fn roll(world: &mut World) -> Self {
        let (limited, broken) = (world.faults.limited, world.faults.broken);
        Self { limited: world.dice.falls(limited), broken: world.dice.falls(broken) }
    }
}

fn refused(world: &World, method: &str, token: Option<&str>) -> Option<Value> {
    let error = |code: &str| Some(json!({ "ok": false, "error": code }));
    if let Some(code) = world.refuse_with {
        return error(code);
    }
    let opens = method == "apps.connections.open";
    match token {
        None => return error("not_authed"),
        Some(BOT_TOKEN) if opens => return error("not_allowed_token_type"),
        Some(APP_TOKEN) if opens && !world.may_connect => {
            return Some(
                json!({ "ok": false, "error": "missing_scope", "needed": "connections:write", "provided": "" }),
            );
        }
        Some(APP_TOKEN) if opens => return None,
        Some(BOT_TOKEN) => {}
        Some(_) => return error("invalid_auth"),
    }
    let (_, needed) = NEEDS.iter().find(|(name, _)| *name == method)?;
    if needed.iter().any(|scope| world.scopes.contains(*scope)) {
        return None;
    }
    Some(json!({ "ok": false, "error": "missing_scope", "needed": needed[0], "provided": "" }))
}

fn answer(world: &mut World, method: &str, body: &Value, arguments: &HashMap<String, String>) -> Value {
    let error = |code: &str| json!({ "ok": false, "error": code });
    match method {
        "auth.test" => json!({
            "ok": true, "url": "https://desk.slack.com/", "team": "Desk", "user": "desk", "team_id": TEAM,
            "user_id": BOT, "bot_id": BOT_ID, "is_enterprise_install": false
        }),
        "apps.connections.open" => {
            let ticket = format!("ticket-{}", world.number());
            let url = format!("ws://127.0.0.1:{}/link/?ticket={ticket}&app_id={APP}", world.ports[1]);
            world.socket_tickets.insert(ticket);
            json!({ "ok": true, "url": url })
        }
        "users.info" => match arguments.get("user").and_then(|user| world.users.get(user)) {
            Some(user) => {
                let mut user = user.clone();
                if !world.scopes.contains("users:read.email")
                    && let Some(profile) = user["profile"].as_object_mut()
                {
                    profile.remove("email");
                }
                json!({ "ok": true, "user": user })
            }
            None => error("user_not_found"),
        },
        "users.conversations" => history::conversations(world, arguments),
        "conversations.history" => history::history(world, arguments),
        "conversations.replies" => history::replies(world, arguments),
        "conversations.info" => {
            let found = arguments.get("channel").and_then(|id| world.rooms.get_key_value(id));
            found.map_or_else(
                || error("channel_not_found"),
                |(id, room)| json!({ "ok": true, "channel": history::conversation(id, room) }),
            )
        }
        "conversations.open" => {
            let user = body["users"].as_str().unwrap_or_default().to_owned();
            if !world.users.contains_key(&user) {
                return error("user_not_found");
            }
            json!({ "ok": true, "channel": { "id": world.direct(&user) } })
        }
        "chat.postMessage" => post::post(world, body),
        "chat.update" => post::update(world, body),
        "views.open" | "views.update" | "views.publish" => post::view(world, method, body),
        _ => error("unknown_method"),
    }
}

/// `docs.slack.dev/reference/objects/file-object#auth`: without a good token Slack leads to its sign-in page.
async fn file(State(workspace): State<Workspace>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    let world = workspace.world();
    let known = bearer(&headers) == Some(BOT_TOKEN) && world.scopes.contains("files:read");
    if !known || world.refuse_with.is_some() {
        return (StatusCode::FOUND, [(header::LOCATION, "https://desk.slack.com/?redir=file")]).into_response();
    }
    match world.files.get(&name) {
        Some((kind, bytes)) => ([(header::CONTENT_TYPE, kind.clone())], bytes.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
