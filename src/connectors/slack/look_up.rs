//! What has to be asked of Slack before an event can be stored. Answers are remembered, within bounds.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::json::{items, some_text, text};
use super::said::mentions;
use super::{Api, ApiFault};

/// Answers remembered of each kind.
const REMEMBERED: usize = 10_000;

/// What was asked before.
#[derive(Debug, Default)]
pub(super) struct LookUps {
    /// A person's direct conversation with the app, by user.
    directs: Mutex<HashMap<String, String>>,
    /// Whether the app takes part in a thread, by room and thread.
    threads: Mutex<HashMap<(String, String), bool>>,
}

impl LookUps {
    /// The room in which the app talks with `user` alone; it is opened when there is none yet.
    pub(super) async fn direct(&self, api: &Api, user: &str) -> Result<String, ApiFault> {
        if let Some(room) = locked(&self.directs).get(user) {
            return Ok(room.clone());
        }
        let answer = api.write("conversations.open", &json!({ "users": user })).await?;
        let room = text(&answer, "/channel/id").to_owned();
        remember(&self.directs, user.to_owned(), room.clone());
        Ok(room)
    }

    /// Notes that the app takes part in a thread.
    pub(super) fn takes_part(&self, room: &str, thread: &str) {
        remember(&self.threads, (room.to_owned(), thread.to_owned()), true);
    }

    /// Whether the app takes part in a thread: it was called at its beginning, or has written in it.
    pub(super) async fn is_ours(&self, api: &Api, bot: &str, thread: (&str, &str)) -> Result<bool, ApiFault> {
        let key = (thread.0.to_owned(), thread.1.to_owned());
        if let Some(known) = locked(&self.threads).get(&key) {
            return Ok(*known);
        }
        let root = message(api, thread.0, thread.1).await?.unwrap_or_default();
        let ours = text(&root, "/user") == bot
            || mentions(text(&root, "/text"), bot)
            || items(&root, "/reply_users").iter().any(|user| user.as_str() == Some(bot));
        remember(&self.threads, key, ours);
        Ok(ours)
    }
}

/// The message `ts` of `room`, in a thread or not. `None` when it is not there, or not for us to see.
pub(super) async fn message(api: &Api, room: &str, ts: &str) -> Result<Option<Value>, ApiFault> {
    let arguments =
        [("channel", room), ("ts", ts), ("oldest", ts), ("latest", ts), ("inclusive", "true"), ("limit", "10")];
    let answer = match api.read("conversations.replies", &arguments).await {
        Err(ApiFault::Refused { code, .. })
            if matches!(
                code.as_str(),
                "thread_not_found" | "message_not_found" | "channel_not_found" | "not_in_channel"
            ) =>
        {
            return Ok(None);
        }
        answer => answer?,
    };
    Ok(items(&answer, "/messages").iter().find(|found| some_text(found, "/ts") == Some(ts)).cloned())
}

fn locked<T>(map: &Mutex<T>) -> MutexGuard<'_, T> {
    map.lock().unwrap_or_else(PoisonError::into_inner)
}

fn remember<K: Eq + Hash, V>(map: &Mutex<HashMap<K, V>>, key: K, value: V) {
    let mut map = locked(map);
    if map.len() >= REMEMBERED {
        map.clear();
    }
    map.insert(key, value);
}
