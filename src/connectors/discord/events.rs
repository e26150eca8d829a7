//! The gateway's events, each in a task of its own as serenity starts it: known by name, handed on, or answered.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use serenity::async_trait;
use serenity::model::application::Interaction;
use serenity::model::channel::GuildChannel;
use serenity::model::event::Event;
use serenity::model::id::{ChannelId, GuildId};
use serenity::prelude::{Context, RawEventHandler};

use super::rooms::Room;
use super::shared::{Item, Shared};
use super::{interactions, wire};

/// Receives every event, also those that fit no model.
pub(super) struct Events(pub(super) Arc<Shared>);

#[async_trait]
impl RawEventHandler for Events {
    async fn raw_event(&self, context: Context, event: Event) {
        let shared = &self.0;
        let interaction = match event {
            Event::Ready(ready) => {
                shared.introduce(ready.ready.user.id.get(), ready.ready.application.id.get());
                began(shared);
                None
            }
            Event::Resumed(_) => {
                shared.connected();
                None
            }
            Event::MessageCreate(said) => {
                said_something(shared, json(&said));
                None
            }
            Event::MessageUpdate(changed) => {
                shared.hand(Item::Edited(json(&changed))).await;
                None
            }
            Event::MessageDelete(gone) => {
                let guild = gone.guild_id.map(GuildId::get);
                let (channel, ids) = (gone.channel_id.get(), vec![gone.message_id.get()]);
                shared.hand(Item::Gone { channel, ids, guild }).await;
                None
            }
            Event::MessageDeleteBulk(gone) => {
                let guild = gone.guild_id.map(GuildId::get);
                let ids = gone.ids.iter().map(|id| id.get()).collect();
                shared.hand(Item::Gone { channel: gone.channel_id.get(), ids, guild }).await;
                None
            }
            Event::InteractionCreate(created) => Some(interaction_json(&created.interaction)),
            Event::Unknown(unknown) => raw(shared, &unknown.kind, unknown.value).await,
            other => {
                learn(shared, &other);
                None
            }
        };
        // From here on this task has nothing that must keep its place.
        drop(context);
        if let Some(interaction) = interaction {
            interactions::answer(shared, interaction).await;
        }
    }
}

/// A new session: what happened before it is not sent.
fn began(shared: &Shared) {
    shared.connected();
    shared.miss();
}

fn said_something(shared: &Shared, message: Value) {
    // Bots talk a lot; what they say takes no place in the queue.
    if wire::is_written_by_a_person(&message, shared.me()) {
        shared.offer(message);
    }
}

/// An event that fits no model of serenity's: a field is new, or of another shape than documented.
async fn raw(shared: &Shared, kind: &str, value: Value) -> Option<Value> {
    match kind {
        "READY" => {
            let id = |value: &Value| wire::snowflake(value).unwrap_or_default();
            shared.introduce(id(&value["user"]["id"]), id(&value["application"]["id"]));
            began(shared);
        }
        "MESSAGE_CREATE" => said_something(shared, value),
        "MESSAGE_UPDATE" => shared.hand(Item::Edited(value)).await,
        "INTERACTION_CREATE" => return Some(value),
        "GUILD_CREATE" => {
            let guild = wire::snowflake(&value["id"]);
            let mut rooms = shared.rooms();
            for list in ["channels", "threads"] {
                rooms.learn_all(value[list].as_array().into_iter().flatten(), guild);
            }
        }
        "CHANNEL_CREATE" | "CHANNEL_UPDATE" | "THREAD_CREATE" | "THREAD_UPDATE" => {
            shared.rooms().learn_all([&value], None);
        }
        _ => {}
    }
    None
}

/// Events that say what a channel is.
fn learn(shared: &Shared, event: &Event) {
    let mut rooms = shared.rooms();
    let mut note = |channel: &GuildChannel| rooms.learn(channel.id.get(), room(channel));
    match event {
        Event::GuildCreate(created) => {
            created.guild.channels.values().for_each(&mut note);
            created.guild.threads.iter().for_each(&mut note);
        }
        Event::ChannelCreate(made) => note(&made.channel),
        Event::ChannelUpdate(changed) => note(&changed.channel),
        Event::ThreadCreate(made) => note(&made.thread),
        Event::ThreadUpdate(changed) => note(&changed.thread),
        Event::ThreadListSync(listed) => listed.threads.iter().for_each(&mut note),
        Event::ChannelDelete(gone) => rooms.forget(gone.channel.id.get()),
        Event::ThreadDelete(gone) => {
            rooms.forget(gone.thread.id.get());
            // Its messages went with it, and nothing tells of them one by one.
            shared.again.notify_one();
        }
        _ => {}
    }
}

fn room(channel: &GuildChannel) -> Room {
    Room {
        kind: u64::from(u8::from(channel.kind)),
        parent: channel.parent_id.map(ChannelId::get),
        guild: Some(channel.guild_id.get()),
        name: channel.name.clone(),
    }
}

fn json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// An interaction as Discord sends it: serenity's model drops its type.
fn interaction_json(interaction: &Interaction) -> Value {
    let kind = match interaction {
        Interaction::Command(_) => 2,
        Interaction::Component(_) => 3,
        Interaction::Autocomplete(_) => 4,
        Interaction::Modal(_) => 5,
        _ => 1,
    };
    let mut fields = match json(interaction) {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    fields.insert("type".into(), json!(kind));
    Value::Object(fields)
}
