//! Socket Mode: keeps one socket open. Each connection has a manager of the crate of its own, because a manager that replaces a
//! connection closes the old one first, reuses ids, and comes back without a pause.
//!
//! `docs.slack.dev/apis/events-api/using-socket-mode`: `hello`, envelopes, acknowledgement by `envelope_id`, `disconnect` with a
//! reason, at most 10 connections an app.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use slack_morphism::clients_manager::{SlackSocketModeClientsManager, SlackSocketModeClientsManagerFactory};
use slack_morphism::listener::SlackClientEventsListenerEnvironment;
use slack_morphism::prelude::*;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::core::Core;
use super::json::{some_text, text};
use super::reading::Kind;
use super::{ApiFault, Pace};

/// A connection that never came about is tried once more by the crate after this long; it is closed then.
const FORGOTTEN_S: u64 = 600;
/// Pings, and how many may stay without an answer.
const PING_S: u64 = 10;
const PINGS: u64 = 3;

/// A socket whose end is heard of this soon after its successor's hello may have ended before it: Slack gives ten seconds.
const OVERLAP: Duration = Duration::from_secs(1);

/// How far a connection has come. It only moves forwards.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    Opening,
    Open,
    /// Slack wants it replaced: the reason.
    Leaving(String),
    Gone,
}

impl Stage {
    const fn rank(&self) -> u8 {
        match self {
            Self::Opening => 0,
            Self::Open => 1,
            Self::Leaving(_) => 2,
            Self::Gone => 3,
        }
    }
}

/// Reads what a socket brings. Raw JSON: the crate's own types lose the text of messages they do not fully know.
struct Listener {
    core: Arc<Core>,
    stage: watch::Sender<Stage>,
}

impl Listener {
    fn reach(&self, next: Stage) {
        self.stage.send_if_modified(|stage| {
            let forwards = stage.rank() < next.rank();
            if forwards {
                *stage = next;
            }
            forwards
        });
    }

    /// The acknowledgement, once the event is on the disk. `None`: Slack sends it again.
    async fn envelope(&self, kind: Kind, envelope: &Value) -> Option<String> {
        let id = some_text(envelope, "/envelope_id")?;
        let taken = timeout(self.core.api.pace.answer, self.core.take(kind, &envelope["payload"])).await;
        let Ok(taken) = taken else {
            tracing::warn!(channel = "slack", "an event could not be stored in time and is left to be sent again");
            self.core.missed();
            return None;
        };
        let mut ack = json!({ "envelope_id": id });
        let may_answer = envelope.get("accepts_response_payload").and_then(Value::as_bool) == Some(true);
        if let Some(payload) = taken.ok()?.filter(|_| may_answer) {
            ack["payload"] = payload;
        }
        Some(ack.to_string())
    }
}

#[async_trait]
impl SlackSocketModeClientListener for Listener {
    async fn on_message(&self, _: &SlackSocketModeWssClientId, body: String) -> Option<String> {
        let envelope: Value = serde_json::from_str(&body).ok()?;
        match text(&envelope, "/type") {
            "hello" => {
                self.reach(Stage::Open);
                None
            }
            "disconnect" => {
                self.reach(Stage::Leaving(text(&envelope, "/reason").to_owned()));
                None
            }
            "events_api" => self.envelope(Kind::Event, &envelope).await,
            "interactive" => self.envelope(Kind::Interaction, &envelope).await,
            "slash_commands" => self.envelope(Kind::Command, &envelope).await,
            // Whatever else there may be: it is not for us, and not to be sent again.
            _ => Some(json!({ "envelope_id": some_text(&envelope, "/envelope_id")? }).to_string()),
        }
    }

    async fn on_error(&self, _: Box<dyn std::error::Error + Send + Sync>) {
        // Its words may hold what was received; that the connection is gone is said by `on_disconnect`.
        tracing::debug!(channel = "slack", "a socket failed");
    }

    async fn on_disconnect(&self, _: &SlackSocketModeWssClientId) {
        self.reach(Stage::Gone);
    }
}

/// One connection.
struct Link {
    manager: Arc<dyn SlackSocketModeClientsManager + Send + Sync>,
    stage: watch::Receiver<Stage>,
    core: Arc<Core>,
    since: Instant,
    is_open: bool,
}

impl Link {
    /// Opens a connection and waits for its hello.
    async fn open(core: &Arc<Core>) -> Result<Self, ApiFault> {
        core.api.may_open_socket().await?;
        let unreachable =
            |reason: &str| ApiFault::Unreachable { method: "Socket Mode".to_owned(), reason: reason.to_owned() };
        let token = core.api.app_token.clone().ok_or_else(|| unreachable("there is no app token"))?;
        let (sender, stage) = watch::channel(Stage::Opening);
        let environment = SlackClientEventsListenerEnvironment::new(Arc::clone(&core.api.client));
        let manager = core.api.client.http_api.connector.new_clients_manager(Arc::new(environment));
        let config = SlackClientSocketModeConfig::new()
            .with_max_connections_count(1)
            .with_initial_backoff_in_seconds(0)
            .with_reconnect_timeout_in_seconds(FORGOTTEN_S)
            .with_ping_interval_in_seconds(PING_S)
            .with_ping_failure_threshold_times(PINGS);
        let listener = Arc::new(Listener { core: Arc::clone(core), stage: sender });
        let mut link = Self { manager, stage, core: Arc::clone(core), since: Instant::now(), is_open: false };
        let registered = link.manager.register_new_token(&config, token, listener).await;
        registered.map_err(|_| unreachable("the connection could not be prepared"))?;
        link.manager.start().await;
        let hello = timeout(core.api.pace.hello, link.stage.wait_for(|stage| *stage != Stage::Opening)).await;
        let seen = hello.ok().and_then(Result::ok).map(|stage| stage.clone());
        match seen {
            Some(Stage::Open | Stage::Leaving(_)) => {
                link.is_open = true;
                core.opened();
                Ok(link)
            }
            Some(Stage::Opening | Stage::Gone) | None => {
                link.close().await;
                Err(unreachable("no hello came on the socket"))
            }
        }
    }

    /// Waits until Slack wants the connection replaced, or it is gone.
    async fn end(&mut self) -> Stage {
        let end = self.stage.wait_for(|stage| stage.rank() >= 2).await;
        end.map_or(Stage::Gone, |stage| stage.clone())
    }

    async fn gone(&mut self) {
        // An error means that nobody can say anything of it any more: it is gone.
        let _ = self.stage.wait_for(|stage| *stage == Stage::Gone).await;
    }

    async fn close(&mut self) {
        self.manager.shutdown().await;
        if std::mem::take(&mut self.is_open) {
            self.core.closed();
        }
    }
}

/// Keeps one socket open until `stop`.
pub(super) async fn hold(core: &Arc<Core>, stop: &CancellationToken) {
    let mut failures: u32 = 0;
    let mut leaving: Option<(Link, Instant)> = None;
    loop {
        let opened = tokio::select! {
            () = stop.cancelled() => break,
            opened = Link::open(core) => opened,
        };
        let pause = match opened {
            Err(fault) => {
                failures = failures.saturating_add(1);
                core.failed(&fault, failures)
            }
            Ok(mut link) => {
                // What came while there was no socket is in the history of the rooms.
                core.renewed();
                let Some(end) = attend(&mut link, &mut leaving, stop).await else {
                    link.close().await;
                    break;
                };
                let steady = link.since.elapsed() >= core.api.pace.steady;
                failures = if steady { 0 } else { failures.saturating_add(1) };
                let pause = after(core, &end, failures);
                match end {
                    Stage::Leaving(_) => {
                        if let Some((mut old, _)) = leaving.replace((link, Instant::now() + core.api.pace.retire)) {
                            old.close().await;
                        }
                    }
                    Stage::Opening | Stage::Open | Stage::Gone => {
                        link.close().await;
                        core.missed();
                    }
                }
                pause
            }
        };
        tokio::select! {
            () = stop.cancelled() => break,
            () = sleep(pause) => {}
        }
    }
    if let Some((mut old, _)) = leaving {
        old.close().await;
    }
}

/// Waits for the end of `link`, and closes the one before it when its time has come. `None`: it is time to stop.
async fn attend(link: &mut Link, leaving: &mut Option<(Link, Instant)>, stop: &CancellationToken) -> Option<Stage> {
    let core = Arc::clone(&link.core);
    let opened_at = Instant::now();
    loop {
        let Some((old, until)) = leaving.as_mut() else {
            return tokio::select! {
                () = stop.cancelled() => None,
                end = link.end() => Some(end),
            };
        };
        tokio::select! {
            () = stop.cancelled() => return None,
            end = link.end() => return Some(end),
            () = old.gone() => if opened_at.elapsed() < OVERLAP { core.missed() },
            () = sleep_until(*until) => {}
        }
        if let Some((mut old, _)) = leaving.take() {
            old.close().await;
        }
    }
}

/// How long to wait before the next connection. One that lived is replaced at once.
fn after(core: &Core, end: &Stage, failures: u32) -> Duration {
    let pace: &Pace = &core.api.pace;
    if let Stage::Leaving(reason) = end {
        tracing::info!(channel = "slack", reason, "Slack asks for a new socket");
        if reason == "link_disabled" {
            let fault = ApiFault::Refused { method: "Socket Mode".to_owned(), code: reason.clone() };
            return core.failed(&fault, failures);
        }
    } else {
        tracing::warn!(channel = "slack", failures, "a socket is gone");
    }
    if failures == 0 { Duration::ZERO } else { pace.pause(failures) }
}
