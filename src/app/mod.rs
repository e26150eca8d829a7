//! Builds the parts from the settings. The one place that knows all of them.

mod chats;
mod connections;
mod notices;
mod prepared;
mod reload;
mod seal;
mod service;
mod starter;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Context;
use secrecy::ExposeSecret;
use tokio::sync::Mutex;

pub use chats::{Chats, probe as probe_chats};
pub use connections::{Connections, probe};
pub use notices::probe_notices;
pub use reload::{connections_differ, with_connections_of};
pub use starter::{write_samples, write_starter};

use crate::clock::Clock;
use crate::config::Config;
use crate::console;
use crate::content::{self, Content};
use crate::domain::catalog::{Catalog, ChatSource, Desk, Mailbox, Thresholds, TriageRoom};
use crate::domain::{Article, Channel, Fault, Keyring, Learned, Policy};
use crate::mail;
use crate::rulebook::lint;
use crate::store::{Store, StoreError};
use crate::telemetry::Metrics;
use crate::workers::backup::{Keeper, Plan};
use crate::workers::handle::{Handler, Takes};
use crate::workers::learn::{self, Learner, Schedule};
use crate::workers::live::{Live, Rules};
use crate::workers::read::Reader;
use crate::workers::rescan::Rescanner;
use crate::workers::sweep::{Keep, Sweeper};
use crate::workers::tick::Ticker;

/// Workers that decide: one decides while the other writes.
pub const HANDLERS: usize = 2;
/// Messages decided in one transaction.
const BATCH: u32 = 100;

/// An open desk: settings, store, rules in force.
pub struct App {
    /// The settings.
    pub config: Config,
    /// What is remembered.
    pub store: Arc<Store>,
    /// The rules in force.
    pub live: Live,
    /// What time it is.
    pub clock: Clock,
    /// The keys that reply tokens are signed with.
    pub keyring: Keyring,
    /// What is counted.
    pub metrics: Metrics,
    /// Reads raw messages.
    pub reader: Arc<Reader>,
    /// Names this process in leases.
    pub owner: String,
}

impl App {
    /// Opens the store and puts the rules in force.
    ///
    /// # Errors
    /// Faults in settings or content, one a line; or the database cannot be opened.
    pub async fn open(config: Config) -> anyhow::Result<Self> {
        let clock = Clock::system();
        // Faults in the content are found before a database is made.
        let catalog = catalog(&config).map_err(|faults| anyhow::anyhow!("{}", listing(&faults)))?;
        let store = Arc::new(open_store(&config).await?);
        let learned = learned(&store, &config).await.context("cannot read what was learnt")?;
        let lemmas = prepared::lemmas(&config).map_err(anyhow::Error::msg)?;
        let rules =
            prepared::rules(&config, catalog, &learned, lemmas.as_ref()).context("cannot build the classifier")?;
        let keyring = keyring(&store, &clock).await?;
        let scanner = config.scanner.as_ref().map(connections::clamd);
        let metrics = Metrics::new();
        for mailbox in config.mailboxes.iter().filter(|mailbox| mailbox.imap.is_some()) {
            metrics.awaits_mailbox(&mailbox.name);
        }
        for (channel, ..) in chats(&config) {
            metrics.awaits_mailbox(channel.as_str());
        }
        let reader = Arc::new(Reader {
            policies: policies(&config),
            keyring: keyring.clone(),
            scanner,
            store: store.clone(),
            alerts: config.alerts.clone(),
            slack: chats::slack_reading(&config)?,
            discord: chats::discord_reading(&config)?,
        });
        Ok(Self { live: Live::new(rules), config, store, clock, keyring, metrics, reader, owner: owner()? })
    }

    /// A worker that decides messages. Only number 0 takes those that were tried before.
    #[must_use]
    pub fn handler(&self, number: usize) -> Handler {
        Handler {
            store: self.store.clone(),
            live: self.live.clone(),
            reader: self.reader.clone(),
            keyring: self.keyring.clone(),
            clock: self.clock.clone(),
            metrics: self.metrics.clone(),
            owner: format!("{}/handle-{number}", self.owner),
            batch: BATCH,
            takes: if number == 0 { Takes::All } else { Takes::Fresh },
            undecided: Mutex::default(),
        }
    }

    /// A worker that lets time pass on tickets.
    #[must_use]
    pub fn ticker(&self) -> Ticker {
        Ticker {
            store: self.store.clone(),
            live: self.live.clone(),
            keyring: self.keyring.clone(),
            clock: self.clock.clone(),
            renewal: Mutex::default(),
        }
    }

    /// A worker that scans files again; `None` without a scanner.
    #[must_use]
    pub fn rescanner(&self) -> Option<Rescanner> {
        Some(Rescanner {
            store: self.store.clone(),
            scanner: self.config.scanner.as_ref().map(connections::clamd)?,
            clock: self.clock.clone(),
            metrics: self.metrics.clone(),
            is_down: AtomicBool::new(false),
        })
    }

    /// A worker that removes what nothing needs any more.
    #[must_use]
    pub fn sweeper(&self) -> Sweeper {
        let retention = &self.config.retention;
        let keep = Keep {
            texts_days: retention.texts_days,
            raw_days: retention.raw_mail_days,
            messages_days: retention.messages_days,
            audit_days: retention.audit_days,
        };
        Sweeper { store: self.store.clone(), clock: self.clock.clone(), keep }
    }

    /// The worker that writes the daily backup; `None` when it is off.
    #[must_use]
    pub fn keeper(&self) -> Option<Keeper> {
        Some(Keeper {
            store: self.store.clone(),
            clock: self.clock.clone(),
            plan: backup_plan(&self.config)?,
            owner: format!("{}/backup", self.owner),
        })
    }

    /// The worker that learns.
    #[must_use]
    pub fn learner(&self) -> Learner {
        Learner {
            store: self.store.clone(),
            live: self.live.clone(),
            clock: self.clock.clone(),
            schedule: schedule(&self.config),
            owner: format!("{}/learn", self.owner),
        }
    }

    /// What the console reads.
    #[must_use]
    pub fn sources(&self, chats: &Chats) -> console::Sources {
        let (store, metrics, clock) = (self.store.clone(), self.metrics.clone(), self.clock.clone());
        let alerts = Arc::new(self.config.alerts.clone());
        let max_body_bytes = self.config.max_body_bytes;
        console::Sources { store, metrics, clock, alerts, max_body_bytes, slack: chats.slack() }
    }
}

/// A name no other process has: leases of a dead process are never taken for ours.
fn owner() -> anyhow::Result<String> {
    let mut nonce = [0_u8; 6];
    getrandom::fill(&mut nonce).map_err(|fault| anyhow::anyhow!("the system has no random numbers: {fault}"))?;
    Ok(format!("{}-{}", std::process::id(), hex::encode(nonce)))
}

/// How each mailbox's mail is to be read. All of the desk's addresses are its own in every mailbox.
fn policies(config: &Config) -> BTreeMap<String, mail::Policy> {
    let own_addresses: Vec<String> = config.mailboxes.iter().map(|mailbox| mailbox.address.to_lowercase()).collect();
    let policy = |mailbox: &crate::config::MailboxSettings| mail::Policy {
        own_addresses: own_addresses.clone(),
        authserv_id: mailbox.authserv_id.clone(),
    };
    config.mailboxes.iter().map(|mailbox| (mailbox.name.clone(), policy(mailbox))).collect()
}

/// When and where backups are made; `None` when they are off.
#[must_use]
pub fn backup_plan(config: &Config) -> Option<Plan> {
    let backup = config.backup.as_ref()?;
    Some(Plan {
        minute: backup.minute,
        generations: backup.generations,
        dir: backup.dir.clone(),
        zone: config.timezone,
    })
}

/// Opens the database of the settings.
///
/// # Errors
/// It cannot be reached, or its schema is newer than this program.
pub async fn open_store(config: &Config) -> anyhow::Result<Store> {
    std::fs::create_dir_all(&config.data_dir).with_context(|| format!("cannot make {}", config.data_dir.display()))?;
    Store::open(config.database_url.expose_secret(), &config.data_dir).await.context("cannot open the database")
}

/// The desk's signing keys; the first is made when there is none.
async fn keyring(store: &Store, clock: &Clock) -> anyhow::Result<Keyring> {
    let mut key = [0_u8; 32];
    getrandom::fill(&mut key).map_err(|fault| anyhow::anyhow!("the system has no random numbers: {fault}"))?;
    store.first_key(&key, clock.now()).await.context("cannot read the signing keys")
}

/// Reads and checks the content and builds the classifier.
///
/// # Errors
/// Every fault with file and line.
pub fn rules(config: &Config) -> Result<Rules, Vec<Fault>> {
    rules_with(config, &Learned::default())
}

/// As [`rules`], with what the desk has learnt.
///
/// # Errors
/// Every fault with file and line.
pub fn rules_with(config: &Config, learned: &Learned) -> Result<Rules, Vec<Fault>> {
    let catalog = catalog(config)?;
    let lemmas = prepared::lemmas(config).map_err(|message| vec![no_dictionary(config, &message)])?;
    prepared::rules(config, catalog, learned, lemmas.as_ref()).map_err(|fault| {
        vec![Fault { file: config.knowledge_base.display().to_string(), line: 0, message: fault.to_string() }]
    })
}

fn no_dictionary(config: &Config, message: &str) -> Fault {
    Fault { file: config.file.display().to_string(), line: 0, message: format!("[content] dictionary: {message}") }
}

/// What the desk has learnt.
///
/// # Errors
/// When the database fails.
pub async fn learned(store: &Store, config: &Config) -> Result<Learned, StoreError> {
    learn::in_force(store, &thresholds(config)).await
}

/// When and from what the desk learns.
#[must_use]
pub fn schedule(config: &Config) -> Schedule {
    Schedule {
        nightly_hour: config.learning.nightly_hour,
        after_votes: config.learning.after_votes,
        texts_days: config.retention.texts_days,
        knowledge_base: config.knowledge_base.clone(),
    }
}

const fn thresholds(config: &Config) -> Thresholds {
    Thresholds { answer: config.answer_precision, suggest: config.suggest_precision, intent: config.intent_probability }
}

/// Reads and checks the content.
///
/// # Errors
/// Every fault with file and line.
pub fn catalog(config: &Config) -> Result<Catalog, Vec<Fault>> {
    put_together(config, prepared::content(config)).map(|(catalog, _)| catalog)
}

/// As [`catalog`], with what a support lead should look at although it may be put in force.
///
/// # Errors
/// Every fault with file and line.
pub fn checked(config: &Config) -> Result<(Catalog, Vec<Fault>), Vec<Fault>> {
    put_together(config, content::load(&config.intents, &config.knowledge_base))
}

fn put_together(
    config: &Config,
    (content, mut faults): (Content, Vec<Fault>),
) -> Result<(Catalog, Vec<Fault>), Vec<Fault>> {
    for intent in &content.intents {
        if !config.queues.iter().any(|queue| queue.name == intent.queue) {
            let known: Vec<&str> = config.queues.iter().map(|queue| queue.name.as_str()).collect();
            let (file, line) = content
                .queue_places
                .get(&intent.id)
                .map_or_else(|| (config.intents.display().to_string(), 0), |place| (place.file.clone(), place.line));
            let message = format!("queue `{}` is not in the settings; known are {}", intent.queue, known.join(", "));
            faults.push(Fault { file, line, message });
        }
    }
    faults.extend(service::unknown_intents(config, &content.intents));
    let words = match config.dictionary.as_deref().map(content::dictionary::fingerprint).transpose() {
        Ok(words) => words,
        Err(message) => {
            faults.push(no_dictionary(config, &message));
            None
        }
    };
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut catalog = Catalog {
        // Decisions depend on the dictionary, too.
        content: words.map_or_else(|| content.version.clone(), |words| format!("{}-{words}", content.version)),
        version: String::new(),
        desk: desk(config),
        intents: content.intents,
        articles: content.articles,
        synonyms: content.synonyms,
        rulebook: content.rulebook,
        queues: config.queues.clone(),
        calendars: config.calendars.clone(),
        thresholds: thresholds(config),
        limits: config.limits,
        policy: Policy::default(),
        service: service::rules(config),
    };
    catalog.service.version = service::version(&catalog);
    catalog.stamp();
    let found = lint::check(&catalog);
    let warnings = found.warnings.into_iter().chain(service::stuck_moves(config)).collect();
    if found.faults.is_empty() { Ok((catalog, warnings)) } else { Err(found.faults) }
}

/// Drafts and retired articles of the files.
#[must_use]
pub fn shelved(config: &Config) -> Vec<Article> {
    content::load(&config.intents, &config.knowledge_base).0.shelved
}

fn desk(config: &Config) -> Desk {
    let mailbox = |mailbox: &crate::config::MailboxSettings| Mailbox {
        name: mailbox.name.clone(),
        address: mailbox.address.clone(),
        queue: mailbox.queue.clone(),
    };
    Desk {
        name: config.desk_name.clone(),
        language: config.language,
        timezone: config.timezone,
        mailboxes: config.mailboxes.iter().map(mailbox).collect(),
        chats: chats(config).map(|(channel, queue, _)| chat_source(channel, queue)).collect(),
        triage: chats(config).filter_map(|(channel, _, room)| triage_room(channel, room)).collect(),
    }
}

/// The chat services of the settings: queue and triage room. There is one workspace each, named like its channel.
fn chats(config: &Config) -> impl Iterator<Item = (Channel, Option<&String>, Option<&String>)> {
    let slack = config.slack.iter().map(|slack| (Channel::Slack, slack.queue.as_ref(), slack.triage.as_ref()));
    let discord =
        config.discord.iter().map(|discord| (Channel::Discord, discord.queue.as_ref(), discord.triage.as_ref()));
    slack.chain(discord)
}

fn chat_source(channel: Channel, queue: Option<&String>) -> ChatSource {
    ChatSource { source: channel.as_str().to_owned(), queue: queue.cloned() }
}

fn triage_room(channel: Channel, room: Option<&String>) -> Option<TriageRoom> {
    Some(TriageRoom { channel, source: channel.as_str().to_owned(), room: room?.clone() })
}

/// Faults as lines for a terminal.
#[must_use]
pub fn listing(faults: &[Fault]) -> String {
    let mut lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    lines.sort();
    lines.join("\n")
}
