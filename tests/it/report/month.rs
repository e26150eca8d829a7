//! A month of every request type of the catalogue that ships, reported and worked out a second time by hand.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use madoguchi::decide::agent::{Hand, Reply, Ruling, Then, assign, reopen, reply, resolve, rule_on};
use madoguchi::domain::catalog::Catalog;
use madoguchi::domain::*;
use madoguchi::report::{Cell, Period, Report, Row};

use super::by_hand::{Hours, SLOT_MS, Table, add};
use super::{made, shipped};
use crate::desk::harness::setting;
use crate::sla::{file, ring};
use crate::store::{Desk, on_both};

on_both! { the_table_of_service_levels_is_what_counting_by_hand_finds }

/// Thursday 1 October 2026, 00:00 in Tokyo.
const BEGIN: Timestamp = Timestamp(1_790_780_400_000);
const DAYS: i64 = 50;
const SLOTS: i64 = DAYS * 24 * 120;
const MONTH: i64 = 31 * 24 * 120;

/// xorshift64*: the same seed gives the same month on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: i64) -> i64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        i64::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).unwrap() % most
    }
}

fn at(slot: i64) -> Timestamp {
    BEGIN.plus_ms(slot * SLOT_MS)
}

/// Work that needs leave gets it at once: no clock stands for it.
async fn approve(desk: &Desk, hand: &Hand<'_>, id: TicketId) {
    let ticket = desk.store.ticket(id).await.unwrap().unwrap();
    if ticket.course.waits_for_approval() {
        let ruling = Ruling { verdict: Verdict::Approved, note: "", last: None };
        desk.store.apply_from(&rule_on(hand, &ticket, &ruling).unwrap(), hand.now, "cli").await.unwrap();
    }
}

/// Files a ticket and works on it; its number.
async fn live(desk: &Desk, catalog: &Catalog, dice: &mut Dice, (n, intent): (usize, &str)) -> TicketId {
    let arrives = dice.below(MONTH / 2) * 2;
    let id = file(&desk.store, catalog, &[(n, intent, at(arrives))]).await[&n];
    let longest = if intent.ends_with("incident") { 70 } else { 2_000 };
    let ring = ring();
    let hand = |now| Hand { catalog, keyring: &ring, agent: "aoki", now };
    approve(desk, &hand(at(arrives)), id).await;
    let mut slot = arrives;
    for _ in 0..dice.below(8) {
        slot += (dice.below(longest) + 1) * 2 - i64::from(slot == arrives);
        if slot >= SLOTS - 240 {
            break;
        }
        let ticket = desk.store.ticket(id).await.unwrap().unwrap();
        let hand = hand(at(slot));
        let words = |then| Reply { text: "確認しています。", then, last: None };
        let changes = match (ticket.status, dice.below(10)) {
            (Status::Waiting | Status::Resolved, 0..6) => reopen(&hand, &ticket),
            (Status::Resolved, _) => break,
            (_, 0..4) => reply(&hand, &ticket, &words(Then::StaysOpen)),
            (_, 4..6) => reply(&hand, &ticket, &words(Then::Waits)),
            (_, 6) if ticket.assignee.is_none() => assign(&hand, &ticket, Some("aoki")),
            (_, 6 | 7) => reply(&hand, &ticket, &words(Then::IsResolved)),
            _ => resolve(&hand, &ticket, None),
        };
        desk.store.apply_from(&changes.unwrap(), hand.now, "cli").await.unwrap();
        approve(desk, &hand, id).await;
    }
    id
}

async fn the_table_of_service_levels_is_what_counting_by_hand_finds(desk: Desk) {
    let catalog = shipped();
    let (mut dice, now) = (Dice(26_200), at(SLOTS - 120));
    let date = NaiveDate::from_ymd_opt(2026, 10, 1).unwrap();
    let hours = Hours::new(BEGIN.0, date, DAYS + 20);
    let mut table = Table::default();
    let mut events = BTreeMap::new();
    let rounds = usize::try_from(setting("REPORT_ROUNDS", 5)).unwrap();
    let types: Vec<&str> = catalog.intents.iter().map(|intent| intent.id.as_str()).collect();
    for (n, intent) in types.iter().cycle().take(types.len() * rounds).enumerate() {
        let id = live(&desk, &catalog, &mut dice, (n, intent)).await;
        let ticket = desk.store.ticket(id).await.unwrap().unwrap();
        let history = desk.store.ticket_events(id).await.unwrap();
        add(&mut table, &ticket, &history, &hours, now);
        events.insert(id, (ticket, history));
    }
    let report = made(&desk.store, &catalog, Period::Month(2026, 10), now).await;
    same_lines(&catalog, &report, &table);
    same_times(&report, table);
    same_volumes(&catalog, &report, &events);
    same_work(&report, &events);
    // The month before had nothing.
    let trends = report.section("trends").unwrap();
    assert_eq!(trends.rows[0].cells[2..4], [Cell::Figure(to_f64(events.len())), Cell::Figure(0.0)]);
}

fn to_f64(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

fn text(row: &Row, at: usize) -> &str {
    match &row.cells[at] {
        Cell::Text(text) | Cell::Named { title: text, .. } => text,
        other => panic!("{other:?}"),
    }
}

fn count(row: &Row, at: usize) -> u64 {
    match &row.cells[at] {
        Cell::Count(count) => *count,
        other => panic!("{other:?}"),
    }
}

fn ids(row: &Row, key: &str) -> Vec<String> {
    row.ids.iter().find(|(known, _)| *known == key).map(|(_, ids)| ids.clone()).unwrap_or_default()
}

fn same_lines(catalog: &Catalog, report: &Report, table: &Table) {
    let section = report.section("service_levels").unwrap();
    let mut left = table.lines.clone();
    let (mut met, mut missed) = (0, 0);
    for row in &section.rows {
        let intent = catalog.intents.iter().find(|intent| intent.title.en == text(row, 0)).unwrap();
        let key = left.keys().find(|(id, level, promise, target)| {
            (id, *level, *promise, *target) == (&intent.id, text(row, 1), text(row, 2), text(row, 3))
        });
        let key = key.unwrap_or_else(|| panic!("by hand there is no {row:?}")).clone();
        let line = left.remove(&key).unwrap();
        let all = line.met + line.missed + line.open;
        assert_eq!([4, 5, 6, 7].map(|at| count(row, at)), [all, line.met, line.missed, line.open], "{key:?}");
        assert_eq!(ids(row, "missed"), line.missed_ids, "{key:?}");
        let decided = line.met + line.missed;
        let wanted = if key.1 == "SLO" { 0.95 } else { 1.0 };
        let verdict =
            to_f64(usize::try_from(line.met).unwrap()) / to_f64(usize::try_from(decided).unwrap()).max(1.0) >= wanted;
        match (&row.cells[9], decided) {
            (Cell::None, 0) => {}
            (Cell::Named { id, .. }, 1..) => assert_eq!(id == "met", verdict, "{key:?}"),
            other => panic!("{key:?}: {other:?}"),
        }
        (met, missed) = (met + line.met, missed + line.missed);
    }
    assert!(left.is_empty(), "the report has no {left:?}");
    assert!(met > 100 && missed > 50, "{met} met, {missed} missed");
    // The whole request catalogue is there, but for types whose few tickets all wait for details.
    let types: BTreeSet<&str> = section.rows.iter().map(|row| text(row, 0)).collect();
    assert!(types.len() + 2 >= catalog.intents.len(), "only {} types", types.len());
}

fn same_times(report: &Report, table: Table) {
    let total = report.section("times").unwrap().rows.last().unwrap();
    for (mut minutes, at) in [(table.first, 1), (table.solved, 4)] {
        minutes.sort_by(f64::total_cmp);
        assert_eq!(count(total, at), minutes.len() as u64);
        for (percent, at) in [(50, at + 1), (90, at + 2)] {
            // The least value that at least so many percent are not above.
            let wanted = minutes
                .iter()
                .find(|value| {
                    let below = minutes.iter().filter(|other| other <= value).count();
                    below * 100 >= minutes.len() * percent
                })
                .unwrap();
            assert_eq!(total.cells[at], Cell::Figure(*wanted), "p{percent}");
        }
    }
}

/// A dimension and what a ticket is in it.
type Named<'a> = (&'a str, &'a dyn Fn(&Ticket) -> String);
type Lives = BTreeMap<TicketId, (Ticket, Vec<TicketEvent>)>;

fn same_volumes(catalog: &Catalog, report: &Report, lives: &Lives) {
    let section = report.section("volumes").unwrap();
    assert_eq!(count(&section.rows[0], 2), lives.len() as u64);
    assert_eq!(ids(&section.rows[0], "count").len(), lives.len());
    let hour = |ticket: &Ticket| format!("{:02}:00", (ticket.created_at.0 / 3_600_000 + 9) % 24);
    let queue = |ticket: &Ticket| catalog.queue(&ticket.queue).unwrap().title.en.clone();
    let keys: [Named<'_>; 3] = [("hour", &hour), ("queue", &queue), ("channel", &|_| "email".to_owned())];
    for (by, key) in keys {
        let mut wanted: BTreeMap<String, u64> = BTreeMap::new();
        for (ticket, _) in lives.values() {
            *wanted.entry(key(ticket)).or_default() += 1;
        }
        let rows = section.rows.iter().filter(|row| text(row, 0) == by);
        let found: BTreeMap<String, u64> = rows.map(|row| (text(row, 1).to_owned(), count(row, 2))).collect();
        assert_eq!(found, wanted, "{by}");
    }
}

fn same_work(report: &Report, lives: &Lives) {
    let month = BEGIN.0..at(MONTH).0;
    let (mut acts, mut replies, mut questions) = (BTreeSet::new(), BTreeSet::new(), 0);
    for (id, (_, events)) in lives {
        for event in events.iter().filter(|event| month.contains(&event.at.0)) {
            if event.actor == "aoki" {
                acts.insert((*id, event.at));
                if event.kind == EventKind::MessageOut {
                    replies.insert((*id, event.at));
                }
            } else if event.kind == EventKind::MessageOut && event.detail.starts_with("question") {
                questions += 1;
            }
        }
    }
    for key in ["workload_teams", "workload_types"] {
        let rows = &report.section(key).unwrap().rows;
        let sum = |at: usize| rows.iter().map(|row| count(row, at)).sum::<u64>();
        assert_eq!(sum(2), replies.len() as u64, "{key}");
        assert_eq!(sum(3), (acts.len() - replies.len()) as u64, "{key}");
        let minutes: f64 = rows.iter().filter_map(|row| row.figure(4)).sum();
        let wanted = to_f64(replies.len()) * 10.0 + to_f64(acts.len() - replies.len()) * 2.0;
        assert!((minutes - wanted).abs() < 1e-6, "{key}: {minutes} {wanted}");
    }
    let automation = &report.section("automation").unwrap().rows;
    assert_eq!(count(&automation[0], 1), lives.len() as u64);
    assert_eq!(automation[0].cells[3], Cell::Figure(to_f64(lives.len()) * 15.3 / 60.0));
    assert_eq!(count(&automation[4], 1), questions);
}
