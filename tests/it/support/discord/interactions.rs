//! Interactions: made by people in the test, answered by the bot within 3 s.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::rest::{Answer, fails};
use super::world::Interaction;
use super::{APPLICATION, GUILD, Shared, StandIn, shapes};

/// How long Discord waits for the first answer.
const LIMIT: Duration = Duration::from_secs(3);

impl StandIn {
    /// A person uses a slash command, presses something or sends a form: `kind` and `data` as in the reference. Returns the
    /// interaction's id.
    pub fn interact(&self, at: (u64, u64), kind: u64, data: &Value) -> u64 {
        self.interact_with(at, kind, data, None)
    }

    /// [`StandIn::interact`] with the bot's message `under`; without one with the newest.
    pub fn interact_with(&self, (channel, user): (u64, u64), kind: u64, data: &Value, under: Option<u64>) -> u64 {
        let mut world = self.world();
        let id = world.tick();
        let token = format!("token-{id}");
        let object = world.channels[&channel].object.clone();
        let is_direct = object["guild_id"].is_null();
        let message = (kind == 3).then(|| {
            let posts = world.posts(channel);
            let named = posts.iter().find(|post| under == Some(shapes::id(post)));
            named
                .or(posts.last())
                .map_or_else(|| shapes::message(id, channel, &shapes::bot(), "card"), |post| (*post).clone())
        });
        let mut d = json!({
            "id": id.to_string(), "application_id": APPLICATION.to_string(), "type": kind, "token": token, "version": 1,
            "channel_id": channel.to_string(), "channel": object, "locale": "ja", "data": data, "entitlements": [],
            "authorizing_integration_owners": { "0": GUILD.to_string() }, "context": 0, "app_permissions": "442368",
            "attachment_size_limit": 524_288,
        });
        if is_direct {
            d["user"] = shapes::person(user);
        } else {
            d["guild_id"] = json!(GUILD.to_string());
            d["guild_locale"] = json!("en-US");
            d["member"] = shapes::member(user);
            d["member"]["permissions"] = json!("2147483647");
        }
        if let Some(message) = message {
            d["message"] = message;
        }
        let made = Interaction { made: Instant::now(), token, channel, answer: None, later: Vec::new() };
        world.interactions.insert(id, made);
        world.dispatch("INTERACTION_CREATE", &d);
        id
    }

    /// The answer to an interaction, and changes of it.
    pub fn answer(&self, id: u64) -> (Option<Value>, Vec<Value>) {
        let world = self.world();
        let interaction = &world.interactions[&id];
        (interaction.answer.as_ref().map(|(answer, _)| answer.clone()), interaction.later.clone())
    }
}

/// `POST /interactions/{id}/{token}/callback`.
pub async fn callback(
    State(shared): State<Arc<Shared>>,
    Path((id, token)): Path<(u64, String)>,
    Json(body): Json<Value>,
) -> Answer {
    let mut world = shared.world();
    let Some(interaction) = world.interactions.get_mut(&id).filter(|interaction| interaction.token == token) else {
        return fails(StatusCode::NOT_FOUND, 10062, "Unknown interaction");
    };
    if interaction.answer.is_some() {
        return fails(StatusCode::BAD_REQUEST, 40060, "Interaction has already been acknowledged.");
    }
    let took = interaction.made.elapsed();
    if took > LIMIT {
        world.late += 1;
        return fails(StatusCode::NOT_FOUND, 10062, "Unknown interaction");
    }
    let channel = interaction.channel;
    interaction.answer = Some((body.clone(), took));
    if body["type"] == json!(4) && body["data"]["flags"].as_u64().unwrap_or_default() & 64 == 0 {
        world.new_message(channel, &shapes::bot(), body["data"]["content"].as_str().unwrap_or_default());
    }
    Answer(StatusCode::NO_CONTENT, Value::Null)
}

/// `PATCH /webhooks/{application}/{token}/messages/@original` and `POST /webhooks/{application}/{token}`.
pub async fn later(
    State(shared): State<Arc<Shared>>,
    Path((_, token)): Path<(u64, String)>,
    Json(body): Json<Value>,
) -> Answer {
    let mut world = shared.world();
    let found = world.interactions.values_mut().find(|interaction| interaction.token == token);
    match found.filter(|interaction| interaction.answer.is_some()) {
        Some(interaction) => {
            let message = shapes::message(1 << 22, interaction.channel, &shapes::bot(), "");
            interaction.later.push(body);
            Answer(StatusCode::OK, message)
        }
        None => fails(StatusCode::NOT_FOUND, 10015, "Unknown Webhook"),
    }
}
