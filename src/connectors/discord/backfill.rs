//! What was said while nobody listened, read from the channels themselves: after each new session, and after events were dropped.

use chrono::SecondsFormat;
use futures_util::StreamExt;
use futures_util::stream;
use serde_json::Value;
use serenity::http::Route;
use serenity::model::id::{ChannelId, GuildId};

use super::api::ApiError;
use super::cursors::{Cursors, Mark};
use super::rooms::{Room, is_read};
use super::shared::Shared;
use super::wire::{self, Spot, earlier, made_at, snowflake};
use crate::domain::Received;

/// Messages in one answer, the most Discord gives.
pub(super) const PAGE: usize = 100;
/// Channels read at the same time.
const AT_ONCE: usize = 4;
/// Pages of archived threads looked through in one channel.
const ARCHIVE_PAGES: usize = 5;
/// What is older is filed without an answer of the machine's own.
const STALE_MS: i64 = 24 * 3_600_000;
/// How long before the last message read in a channel a thread may have gone to the archive unseen.
const ARCHIVE_MARGIN_MS: u64 = 10 * 60 * 1000;

/// A channel that is to be read.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) channel: u64,
    pub(super) spot: Spot,
    pub(super) mark: Mark,
}

/// What is to be read, and forums whose mark moves once all of it was read.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub(super) targets: Vec<Target>,
    pub(super) forums: Vec<(u64, Mark)>,
}

/// Why something was not read.
#[derive(Debug)]
pub(super) enum Unread {
    /// It cannot be: gone, or hidden from the bot.
    Never(String),
    /// It can be tried again.
    NotNow(String),
}

impl From<ApiError> for Unread {
    fn from(fault: ApiError) -> Self {
        if matches!(fault.status, Some(403 | 404)) {
            Self::Never(fault.to_string())
        } else {
            Self::NotNow(fault.to_string())
        }
    }
}

/// A channel of the settings with its server.
struct Top {
    id: u64,
    room: Room,
    last: u64,
}

/// Lists every channel, thread, forum post and direct channel that is read, each with how far it was read. A channel that was
/// never read begins where it stands now: what was said before the desk came is not for it.
pub(super) async fn list(shared: &Shared, cursors: &mut Cursors) -> Result<Listed, String> {
    let mut listed = Listed::default();
    let tops = tops(shared).await?;
    let mut guilds: Vec<u64> = tops.iter().filter_map(|top| top.room.guild).collect();
    guilds.sort_unstable();
    guilds.dedup();
    let mut active = Vec::new();
    for guild in guilds {
        let route = Route::GuildThreadsActive { guild_id: GuildId::new(guild.max(1)) };
        let answer = shared.api.get(route, &[]).await.map_err(|fault| format!("active threads: {fault}"))?;
        shared.rooms().learn_all(answer["threads"].as_array().into_iter().flatten(), Some(guild));
        active.extend(answer["threads"].as_array().cloned().unwrap_or_default());
    }
    for top in &tops {
        list_one(shared, cursors, (top, &active), &mut listed).await?;
    }
    for channel in cursors.direct().await? {
        let spot = Spot { room: channel.to_string(), thread: None, direct: true, title: None, me: shared.me() };
        if let Some(mark) = cursors.get(channel).await? {
            listed.targets.push(Target { channel, spot, mark });
        }
    }
    Ok(listed)
}

/// One channel with its threads.
async fn list_one(
    shared: &Shared,
    cursors: &mut Cursors,
    (top, active): (&Top, &[Value]),
    listed: &mut Listed,
) -> Result<(), String> {
    let known = cursors.get(top.id).await?;
    let mark = known.unwrap_or(Mark::at(top.last));
    if known.is_none() {
        note(shared, cursors, top.id, mark).await?;
    }
    let mut threads: Vec<Value> =
        active.iter().filter(|thread| snowflake(&thread["parent_id"]) == Some(top.id)).cloned().collect();
    if known.is_some() {
        threads.extend(archived(shared, top, mark).await?);
    }
    let mut newest = mark;
    for thread in &threads {
        let Some((id, room)) = Room::read(thread, top.room.guild) else { continue };
        shared.rooms().learn(id, room.clone());
        let last = snowflake(&thread["last_message_id"]).unwrap_or(id).max(id);
        newest = newest.reached(last);
        let known_thread = cursors.get(id).await?;
        let from = match (known_thread, known) {
            (Some(mark), _) => mark,
            (None, Some(parent)) => Mark::below(parent),
            (None, None) => Mark::at(last.max(mark.last)),
        };
        if known_thread.is_none() {
            note(shared, cursors, id, from).await?;
        }
        listed.targets.push(Target { channel: id, spot: room.spot(id, shared.me()), mark: from });
    }
    if top.room.is_forum() {
        listed.forums.push((top.id, newest));
    } else {
        listed.targets.push(Target { channel: top.id, spot: top.room.spot(top.id, shared.me()), mark });
    }
    Ok(())
}

/// Notes where a channel begins before anything else moves on: a crash in between must not move the beginning.
async fn note(shared: &Shared, cursors: &mut Cursors, channel: u64, mark: Mark) -> Result<(), String> {
    let stored = shared.intake.accept_up_to(Vec::new(), mark.cursor(channel)).await;
    stored.map_err(|fault| fault.to_string())?;
    cursors.set(channel, mark);
    Ok(())
}

/// The channels of the settings, or every one the bot sees.
async fn tops(shared: &Shared) -> Result<Vec<Top>, String> {
    let settings = &shared.settings;
    let mut tops = Vec::new();
    if settings.rooms.is_empty() {
        for guild in guilds(shared).await.map_err(|fault| format!("servers: {fault}"))? {
            let route = Route::GuildChannels { guild_id: GuildId::new(guild.max(1)) };
            let channels = shared.api.get(route, &[]).await.map_err(|fault| format!("channels: {fault}"))?;
            let channels = channels.as_array().cloned().unwrap_or_default();
            tops.extend(channels.iter().filter_map(|channel| top(shared, channel, Some(guild))));
        }
        return Ok(tops);
    }
    for id in settings.rooms.iter().chain(&settings.triage).filter_map(|id| id.parse::<u64>().ok()) {
        match shared.api.get(Route::Channel { channel_id: ChannelId::new(id.max(1)) }, &[]).await {
            Ok(channel) => tops.extend(top(shared, &channel, None)),
            Err(fault) if matches!(fault.status, Some(403 | 404)) => {
                shared
                    .ails(&format!("channel {id} cannot be read: {fault}; invite the bot and let it see the channel"));
                tracing::warn!(room = id, "not read: {fault}");
            }
            Err(fault) => return Err(format!("channel {id}: {fault}")),
        }
    }
    Ok(tops)
}

fn top(shared: &Shared, channel: &Value, guild: Option<u64>) -> Option<Top> {
    let (id, room) = Room::read(channel, guild)?;
    shared.rooms().learn(id, room.clone());
    let last = snowflake(&channel["last_message_id"]).unwrap_or(id).max(id);
    (room.is_readable() && is_read(&shared.settings, &room.spot(id, 0))).then_some(Top { id, room, last })
}

/// The servers the bot is in.
async fn guilds(shared: &Shared) -> Result<Vec<u64>, ApiError> {
    const MOST: usize = 200;
    let mut all: Vec<u64> = Vec::new();
    loop {
        let after = all.last().copied().unwrap_or_default().to_string();
        let params = [("limit", MOST.to_string()), ("after", after)];
        let answer = shared.api.get(Route::UserMeGuilds, &params).await?;
        let page: Vec<u64> = answer.as_array().into_iter().flatten().filter_map(|g| snowflake(&g["id"])).collect();
        let is_last = page.len() < MOST;
        all.extend(page);
        if is_last {
            return Ok(all);
        }
    }
}

/// Threads that went to the archive since the channel was last read.
async fn archived(shared: &Shared, top: &Top, mark: Mark) -> Result<Vec<Value>, String> {
    let since = made_at(earlier(mark.last, ARCHIVE_MARGIN_MS));
    let mut threads: Vec<Value> = Vec::new();
    let mut before: Option<String> = None;
    for _ in 0..ARCHIVE_PAGES {
        let mut params = vec![("limit", PAGE.to_string())];
        params.extend(before.take().map(|before| ("before", before)));
        let route = Route::ChannelArchivedPublicThreads { channel_id: ChannelId::new(top.id.max(1)) };
        let answer = match shared.api.get(route, &params).await {
            Ok(answer) => answer,
            // Announcement channels and missing permissions: what is active is read all the same.
            Err(fault) if matches!(fault.status, Some(400 | 403 | 404)) => break,
            Err(fault) => return Err(format!("archived threads of {}: {fault}", top.id)),
        };
        let page = answer["threads"].as_array().cloned().unwrap_or_default();
        let archived_at = |thread: &Value| wire::time(&thread["thread_metadata"]["archive_timestamp"]);
        let oldest = page.iter().filter_map(archived_at).min();
        threads.extend(page.into_iter().filter(|thread| archived_at(thread).is_none_or(|at| at >= since)));
        match oldest.filter(|oldest| *oldest >= since).and_then(crate::domain::Timestamp::utc) {
            Some(oldest) if answer["has_more"].as_bool().unwrap_or(false) => {
                before = Some(oldest.to_rfc3339_opts(SecondsFormat::Millis, true));
            }
            _ => break,
        }
    }
    Ok(threads)
}

/// Reads the channels. Returns each with how far it is read now, and whether all of it is.
pub(super) async fn read_all(shared: &Shared, targets: Vec<Target>) -> Vec<(Target, Result<(), Unread>)> {
    let reading = targets.into_iter().map(|mut target| async move {
        let outcome = read(shared, &mut target).await;
        (target, outcome)
    });
    stream::iter(reading).buffer_unordered(AT_ONCE).collect().await
}

/// Hands over the last hundred messages before the mark once more, with their changes, then everything after it.
async fn read(shared: &Shared, target: &mut Target) -> Result<(), Unread> {
    let mut again = page(shared, target.channel, ("before", target.mark.last.saturating_add(1))).await?;
    again.retain(|message| snowflake(&message["id"]).is_some_and(|id| id > target.mark.floor));
    accept(shared, target, &again).await?;
    loop {
        let new = page(shared, target.channel, ("after", target.mark.last)).await?;
        if new.is_empty() {
            return Ok(());
        }
        accept(shared, target, &new).await?;
        if new.len() < PAGE {
            return Ok(());
        }
    }
}

/// One page of messages, oldest first.
pub(super) async fn page(
    shared: &Shared,
    channel: u64,
    (side, id): (&'static str, u64),
) -> Result<Vec<Value>, ApiError> {
    let route = Route::ChannelMessages { channel_id: ChannelId::new(channel.max(1)) };
    let answer = shared.api.get(route, &[(side, id.to_string()), ("limit", PAGE.to_string())]).await?;
    let mut messages = answer.as_array().cloned().unwrap_or_default();
    messages.sort_by_key(|message| snowflake(&message["id"]));
    Ok(messages)
}

async fn accept(shared: &Shared, target: &mut Target, messages: &[Value]) -> Result<(), Unread> {
    let Some(last) = messages.iter().filter_map(|message| snowflake(&message["id"])).max() else { return Ok(()) };
    let is_known = |message: &Value| snowflake(&message["id"]).is_some_and(|id| id <= target.mark.last);
    let mut received: Vec<Received> = Vec::new();
    let now = (shared.desk.now)();
    for message in messages {
        received.extend(wire::created(message, &target.spot, shared.hold_ms(&target.spot)));
        if is_known(message) {
            received.extend(wire::edited(message, &target.spot, None));
        }
    }
    for one in &mut received {
        one.stale = one.arrived_at.plus_ms(STALE_MS) < now;
    }
    let mark = target.mark.reached(last);
    let stored = shared.intake.accept_up_to(received, mark.cursor(target.channel)).await;
    stored.map_err(|fault| Unread::NotNow(fault.to_string()))?;
    target.mark = mark;
    Ok(())
}
