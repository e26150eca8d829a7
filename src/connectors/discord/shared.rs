//! What the parts of one connection share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use serde_json::Value;
use serenity::http::Route;
use serenity::model::id::ChannelId;
use serenity::prelude::{RwLock, TypeMap};
use tokio::sync::{Notify, mpsc, watch};

use super::api::{Api, ApiError};
use super::rooms::{Room, Rooms};
use super::wire::Spot;
use crate::config::DiscordSettings;
use crate::connectors::{ChatDesk, Health, Intake};

/// Events that wait to be put in order.
pub(super) const QUEUE: usize = 4096;
/// Holders of the client's data that stay: the client, what starts its connection, the connection.
const HOLDERS: usize = 3;

/// An event on its way to the inbox.
#[derive(Debug)]
pub(super) enum Item {
    /// Something was said.
    Message(Value),
    /// A message was changed.
    Edited(Value),
    /// Messages were taken back.
    Gone {
        /// Where they were.
        channel: u64,
        /// Which.
        ids: Vec<u64>,
        /// Their server; none for direct messages.
        guild: Option<u64>,
    },
}

/// Shared by the gateway's tasks, the pump and the interactions.
pub(super) struct Shared {
    pub(super) settings: DiscordSettings,
    pub(super) api: Api,
    pub(super) desk: ChatDesk,
    pub(super) intake: Intake,
    pub(super) health: watch::Sender<Health>,
    /// Events dropped because the queue was full, or a new session: what was missed is to be read.
    pub(super) missed: AtomicBool,
    /// Wakes the pump when `missed` is set.
    pub(super) wake: Notify,
    /// Told when messages of open tickets may have changed or gone unseen.
    pub(super) again: Notify,
    queue: mpsc::Sender<Item>,
    rooms: Mutex<Rooms>,
    me: AtomicU64,
    application: AtomicU64,
    warned_blank: AtomicBool,
    data: Mutex<Weak<RwLock<TypeMap>>>,
}

impl Shared {
    pub(super) fn new(
        settings: DiscordSettings,
        desk: ChatDesk,
        intake: Intake,
    ) -> Result<(Arc<Self>, mpsc::Receiver<Item>), String> {
        let (queue, events) = mpsc::channel(QUEUE);
        let api = Api::new(&settings)?;
        let shared = Self {
            settings,
            api,
            desk,
            intake,
            health: watch::Sender::new(Health::default()),
            missed: AtomicBool::new(false),
            wake: Notify::new(),
            again: Notify::new(),
            queue,
            rooms: Mutex::default(),
            me: AtomicU64::new(0),
            application: AtomicU64::new(0),
            warned_blank: AtomicBool::new(false),
            data: Mutex::default(),
        };
        Ok((Arc::new(shared), events))
    }

    /// Our own user; 0 before the first connection.
    pub(super) fn me(&self) -> u64 {
        self.me.load(Ordering::Acquire)
    }

    /// Our application; 0 before the first connection.
    pub(super) fn application(&self) -> u64 {
        self.application.load(Ordering::Acquire)
    }

    /// How long what somebody says there waits for what they say next. Agents' words go out at once.
    pub(super) fn hold_ms(&self, spot: &Spot) -> i64 {
        if self.settings.triage.as_ref() == Some(&spot.room) {
            return 0;
        }
        i64::try_from(self.settings.burst.as_millis()).unwrap_or(i64::MAX)
    }

    pub(super) fn introduce(&self, me: u64, application: u64) {
        self.me.store(me, Ordering::Release);
        self.application.store(application, Ordering::Release);
    }

    pub(super) fn rooms(&self) -> MutexGuard<'_, Rooms> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was missed is to be read from the channels.
    pub(super) fn miss(&self) {
        self.missed.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    /// Hands a message on. A full queue drops it: it is read from its channel later, and memory stays bounded.
    pub(super) fn offer(&self, message: Value) {
        if self.queue.try_send(Item::Message(message)).is_err() {
            self.miss();
        }
    }

    /// Hands on what cannot be read again later, when there is room for it.
    pub(super) async fn hand(&self, item: Item) {
        // Only a stopped pump refuses it, and then the desk is closing.
        let _ = self.queue.send(item).await;
    }

    /// The channel `id`, asked of Discord when it is not known.
    pub(super) async fn room(&self, id: u64) -> Result<Room, ApiError> {
        if let Some(room) = self.rooms().get(id) {
            return Ok(room);
        }
        let channel = self.api.get(Route::Channel { channel_id: ChannelId::new(id.max(1)) }, &[]).await?;
        let Some((id, room)) = Room::read(&channel, None) else {
            return Err(ApiError { status: None, code: 0, reason: "Discord's answer is not a channel".into() });
        };
        self.rooms().learn(id, room.clone());
        Ok(room)
    }

    /// Names the client whose tasks [`Shared::is_quiet`] counts.
    pub(super) fn watch_tasks(&self, data: &Arc<RwLock<TypeMap>>) {
        *self.data.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(data);
    }

    /// No task that carries an event is waiting to run: each holds the client's data until its event is handed on.
    pub(super) fn is_quiet(&self) -> bool {
        self.data.lock().unwrap_or_else(PoisonError::into_inner).strong_count() <= HOLDERS
    }

    /// Nobody reads the connection any more: its reader holds the client's data as long as it runs.
    pub(super) fn is_unread(&self) -> bool {
        self.data.lock().unwrap_or_else(PoisonError::into_inner).strong_count() < HOLDERS
    }

    /// The connection is open.
    pub(super) fn connected(&self) {
        self.health.send_modify(|health| {
            health.connected = true;
            if health.needs_operator || !self.warned_blank.load(Ordering::Relaxed) {
                health.fault = None;
            }
            health.needs_operator = false;
        });
    }

    /// The connection is not open, for a reason that passes.
    pub(super) fn disconnected(&self, fault: String) {
        self.health.send_replace(Health { connected: false, fault: Some(fault), needs_operator: false });
    }

    /// Nothing goes on until a person mends it.
    pub(super) fn needs_operator(&self, fault: String) {
        tracing::error!("Discord needs an operator: {fault}");
        self.health.send_replace(Health { connected: false, fault: Some(fault), needs_operator: true });
    }

    /// Something is wrong although the connection is open.
    pub(super) fn ails(&self, fault: &str) {
        self.health.send_modify(|health| health.fault = Some(fault.to_owned()));
    }

    /// A message came without its text. Said once: every message would say it again.
    pub(super) fn blank_message(&self) {
        const FAULT: &str = "Discord hides the text of messages: switch on \"Message Content Intent\" in the developer portal \
            (your application, page Bot, Privileged Gateway Intents), then restart";
        if !self.warned_blank.swap(true, Ordering::Relaxed) {
            tracing::error!("{FAULT}");
            self.ails(FAULT);
        }
    }
}
