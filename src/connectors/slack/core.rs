//! What sockets, requests and history share: how an event gets on the disk, and how the connection stands.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc};

use super::look_up::{self, LookUps};
use super::reading::{self, Filing, Kind, Meaning, Show};
use super::receive::{Now, Wiring};
use super::said::{Said, instant, order};
use super::{Api, ApiFault, Pace, Profiles, catch_up};
use crate::config::{SlackMode, SlackSettings};
use crate::connectors::{ChatDesk, Health, Intake};
use crate::domain::Language;

/// Forms and pages that wait to be shown.
const SHOWS: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) stored: AtomicU64,
    pub(super) ignored: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) sockets: AtomicU64,
    pub(super) caught_up: AtomicU64,
}

#[derive(Debug, Default)]
struct Standings {
    open: u32,
    /// What is wrong with the way in, and whether only a person can mend it.
    way_in: Option<(String, bool)>,
    /// The same of reading history.
    history: Option<(String, bool)>,
}

/// What sockets, requests and history share.
pub(super) struct Core {
    pub(super) settings: SlackSettings,
    pub(super) api: Api,
    pub(super) profiles: Arc<Profiles>,
    pub(super) intake: Intake,
    pub(super) desk: ChatDesk,
    pub(super) now: Now,
    pub(super) language: Language,
    pub(super) look_ups: LookUps,
    pub(super) counters: Counters,
    bot: OnceLock<String>,
    standings: Mutex<Standings>,
    shows: mpsc::Sender<Show>,
    /// Told when events may have been missed.
    pub(super) gap: Notify,
    /// Nobody listened for a while: what was changed or taken back then is to be looked for.
    was_away: AtomicBool,
    /// Told when that can be done.
    pub(super) again: Notify,
    /// How often that was, and up to which of these history has been read since.
    gaps: AtomicU64,
    caught_up: AtomicU64,
    /// The newest message of each room that was handed over with a cursor.
    furthest: Mutex<HashMap<String, String>>,
}

/// The event is not stored, and must not be acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotTaken;

impl Core {
    /// The state of `wiring`, and what waits to be shown.
    pub(super) fn new(wiring: Wiring) -> (Self, mpsc::Receiver<Show>) {
        let (shows, waiting) = mpsc::channel(SHOWS);
        let core = Self {
            settings: wiring.settings,
            api: wiring.api,
            profiles: wiring.profiles,
            intake: wiring.intake,
            desk: wiring.desk,
            now: wiring.now,
            language: wiring.language,
            look_ups: LookUps::default(),
            counters: Counters::default(),
            bot: OnceLock::new(),
            standings: Mutex::default(),
            shows,
            gap: Notify::new(),
            was_away: AtomicBool::new(true),
            again: Notify::new(),
            gaps: AtomicU64::new(1),
            caught_up: AtomicU64::new(0),
            furthest: Mutex::default(),
        };
        (core, waiting)
    }

    /// Notes who we are. Only the first word counts.
    pub(super) fn is_called(&self, bot: &str) {
        self.bot.get_or_init(|| bot.to_owned());
    }

    /// The app's own user.
    pub(super) fn bot(&self) -> Option<&str> {
        self.bot.get().map(String::as_str)
    }

    /// How the connection is doing.
    pub(super) fn health(&self) -> Health {
        let standings = self.standings();
        let connected = match self.settings.mode {
            SlackMode::Socket => standings.open > 0,
            SlackMode::Http => self.bot.get().is_some(),
        };
        let fault = standings.way_in.as_ref().or(standings.history.as_ref());
        Health {
            connected,
            fault: fault.map(|(reason, _)| reason.clone()),
            needs_operator: fault.is_some_and(|(_, needs_operator)| *needs_operator),
        }
    }

    /// Takes one payload. When this returns `Ok` it may be acknowledged, with what is in it.
    pub(super) async fn take(&self, kind: Kind, payload: &Value) -> Result<Option<Value>, NotTaken> {
        let taken = self.sorted(kind, payload).await;
        if taken.is_err() {
            self.counters.refused.fetch_add(1, Ordering::Relaxed);
        }
        taken
    }

    async fn sorted(&self, kind: Kind, payload: &Value) -> Result<Option<Value>, NotTaken> {
        let bot = self.bot.get().ok_or(NotTaken)?;
        match reading::meaning(kind, payload, &self.settings, bot) {
            Meaning::Ignore(reason) => Ok(self.ignore(reason)),
            Meaning::Show(show) => self.show(show),
            Meaning::Tell(words) => Ok(Some(ephemeral(words))),
            Meaning::Store { filing, cursor } => {
                if let Some(event) = payload.get("event").filter(|_| cursor.is_some())
                    && let Ok(said) = Said::of_event(event)
                {
                    self.look_ups.takes_part(said.room, said.thread.unwrap_or(said.ts));
                }
                self.store(filing, payload, cursor).await
            }
            Meaning::IfOurs { filing, room, thread } => {
                match self.look_ups.is_ours(&self.api, bot, (&room, &thread)).await {
                    Ok(true) => self.store(filing, payload, None).await,
                    Ok(false) => Ok(self.ignore("room")),
                    Err(fault) => self.not_looked_up(&fault),
                }
            }
            Meaning::LookUp { room, ts, user, at } => self.look_up(payload, (&room, &ts), (&user, &at)).await,
            Meaning::Direct { user, filing, then } => self.direct(kind, payload, &user, (filing, then)).await,
        }
    }

    /// Stores the message that somebody put the reaction on.
    async fn look_up(
        &self,
        payload: &Value,
        (room, ts): (&str, &str),
        (user, at): (&str, &str),
    ) -> Result<Option<Value>, NotTaken> {
        match look_up::message(&self.api, room, ts).await {
            Ok(Some(found)) => {
                let said = Said::found(&found, room, "");
                let filing = Filing {
                    external_id: format!("{room}/{ts}#reaction:{user}"),
                    conversation: said.conversation(),
                    at: instant(at),
                    hold_ms: 0,
                };
                let whole = reading::with_found(payload, "message", &found);
                self.store(filing, &whole, None).await
            }
            Ok(None) => Ok(self.ignore("message is gone")),
            Err(fault) => self.not_looked_up(&fault),
        }
    }

    async fn direct(
        &self,
        kind: Kind,
        payload: &Value,
        user: &str,
        (mut filing, then): (Filing, Option<Show>),
    ) -> Result<Option<Value>, NotTaken> {
        let mut whole = payload.clone();
        match self.look_ups.direct(&self.api, user).await {
            Ok(room) => {
                filing.conversation = format!("slack:{room}");
                whole = reading::with_found(payload, "direct", &json!(room));
            }
            // A post to the person's id opens the conversation as well.
            Err(fault) => tracing::warn!(channel = "slack", "no direct conversation: {fault}"),
        }
        self.store(filing, &whole, None).await?;
        if let Some(show) = then {
            self.show(show)?;
        }
        let words =
            "受け付けました。ダイレクトメッセージでお答えします。\nGot it. The answer comes in a direct message.";
        Ok((kind == Kind::Command).then(|| ephemeral(words)))
    }

    async fn store(
        &self,
        filing: Filing,
        payload: &Value,
        cursor: Option<(String, String)>,
    ) -> Result<Option<Value>, NotTaken> {
        let received = vec![filing.received(payload, (self.now)())];
        let done = match cursor.and_then(|(room, ts)| self.advance(&room, ts)) {
            Some(cursor) => self.intake.accept_up_to(received, cursor).await,
            None => self.intake.accept(received).await,
        };
        match done {
            Ok(()) => {
                self.counters.stored.fetch_add(1, Ordering::Relaxed);
                Ok(None)
            }
            Err(fault) => {
                tracing::warn!(channel = "slack", "an event is left to be sent again: {fault}");
                self.missed();
                Err(NotTaken)
            }
        }
    }

    fn ignore(&self, reason: &'static str) -> Option<Value> {
        self.counters.ignored.fetch_add(1, Ordering::Relaxed);
        tracing::debug!(channel = "slack", reason, "an event is left alone");
        None
    }

    fn show(&self, show: Show) -> Result<Option<Value>, NotTaken> {
        if self.shows.try_send(show).is_err() {
            tracing::warn!(channel = "slack", "too many forms and pages wait to be shown");
            return Err(NotTaken);
        }
        Ok(None)
    }

    /// Where Slack refuses for good there is nothing to wait for; otherwise the event is left to be sent again.
    fn not_looked_up(&self, fault: &ApiFault) -> Result<Option<Value>, NotTaken> {
        tracing::warn!(channel = "slack", "cannot look up what an event is about: {fault}");
        match fault {
            ApiFault::Refused { .. } => {
                if let Some(reason) = fault.operator() {
                    self.history_is(Some((reason, true)));
                }
                Ok(self.ignore("not for us to see"))
            }
            ApiFault::RateLimited { .. } | ApiFault::Unreachable { .. } => Err(NotTaken),
        }
    }

    /// The cursor to write with a message of `room`: only while nothing is missing before it, and only forwards.
    fn advance(&self, room: &str, ts: String) -> Option<(String, String)> {
        if self.gaps.load(Ordering::SeqCst) != self.caught_up.load(Ordering::SeqCst) {
            return None;
        }
        let mut furthest = self.furthest.lock().unwrap_or_else(PoisonError::into_inner);
        let known = furthest.entry(room.to_owned()).or_default();
        if order(known) >= order(&ts) {
            return None;
        }
        known.clone_from(&ts);
        drop(furthest);
        Some((catch_up::cursor_name(room), ts))
    }

    /// Events may be missing from now on: history is to be read.
    pub(super) fn missed(&self) {
        self.was_away.store(true, Ordering::SeqCst);
        self.renewed();
    }

    /// A socket was opened. History is read, since nobody can tell what the one before it did not bring any more.
    pub(super) fn renewed(&self) {
        self.gaps.fetch_add(1, Ordering::SeqCst);
        self.gap.notify_one();
    }

    /// How often events may have been missed.
    pub(super) fn gaps(&self) -> u64 {
        self.gaps.load(Ordering::SeqCst)
    }

    /// History was read since the gap with this number.
    pub(super) fn caught_up(&self, gap: u64) {
        self.caught_up.store(gap, Ordering::SeqCst);
    }

    /// After history was read: messages that may have changed or gone meanwhile are looked at once more.
    pub(super) fn looks_again(&self) {
        if self.was_away.swap(false, Ordering::SeqCst) {
            self.again.notify_one();
        }
    }

    fn standings(&self) -> MutexGuard<'_, Standings> {
        self.standings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A socket was opened. When it is the only one, nobody listened until now, whatever was looked at meanwhile.
    pub(super) fn opened(&self) {
        self.counters.sockets.fetch_add(1, Ordering::Relaxed);
        let mut standings = self.standings();
        if standings.open == 0 {
            self.was_away.store(true, Ordering::SeqCst);
        }
        standings.open += 1;
        standings.way_in = None;
    }

    /// A socket that was open is so no more.
    pub(super) fn closed(&self) {
        let mut standings = self.standings();
        standings.open = standings.open.saturating_sub(1);
    }

    pub(super) fn way_in_is(&self, fault: Option<(String, bool)>) {
        self.standings().way_in = fault;
    }

    pub(super) fn history_is(&self, fault: Option<(String, bool)>) {
        self.standings().history = fault;
    }

    /// Notes a failure of the way in, number `failures`, and says how long to wait.
    pub(super) fn failed(&self, fault: &ApiFault, failures: u32) -> std::time::Duration {
        let pace = &self.api.pace;
        if let Some(reason) = fault.operator() {
            tracing::error!(channel = "slack", "{reason}");
            self.way_in_is(Some((reason, true)));
            return Pace::spread(pace.operator);
        }
        tracing::warn!(channel = "slack", failures, "cannot connect: {fault}");
        self.way_in_is(Some((fault.to_string(), false)));
        pace.pause(failures).max(fault.retry_after().unwrap_or_default())
    }
}

fn ephemeral(words: &str) -> Value {
    json!({ "response_type": "ephemeral", "text": words })
}
