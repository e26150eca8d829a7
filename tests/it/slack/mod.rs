//! The Slack connector against a workspace on loopback.

mod again;
mod catch_up;
mod http;
mod probe;
mod receive;
mod send;
mod show;
mod sockets;
mod stand_in;
mod storm;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures_util::FutureExt;
use madoguchi::clock::Clock;
use madoguchi::config::{SlackMode, SlackSettings};
use madoguchi::connectors::slack::{Api, Pace, Profiles, Receiver, Wiring, message};
use madoguchi::connectors::{ChatDesk, Handed, NotStored, Standing, intake};
use madoguchi::domain::{InboxId, Intent, Language, Message, Received};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::support::slack::{APP_TOKEN, BOT, BOT_TOKEN, Workspace};

/// How long a condition is waited for.
const LIMIT: Duration = Duration::from_secs(20);

fn settings(workspace: &Workspace) -> SlackSettings {
    SlackSettings {
        app_token: Some(APP_TOKEN.to_owned().into()),
        bot_token: BOT_TOKEN.to_owned().into(),
        signing_secret: Some("8f742231b10e8888abcd99yyyzzz85a5".to_owned().into()),
        api_url: workspace.api_url(),
        mode: SlackMode::Socket,
        sockets: 1,
        rooms: Vec::new(),
        triage: None,
        reaction: "ticket".to_owned(),
        queue: None,
        burst: Duration::from_secs(4),
    }
}

/// The connector's periods, shortened alike.
fn pace() -> Pace {
    Pace {
        first: Duration::from_millis(20),
        longest: Duration::from_millis(300),
        operator: Duration::from_millis(300),
        hello: Duration::from_secs(3),
        steady: Duration::from_millis(300),
        retire: Duration::from_secs(2),
        catch_up: Duration::from_millis(50),
        again: Duration::from_millis(50),
        ..Pace::default()
    }
}

/// What is on the disk, as far as these tests go.
#[derive(Default)]
struct Inbox {
    rows: Vec<(Received, Instant)>,
    known: HashSet<String>,
    cursors: HashMap<String, String>,
}

/// What the database does.
#[derive(Default)]
struct Mood {
    /// Nothing is stored until it is lifted.
    stuck: AtomicBool,
    /// Every n-th write fails; 0 is none.
    fails_each: AtomicU64,
    writes: AtomicU64,
    failed: AtomicU64,
}

/// The other end of the intake, which outlives receivers.
#[derive(Clone, Default)]
struct Disk {
    inbox: Arc<Mutex<Inbox>>,
    mood: Arc<Mood>,
}

impl Disk {
    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap()
    }

    fn ids(&self) -> Vec<String> {
        self.inbox().rows.iter().map(|(row, _)| row.external_id.clone()).collect()
    }

    async fn wait_for(&self, is_so: impl Fn(&Inbox) -> bool) {
        let until = Instant::now() + LIMIT;
        while !is_so(&self.inbox()) {
            assert!(Instant::now() < until, "not within {LIMIT:?}; on the disk: {:?}", self.ids());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn wait_for_id(&self, id: &str) -> Received {
        self.wait_for(|inbox| inbox.known.contains(id)).await;
        self.inbox().rows.iter().find(|(row, _)| row.external_id == id).unwrap().0.clone()
    }

    async fn read(self, mut waiting: mpsc::Receiver<Handed>) {
        while let Some(handed) = waiting.recv().await {
            while self.mood.stuck.load(Ordering::SeqCst) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let each = self.mood.fails_each.load(Ordering::SeqCst);
            let number = self.mood.writes.fetch_add(1, Ordering::SeqCst) + 1;
            if each > 0 && number.is_multiple_of(each) {
                self.mood.failed.fetch_add(1, Ordering::SeqCst);
                let _ = handed.done.send(Err(NotStored { reason: "database is locked".to_owned() }));
                continue;
            }
            let mut inbox = self.inbox();
            for row in handed.received {
                if inbox.known.insert(row.external_id.clone()) {
                    inbox.rows.push((row, Instant::now()));
                }
            }
            inbox.cursors.extend(handed.cursor);
            drop(inbox);
            let _ = handed.done.send(Ok(()));
        }
    }
}

/// A receiver that runs.
struct Running {
    receiver: Arc<Receiver>,
    api: Api,
    disk: Disk,
    settings: SlackSettings,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Running {
    fn start(workspace: &Workspace) -> Self {
        Self::start_with(settings(workspace), pace(), Disk::default(), Vec::new())
    }

    fn start_with(settings: SlackSettings, pace: Pace, disk: Disk, intents: Vec<Intent>) -> Self {
        let api = Api::at_pace(&settings, pace).unwrap();
        let (intake, waiting) = intake(64);
        let (cursors, unfinished) = (disk.clone(), disk.clone());
        let intents = Arc::new(intents);
        let asked = ChatDesk {
            intents: Arc::new(move || Arc::clone(&intents)),
            tickets_of: Arc::new(|address, _| {
                let standing = Standing {
                    ticket: "T-7".to_owned(),
                    subject: format!("of {address}"),
                    status: "対応中".to_owned(),
                    due: Some("11/24 10:00".to_owned()),
                };
                async { Ok(vec![standing]) }.boxed()
            }),
            language_of: Arc::new(move |address| {
                let chosen = (address == "slack:UEN").then_some(Language::En);
                async move { Ok(chosen) }.boxed()
            }),
            cursor: Arc::new(move |name| {
                let found = cursors.inbox().cursors.get(&name).cloned();
                async { Ok(found) }.boxed()
            }),
            unfinished: Arc::new(move |_, since| {
                let inbox = unfinished.inbox();
                // As the store answers: without what was taken back, newest first.
                let stands = |row: &&Received| {
                    !row.external_id.contains('#') && !inbox.known.contains(&format!("{}#deleted", row.external_id))
                };
                let rows = inbox.rows.iter().rev().map(|(row, _)| row).filter(|row| row.arrived_at >= since);
                let found = rows.filter(stands).cloned().collect();
                async { Ok(found) }.boxed()
            }),
            now: Arc::new(|| Clock::system().now()),
        };
        let clock = Clock::system();
        let receiver = Arc::new(Receiver::new(Wiring {
            settings: settings.clone(),
            api: api.clone(),
            profiles: Arc::new(Profiles::new(api.clone())),
            intake,
            desk: asked,
            now: Arc::new(move || clock.now()),
            language: Language::Ja,
        }));
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let (running, token) = (Arc::clone(&receiver), stop.clone());
        tasks.spawn(async move { running.run(token).await });
        tasks.spawn(disk.clone().read(waiting));
        Self { receiver, api, disk, settings, stop, tasks }
    }

    async fn connected(&self) {
        let until = Instant::now() + LIMIT;
        while !self.receiver.health().connected {
            assert!(Instant::now() < until, "not connected: {:?}", self.receiver.health());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until history was read after the start.
    async fn settled(&self) {
        self.connected().await;
        self.disk.wait_for(|inbox| inbox.cursors.contains_key("slack:*")).await;
    }

    async fn stop(mut self) {
        self.stop.cancel();
        let ended = tokio::time::timeout(LIMIT, self.tasks.join_next()).await;
        assert!(ended.is_ok(), "the receiver does not stop");
        self.tasks.abort_all();
    }

    fn parse(&self, row: &Received) -> Message {
        message((InboxId(1), row), None, &self.settings, BOT, Language::Ja).unwrap()
    }
}
