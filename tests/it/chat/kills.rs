//! `serve` is killed again and again while people write in Slack and in Discord at once and everything that can go wrong with
//! both services does. An observer who knows what was said compares: nothing lost, nothing filed twice, every message reads as
//! it was last changed or is taken back, no post beyond the documented window.
//!
//! `MADOGUCHI_KILLS`: how often; `MADOGUCHI_SEED`: which chances.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use madoguchi::store::{Store, TicketFilter, TicketMessage};
use serde_json::Value;

use super::office::{HELP, Office, TRIAGE};
use crate::desk::harness::{Database, setting, until};
use crate::desk::on_both;
use crate::support::discord::faults::Faults as DiscordFaults;
use crate::support::discord::shapes;
use crate::support::discord::world::World as Server;
use crate::support::slack::{Dice, Faults};

on_both! {
    nothing_said_is_lost_or_filed_twice_however_often_it_is_killed
}

/// What stands in the place of a message that was taken back.
const TAKEN_BACK: &str = "(taken back by its author)";
/// After the last kill everything must be done by then.
const CATCH_UP: Duration = Duration::from_mins(5);
const STORM: Faults = Faults {
    cut: 0.01,
    warn: 0.01,
    repeat: 0.05,
    late: 0.05,
    limited: 0.01,
    limited_for_s: 1,
    broken: 0.02,
    slow: 0.02,
    slow_for: Duration::from_millis(100),
    stillborn: 0.05,
};

/// What was said: each by a person of their own, so that each must open a ticket.
#[derive(Default)]
struct Observer {
    people: usize,
    /// `ts` of what was said in Slack.
    slack: Vec<String>,
    /// Id of what was said in Discord.
    discord: Vec<u64>,
    edits: usize,
    /// What each reads now, by the name the desk keeps it under.
    texts: BTreeMap<String, String>,
    removals: usize,
}

impl Observer {
    fn speak(&mut self, office: &Office, dice: &mut Dice) {
        self.people += 1;
        let number = self.people;
        let text = format!("The projector in room {number} is broken, please have somebody look at it.");
        match dice.below(14) {
            0..=4 => {
                let user = format!("U{number}");
                office.slack.world().person(&user, &format!("person {number}"), None);
                let ts = office.slack.say(HELP, &user, &text);
                self.texts.insert(in_slack(&ts), text);
                self.slack.push(ts);
            }
            5..=9 => {
                let id = office.discord.say(Server::TEXT, 1_000 + number as u64, &text);
                self.texts.insert(in_discord(id), text);
                self.discord.push(id);
            }
            10 | 12 if !self.slack.is_empty() => {
                let ts = self.slack[dice.below(self.slack.len())].clone();
                let answered = || office.slack.world().posts(HELP).iter().any(|post| post["thread_ts"] == ts.as_str());
                if dice.falls(0.5) {
                    if self.change(in_slack(&ts), &text) {
                        office.slack.edit(HELP, &ts, &format!("{text} (changed)"));
                    }
                } else if answered() && self.take_back(in_slack(&ts)) {
                    office.slack.delete(HELP, &ts);
                }
            }
            11 | 13 if !self.discord.is_empty() => {
                let id = self.discord[dice.below(self.discord.len())];
                let answered = || !office.discord.world().posts(id).is_empty();
                if dice.falls(0.5) {
                    if self.change(in_discord(id), &text) {
                        office.discord.edit(Server::TEXT, id, &format!("{text} (changed)"));
                    }
                } else if answered() && self.take_back(in_discord(id)) {
                    office.discord.delete(Server::TEXT, id);
                }
            }
            _ => {}
        }
    }

    /// Whether the message can still be changed; notes that it reads otherwise.
    fn change(&mut self, message: String, text: &str) -> bool {
        let reads = self.texts.entry(message).or_default();
        let stands = reads != TAKEN_BACK;
        if stands {
            *reads = format!("{text} (changed)");
            self.edits += 1;
        }
        stands
    }

    /// The same of a message that is taken back.
    fn take_back(&mut self, message: String) -> bool {
        let before = self.texts.insert(message, TAKEN_BACK.to_owned());
        let stood = before.as_deref() != Some(TAKEN_BACK);
        self.removals += usize::from(stood);
        stood
    }

    /// The ids everything said is stored under.
    fn ids(&self) -> Vec<String> {
        let slack = self.slack.iter().map(|ts| format!("{HELP}/{ts}"));
        slack.chain(self.discord.iter().map(u64::to_string)).collect()
    }
}

fn in_slack(ts: &str) -> String {
    format!("slack:{HELP}/{ts}")
}

fn in_discord(id: u64) -> String {
    format!("discord:{id}")
}

async fn nothing_said_is_lost_or_filed_twice_however_often_it_is_killed(database: Database) {
    let kills = setting("MADOGUCHI_KILLS", 3);
    let seed = setting("MADOGUCHI_SEED", 1);
    let mut dice = Dice::new(seed);
    let mut office = Office::prepare(database, (seed, STORM), DiscordFaults::all(seed)).await;
    office.slack.world().warning = Duration::from_millis(500);
    office.desk.environment = vec![("FAIL_LEASE_MS".to_owned(), "2000".to_owned())];
    // What was said before the desk first came is not for it.
    office.serve().await;
    first_marks(&office).await;
    let mut observer = Observer::default();
    let started = Instant::now();
    for _ in 0..kills {
        // Mostly once it is at work, now and then while it is still waking up.
        if dice.below(4) > 0 {
            until("Slack is connected", async || (office.slack.world().connections() > 0).then_some(())).await;
        }
        let end = Instant::now() + pause(&mut dice, 200, 2_500);
        while Instant::now() < end {
            observer.speak(&office, &mut dice);
            assert!(office.desk.ended().is_none(), "serve ended by itself: {}", office.desk.log());
            tokio::time::sleep(pause(&mut dice, 5, 80)).await;
        }
        for _ in 0..dice.below(8) {
            observer.speak(&office, &mut dice);
        }
        tokio::time::sleep(pause(&mut dice, 0, 600)).await;
        office.desk.kill().await;
        for _ in 0..dice.below(3) {
            observer.speak(&office, &mut dice);
        }
        office.desk.launch();
    }
    office.slack.world().faults = Faults::default();
    office.desk.kill().await;
    office.desk.serve().await;
    let last = Instant::now();
    caught_up(&office, &observer.ids()).await;
    office.quiet().await;
    println!(
        "{database:?}: {kills} kills in {:?}, {} said in Slack, {} in Discord, {} edits, {} removals; caught up in {:?}",
        started.elapsed(),
        observer.slack.len(),
        observer.discord.len(),
        observer.edits,
        observer.removals,
        last.elapsed()
    );
    reads_as_it_was_left(&office, &observer).await;
    compare(&office, &observer, kills).await;
    office.desk.stop().await;
}

/// Waits until everything in `wanted` is filed, or tells what is not.
async fn caught_up(office: &Office, wanted: &[String]) {
    let deadline = Instant::now() + CATCH_UP;
    loop {
        let totals = office.desk.totals().await;
        if usize::try_from(totals.filed).unwrap() >= wanted.len() && totals.pending == 0 {
            break;
        }
        if Instant::now() > deadline {
            break tell_of_missing(office, wanted).await;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

/// What became of what is not filed.
async fn tell_of_missing(office: &Office, wanted: &[String]) {
    let document = office.desk.json(&["ledger", "--rows"]).await;
    let rows = document["rows"].as_array().unwrap();
    for id in wanted {
        let about: Vec<&Value> = rows.iter().filter(|row| said_in(row) == id).collect();
        if !about.iter().any(|row| row["fate"] == "filed") {
            println!("  {id}: {about:?}");
        }
    }
    let inbox = office.desk.json(&["inbox", "list"]).await;
    println!("  totals {}; waiting: {inbox}", document["totals"]);
}

/// The message a row is about. A change that comes before its message, which was lost on the way and is found in the history
/// later, is decided in its place.
fn said_in(row: &Value) -> &str {
    row["external_id"].as_str().unwrap_or_default().split('#').next().unwrap_or_default()
}

fn pause(dice: &mut Dice, least_ms: usize, more_ms: usize) -> Duration {
    Duration::from_millis((least_ms + dice.below(more_ms)) as u64)
}

/// Waits until both services' rooms were read for the first time.
async fn first_marks(office: &Office) {
    let (room, server) = (office.slack.say(HELP, "UBOB", "thanks"), office.discord.say(Server::TEXT, 5, "thanks"));
    office.desk.settled(2).await;
    assert!(!room.is_empty() && server > 0);
}

/// Waits until every message reads as its writer last left it.
async fn reads_as_it_was_left(office: &Office, observer: &Observer) {
    let store = Store::open(&office.desk.database_url(), &office.desk.path("data")).await.unwrap();
    let deadline = Instant::now() + CATCH_UP;
    loop {
        let mut reads: BTreeMap<String, String> = BTreeMap::new();
        for listed in store.tickets(&TicketFilter::default()).await.unwrap() {
            for message in store.ticket_messages(listed.ticket.id).await.unwrap() {
                if let TicketMessage::In(message) = message {
                    reads.extend(message.message_id.clone().map(|id| (id, message.text.clone())));
                }
            }
        }
        let is_wrong = |(id, text): &(&String, &String)| reads.get(*id) != Some(*text);
        let wrong: Vec<_> = observer.texts.iter().filter(is_wrong).collect();
        if wrong.is_empty() {
            return store.close().await;
        }
        assert!(
            Instant::now() < deadline,
            "{} read otherwise, the first: {:?}",
            wrong.len(),
            wrong.iter().take(5).collect::<Vec<_>>()
        );
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn compare(office: &Office, observer: &Observer, kills: u64) {
    let document = office.desk.json(&["ledger", "--rows"]).await;
    let mut filed: BTreeMap<String, usize> = BTreeMap::new();
    for row in document["rows"].as_array().unwrap().iter().filter(|row| row["fate"] == "filed") {
        *filed.entry(said_in(row).to_owned()).or_default() += 1;
    }
    let wanted = observer.ids();
    let lost: Vec<&String> = wanted.iter().filter(|id| !filed.contains_key(*id)).collect();
    let twice = filed.values().filter(|count| **count > 1).count();
    let tickets = office.desk.tickets().await;
    let in_slack = slack_posts(office);
    let repeated: usize = in_slack.values().map(|count| count - 1).sum();
    let discord_repeats = discord_repeats(office, observer);
    println!(
        "  {} filed, {} tickets; lost {}, filed twice {twice}; {} posts in Slack, {repeated} repeated; repeated in Discord {}",
        filed.len(),
        tickets.len(),
        lost.len(),
        in_slack.len(),
        discord_repeats.len()
    );
    assert!(lost.is_empty(), "lost: {lost:?}");
    assert_eq!((twice, tickets.len()), (0, wanted.len()), "one ticket for each");
    assert_eq!(filed.len(), wanted.len());
    assert!(repeated as u64 <= kills, "{repeated} posts repeated in Slack");
    assert_eq!(discord_repeats, Vec::<String>::new(), "nothing is repeated in Discord");
    // Everybody has an answer below what they wrote, and every ticket its card in both rooms.
    let answered = |ts: &String| in_slack.keys().any(|(room, thread, _)| room == HELP && thread == ts);
    let unanswered: Vec<&String> = observer.slack.iter().filter(|ts| !answered(ts)).collect();
    assert!(unanswered.is_empty(), "no answer below {unanswered:?}");
    let world = office.discord.world();
    let silent: Vec<&u64> = observer.discord.iter().filter(|id| world.posts(**id).is_empty()).collect();
    assert!(silent.is_empty(), "no answer below {silent:?}");
    for ticket in &tickets {
        let id = format!("{} ", ticket["id"].as_str().unwrap());
        let is_card = |post: &&Value| post["content"].as_str().unwrap_or_default().contains(id.trim_end());
        assert!(world.posts(Server::TRIAGE).iter().any(is_card), "no card of {id} in Discord");
    }
    assert_eq!(in_slack.keys().filter(|(room, ..)| room == TRIAGE).count(), tickets.len(), "cards in Slack");
}

/// Every post of the desk in Slack by room, thread and key, and how often it is there.
fn slack_posts(office: &Office) -> BTreeMap<(String, String, String), usize> {
    let world = office.slack.world();
    let mut found = BTreeMap::new();
    for room in [HELP, TRIAGE] {
        for post in world.posts(room) {
            let text = |at: &str| post.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
            // A card keeps its first line while it changes; other posts have the key of their row.
            let key = if room == TRIAGE {
                text("/text").split_whitespace().next().unwrap_or_default().to_owned()
            } else {
                text("/metadata/event_payload/key")
            };
            *found.entry((room.to_owned(), text("/thread_ts"), key)).or_default() += 1;
        }
    }
    found
}

/// Posts of the desk in Discord that say the same in the same place.
fn discord_repeats(office: &Office, observer: &Observer) -> Vec<String> {
    let world = office.discord.world();
    let mut repeats = Vec::new();
    for place in observer.discord.iter().chain([&Server::TEXT, &Server::TRIAGE]) {
        let mut said: BTreeMap<String, u64> = BTreeMap::new();
        for post in world.posts(*place) {
            let text = post["content"].as_str().unwrap_or_default().to_owned();
            if said.insert(text.clone(), shapes::id(post)).is_some() {
                repeats.push(format!("{place}: {text}"));
            }
        }
    }
    repeats
}
