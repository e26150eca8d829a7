//! After an outage: looks once more at the messages that open tickets are made of. One that was changed is told of as Slack would
//! have told, one that is no longer there as taken back; both have the ids of the live events, so that doing it again changes nothing.
//!
//! `docs.slack.dev/reference/methods/conversations.history` and `.replies`: a message that was taken back is not there, or a
//! `tombstone` when it has answers. What a retention period took away is not there either: it is told apart by what is older.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::ApiFault;
use super::catch_up::{Fault, PAGE, aged, changed, patiently};
use super::core::Core;
use super::json::{items, text};
use super::reading::{self, FOUND};
use super::said::{Deed, Said, instant, order, stamp};
use crate::domain::{Channel, Received, Timestamp};

/// Messages older than this are left alone.
const SINCE_MS: i64 = 7 * 24 * 3_600_000;
/// The shortest retention period of a workspace: what is younger was taken back by somebody.
const RETAINED_MS: i64 = 24 * 3_600_000;
/// Calls of one look, so that it ends however much is open.
const CALLS: u32 = 300;
/// After this many failures a look is tried again as seldom as looks are made at all.
const FAILURES: u32 = 8;

/// A message of an open ticket.
#[derive(Clone, Debug)]
struct Known {
    ts: String,
    /// The first message of its thread, when it is an answer.
    thread: Option<String>,
    kind: String,
    body: Value,
}

/// Messages by room, and in it by thread: none for those outside of threads. Newest first.
type Rooms = BTreeMap<String, BTreeMap<Option<String>, Vec<Known>>>;

/// One look at everything.
struct Look<'a> {
    core: &'a Core,
    now: Timestamp,
    calls: u32,
}

/// Looks whenever it was told to, until `stop`.
pub(super) async fn keep_looking(core: &Core, stop: &CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = core.again.notified() => {}
        }
        let mut failures = 0;
        loop {
            let looked = tokio::select! {
                () = stop.cancelled() => return,
                looked = look(core) => looked,
            };
            let Err(fault) = looked else { break };
            failures += 1;
            tracing::warn!(channel = "slack", failures, "open tickets are not compared with their rooms: {fault}");
            let pace = &core.api.pace;
            let pause = match &fault {
                Fault::Api(fault) if fault.operator().is_some() => super::Pace::spread(pace.operator),
                _ if failures < FAILURES => pace.pause(failures),
                _ => pace.again,
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(pause) => {}
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(core.api.pace.again) => {}
        }
    }
}

async fn look(core: &Core) -> Result<(), Fault> {
    let now = (core.now)();
    let unfinished = (core.desk.unfinished)(Channel::Slack, now.plus_ms(-SINCE_MS)).await;
    let unfinished = unfinished.map_err(Fault::desk("which messages are on open tickets"))?;
    let mut look = Look { core, now, calls: CALLS };
    for (room, thread, known) in newest_first(by_room(&unfinished)) {
        match look.compare(&room, thread.as_deref(), known).await {
            // A room or thread that is closed to us says nothing of its messages.
            Err(Fault::Api(fault @ ApiFault::Refused { .. })) if fault.operator().is_none() => {
                tracing::info!(channel = "slack", room, "a room is not compared: {fault}");
            }
            Err(Fault::Api(fault)) if fault.code() == "not_in_channel" => {}
            other => other?,
        }
    }
    if look.calls == 0 {
        tracing::warn!(channel = "slack", "more is open than can be looked at: older messages are not compared");
    }
    Ok(())
}

/// The messages in `received`, each once.
fn by_room(received: &[Received]) -> Rooms {
    let mut rooms = Rooms::new();
    for one in received {
        let Some((room, known)) = serde_json::from_slice(&one.raw).ok().and_then(|payload| known(&payload)) else {
            continue;
        };
        let thread = rooms.entry(room).or_default().entry(known.thread.clone()).or_default();
        if thread.iter().all(|other| other.ts != known.ts) {
            thread.push(known);
        }
    }
    for known in rooms.values_mut().flat_map(BTreeMap::values_mut) {
        known.sort_by_key(|known| std::cmp::Reverse(order(&known.ts)));
    }
    rooms
}

/// Rooms and threads with their messages, those with the newest message first: calls may run out.
fn newest_first(rooms: Rooms) -> Vec<(String, Option<String>, Vec<Known>)> {
    let of_room = |(room, threads): (String, BTreeMap<_, _>)| {
        threads.into_iter().map(move |(thread, known)| (room.clone(), thread, known))
    };
    let mut all: Vec<(String, Option<String>, Vec<Known>)> = rooms.into_iter().flat_map(of_room).collect();
    all.sort_by_cached_key(|(_, _, known)| std::cmp::Reverse(known.first().map(|newest| order(&newest.ts))));
    all
}

/// The message that a stored payload is about, with its room. `None` for what is no message of a person.
fn known(payload: &Value) -> Option<(String, Known)> {
    let event = &payload["event"];
    let said = match text(event, "/type") {
        "message" | "app_mention" => Said::of_event(event).ok().filter(|said| said.deed != Deed::Deleted)?,
        "reaction_added" => {
            Said::found(payload.pointer(&format!("/{FOUND}/message"))?, text(event, "/item/channel"), "")
        }
        _ if text(payload, "/type") == "message_action" => {
            Said::found(&payload["message"], text(payload, "/channel/id"), "")
        }
        _ => return None,
    };
    let is_a_persons = !said.user().is_empty() && said.body.get("bot_id").is_none_or(Value::is_null);
    if !is_a_persons || said.room.is_empty() || said.ts.is_empty() {
        return None;
    }
    let known = Known {
        ts: said.ts.to_owned(),
        thread: said.thread.filter(|_| said.is_reply()).map(str::to_owned),
        kind: text(event, "/channel_type").to_owned(),
        body: said.body.clone(),
    };
    Some((said.room.to_owned(), known))
}

impl Look<'_> {
    /// Compares messages of one thread, or those outside of threads, newest first.
    async fn compare(&mut self, room: &str, thread: Option<&str>, mut known: Vec<Known>) -> Result<(), Fault> {
        while let Some((newest, oldest)) = known.first().zip(known.last()) {
            let (latest, oldest) = (newest.ts.clone(), oldest.ts.clone());
            let mut arguments = vec![
                ("channel", room),
                ("latest", latest.as_str()),
                ("oldest", oldest.as_str()),
                ("inclusive", "true"),
                ("limit", PAGE),
            ];
            let (found, rest) = if let Some(thread) = thread {
                arguments.push(("ts", thread));
                (self.thread(&arguments).await?, Vec::new())
            } else {
                let Some(page) = self.call("conversations.history", &arguments).await? else { return Ok(()) };
                let found = items(&page, "/messages").to_vec();
                let has_more = page.get("has_more").and_then(Value::as_bool) == Some(true);
                // Newest first: what is older than the last of the page is on the next one.
                let reached = found.last().filter(|_| has_more).map(|last| order(text(last, "/ts")));
                let is_read = |known: &Known| reached.is_none_or(|reached| order(&known.ts) >= reached);
                let (read, rest) = known.into_iter().partition(is_read);
                known = read;
                (Some(found), rest)
            };
            let Some(found) = found else { return Ok(()) };
            if known.is_empty() {
                return Ok(());
            }
            self.tell(room, &known, &found).await?;
            known = rest;
        }
        Ok(())
    }

    /// A thread's answers, all pages. `None` when there are no calls left. Of a thread that is gone there is nothing.
    async fn thread(&mut self, arguments: &[(&str, &str)]) -> Result<Option<Vec<Value>>, Fault> {
        let mut found = Vec::new();
        let mut cursor = String::new();
        loop {
            let mut wanted = arguments.to_vec();
            if !cursor.is_empty() {
                wanted.push(("cursor", &cursor));
            }
            let page = match self.call("conversations.replies", &wanted).await {
                Err(Fault::Api(fault)) if is_missing(&fault) => return Ok(Some(Vec::new())),
                page => page?,
            };
            let Some(page) = page else { return Ok(None) };
            found.extend_from_slice(items(&page, "/messages"));
            let next = text(&page, "/response_metadata/next_cursor").to_owned();
            if next.is_empty() || next == cursor {
                return Ok(Some(found));
            }
            cursor = next;
        }
    }

    /// One call. `None` when there are none left.
    async fn call(&mut self, method: &str, arguments: &[(&str, &str)]) -> Result<Option<Value>, Fault> {
        let Some(left) = self.calls.checked_sub(1) else { return Ok(None) };
        self.calls = left;
        Ok(Some(patiently(self.core, method, arguments).await?))
    }

    /// Hands over what became of `known`, where `found` is what stands there now.
    async fn tell(&mut self, room: &str, known: &[Known], found: &[Value]) -> Result<(), Fault> {
        let mut events = Vec::new();
        for known in known {
            let now = found.iter().find(|message| text(message, "/ts") == known.ts);
            match now.filter(|now| !is_tombstone(now)) {
                Some(now) if text(now, "/edited/ts") == text(&known.body, "/edited/ts") => {}
                Some(now) => events.push(changed(room, &known.kind, now)),
                None if now.is_some() || self.is_taken_back(room, known).await? => {
                    events.push(taken_back(room, known, self.now));
                }
                None => {}
            }
        }
        let mut received = Vec::new();
        for event in &events {
            if let Ok(said) = Said::of_event(&event["event"]) {
                let filing = reading::filing(&said, &self.core.settings);
                received.push(aged(filing.received(event, self.now), self.now));
            }
        }
        if !received.is_empty() {
            tracing::info!(channel = "slack", room, count = received.len(), "changed or taken back meanwhile");
            self.core.intake.accept(received).await?;
        }
        Ok(())
    }

    /// Whether Slack itself says that the message is gone, and no retention period can have taken it.
    async fn is_taken_back(&mut self, room: &str, known: &Known) -> Result<bool, Fault> {
        let ts = known.ts.as_str();
        let one =
            [("channel", room), ("ts", ts), ("oldest", ts), ("latest", ts), ("inclusive", "true"), ("limit", "10")];
        let answer = match self.call("conversations.replies", &one).await {
            Err(Fault::Api(fault)) if is_missing(&fault) => Value::Null,
            Ok(None) => return Ok(false),
            answer => answer?.unwrap_or_default(),
        };
        let stands = |message: &&Value| text(message, "/ts") == ts && !is_tombstone(message);
        if items(&answer, "/messages").iter().find(stands).is_some() {
            return Ok(false);
        }
        if instant(ts).is_some_and(|at| at.plus_ms(RETAINED_MS) > self.now) {
            return Ok(true);
        }
        let older = [("channel", room), ("latest", ts), ("limit", "1")];
        let answer = self.call("conversations.history", &older).await?.unwrap_or_default();
        Ok(!items(&answer, "/messages").is_empty())
    }
}

fn is_missing(fault: &ApiFault) -> bool {
    matches!(fault.code(), "thread_not_found" | "message_not_found")
}

fn is_tombstone(message: &Value) -> bool {
    text(message, "/subtype") == "tombstone"
}

/// The event that would have told that `known` was taken back.
fn taken_back(room: &str, known: &Known, now: Timestamp) -> Value {
    let at = stamp(now);
    let event = json!({ "type": "message", "subtype": "message_deleted", "hidden": true, "channel": room,
        "channel_type": known.kind, "ts": at, "event_ts": at, "deleted_ts": known.ts, "previous_message": known.body });
    json!({ "type": "event_callback", "event": event })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(payload: &Value) -> Received {
        Received {
            channel: Channel::Slack,
            source: "slack".into(),
            external_id: String::new(),
            conversation: String::new(),
            raw: payload.to_string().into_bytes(),
            full_size_bytes: None,
            arrived_at: Timestamp(0),
            hold_ms: 0,
            stale: false,
        }
    }

    #[test]
    fn messages_of_people_are_known_by_room_and_thread_each_once() {
        let said = |ts: &str, more: Value| {
            let mut event = json!({"type":"message","channel":"C1","user":"U1","text":"x","ts":ts});
            event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            stored(&json!({ "event": event }))
        };
        let rows = [
            said("1.0", json!({})),
            said("9.0", json!({"type":"app_mention"})),
            said("3.0", json!({"thread_ts":"1.0"})),
            said("4.0", json!({"bot_id":"B1"})),
            stored(&json!({"type":"message_action","channel":{"id":"C1"},"message":{"ts":"1.0","user":"U1"}})),
            stored(&json!({"type":"view_submission","user":{"id":"U1"}})),
            stored(&json!({"event":{"type":"message","subtype":"message_deleted","channel":"C1","deleted_ts":"5.0",
                "previous_message":{"user":"U1","ts":"5.0"}}})),
        ];
        let rooms = by_room(&rows);
        let names = |thread: Option<&str>| -> Vec<&str> {
            rooms["C1"][&thread.map(str::to_owned)].iter().map(|known| known.ts.as_str()).collect()
        };
        assert_eq!((names(None), names(Some("1.0"))), (vec!["9.0", "1.0"], vec!["3.0"]));
        assert_eq!(rooms.values().flat_map(BTreeMap::values).flatten().count(), 3);
    }

    #[test]
    fn what_was_said_last_is_compared_first() {
        let said = |room: &str, ts: &str, thread: Option<&str>| {
            stored(
                &json!({"event":{"type":"message","channel":room,"user":"U1","text":"x","ts":ts,"thread_ts":thread}}),
            )
        };
        let rows = [
            said("C1", "1.0", None),
            said("C2", "5.0", None),
            said("C2", "10.0", Some("5.0")),
            said("C3", "9.0", None),
        ];
        let groups = newest_first(by_room(&rows));
        let seen: Vec<(&str, Option<&str>)> =
            groups.iter().map(|(room, thread, _)| (room.as_str(), thread.as_deref())).collect();
        assert_eq!(seen, [("C2", Some("5.0")), ("C3", None), ("C2", None), ("C1", None)]);
    }

    #[test]
    fn what_was_taken_back_has_the_id_of_the_live_event() {
        let (room, known) =
            known(&json!({"event":{"type":"message","channel":"C1","user":"U1","ts":"1.0","text":"x"}})).unwrap();
        let event = taken_back(&room, &known, Timestamp(90_000));
        let said = Said::of_event(&event["event"]).unwrap();
        assert_eq!((said.external_id().as_str(), said.conversation().as_str()), ("C1/1.0#deleted", "slack:C1:U1"));
        assert_eq!(instant(said.at), Some(Timestamp(90_000)));
    }
}
