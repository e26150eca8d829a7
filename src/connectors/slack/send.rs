//! Posts outgoing messages. A post carries the key of its outbox row, so that after a doubt it can be found again.
//!
//! Slack has no way to refuse a second post with the same key. When a process dies between the post and its mark, the message is
//! looked for before it is posted again; only when Slack does not show it yet, or cannot be asked, is it posted twice.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::json::{items, text};
use super::said::stamp;
use super::{Api, ApiFault, render};
use crate::connectors::{Posted, SendError};
use crate::domain::Outbound;

/// Clocks may differ by this much.
const CLOCKS_MS: i64 = 120_000;
/// Posts in doubt that are remembered.
const DOUBTS: usize = 1_000;

/// Posts to one workspace.
#[derive(Debug)]
pub struct Sender {
    api: Api,
    doubtful: Mutex<HashSet<String>>,
}

impl Sender {
    /// Posts over `api`.
    #[must_use]
    pub fn new(api: Api) -> Self {
        Self { api, doubtful: Mutex::default() }
    }

    /// Posts `outbound` in its place, or changes the post `replaces` ([`Posted::reference`] of an earlier one). Looks for an
    /// earlier post of the same message first when there may be one: after an attempt of ours without an answer. What another
    /// process may have posted goes through [`Sender::send_again`].
    ///
    /// # Errors
    /// It is not known to be posted.
    pub async fn send(&self, outbound: &Outbound, replaces: Option<&str>) -> Result<Posted, SendError> {
        let in_doubt = self.doubtful().contains(&outbound.dedupe_key);
        self.carry_out(outbound, replaces, in_doubt).await
    }

    /// [`Sender::send`] of a message that another process may have posted already: it is looked for in any case.
    ///
    /// # Errors
    /// As [`Sender::send`].
    pub async fn send_again(&self, outbound: &Outbound, replaces: Option<&str>) -> Result<Posted, SendError> {
        self.carry_out(outbound, replaces, true).await
    }

    async fn carry_out(
        &self,
        outbound: &Outbound,
        replaces: Option<&str>,
        in_doubt: bool,
    ) -> Result<Posted, SendError> {
        if let Some((room, ts)) = replaces.and_then(|post| post.strip_prefix("slack:")?.split_once('/')) {
            match self.change(outbound, room, ts).await {
                // The post is gone, or too old to be changed: the words still have to be said.
                Err(fault)
                    if matches!(fault.code(), "message_not_found" | "cant_update_message" | "edit_window_closed") => {}
                changed => return changed.map_err(SendError::from),
            }
        }
        let no_place = || SendError::Permanent { reason: "the message names no place in Slack".to_owned() };
        let place = outbound.place.as_ref().ok_or_else(no_place)?;
        let thread = place.thread.as_deref();
        if in_doubt && let Some(found) = self.earlier(outbound, &place.room, thread).await? {
            self.doubtful().remove(&outbound.dedupe_key);
            return Ok(found);
        }
        let posted = self.api.write("chat.postMessage", &render::post(outbound, &place.room, thread)).await;
        let mut doubtful = self.doubtful();
        match posted {
            Ok(answer) => {
                doubtful.remove(&outbound.dedupe_key);
                Ok(posted_at(text(&answer, "/channel"), text(&answer, "/ts")))
            }
            Err(fault) => {
                if matches!(fault, ApiFault::Unreachable { .. }) && doubtful.len() < DOUBTS {
                    doubtful.insert(outbound.dedupe_key.clone());
                }
                Err(fault.into())
            }
        }
    }

    async fn change(&self, outbound: &Outbound, room: &str, ts: &str) -> Result<Posted, ApiFault> {
        let mut body = render::post(outbound, room, None);
        body["ts"] = json!(ts);
        self.api.write("chat.update", &body).await.map(|_| posted_at(room, ts))
    }

    /// An earlier post of the same message. An answer from Slack is needed: without one it is tried again later.
    async fn earlier(
        &self,
        outbound: &Outbound,
        room: &str,
        thread: Option<&str>,
    ) -> Result<Option<Posted>, SendError> {
        // A person's id stands for a conversation that only the post itself opens.
        if room.starts_with('U') || room.starts_with('W') {
            return Ok(None);
        }
        let since = stamp(outbound.send_at.plus_ms(-CLOCKS_MS));
        let mut cursor = String::new();
        for _ in 0..5 {
            let mut arguments = vec![
                ("channel", room),
                ("oldest", since.as_str()),
                ("limit", "200"),
                ("include_all_metadata", "true"),
                ("cursor", cursor.as_str()),
            ];
            if cursor.is_empty() {
                arguments.pop();
            }
            let method = if let Some(thread) = thread {
                arguments.push(("ts", thread));
                "conversations.replies"
            } else {
                "conversations.history"
            };
            let page = match self.api.read(method, &arguments).await {
                Ok(page) => page,
                // What is not there has no earlier post below it; the post itself will say what is wrong.
                Err(ApiFault::Refused { code, .. })
                    if matches!(code.as_str(), "thread_not_found" | "channel_not_found") =>
                {
                    return Ok(None);
                }
                Err(fault) => return Err(fault.into()),
            };
            if let Some(post) = items(&page, "/messages").iter().find(|post| has_key(post, &outbound.dedupe_key)) {
                return Ok(Some(posted_at(room, text(post, "/ts"))));
            }
            text(&page, "/response_metadata/next_cursor").clone_into(&mut cursor);
            if cursor.is_empty() {
                break;
            }
        }
        Ok(None)
    }

    fn doubtful(&self) -> MutexGuard<'_, HashSet<String>> {
        self.doubtful.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn has_key(post: &Value, key: &str) -> bool {
    text(post, "/metadata/event_type") == render::KEY_EVENT && text(post, "/metadata/event_payload/key") == key
}

fn posted_at(room: &str, ts: &str) -> Posted {
    Posted { reference: format!("slack:{room}/{ts}"), thread: None }
}
