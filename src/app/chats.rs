//! The chat services: their connections built from the settings, and what they ask of the desk.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::App;
use crate::config::{Config, SlackMode};
use crate::connectors::slack::{Api, Profiles, Wiring};
use crate::connectors::{ChatDesk, Finding, Health, Intake, Later, Standing, discord, intake, slack};
use crate::decide;
use crate::domain::{Channel, Language, Received, Timestamp};
use crate::telemetry::{MailboxHealth, Metrics};
use crate::workers::deliver::Deliverer;
use crate::workers::intake::IntakeWriter;
use crate::workers::outlet::Outlet;
use crate::workers::read::{DiscordReading, SlackReading};
use crate::workers::supervise::Supervisor;

/// Parties that may wait for their messages to be stored; more wait outside.
const WAITING: usize = 1024;
/// How often the state of a connection is noted.
const NOTED: Duration = Duration::from_secs(1);
/// Messages looked at once more after an outage, the newest.
const LOOKED_AT: usize = 1_000;
/// Tickets in one list.
const LISTED: usize = 20;

/// What stored Slack events are read with.
pub(super) fn slack_reading(config: &Config) -> anyhow::Result<Option<SlackReading>> {
    let Some(settings) = &config.slack else { return Ok(None) };
    let api = Api::new(settings).map_err(|fault| anyhow::anyhow!("[slack] {fault}"))?;
    let profiles = Arc::new(Profiles::new(api.clone()));
    Ok(Some(SlackReading { settings: settings.clone(), api, profiles, receiver: OnceLock::new() }))
}

/// What stored Discord events are read with.
pub(super) fn discord_reading(config: &Config) -> anyhow::Result<Option<DiscordReading>> {
    let Some(settings) = &config.discord else { return Ok(None) };
    let sender = discord::Sender::new(settings).map_err(|fault| anyhow::anyhow!("[discord] {fault}"))?;
    Ok(Some(DiscordReading { settings: settings.clone(), sender }))
}

/// The chat connections of one process.
pub struct Chats {
    slack: Option<Arc<slack::Receiver>>,
    takes_requests: bool,
    discord: Option<discord::Receiver>,
    deliverers: Vec<Deliverer>,
    writer: Option<IntakeWriter>,
}

impl Chats {
    /// Builds what the settings name. Nothing is connected yet.
    ///
    /// # Errors
    /// A setting cannot be used.
    pub fn open(app: &App) -> anyhow::Result<Self> {
        let mut all = Self { slack: None, takes_requests: false, discord: None, deliverers: Vec::new(), writer: None };
        if app.config.slack.is_none() && app.config.discord.is_none() {
            return Ok(all);
        }
        let (way, handed) = intake(WAITING);
        let (store, clock, metrics) = (app.store.clone(), app.clock.clone(), app.metrics.clone());
        all.writer = Some(IntakeWriter { handed, store, clock, metrics, came_last: 0 });
        let desk = desk(app);
        if let Some(reading) = &app.reader.slack {
            let receiver = Arc::new(slack_receiver(app, reading, way.clone(), desk.clone()));
            // The reader learns from it who we are. A second one in this process would be a mistake of ours, and change nothing.
            let _ = reading.receiver.set(receiver.clone());
            all.slack = Some(receiver);
            all.takes_requests = reading.settings.mode == SlackMode::Http;
            all.deliverers.push(deliverer(
                app,
                "slack",
                Outlet::Slack(Box::new(slack::Sender::new(reading.api.clone()))),
            ));
        }
        if let Some(settings) = &app.config.discord {
            let fault = |fault: String| anyhow::anyhow!("[discord] {fault}");
            all.discord = Some(discord::Receiver::new(settings.clone(), desk, way).map_err(fault)?);
            let sender = discord::Sender::new(settings).map_err(fault)?;
            all.deliverers.push(deliverer(app, "discord", Outlet::Discord(Box::new(sender))));
        }
        Ok(all)
    }

    /// Answers Slack's signed requests; none where events come over sockets.
    #[must_use]
    pub fn slack(&self) -> Option<Arc<slack::Receiver>> {
        self.slack.clone().filter(|_| self.takes_requests)
    }

    /// Runs everything.
    pub fn start(self, app: &App, supervisor: &mut Supervisor) {
        let stop = supervisor.stop_signal();
        if let Some(writer) = self.writer {
            supervisor.run_once(writer.run(stop.clone()));
        }
        if let Some(receiver) = self.slack {
            let watched = receiver.clone();
            let metrics = app.metrics.clone();
            supervisor.run_once(note(metrics, app.clock.clone(), "slack", stop.clone(), move || watched.health()));
            let stop = stop.clone();
            supervisor.run_once(async move { receiver.run(stop).await });
        }
        if let Some(receiver) = self.discord {
            // serenity goes round in circles when the gateway closes without naming a code.
            supervisor.stay_awake();
            let health = receiver.health();
            let metrics = app.metrics.clone();
            let watch = move || health.borrow().clone();
            supervisor.run_once(note(metrics, app.clock.clone(), "discord", stop.clone(), watch));
            supervisor.run_once(receiver.run(stop));
        }
        for deliverer in self.deliverers {
            supervisor.run(deliverer);
        }
    }
}

fn slack_receiver(app: &App, reading: &SlackReading, intake: Intake, desk: ChatDesk) -> slack::Receiver {
    let clock = app.clock.clone();
    slack::Receiver::new(Wiring {
        settings: reading.settings.clone(),
        api: reading.api.clone(),
        profiles: reading.profiles.clone(),
        intake,
        desk,
        now: Arc::new(move || clock.now()),
        language: app.config.language,
    })
}

fn deliverer(app: &App, source: &str, outlet: Outlet) -> Deliverer {
    Deliverer {
        store: app.store.clone(),
        source: source.to_owned(),
        outlet,
        keeps_copies: false,
        clock: app.clock.clone(),
        metrics: app.metrics.clone(),
        owner: format!("{}/deliver-{source}", app.owner),
    }
}

/// What connectors ask while somebody waits at the screen.
fn desk(app: &App) -> ChatDesk {
    let live = app.live.clone();
    let intents = move || Arc::new(live.get().catalog.intents.clone());
    let (store, live, clock) = (app.store.clone(), app.live.clone(), app.clock.clone());
    let tickets_of = move |address: String, language: Language| -> Later<Vec<Standing>> {
        let (store, live, now) = (store.clone(), live.clone(), clock.now());
        Box::pin(async move {
            let tickets = store.tickets_of(&address, now).await.map_err(|fault| fault.to_string())?;
            let rules = live.get();
            let standing = |ticket: &crate::domain::Ticket| {
                let (status, due) = decide::standing(&rules.catalog, ticket, language, now);
                Standing { ticket: ticket.id.to_string(), subject: ticket.subject.clone(), status, due }
            };
            Ok(tickets.iter().take(LISTED).map(standing).collect())
        })
    };
    let store = app.store.clone();
    let language_of = move |address: String| -> Later<Option<Language>> {
        let store = store.clone();
        Box::pin(async move {
            let person = store.person(&address).await.map_err(|fault| fault.to_string())?;
            Ok(person.and_then(|person| person.language))
        })
    };
    let store = app.store.clone();
    let cursor = move |name: String| -> Later<Option<String>> {
        let store = store.clone();
        Box::pin(async move { store.cursor(&name).await.map_err(|fault| fault.to_string()) })
    };
    let store = app.store.clone();
    let unfinished = move |channel: Channel, since: Timestamp| -> Later<Vec<Received>> {
        let store = store.clone();
        Box::pin(async move { store.unfinished(channel, since, LOOKED_AT).await.map_err(|fault| fault.to_string()) })
    };
    let clock = app.clock.clone();
    let now = move || clock.now();
    ChatDesk {
        intents: Arc::new(intents),
        tickets_of: Arc::new(tickets_of),
        language_of: Arc::new(language_of),
        cursor: Arc::new(cursor),
        unfinished: Arc::new(unfinished),
        now: Arc::new(now),
    }
}

/// Notes how a connection is doing, as mailboxes do.
async fn note(
    metrics: Metrics,
    clock: crate::clock::Clock,
    name: &'static str,
    stop: CancellationToken,
    health: impl Fn() -> Health + Send,
) {
    while !stop.is_cancelled() {
        let Health { connected, fault, needs_operator } = health();
        let last_success_at = connected.then(|| clock.now());
        if connected || fault.is_some() {
            metrics.mailbox(name, MailboxHealth { last_success_at, fault, needs_operator });
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(NOTED) => {}
        }
    }
}

/// Tries the chat services of the settings: whose, and what was found.
pub async fn probe(config: &Config) -> Vec<(&'static str, Finding)> {
    let mut found = Vec::new();
    if let Some(settings) = &config.slack {
        found.extend(slack::probe(settings).await.into_iter().map(|finding| ("slack", finding)));
    }
    if let Some(settings) = &config.discord {
        found.extend(discord::probe(settings).await.into_iter().map(|finding| ("discord", finding)));
    }
    found
}
