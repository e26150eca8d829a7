//! The REST API, as far as a bot like ours uses it.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::{APPLICATION, BOT, GUILD, Shared, TOKEN, interactions, shapes};

/// A status and a body; null for none.
pub struct Answer(pub StatusCode, pub Value);

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        if self.1.is_null() { self.0.into_response() } else { (self.0, Json(self.1)).into_response() }
    }
}

pub fn fails(status: StatusCode, code: u64, message: &str) -> Answer {
    Answer(status, shapes::error(code, message))
}

fn good(body: Value) -> Answer {
    Answer(StatusCode::OK, body)
}

fn unknown_channel() -> Answer {
    fails(StatusCode::NOT_FOUND, 10003, "Unknown Channel")
}

type S = State<Arc<Shared>>;

pub fn router(shared: Arc<Shared>) -> Router {
    let api = Router::new()
        .route("/gateway", get(gateway))
        .route("/gateway/bot", get(gateway_bot))
        .route("/users/@me", get(|| async { good(shapes::bot()) }))
        .route("/users/@me/guilds", get(guilds))
        .route("/users/@me/channels", post(open_direct))
        .route("/oauth2/applications/@me", get(application))
        .route("/guilds/{guild}", get(guild))
        .route("/guilds/{guild}/channels", get(guild_channels))
        .route("/guilds/{guild}/threads/active", get(active_threads))
        .route("/guilds/{guild}/members/{user}", get(member))
        .route("/channels/{channel}", get(channel).patch(change_channel))
        .route("/channels/{channel}/messages", get(messages).post(create))
        .route("/channels/{channel}/messages/{message}", get(message).patch(edit))
        .route("/channels/{channel}/messages/{message}/threads", post(start_thread))
        .route("/channels/{channel}/threads/archived/public", get(archived_threads))
        .route("/interactions/{id}/{token}/callback", post(interactions::callback))
        .route("/webhooks/{application}/{token}", post(interactions::later))
        .route("/webhooks/{application}/{token}/messages/@original", patch(interactions::later))
        .route("/applications/{application}/commands", get(commands).put(put_commands))
        .layer(middleware::from_fn_with_state(shared.clone(), guard));
    Router::new().nest("/api/v10", api).route("/files/{*path}", get(file)).with_state(shared)
}

/// Who asks, and what goes wrong.
async fn guard(State(shared): S, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let line = format!("{} {}", request.method(), request.uri().path_and_query().map_or("", |path| path.as_str()));
    let token = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // The address itself is the secret of a webhook or an interaction.
    let is_open = path.contains("/interactions/") || path.contains("/webhooks/");
    let refused = !is_open && (token != format!("Bot {TOKEN}") || shared.world().refuses_token);
    shared.world().requests.push(line);
    if refused {
        return fails(StatusCode::UNAUTHORIZED, 0, "401: Unauthorized").into_response();
    }
    let faults = &shared.faults;
    if faults.strikes(faults.limited) {
        let mut response = Answer(StatusCode::TOO_MANY_REQUESTS, shapes::limited(0.05)).into_response();
        let headers = response.headers_mut();
        for (name, value) in [
            ("retry-after", "0.05"),
            ("x-ratelimit-limit", "5"),
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset-after", "0.05"),
            ("x-ratelimit-bucket", "abcd1234"),
            ("x-ratelimit-scope", "user"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        return response;
    }
    if faults.strikes(faults.broken) {
        // Before or after the work was done: whoever repeats must not do harm.
        if faults.strikes(500) {
            next.run(request).await;
        }
        return (StatusCode::BAD_GATEWAY, "error code: 502").into_response();
    }
    next.run(request).await
}

async fn gateway(State(shared): S) -> Answer {
    good(json!({ "url": format!("ws://{}", shared.gateway) }))
}

async fn gateway_bot(State(shared): S) -> Answer {
    let left = 1000 - shared.world().identifies;
    good(json!({
        "url": format!("ws://{}", shared.gateway), "shards": 1,
        "session_start_limit": { "total": 1000, "remaining": left, "reset_after": 14_400_000, "max_concurrency": 1 },
    }))
}

async fn application(State(shared): S) -> Answer {
    let flags = shared.world().flags;
    good(
        json!({ "id": APPLICATION.to_string(), "name": "madoguchi", "icon": null, "description": "", "bot_public": false,
        "bot_require_code_grant": false, "verify_key": "00", "flags": flags }),
    )
}

async fn guilds() -> Answer {
    good(
        json!([{ "id": GUILD.to_string(), "name": "Discord Testers", "icon": null, "owner": false, "permissions": "0", "features": [] }]),
    )
}

async fn guild(State(shared): S) -> Answer {
    good(shapes::guild(shared.world().everyone))
}

async fn guild_channels(State(shared): S) -> Answer {
    let world = shared.world();
    let objects = world.channels.values().map(|channel| channel.object.clone());
    good(objects.filter(|object| !object["guild_id"].is_null() && object["type"] != json!(11)).collect())
}

async fn active_threads(State(shared): S) -> Answer {
    good(json!({ "threads": shared.world().threads(false), "members": [] }))
}

async fn archived_threads(State(shared): S, Path(channel): Path<u64>) -> Answer {
    let mut threads = shared.world().threads(true);
    threads.retain(|thread| thread["parent_id"] == json!(channel.to_string()));
    threads.sort_by_key(|thread| thread["thread_metadata"]["archive_timestamp"].as_str().map(str::to_owned));
    threads.reverse();
    good(json!({ "threads": threads, "members": [], "has_more": false }))
}

async fn member(Path((_, user)): Path<(u64, u64)>) -> Answer {
    let mut member = shapes::member(user);
    if user == BOT {
        member["user"] = shapes::bot();
    }
    good(member)
}

async fn channel(State(shared): S, Path(channel): Path<u64>) -> Answer {
    shared.world().channels.get(&channel).map_or_else(unknown_channel, |channel| good(channel.object.clone()))
}

async fn change_channel(State(shared): S, Path(channel): Path<u64>, Json(body): Json<Value>) -> Answer {
    let mut world = shared.world();
    let Some(channel) = world.channels.get_mut(&channel) else { return unknown_channel() };
    if let Some(archived) = body["archived"].as_bool() {
        channel.object["thread_metadata"]["archived"] = json!(archived);
    }
    good(channel.object.clone())
}

async fn open_direct(State(shared): S, Json(body): Json<Value>) -> Answer {
    let user = body["recipient_id"].as_str().and_then(|user| user.parse().ok());
    match user {
        Some(user) => good(shared.world().direct(user)),
        None => fails(StatusCode::BAD_REQUEST, 50035, "Invalid Form Body"),
    }
}

/// Newest first, as Discord answers; `after` gives those right after the id.
async fn messages(State(shared): S, Path(channel): Path<u64>, Query(query): Query<HashMap<String, String>>) -> Answer {
    let number = |key: &str| query.get(key).and_then(|value| value.parse::<u64>().ok());
    let limit = usize::try_from(number("limit").unwrap_or(50)).unwrap_or(50);
    if !(1..=100).contains(&limit) {
        return fails(StatusCode::BAD_REQUEST, 50035, "Invalid Form Body");
    }
    let world = shared.world();
    let Some(channel) = world.channels.get(&channel) else { return unknown_channel() };
    if channel.object["type"] == json!(15) {
        return fails(StatusCode::BAD_REQUEST, 50008, "Cannot send messages in a non-text channel");
    }
    let mut page: Vec<Value> = match (number("after"), number("before")) {
        (Some(after), _) => channel.messages.range(after + 1..).take(limit).map(|(_, m)| m.clone()).collect(),
        (None, Some(before)) => channel.messages.range(..before).rev().take(limit).map(|(_, m)| m.clone()).collect(),
        (None, None) => channel.messages.values().rev().take(limit).cloned().collect(),
    };
    page.sort_by_key(|message| std::cmp::Reverse(shapes::id(message)));
    good(page.into())
}

async fn message(State(shared): S, Path((channel, message)): Path<(u64, u64)>) -> Answer {
    let world = shared.world();
    let Some(channel) = world.channels.get(&channel) else { return unknown_channel() };
    let unknown = || fails(StatusCode::NOT_FOUND, 10008, "Unknown Message");
    channel.messages.get(&message).map_or_else(unknown, |there| good(there.clone()))
}

async fn create(State(shared): S, Path(channel): Path<u64>, Json(body): Json<Value>) -> Answer {
    let mut world = shared.world();
    if !world.channels.contains_key(&channel) {
        return unknown_channel();
    }
    let content = body["content"].as_str().unwrap_or_default();
    if content.is_empty() {
        return fails(StatusCode::BAD_REQUEST, 50006, "Cannot send an empty message");
    }
    let nonce = body["nonce"].as_str().map(str::to_owned);
    let is_long = nonce.as_ref().is_some_and(|nonce| nonce.len() > 25);
    if content.chars().count() > 2000 || is_long || !fits(&body["components"]) {
        return fails(StatusCode::BAD_REQUEST, 50035, "Invalid Form Body");
    }
    let enforced = nonce.filter(|_| body["enforce_nonce"] == json!(true));
    if let Some((channel, id)) = enforced.as_ref().and_then(|nonce| world.nonces.get(nonce)).copied() {
        return good(world.channels[&channel].messages[&id].clone());
    }
    let id = world.tick();
    let mut message = shapes::message(id, channel, &shapes::bot(), content);
    for key in ["components", "flags", "message_reference", "allowed_mentions"] {
        if !body[key].is_null() {
            message[key] = body[key].clone();
        }
    }
    world.add(channel, message.clone());
    if let Some(nonce) = enforced {
        world.nonces.insert(nonce, (channel, id));
    }
    let event = world.for_gateway(message.clone());
    world.dispatch("MESSAGE_CREATE", &event);
    good(message)
}

/// Discord's limits on components.
fn fits(components: &Value) -> bool {
    let rows = components.as_array().cloned().unwrap_or_default();
    rows.len() <= 5
        && rows.iter().all(|row| {
            let items = row["components"].as_array().cloned().unwrap_or_default();
            let id =
                |item: &Value| item["custom_id"].as_str().is_some_and(|id| (1..=100).contains(&id.chars().count()));
            let options =
                |item: &Value| item["options"].as_array().is_none_or(|options| (1..=25).contains(&options.len()));
            (1..=5).contains(&items.len()) && items.iter().all(|item| id(item) && options(item))
        })
}

async fn edit(State(shared): S, Path((channel, message)): Path<(u64, u64)>, Json(body): Json<Value>) -> Answer {
    let mut world = shared.world();
    let at = world.tick();
    if !world.channels.contains_key(&channel) {
        return unknown_channel();
    }
    let Some(there) = world.message_mut(channel, message) else {
        return fails(StatusCode::NOT_FOUND, 10008, "Unknown Message");
    };
    if there["author"]["id"] != json!(BOT.to_string()) {
        return fails(StatusCode::FORBIDDEN, 50005, "Cannot edit a message authored by another user");
    }
    for key in ["content", "components", "flags"] {
        if !body[key].is_null() {
            there[key] = body[key].clone();
        }
    }
    there["edited_timestamp"] = json!(shapes::timestamp(at));
    let changed = there.clone();
    let event = world.for_gateway(changed.clone());
    world.dispatch("MESSAGE_UPDATE", &event);
    good(changed)
}

async fn start_thread(State(shared): S, Path((channel, message)): Path<(u64, u64)>, Json(body): Json<Value>) -> Answer {
    let mut world = shared.world();
    if world.no_threads.contains(&channel) {
        return fails(StatusCode::FORBIDDEN, 50013, "Missing Permissions");
    }
    if world.message_mut(channel, message).is_none() {
        return fails(StatusCode::NOT_FOUND, 10008, "Unknown Message");
    }
    if world.channels.contains_key(&message) {
        return fails(StatusCode::BAD_REQUEST, 160_004, "A thread has already been created for this message");
    }
    let name = body["name"].as_str().unwrap_or_default();
    if !(1..=100).contains(&name.chars().count()) {
        return fails(StatusCode::BAD_REQUEST, 50035, "Invalid Form Body");
    }
    let thread = world.new_thread(channel, Some(message), name);
    world.dispatch("THREAD_CREATE", &thread);
    Answer(StatusCode::CREATED, thread)
}

async fn commands(State(shared): S) -> Answer {
    good(shared.world().commands.clone())
}

async fn put_commands(State(shared): S, Json(body): Json<Value>) -> Answer {
    let mut world = shared.world();
    world.commands = body.clone();
    world.commands_put += 1;
    good(body)
}

async fn file(State(shared): S, Path(path): Path<String>) -> Response {
    let bytes = shared.world().files.get(&path).cloned();
    bytes.map_or_else(|| StatusCode::NOT_FOUND.into_response(), IntoResponse::into_response)
}
