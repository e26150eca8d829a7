//! From the gateway to the inbox: events in order, each on the disk before the next of its channel, what was missed first.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::backfill::{self, Target, Unread};
use super::cursors::{Cursors, Mark};
use super::reorder::{Key, Reorder, WINDOW};
use super::rooms::is_read;
use super::shared::{Item, QUEUE, Shared};
use super::wire::{self, Spot, made_at, snowflake};
use crate::domain::Received;

/// Messages whose writers are remembered, for events that do not name them.
const WRITERS: usize = 20_000;
/// How long events wait for older ones that cannot be read.
const ORDER_PATIENCE: Duration = Duration::from_secs(30);
/// The first pause after something failed; doubled up to the longest.
const PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Moves events into the inbox.
pub(super) struct Pump {
    shared: Arc<Shared>,
    queue: mpsc::Receiver<Item>,
    held: Reorder<Item>,
    cursors: Cursors,
    writers: Writers,
    /// Channels that are not read up to where the gateway stands: their marks do not move.
    behind: BTreeMap<u64, Target>,
    forums: Vec<(u64, Mark)>,
    retry_at: Option<Instant>,
    /// Since when reading what was missed fails.
    behind_since: Option<Instant>,
    failures: u32,
    /// When what was missed was read; none once open tickets are compared with it.
    caught_up_at: Option<Instant>,
}

impl Pump {
    pub(super) fn new(shared: Arc<Shared>, queue: mpsc::Receiver<Item>) -> Self {
        let cursors = Cursors::new(shared.desk.clone());
        Self {
            shared,
            queue,
            held: Reorder::default(),
            cursors,
            writers: Writers::default(),
            behind: BTreeMap::new(),
            forums: Vec::new(),
            retry_at: None,
            behind_since: None,
            failures: 0,
            caught_up_at: None,
        }
    }

    /// Runs until `stop`; what is held then is handed over.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let retry_at = self.retry_at;
            let ripe_at = self.held.next().filter(|_| !self.waits(Instant::now()));
            tokio::select! {
                () = stop.cancelled() => break,
                item = self.queue.recv(), if self.held.len() < QUEUE => match item {
                    Some(item) => self.hold(item),
                    None => break,
                },
                () = at(ripe_at) => {}
                () = at(retry_at) => {}
                () = self.shared.wake.notified() => {}
            }
            while self.held.len() < QUEUE
                && let Ok(item) = self.queue.try_recv()
            {
                self.hold(item);
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.catch_up() => {}
            }
            let now = Instant::now();
            if self.waits(now) {
                continue;
            }
            let quiet = self.shared.is_quiet();
            let items = self.held.ripe(now, quiet);
            let was_empty = items.is_empty();
            self.store(items, &stop).await;
            self.compare_soon();
            if was_empty && ripe_at.is_some_and(|ripe_at| ripe_at <= now) {
                // Ripe, but older events are still on their way: look again soon, not at once.
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        let rest = self.held.all();
        self.store(rest, &stop).await;
    }

    /// Tells that open tickets are to be compared, once everything that was held back meanwhile is on the disk and can be.
    fn compare_soon(&mut self) {
        let is_stored = |at: Instant| self.held.next().is_none_or(|ripe_at| ripe_at > at + WINDOW);
        if self.caught_up_at.is_some_and(is_stored) {
            self.caught_up_at = None;
            self.shared.again.notify_one();
        }
    }

    /// What was missed is older than what is held, so it goes first; but one unreadable channel must not stop all the others.
    fn waits(&self, now: Instant) -> bool {
        let is_behind = !self.behind.is_empty() || self.shared.missed.load(Ordering::Acquire);
        is_behind && self.behind_since.is_none_or(|since| now.saturating_duration_since(since) < ORDER_PATIENCE)
    }

    fn hold(&mut self, item: Item) {
        let key = self.key(&item);
        self.held.push(key, Instant::now(), item);
    }

    fn key(&self, item: &Item) -> Key {
        match item {
            Item::Message(message) => {
                let id = snowflake(&message["id"]).unwrap_or_default();
                (made_at(id).0, 0, id)
            }
            Item::Edited(message) => {
                let id = snowflake(&message["id"]).unwrap_or_default();
                let at = wire::time(&message["edited_timestamp"]).unwrap_or_else(|| made_at(id));
                (at.0, 1, id)
            }
            // Discord does not say when: after everything that came before it.
            Item::Gone { ids, .. } => {
                let id = ids.iter().copied().max().unwrap_or_default();
                let newest = self.held.newest().map_or(i64::MIN, |(at, ..)| at);
                (made_at(id).0.max(newest), 2, id)
            }
        }
    }

    /// Reads what was missed, when something was.
    async fn catch_up(&mut self) {
        let is_due = self.retry_at.is_none_or(|at| at <= Instant::now());
        let missed = self.shared.missed.load(Ordering::Acquire);
        if !is_due || (!missed && self.behind.is_empty() && self.forums.is_empty()) {
            return;
        }
        if missed {
            // Taken back first, so that what is missed meanwhile counts.
            self.shared.missed.store(false, Ordering::Release);
            match backfill::list(&self.shared, &mut self.cursors).await {
                Ok(listed) => {
                    self.behind = listed.targets.into_iter().map(|target| (target.channel, target)).collect();
                    self.forums = listed.forums;
                }
                Err(fault) => {
                    self.shared.missed.store(true, Ordering::Release);
                    return self.later(&fault);
                }
            }
        }
        let targets = self.behind.values().cloned().collect();
        let mut fault = None;
        for (target, outcome) in backfill::read_all(&self.shared, targets).await {
            self.cursors.set(target.channel, target.mark);
            match outcome {
                Ok(()) => drop(self.behind.remove(&target.channel)),
                Err(Unread::Never(reason)) => {
                    tracing::warn!(room = target.channel, "what was said meanwhile is not read: {reason}");
                    self.behind.remove(&target.channel);
                }
                Err(Unread::NotNow(reason)) => {
                    self.behind.insert(target.channel, target);
                    fault = Some(reason);
                }
            }
        }
        match fault {
            Some(fault) => self.later(&fault),
            None => self.caught_up().await,
        }
    }

    async fn caught_up(&mut self) {
        for (forum, mark) in std::mem::take(&mut self.forums) {
            let stored = self.shared.intake.accept_up_to(Vec::new(), mark.cursor(forum)).await;
            if stored.is_ok() {
                self.cursors.set(forum, mark);
            }
        }
        self.retry_at = None;
        self.behind_since = None;
        self.failures = 0;
        self.caught_up_at = Some(Instant::now());
    }

    fn later(&mut self, fault: &str) {
        self.behind_since.get_or_insert_with(Instant::now);
        let pause = PAUSE.saturating_mul(1 << self.failures.min(10)).min(LONGEST_PAUSE);
        self.failures = self.failures.saturating_add(1);
        self.retry_at = Some(Instant::now() + pause);
        tracing::warn!(failures = self.failures, "what was missed on Discord is not read yet: {fault}");
    }

    /// Puts events on the disk, each channel's one after the other.
    async fn store(&mut self, items: Vec<Item>, stop: &CancellationToken) {
        let mut batches: Vec<Batch> = Vec::new();
        let mut places: HashMap<u64, usize> = HashMap::new();
        for item in items {
            for (channel, spot, received, id) in self.route(item).await {
                let place = *places.entry(channel).or_insert_with(|| {
                    batches.push(Batch { channel, is_direct: spot.direct, received: Vec::new(), last: None });
                    batches.len() - 1
                });
                if let Some(batch) = batches.get_mut(place) {
                    batch.received.push(received);
                    batch.last = batch.last.max(id);
                }
            }
        }
        let mut handing = Vec::with_capacity(batches.len());
        for batch in batches {
            let mark = self.reach(&batch, stop).await;
            handing.push((batch, mark));
        }
        let shared = &self.shared;
        let hands = handing.into_iter().map(|(batch, mark)| async move {
            let cursor = mark.map(|mark| mark.cursor(batch.channel));
            (batch.channel, mark, hand(shared, batch.received, cursor, stop).await)
        });
        for (channel, mark, stored) in join_all(hands).await {
            if let Some(mark) = mark.filter(|_| stored) {
                self.cursors.set(channel, mark);
            }
        }
    }

    /// How far `batch` brings its channel. None while the channel is behind: what lies between is still to be read.
    async fn reach(&mut self, batch: &Batch, stop: &CancellationToken) -> Option<Mark> {
        let last = batch.last?;
        if self.behind.contains_key(&batch.channel) || self.shared.missed.load(Ordering::Acquire) {
            return None;
        }
        let known = self.cursors.get(batch.channel).await.ok()?;
        if known.is_none() && batch.is_direct {
            let direct = self.cursors.with_direct(batch.channel).await.ok()?;
            if direct.is_some() && !hand(&self.shared, Vec::new(), direct, stop).await {
                self.cursors.forget_direct();
            }
        }
        Some(known.unwrap_or(Mark::first_seen(last)).reached(last))
    }

    /// What `item` becomes: channel, place, received message, and its id when it is a new message.
    async fn route(&mut self, item: Item) -> Vec<(u64, Spot, Received, Option<u64>)> {
        match item {
            Item::Message(d) => {
                let Some((channel, id)) = snowflake(&d["channel_id"]).zip(snowflake(&d["id"])) else {
                    return Vec::new();
                };
                let Some(spot) = self.spot(channel, snowflake(&d["guild_id"]).is_some()).await else {
                    return Vec::new();
                };
                if let Some(author) = wire::author(&d) {
                    self.writers.note(id, author);
                }
                if wire::is_blank(&d) && !spot.direct {
                    self.shared.blank_message();
                }
                let received = wire::created(&d, &spot, self.shared.hold_ms(&spot));
                received.map(|received| (channel, spot, received, Some(id))).into_iter().collect()
            }
            Item::Edited(d) => {
                let Some((channel, id)) = snowflake(&d["channel_id"]).zip(snowflake(&d["id"])) else {
                    return Vec::new();
                };
                let Some(spot) = self.spot(channel, snowflake(&d["guild_id"]).is_some()).await else {
                    return Vec::new();
                };
                let received = wire::edited(&d, &spot, self.writers.of(id));
                received.map(|received| (channel, spot, received, None)).into_iter().collect()
            }
            Item::Gone { channel, ids, guild } => {
                let Some(spot) = self.spot(channel, guild.is_some()).await else { return Vec::new() };
                let gone = |id: &u64| (channel, spot.clone(), wire::deleted(*id, &spot, self.writers.of(*id)), None);
                ids.iter().map(gone).collect()
            }
        }
    }

    /// Where the channel is; none when it is not read, or not known for now and read later.
    async fn spot(&mut self, channel: u64, in_guild: bool) -> Option<Spot> {
        let me = self.shared.me();
        let known = self.shared.rooms().get(channel);
        // Changes do not always name the server.
        if !in_guild && known.is_none_or(|room| room.guild.is_none()) {
            return Some(Spot { room: channel.to_string(), thread: None, direct: true, title: None, me });
        }
        match self.shared.room(channel).await {
            Ok(room) => Some(room.spot(channel, me)).filter(|spot| is_read(&self.shared.settings, spot)),
            Err(fault) if fault.is_passing() => {
                self.shared.miss();
                None
            }
            Err(fault) => {
                tracing::warn!(room = channel, "not read: {fault}");
                None
            }
        }
    }
}

/// What goes to the disk at once: events of one channel.
struct Batch {
    channel: u64,
    is_direct: bool,
    received: Vec<Received>,
    last: Option<u64>,
}

/// Hands over until it is stored, or the desk closes. Says whether it is stored.
async fn hand(
    shared: &Shared,
    received: Vec<Received>,
    cursor: Option<(String, String)>,
    stop: &CancellationToken,
) -> bool {
    let mut pause = PAUSE;
    loop {
        let stored = match &cursor {
            Some(cursor) => shared.intake.accept_up_to(received.clone(), cursor.clone()).await,
            None => shared.intake.accept(received.clone()).await,
        };
        let Err(fault) = stored else { return true };
        tracing::warn!(messages = received.len(), "Discord messages are {fault}");
        tokio::select! {
            () = stop.cancelled() => return false,
            () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
        }
    }
}

async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

/// Who wrote the last messages.
#[derive(Default)]
struct Writers {
    of: HashMap<u64, u64>,
    order: VecDeque<u64>,
}

impl Writers {
    fn note(&mut self, message: u64, author: u64) {
        if self.of.insert(message, author).is_none() {
            self.order.push_back(message);
        }
        if self.order.len() > WRITERS
            && let Some(oldest) = self.order.pop_front()
        {
            self.of.remove(&oldest);
        }
    }

    fn of(&self, message: u64) -> Option<u64> {
        self.of.get(&message).copied()
    }
}
