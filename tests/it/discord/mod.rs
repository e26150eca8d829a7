//! The Discord connector against the stand-in, over real HTTP and WebSocket.

mod again;
mod faults;
mod interactions;
mod operator;
mod probing;
mod receiving;
mod sending;
mod text;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use madoguchi::clock::Clock;
use madoguchi::config::DiscordSettings;
use madoguchi::connectors::discord::{Receiver, parse};
use madoguchi::connectors::{ChatDesk, Handed, Health, Intake, NotStored, Standing, intake};
use madoguchi::domain::{Bilingual, Handling, InboxId, Intent, Language, Level, Message, Received, Slot, schedule};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::support::discord::faults::Faults;
use crate::support::discord::{StandIn, TOKEN, world::World};

/// How long a condition is waited for.
const PATIENCE: Duration = Duration::from_mins(2);

/// What the desk has on its disk, in memory.
#[derive(Default)]
struct Disk {
    stored: Vec<Received>,
    known: HashMap<String, usize>,
    cursors: BTreeMap<String, String>,
    /// Handed over, repeats counted.
    handed: usize,
    /// One of so many hands is refused; 0 for none.
    refuses_every: usize,
    hands: usize,
    /// Time that storing takes.
    takes: Duration,
}

/// A desk that keeps what it is handed.
#[derive(Clone)]
struct Desk {
    disk: Arc<Mutex<Disk>>,
    intake: Intake,
}

impl Desk {
    fn open(tasks: &mut JoinSet<()>) -> Self {
        let (intake, handed) = intake(64);
        let desk = Self { disk: Arc::default(), intake };
        tasks.spawn(desk.clone().keep(handed));
        desk
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap()
    }

    /// Reads the other end, as the workers do: one after the other, repeats dropped.
    async fn keep(self, mut handed: mpsc::Receiver<Handed>) {
        while let Some(one) = handed.recv().await {
            let takes = self.disk().takes;
            if !takes.is_zero() {
                tokio::time::sleep(takes).await;
            }
            let outcome = self.disk().write(&one);
            let _ = one.done.send(outcome);
        }
    }

    fn chat(&self) -> ChatDesk {
        let (disk, unfinished) = (self.disk.clone(), self.disk.clone());
        let intents = Arc::new(vec![restore()]);
        ChatDesk {
            intents: Arc::new(move || intents.clone()),
            tickets_of: Arc::new(|address, _| {
                Box::pin(async move {
                    let standing = Standing {
                        ticket: "T-12".into(),
                        subject: format!("*{address}*"),
                        status: "対応中".into(),
                        due: None,
                    };
                    Ok(vec![standing])
                })
            }),
            language_of: Arc::new(|address| {
                let chosen = (address == "discord:90").then_some(Language::En);
                Box::pin(async move { Ok(chosen) })
            }),
            cursor: Arc::new(move |name| {
                let value = disk.lock().unwrap().cursors.get(&name).cloned();
                Box::pin(async move { Ok(value) })
            }),
            unfinished: Arc::new(move |_, since| {
                let stored = unfinished.lock().unwrap().stored.clone();
                // As the store answers: without what was deleted, newest first.
                let gone: HashSet<String> = stored
                    .iter()
                    .filter_map(|one| one.external_id.strip_suffix("#deleted").map(str::to_owned))
                    .collect();
                let stands = |one: &Received| {
                    one.external_id.parse::<u64>().is_ok()
                        && one.arrived_at >= since
                        && !gone.contains(&one.external_id)
                };
                let found = stored.into_iter().rev().filter(stands).collect();
                Box::pin(async move { Ok(found) })
            }),
            now: Arc::new(|| Clock::system().now()),
        }
    }

    /// Everything stored, as the rules read it.
    fn messages(&self, settings: &DiscordSettings) -> Vec<Message> {
        let stored = self.disk().stored.clone();
        stored.iter().map(|one| parse::message(InboxId(1), one, settings, 0, Language::Ja).unwrap()).collect()
    }
}

impl Disk {
    fn write(&mut self, one: &Handed) -> Result<(), NotStored> {
        self.hands += 1;
        if self.refuses_every > 0 && self.hands.is_multiple_of(self.refuses_every) {
            return Err(NotStored { reason: "the disk is full".into() });
        }
        for received in &one.received {
            self.handed += 1;
            let times = self.known.entry(received.external_id.clone()).or_default();
            *times += 1;
            if *times == 1 {
                self.stored.push(received.clone());
            }
        }
        self.cursors.extend(one.cursor.clone());
        Ok(())
    }
}

fn restore() -> Intent {
    let text = |ja: &str, en: &str| Bilingual { ja: ja.into(), en: en.into() };
    let slot = |name: &str, required| Slot {
        name: name.into(),
        title: text("サーバー", "Server"),
        required,
        find: Vec::new(),
        choices: Vec::new(),
        ask: text("どのサーバーですか", "Which server?"),
    };
    Intent {
        id: "restore".into(),
        title: text("復元", "Restore"),
        examples: Vec::new(),
        rules: Vec::new(),
        slots: vec![slot("path", false), slot("host", true)],
        queue: "operations".into(),
        impact: Level::Medium,
        urgency: Level::Medium,
        objective: schedule::Objective::Minutes(60),
        handling: Handling::File,
        approval: false,
        reply: Bilingual::default(),
    }
}

/// A receiver that runs, with its desk and its Discord.
struct Running {
    stand_in: StandIn,
    desk: Desk,
    settings: DiscordSettings,
    health: watch::Receiver<Health>,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Running {
    async fn start(faults: Faults) -> Self {
        let mut running = Self::waiting(faults).await;
        running.receive();
        running.connected().await;
        running
    }

    /// Discord and desk are there; nobody receives yet.
    async fn waiting(faults: Faults) -> Self {
        let stand_in = StandIn::start(faults).await;
        let settings = settings(&stand_in.url);
        let mut tasks = JoinSet::new();
        let desk = Desk::open(&mut tasks);
        let (_, health) = watch::channel(Health::default());
        Self { stand_in, desk, settings, health, stop: CancellationToken::new(), tasks }
    }

    fn receive(&mut self) {
        let receiver = Receiver::new(self.settings.clone(), self.desk.chat(), self.desk.intake.clone()).unwrap();
        self.health = receiver.health();
        self.stop = CancellationToken::new();
        self.tasks.spawn(receiver.run(self.stop.clone()));
    }

    async fn connected(&mut self) {
        let waiting = self.health.wait_for(|health| health.connected);
        tokio::time::timeout(PATIENCE, waiting).await.expect("connected in time").expect("it runs");
        // The first session notes where every channel stands.
        let noted = || self.desk.disk().cursors.contains_key(&format!("discord:{}", World::TRIAGE));
        until("the channels are noted", noted).await;
    }

    fn has(&self, id: u64) -> bool {
        self.desk.disk().known.contains_key(&id.to_string())
    }

    async fn stored(&self, id: u64) {
        until(&format!("message {id} is stored"), || self.has(id)).await;
    }

    /// The stored message with this external id.
    fn message(&self, external_id: &str) -> Message {
        let place = self.desk.disk().stored.iter().position(|one| one.external_id == external_id);
        self.desk.messages(&self.settings).swap_remove(place.expect("stored"))
    }
}

fn settings(url: &str) -> DiscordSettings {
    DiscordSettings {
        token: TOKEN.to_owned().into(),
        api_url: url.to_owned(),
        rooms: vec![World::TEXT.to_string(), World::FORUM.to_string()],
        triage: Some(World::TRIAGE.to_string()),
        queue: None,
        burst: Duration::from_secs(4),
    }
}

/// Waits for a condition.
async fn until(what: &str, condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "waited in vain: {what}");
}
