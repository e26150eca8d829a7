//! `serve` is killed again and again while mail comes in over a bad line. An observer who knows what was put into the mailbox
//! compares: nothing lost, nothing filed twice, no reply beyond the documented window.
//!
//! `MADOGUCHI_KILLS`: how often; `MADOGUCHI_SEED`: which chances.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::harness::{Database, Desk, setting, within};
use super::letter::{Letter, header, message_id};
use super::on_both;
use crate::support::dovecot::{MailUser, dovecot};
use crate::support::fault_proxy::{Fault, FaultProxy, Way};
use crate::support::smtp_sink::SmtpSink;

on_both! {
    nothing_is_lost_or_filed_twice_however_often_it_is_killed
}

/// After the last kill everything must be done by then.
const CATCH_UP: Duration = Duration::from_mins(1);
const FAULTS: &[(Way, &str, Fault)] = &[
    (Way::ToClient, "FETCH (", Fault::Reset),
    (Way::ToClient, "BODY[", Fault::Close),
    (Way::ToClient, "Subject: ", Fault::Garbage),
    (Way::ToClient, "* SEARCH", Fault::Reset),
    (Way::ToClient, "FETCH (", Fault::Blackhole),
    (Way::ToServer, "UID STORE", Fault::Close),
    (Way::ToServer, "UID FETCH", Fault::Reset),
    (Way::ToServer, "IDLE", Fault::Close),
    (Way::ToClient, "UIDVALIDITY", Fault::Garbage),
];

/// Chances that are the same for the same seed.
struct Chance(u64);

impl Chance {
    /// 0 up to `end`, without it.
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// What was put into the mailbox.
#[derive(Default)]
struct Observer {
    /// Mails that must open a ticket each, by number.
    requests: BTreeMap<usize, Letter>,
    /// Machines' mails that must be ignored.
    machines: usize,
    copies: usize,
    delivered: usize,
}

impl Observer {
    fn deliver(&mut self, mailbox: &MailUser, chance: &mut Chance) {
        self.delivered += 1;
        let number = self.delivered;
        let earlier = |chance: &mut Chance, requests: &BTreeMap<usize, Letter>| {
            let at = usize::try_from(chance.below(requests.len().max(1) as u64)).unwrap();
            requests.values().nth(at).cloned()
        };
        let letter = match chance.below(20) {
            0 | 1 => Letter { id: String::new(), ..Letter::request(number) },
            2 | 3 => {
                let id = earlier(chance, &self.requests).map_or(String::new(), |letter| letter.id);
                Letter { id, ..Letter::request(number) }
            }
            4 | 5 => {
                if let Some(copy) = earlier(chance, &self.requests) {
                    self.copies += 1;
                    mailbox.deliver(&copy.raw());
                }
                return;
            }
            6 => return self.machine(mailbox, &Letter::out_of_office(number)),
            7 => return self.machine(mailbox, &Letter::bounce(number)),
            _ => Letter::request(number),
        };
        mailbox.deliver(&letter.raw());
        self.requests.insert(number, letter);
    }

    fn machine(&mut self, mailbox: &MailUser, letter: &Letter) {
        self.machines += 1;
        mailbox.deliver(&letter.raw());
    }
}

async fn nothing_is_lost_or_filed_twice_however_often_it_is_killed(database: Database) {
    let kills = setting("MADOGUCHI_KILLS", 15);
    let mut chance = Chance(setting("MADOGUCHI_SEED", 1));
    let mailbox = dovecot().user("desk");
    let proxy = FaultProxy::start(dovecot().imap).await;
    let sink = SmtpSink::start().await;
    let mut desk = Desk::new(database, &mailbox.address).await;
    desk.reads(&mailbox, proxy.port);
    desk.sends_to_sink(sink.port);
    desk.environment = vec![("FAIL_LEASE_MS".to_owned(), "2000".to_owned())];
    let mut observer = Observer::default();
    let mut renumbered = 0;
    let started = Instant::now();
    for kill in 0..kills {
        desk.launch();
        let end = Instant::now() + Duration::from_millis(300 + chance.below(3_000));
        if chance.below(2) == 0 {
            let (way, text, fault) = FAULTS[usize::try_from(chance.below(FAULTS.len() as u64)).unwrap()];
            proxy.once(way, text, fault);
        }
        // A renumbered folder is read again from the start, which would bring back what was lost: none in the second half.
        if chance.below(6) == 0 && kill * 2 < kills {
            renumbered += 1;
            mailbox.set_uid_validity(2_000_000_000 + renumbered);
        }
        while Instant::now() < end {
            if chance.below(3) == 0 {
                observer.deliver(&mailbox, &mut chance);
            }
            assert!(desk.ended().is_none(), "serve ended by itself: {}", desk.log());
            tokio::time::sleep(Duration::from_millis(50 + chance.below(300))).await;
        }
        // Mostly while it is at work on something.
        for _ in 0..chance.below(5) {
            observer.deliver(&mailbox, &mut chance);
        }
        tokio::time::sleep(Duration::from_millis(chance.below(200))).await;
        desk.kill().await;
    }
    let fired = proxy.fired();
    proxy.clear();
    desk.serve().await;
    let last = Instant::now();
    within(CATCH_UP, "caught up", async || {
        let totals = desk.totals().await;
        let all = totals.filed >= observer.requests.len() as u64 && totals.ignored >= observer.machines as u64;
        (all && totals.pending == 0).then_some(())
    })
    .await;
    let sent = desk.sent().await;
    println!(
        "{database:?}: {kills} kills in {:?}, {} mails ({} copies, {} by machines), {fired} faults on the line, {renumbered} \
         renumberings; caught up in {:?}",
        started.elapsed(),
        observer.delivered,
        observer.copies,
        observer.machines,
        last.elapsed()
    );
    compare(&desk, &observer, &sent, (&sink, kills)).await;
    desk.stop().await;
}

async fn compare(desk: &Desk, observer: &Observer, sent: &[serde_json::Value], (sink, kills): (&SmtpSink, u64)) {
    let totals = desk.totals().await;
    let mut filed: BTreeMap<String, usize> = BTreeMap::new();
    for ticket in desk.tickets().await {
        *filed.entry(ticket["subject"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    let lost: Vec<&Letter> = observer.requests.values().filter(|letter| !filed.contains_key(&letter.subject)).collect();
    let twice: Vec<_> = filed.iter().filter(|(_, count)| **count > 1).collect();
    let mut copies: BTreeMap<String, usize> = BTreeMap::new();
    let mut people: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for mail in sink.taken() {
        let id = message_id(&mail.data);
        people.entry(header(&mail.data, "To")).or_default().insert(id.clone());
        *copies.entry(id).or_default() += 1;
    }
    let repeats: u64 = copies.values().map(|count| *count as u64 - 1).sum();
    let double: Vec<_> = people.iter().filter(|(_, ids)| ids.len() > 1).collect();
    println!(
        "  {totals:?}\n  lost {}, filed twice {}, replies {}, second replies {}, repeated with the same Message-ID {repeats}",
        lost.len(),
        twice.len(),
        copies.len(),
        double.len()
    );
    assert!(lost.is_empty(), "lost: {lost:#?}");
    assert!(twice.is_empty(), "filed twice: {twice:?}");
    assert!(double.is_empty(), "answered twice: {double:?}");
    assert!(repeats <= kills, "{repeats} repeats");
    assert_eq!((totals.filed, totals.joined), (observer.requests.len() as u64, 0));
    assert_eq!((totals.ignored, totals.buried), (observer.machines as u64, 0));
    // Every reply that was written is out, and nothing else is.
    let written: BTreeSet<String> =
        sent.iter().map(|row| row["message_id"].as_str().unwrap().trim_matches(['<', '>']).to_owned()).collect();
    assert_eq!(written, copies.into_keys().collect());
    assert_eq!(written.len(), observer.requests.len(), "each request is acknowledged");
    assert!(sent.iter().all(|row| row["state"] == "delivered"));
}
