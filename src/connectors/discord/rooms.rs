//! Which channel is what. Learnt from the gateway's events, looked up when an event names an unknown one. Pure but for its memory.

use std::collections::HashMap;

use serde_json::Value;

use super::wire::{Spot, snowflake};
use crate::config::DiscordSettings;

/// Channels kept in memory; the map is emptied when it is full and fills again by looking up.
const KNOWN: usize = 50_000;

/// What a channel is (Discord's reference, "Channel Types").
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Room {
    /// Its type.
    pub(super) kind: u64,
    /// The channel a thread is in, the category of a channel.
    pub(super) parent: Option<u64>,
    /// Its server; none for direct messages.
    pub(super) guild: Option<u64>,
    /// Its name.
    pub(super) name: String,
}

impl Room {
    /// From a channel object. `guild` is the server when the object does not name it.
    pub(super) fn read(channel: &Value, guild: Option<u64>) -> Option<(u64, Self)> {
        let id = snowflake(&channel["id"])?;
        let room = Self {
            kind: channel["type"].as_u64()?,
            parent: snowflake(&channel["parent_id"]),
            guild: snowflake(&channel["guild_id"]).or(guild),
            name: channel["name"].as_str().unwrap_or_default().to_owned(),
        };
        Some((id, room))
    }

    /// A thread or a forum post.
    pub(super) const fn is_thread(&self) -> bool {
        matches!(self.kind, 10..=12)
    }

    /// A conversation with the bot alone.
    pub(super) const fn is_direct(&self) -> bool {
        matches!(self.kind, 1 | 3)
    }

    /// Holds threads and no messages: a forum or media channel.
    pub(super) const fn is_forum(&self) -> bool {
        matches!(self.kind, 15 | 16)
    }

    /// People write here: text, announcements, forum, media.
    pub(super) const fn is_readable(&self) -> bool {
        matches!(self.kind, 0 | 5 | 15 | 16)
    }

    /// Where something in the channel `id` happens.
    pub(super) fn spot(&self, id: u64, me: u64) -> Spot {
        match self.parent.filter(|_| self.is_thread()) {
            Some(parent) => Spot {
                room: parent.to_string(),
                thread: Some(id.to_string()),
                direct: false,
                title: Some(self.name.clone()),
                me,
            },
            None => Spot { room: id.to_string(), thread: None, direct: self.is_direct(), title: None, me },
        }
    }
}

/// Whether what is said there is for the desk.
pub(super) fn is_read(settings: &DiscordSettings, spot: &Spot) -> bool {
    spot.direct
        || settings.rooms.is_empty()
        || settings.rooms.contains(&spot.room)
        || settings.triage.as_ref() == Some(&spot.room)
}

/// The channels known so far.
#[derive(Debug, Default)]
pub(super) struct Rooms(HashMap<u64, Room>);

impl Rooms {
    pub(super) fn get(&self, id: u64) -> Option<Room> {
        self.0.get(&id).cloned()
    }

    pub(super) fn learn(&mut self, id: u64, room: Room) {
        if self.0.len() >= KNOWN {
            self.0.clear();
        }
        self.0.insert(id, room);
    }

    /// From channel objects of one server.
    pub(super) fn learn_all<'a>(&mut self, channels: impl IntoIterator<Item = &'a Value>, guild: Option<u64>) {
        for channel in channels {
            if let Some((id, room)) = Room::read(channel, guild) {
                self.learn(id, room);
            }
        }
    }

    pub(super) fn forget(&mut self, id: u64) {
        self.0.remove(&id);
    }
}
