//! Receives from Slack: every event is on the disk before it is acknowledged, whichever way it came.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::join_all;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::core::{Core, Counters};
use super::json::text;
use super::reading::Show;
use super::{Api, Profiles, again, catch_up, show, socket};
use crate::config::{SlackMode, SlackSettings};
use crate::connectors::{ChatDesk, Health, Intake};
use crate::domain::{Language, Timestamp};

/// What time it is.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What a receiver is built of.
#[derive(Clone)]
pub struct Wiring {
    /// The settings.
    pub settings: SlackSettings,
    /// The Web API.
    pub api: Api,
    /// Who people are; shared with whoever reads the stored messages.
    pub profiles: Arc<Profiles>,
    /// The way into the inbox.
    pub intake: Intake,
    /// What is asked of the desk.
    pub desk: ChatDesk,
    /// The clock.
    pub now: Now,
    /// The language of those whose own is not known.
    pub language: Language,
}

/// How many events came and what became of them, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// On the disk; a repeat is counted again.
    pub stored: u64,
    /// Left alone: machines, ourselves, rooms that are not read, kinds that mean nothing here.
    pub ignored: u64,
    /// Not stored, and so not acknowledged: Slack sends them again.
    pub refused: u64,
    /// Sockets opened.
    pub sockets: u64,
    /// Messages that were found in the history of rooms; most are known already.
    pub caught_up: u64,
}

/// Receives from one workspace.
pub struct Receiver {
    core: Arc<Core>,
    shows: Mutex<Option<mpsc::Receiver<Show>>>,
}

impl Receiver {
    /// Receives nothing until [`Receiver::run`].
    #[must_use]
    pub fn new(wiring: Wiring) -> Self {
        let (core, waiting) = Core::new(wiring);
        Self { core: Arc::new(core), shows: Mutex::new(Some(waiting)) }
    }

    /// Receives until `stop`: opens the sockets of Socket Mode, shows forms and pages, reads history that was missed. Call it once.
    pub async fn run(&self, stop: CancellationToken) {
        let Some(shows) = self.shows.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let core = &self.core;
        if !identify(core, &stop).await {
            return;
        }
        let sockets = match core.settings.mode {
            SlackMode::Socket => core.settings.sockets,
            SlackMode::Http => 0,
        };
        core.gap.notify_one();
        let holding = join_all((0..sockets).map(|_| socket::hold(core, &stop)));
        tokio::join!(
            holding,
            catch_up::keep_up(core, &stop),
            again::keep_looking(core, &stop),
            show::serve(core, shows, &stop)
        );
    }

    /// How the connection is doing.
    #[must_use]
    pub fn health(&self) -> Health {
        self.core.health()
    }

    /// What came in so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let Counters { stored, ignored, refused, sockets, caught_up } = &self.core.counters;
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            stored: of(stored),
            ignored: of(ignored),
            refused: of(refused),
            sockets: of(sockets),
            caught_up: of(caught_up),
        }
    }

    /// The app's own user, once Slack has said who we are.
    #[must_use]
    pub fn bot_user(&self) -> Option<String> {
        self.core.bot().map(str::to_owned)
    }

    pub(super) const fn core(&self) -> &Arc<Core> {
        &self.core
    }
}

/// Asks who we are until Slack says so. `false` when it is time to stop.
async fn identify(core: &Core, stop: &CancellationToken) -> bool {
    let mut failures = 0;
    loop {
        let asked = tokio::select! {
            () = stop.cancelled() => return false,
            asked = core.api.read("auth.test", &[]) => asked,
        };
        match asked {
            Ok(answer) => {
                core.is_called(text(&answer, "/user_id"));
                core.way_in_is(None);
                return true;
            }
            Err(fault) => {
                failures += 1;
                let pause = core.failed(&fault, failures);
                tokio::select! {
                    () = stop.cancelled() => return false,
                    () = tokio::time::sleep(pause) => {}
                }
            }
        }
    }
}
