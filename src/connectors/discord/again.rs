//! After an outage: looks once more at the messages that open tickets are made of. One that was changed is told of as the gateway
//! would have told, one that is no longer there as deleted; both have the ids of the live events, so that doing it again changes
//! nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use serenity::http::Route;
use serenity::model::id::{ChannelId, MessageId};
use tokio_util::sync::CancellationToken;

use super::api::code;
use super::backfill::{PAGE, page};
use super::shared::Shared;
use super::wire::{self, Kept, Spot, author, snowflake};
use crate::domain::{Channel, Received};

/// Messages older than this are left alone.
const SINCE_MS: i64 = 7 * 24 * 3_600_000;
/// Requests of one look, so that it ends however much is open.
const REQUESTS: u32 = 300;
/// The pause after a look, doubled after each that failed up to the longest.
const REST: Duration = Duration::from_secs(2);
const LONGEST_REST: Duration = Duration::from_mins(10);

/// A message of an open ticket.
#[derive(Clone, Debug)]
struct Known {
    id: u64,
    spot: Spot,
    author: Option<u64>,
}

/// One look at everything.
struct Look<'a> {
    shared: &'a Shared,
    requests: u32,
}

/// What stands where a message was.
enum Stands {
    There(Value),
    Gone,
    /// Nobody can tell.
    Unknown,
}

/// Looks whenever it was told to, until `stop`.
pub(super) async fn keep_looking(shared: &Shared, stop: &CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = shared.again.notified() => {}
        }
        for failures in 0_u32.. {
            let looked = tokio::select! {
                () = stop.cancelled() => return,
                looked = look(shared) => looked,
            };
            let failed = looked.is_err();
            if let Err(fault) = looked {
                tracing::warn!(failures = failures + 1, "open tickets are not compared with Discord: {fault}");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(REST.saturating_mul(1 << failures.min(16)).min(LONGEST_REST)) => {}
            }
            if !failed {
                break;
            }
        }
    }
}

async fn look(shared: &Shared) -> Result<(), String> {
    let since = (shared.desk.now)().plus_ms(-SINCE_MS);
    let unfinished = (shared.desk.unfinished)(Channel::Discord, since).await?;
    let mut look = Look { shared, requests: REQUESTS };
    for (channel, known) in by_channel(&unfinished) {
        look.compare(channel, known).await?;
    }
    if look.requests == 0 {
        tracing::warn!("more is open than can be looked at: older messages in Discord are not compared");
    }
    Ok(())
}

/// The messages in `received` by channel, newest first, each once; the channel with the newest message first: requests may run out.
fn by_channel(received: &[Received]) -> Vec<(u64, Vec<Known>)> {
    let mut channels: BTreeMap<u64, Vec<Known>> = BTreeMap::new();
    for one in received {
        let Some((channel, known)) = serde_json::from_slice(&one.raw).ok().and_then(known) else { continue };
        let channel = channels.entry(channel).or_default();
        if channel.iter().all(|other| other.id != known.id) {
            channel.push(known);
        }
    }
    for known in channels.values_mut() {
        known.sort_by_key(|known| std::cmp::Reverse(known.id));
    }
    let mut channels: Vec<(u64, Vec<Known>)> = channels.into_iter().collect();
    channels.sort_by_key(|(_, known)| std::cmp::Reverse(known.first().map(|newest| newest.id)));
    channels
}

/// The message that a stored event is about, with its channel. `None` for what is no message of a person.
fn known(kept: Kept) -> Option<(u64, Known)> {
    if !matches!(kept.t.as_str(), "MESSAGE_CREATE" | "MESSAGE_UPDATE") {
        return None;
    }
    let channel = kept.at.channel().parse().ok()?;
    let author = author(&kept.d).or_else(|| kept.author?.parse().ok());
    Some((channel, Known { id: snowflake(&kept.d["id"])?, author, spot: kept.at }))
}

impl Look<'_> {
    /// Compares messages of one channel, newest first.
    async fn compare(&mut self, channel: u64, mut known: Vec<Known>) -> Result<(), String> {
        while let Some(newest) = known.first() {
            if !self.spend() {
                return Ok(());
            }
            let found = match page(self.shared, channel, ("before", newest.id.saturating_add(1))).await {
                Ok(found) => found,
                Err(fault) if fault.code == code::UNKNOWN_CHANNEL && self.has_room(&newest.spot).await? => {
                    // A thread that was deleted took its messages with it.
                    let gone = known.iter().map(|known| wire::deleted(known.id, &known.spot, known.author));
                    return self.hand_over(gone.collect()).await;
                }
                Err(fault) if matches!(fault.status, Some(403 | 404)) => return Ok(()),
                Err(fault) => return Err(fault.to_string()),
            };
            let oldest = found.first().and_then(|message| snowflake(&message["id"]));
            let reached = oldest.filter(|_| found.len() >= PAGE).unwrap_or_default();
            let (read, rest) = known.into_iter().partition(|known| known.id >= reached);
            self.tell(channel, read, &found).await?;
            known = rest;
        }
        Ok(())
    }

    fn spend(&mut self) -> bool {
        let left = self.requests.checked_sub(1);
        self.requests = left.unwrap_or_default();
        left.is_some()
    }

    /// Hands over what became of `known`, where `found` is what stands there now.
    async fn tell(&mut self, channel: u64, known: Vec<Known>, found: &[Value]) -> Result<(), String> {
        let mut received = Vec::new();
        for known in known {
            let stands = match found.iter().find(|message| snowflake(&message["id"]) == Some(known.id)) {
                Some(message) => Stands::There(message.clone()),
                None => self.ask(channel, &known).await?,
            };
            match stands {
                Stands::There(message) => received.extend(wire::edited(&message, &known.spot, known.author)),
                Stands::Gone => received.push(wire::deleted(known.id, &known.spot, known.author)),
                Stands::Unknown => {}
            }
        }
        self.hand_over(received).await
    }

    async fn hand_over(&self, received: Vec<Received>) -> Result<(), String> {
        if received.is_empty() {
            return Ok(());
        }
        self.shared.intake.accept(received).await.map_err(|fault| fault.to_string())
    }

    /// Whether it is a thread whose room we see: otherwise its messages may only be hidden from us.
    async fn has_room(&mut self, spot: &Spot) -> Result<bool, String> {
        let Some(room) = spot.thread.as_ref().and_then(|_| spot.room.parse::<u64>().ok()) else { return Ok(false) };
        if !self.spend() {
            return Ok(false);
        }
        match self.shared.api.get(Route::Channel { channel_id: ChannelId::new(room.max(1)) }, &[]).await {
            Ok(_) => Ok(true),
            Err(fault) if matches!(fault.status, Some(403 | 404)) => Ok(false),
            Err(fault) => Err(fault.to_string()),
        }
    }

    /// Asks for the message itself.
    async fn ask(&mut self, channel: u64, known: &Known) -> Result<Stands, String> {
        if !self.spend() {
            return Ok(Stands::Unknown);
        }
        let route = Route::ChannelMessage {
            channel_id: ChannelId::new(channel.max(1)),
            message_id: MessageId::new(known.id.max(1)),
        };
        match self.shared.api.get(route, &[]).await {
            Ok(message) => Ok(Stands::There(message)),
            Err(fault) if fault.code == code::UNKNOWN_MESSAGE => Ok(Stands::Gone),
            Err(fault) if matches!(fault.status, Some(403 | 404)) => Ok(Stands::Unknown),
            Err(fault) => Err(fault.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::Timestamp;

    #[test]
    fn messages_are_known_by_channel_each_once_and_acts_are_not() {
        let spot = |thread: Option<&str>| Spot {
            room: "5".into(),
            thread: thread.map(str::to_owned),
            direct: false,
            title: None,
            me: 1,
        };
        let row = |t: &str, d: Value, at: Spot| Received {
            channel: Channel::Discord,
            source: "discord".into(),
            external_id: String::new(),
            conversation: String::new(),
            raw: serde_json::to_vec(&Kept { t: t.into(), d, at, author: Some("7".into()) }).unwrap(),
            full_size_bytes: None,
            arrived_at: Timestamp(0),
            hold_ms: 0,
            stale: false,
        };
        let rows = [
            row("MESSAGE_CREATE", json!({"id":"10","author":{"id":"8"}}), spot(None)),
            row("MESSAGE_UPDATE", json!({"id":"12"}), spot(None)),
            row("MESSAGE_UPDATE", json!({"id":"10"}), spot(None)),
            row("MESSAGE_CREATE", json!({"id":"13"}), spot(Some("20"))),
            row("INTERACTION_CREATE", json!({"id":"15"}), spot(None)),
            row("MESSAGE_DELETE", json!({"id":"14"}), spot(None)),
        ];
        let channels = by_channel(&rows);
        let seen: Vec<_> = channels
            .iter()
            .map(|(channel, known)| (*channel, known.iter().map(|known| (known.id, known.author)).collect::<Vec<_>>()))
            .collect();
        assert_eq!(seen, [(20, vec![(13, Some(7))]), (5, vec![(12, Some(7)), (10, Some(8))])]);
    }
}
