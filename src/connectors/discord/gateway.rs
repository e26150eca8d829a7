//! The connection to Discord's gateway, for as long as the desk is open.
//!
//! serenity keeps the connection: heartbeats, resuming, reconnecting. Around it stands what it leaves to its user: the way in,
//! faults that only a person can mend, and a state that others can look at.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use serenity::client::{Client, ClientBuilder};
use serenity::gateway::{ConnectionStage, GatewayError, ShardManager};
use serenity::http::Route;
use serenity::model::gateway::GatewayIntents;
use serenity::model::id::ShardId;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::api::{self, ApiError};
use super::events::Events;
use super::pump::Pump;
use super::shared::{Item, Shared};
use super::wire::snowflake;
use super::{again, commands, phrases};
use crate::config::DiscordSettings;
use crate::connectors::{ChatDesk, Health, Intake};

/// Tries after a fault that a person must mend: few enough that Discord does not reset the token (1,000 sessions a day).
const OPERATOR_PAUSE: Duration = Duration::from_mins(15);
/// Pauses after faults that pass.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(2);
/// How often the connection's state is looked at.
const LOOK: Duration = Duration::from_secs(2);
/// Looks between two heartbeats of ours, beside serenity's own. When the other side has closed with a frame that names no code,
/// serenity goes round in circles until its next heartbeat fails, for up to 41 s and without a pause; writing anything ends that.
const BEAT: u32 = 4;
const HEARTBEAT: &str = r#"{"op":1,"d":null}"#;
/// Looks after which a connection that nobody reads any more is given up.
const UNREAD: u32 = 3;
/// A connection that lived this long did not fail: the next pause is a first one again.
const STEADY: Duration = Duration::from_mins(1);
/// How long closing may take; serenity waits 5 s for a connection that is already dead.
const CLOSING: Duration = Duration::from_secs(8);

/// Everything the bot is to be told. Message content and nothing else of it is privileged.
pub(super) fn intents() -> GatewayIntents {
    GatewayIntents::GUILDS
        | GatewayIntents::GUILD_MESSAGES
        | GatewayIntents::DIRECT_MESSAGES
        | GatewayIntents::MESSAGE_CONTENT
}

/// Receives from one Discord bot.
pub struct Receiver {
    shared: Arc<Shared>,
    queue: mpsc::Receiver<Item>,
}

impl Receiver {
    /// A receiver that is not connected yet. What it hears goes into the inbox through `intake`.
    ///
    /// # Errors
    /// The system's certificates cannot be read.
    pub fn new(settings: DiscordSettings, desk: ChatDesk, intake: Intake) -> Result<Self, String> {
        let (shared, queue) = Shared::new(settings, desk, intake)?;
        Ok(Self { shared, queue })
    }

    /// How the connection is doing.
    #[must_use]
    pub fn health(&self) -> watch::Receiver<Health> {
        self.shared.health.subscribe()
    }

    /// Receives until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let pump = Pump::new(self.shared.clone(), self.queue);
        tokio::join!(
            pump.run(stop.clone()),
            again::keep_looking(&self.shared, &stop),
            stay_connected(&self.shared, &stop)
        );
    }
}

/// Why a connection ended.
enum Ended {
    Stopped,
    Passing(String),
    NeedsOperator(String),
}

async fn stay_connected(shared: &Arc<Shared>, stop: &CancellationToken) {
    let mut pause = PAUSE;
    loop {
        let since = Instant::now();
        let wait = match connect(shared, stop).await {
            Ended::Stopped => break,
            Ended::Passing(reason) => {
                tracing::warn!("the connection to Discord is not open: {reason}");
                shared.disconnected(reason);
                if since.elapsed() >= STEADY {
                    pause = PAUSE;
                }
                let wait = pause;
                pause = (pause * 2).min(LONGEST_PAUSE);
                wait
            }
            Ended::NeedsOperator(reason) => {
                shared.needs_operator(reason);
                OPERATOR_PAUSE
            }
        };
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(wait) => {}
        }
    }
    shared.health.send_modify(|health| health.connected = false);
}

/// One client, from the first question to its end.
async fn connect(shared: &Arc<Shared>, stop: &CancellationToken) -> Ended {
    let asked = tokio::select! {
        () = stop.cancelled() => return Ended::Stopped,
        asked = prepare(shared) => asked,
    };
    let url = match asked {
        Ok(url) => url,
        Err(fault) => return refused(&fault),
    };
    let mut client = match client(shared, url).await {
        Ok(client) => client,
        Err(reason) => return Ended::Passing(reason),
    };
    shared.watch_tasks(&client.data);
    let manager = client.shard_manager.clone();
    let ended = tokio::select! {
        () = stop.cancelled() => Ended::Stopped,
        ended = client.start() => ended.map_or_else(|fault| failed(&fault), |()| Ended::Passing("it ended".into())),
        () = look_at(shared, &manager) => Ended::Passing("it was closed without a code".into()),
    };
    drop(client);
    if tokio::time::timeout(CLOSING, manager.shutdown_all()).await.is_err() {
        tracing::debug!("the connection to Discord was not closed in time");
    }
    ended
}

/// Looks who we are and where the gateway is, and tells Discord our commands.
async fn prepare(shared: &Shared) -> Result<String, ApiError> {
    let me = shared.api.get(Route::UserMe, &[]).await?;
    let gateway = shared.api.get(Route::GatewayBot, &[]).await?;
    let application = shared.api.get(Route::Oauth2ApplicationCurrent, &[]).await?;
    let (me, application) = (snowflake(&me["id"]), snowflake(&application["id"]));
    shared.introduce(me.unwrap_or_default(), application.or(me).unwrap_or_default());
    if let Err(fault) = commands::register(&shared.api, shared.application()).await {
        // Messages go on without commands.
        tracing::warn!("slash commands are not registered: {fault}");
    }
    gateway["url"].as_str().map(str::to_owned).ok_or_else(|| ApiError {
        status: None,
        code: 0,
        reason: format!("Discord names no gateway: {}", short(&gateway)),
    })
}

async fn client(shared: &Arc<Shared>, url: String) -> Result<Client, String> {
    let http = api::http(&shared.settings)?;
    let client = ClientBuilder::new_with_http(http, intents())
        .raw_event_handler(Events(shared.clone()))
        .await
        .map_err(|fault| fault.to_string())?;
    // When its own question for the gateway fails, serenity takes the real one, whatever the settings say.
    *client.ws_url.lock().await = url;
    Ok(client)
}

/// Keeps the shown state true, and the connection's reader awake. Ends when there is none any more.
async fn look_at(shared: &Shared, manager: &ShardManager) {
    let (mut looks, mut unread) = (0_u32, 0);
    loop {
        tokio::time::sleep(LOOK).await;
        let runner =
            manager.runners.lock().await.get(&ShardId(0)).map(|runner| (runner.stage, runner.runner_tx.clone()));
        let connected = matches!(runner, Some((ConnectionStage::Connected, _)));
        looks = looks.wrapping_add(1);
        if let Some((_, reader)) = runner.filter(|_| connected && !shared.is_unread() && looks.is_multiple_of(BEAT)) {
            reader.websocket_message(HEARTBEAT.into());
        }
        unread = if connected && shared.is_unread() { unread + 1 } else { 0 };
        if unread >= UNREAD {
            return;
        }
        if shared.health.borrow().connected && !connected {
            tracing::info!("reconnecting to Discord");
        }
        shared.health.send_if_modified(|health| {
            let changed = health.connected && !connected;
            if changed {
                health.connected = false;
                health.fault = Some("reconnecting to Discord".into());
            }
            changed
        });
    }
}

fn refused(fault: &ApiError) -> Ended {
    match fault.status {
        Some(401) => Ended::NeedsOperator(phrases::TOKEN_REFUSED.to_owned()),
        Some(403) => Ended::NeedsOperator(format!("Discord refuses the bot: {fault}")),
        _ => Ended::Passing(fault.to_string()),
    }
}

fn failed(fault: &serenity::Error) -> Ended {
    match fault {
        serenity::Error::Gateway(GatewayError::InvalidAuthentication) => {
            Ended::NeedsOperator(phrases::TOKEN_REFUSED.to_owned())
        }
        serenity::Error::Gateway(GatewayError::DisallowedGatewayIntents) => {
            Ended::NeedsOperator(phrases::INTENT_MISSING.to_owned())
        }
        serenity::Error::Gateway(GatewayError::InvalidGatewayIntents) => {
            Ended::NeedsOperator(phrases::INTENTS_INVALID.to_owned())
        }
        other => Ended::Passing(other.to_string()),
    }
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(120).collect()
}
