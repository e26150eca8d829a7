//! The table of service levels worked out a second time: from the raw history of each ticket, with a calendar of half-minutes that is
//! counted out, and with the promises of the request catalogue written down here. It shares nothing with the report.

use std::collections::BTreeMap;

use chrono::{Datelike, Days, NaiveDate};
use madoguchi::domain::*;

/// Half-minutes: messages come on the minute, what agents do in between.
pub const SLOT_MS: i64 = 30_000;
const DAY: i64 = 24 * 120;

/// Request types with five business days; all others have one.
const FIVE_DAYS: [&str; 16] = [
    "software-configuration",
    "patching",
    "software-upgrade",
    "disk-change",
    "instance-type",
    "limit-increase",
    "cloud-settings",
    "procedure-change",
    "technical-advice",
    "vulnerability-notice",
    "capacity-planning",
    "improvement-proposal",
    "study-meeting",
    "performance-test",
    "bottleneck-study",
    "privacy-request",
];
const INCIDENTS: [&str; 2] = ["incident", "security-incident"];

/// Count, met, missed and open of one line of the table, and the working minutes to the end of those that ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    pub met: u64,
    pub missed: u64,
    pub open: u64,
    pub missed_ids: Vec<String>,
}

/// Lines by request type, level, promise and target; and working minutes to the first word and to the solution.
#[derive(Debug, Default)]
pub struct Table {
    pub lines: BTreeMap<(String, &'static str, &'static str, &'static str), Line>,
    pub first: Vec<f64>,
    pub solved: Vec<f64>,
}

/// Open half-minutes before each slot, for business hours; around the clock every slot is open.
pub struct Hours {
    begin: i64,
    before: Vec<i64>,
    closes: Vec<(i64, i64)>,
}

impl Hours {
    /// Weekdays 10:00 to 19:00 in Tokyo but for the holidays of autumn 2026, from `begin` (a Tokyo midnight) on.
    pub fn new(begin: i64, date: NaiveDate, days: i64) -> Self {
        let mut hours = Self { begin, before: vec![0], closes: Vec::new() };
        for day in 0..days {
            let date = date + Days::new(day.unsigned_abs());
            let holiday = matches!((date.month(), date.day()), (9, 21..=23) | (10, 12) | (11, 3 | 23));
            let is_closed = date.weekday().num_days_from_monday() > 4 || holiday;
            for slot in 0..DAY {
                let is_open = !is_closed && (10 * 120..19 * 120).contains(&slot);
                hours.before.push(hours.before.last().unwrap() + i64::from(is_open));
            }
            if !is_closed {
                hours.closes.push((day, day * DAY + 19 * 120));
            }
        }
        hours
    }

    fn slot(&self, at: Timestamp) -> i64 {
        (at.0 - self.begin) / SLOT_MS
    }

    fn open(&self, always: bool, from: i64, to: i64) -> i64 {
        let before = |slot: i64| self.before[usize::try_from(slot).unwrap()];
        if always { to - from } else { before(to) - before(from) }
    }

    /// Open half-minutes until closing time of the n-th business day after the day of `from`. Around the clock each day closes at
    /// midnight.
    fn until_close(&self, always: bool, from: i64, days: usize) -> i64 {
        let day = from / DAY;
        if always {
            return (day + i64::try_from(days).unwrap() + 1) * DAY - from;
        }
        let closes = self.closes.iter().filter(|(closing, _)| *closing > day).nth(days - 1).unwrap().1;
        self.open(false, from, closes)
    }
}

/// What one promise gives: level, promise, target as it is shown, half-minutes.
type Given = (&'static str, &'static str, &'static str, i64);

struct Promise {
    given: Given,
    counted: i64,
    is_open: bool,
    is_missed: bool,
    /// It ended with nothing to keep.
    is_dropped: bool,
    met: u64,
    missed: u64,
}

impl Promise {
    const fn new(given: Given) -> Self {
        Self { given, counted: 0, is_open: true, is_missed: false, is_dropped: false, met: 0, missed: 0 }
    }
}

/// What is promised when people first have to work on it, at slot `from`.
fn promises(ticket: &Ticket, hours: &Hours, from: i64) -> (bool, Vec<Given>) {
    let intent = ticket.intent.as_deref().unwrap_or_default();
    let urgent =
        vec![("SLO", "first response", "15m", 30), ("SLO", "update", "1h", 120), ("SLO", "resolution", "4h", 480)];
    let is_incident = INCIDENTS.contains(&intent);
    if ticket.priority == Priority::Critical {
        let mut given = urgent;
        if is_incident {
            given.push(("SLA", "first response", "30m", 60));
        }
        return (true, given);
    }
    if is_incident {
        return (true, vec![("SLO", "first response", "1h", 120), ("SLO", "resolution", "24h", 2_880)]);
    }
    let always = matches!(intent, "suspicious-mail");
    let (days, shown) = if FIVE_DAYS.contains(&intent) { (5, "5bd") } else { (1, "1bd") };
    let first = if ticket.priority == Priority::High && intent != "complaint" {
        ("SLO", "first response", "1h", 120)
    } else {
        ("SLO", "first response", "1bd", hours.until_close(always, from, 1))
    };
    (always, vec![first, ("SLO", "resolution", shown, hours.until_close(always, from, days))])
}

/// What happened at one instant: a person wrote to the requester, and where the ticket stands since.
#[derive(Clone, Copy, Default)]
struct Moment {
    word: bool,
    status: Option<Stands>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stands {
    Runs,
    Waits,
    Ended,
}

fn moments(ticket: &Ticket, events: &[TicketEvent], hours: &Hours) -> BTreeMap<i64, Moment> {
    let mut moments: BTreeMap<i64, Moment> = BTreeMap::new();
    for event in events {
        let moment = moments.entry(hours.slot(event.at)).or_default();
        match event.kind {
            EventKind::MessageOut if event.actor == "aoki" && event.detail.starts_with("agent_reply") => {
                moment.word = true;
            }
            EventKind::Status => {
                let after = event.detail.split(" → ").nth(1).unwrap();
                moment.status = Some(match after.split([':', ' ']).next().unwrap() {
                    "new" | "open" => Stands::Runs,
                    "waiting" | "answered" => Stands::Waits,
                    "resolved" | "closed" => Stands::Ended,
                    other => panic!("{} is {other}", ticket.id),
                });
            }
            _ => {}
        }
    }
    moments
}

/// Adds one ticket to the table, as it stands at `now`. A ticket that waits for details from the beginning promises nothing until
/// people first have to work on it.
pub fn add(table: &mut Table, ticket: &Ticket, events: &[TicketEvent], hours: &Hours, now: Timestamp) {
    let mut moments = moments(ticket, events, hours);
    let mut slot = hours.slot(ticket.created_at);
    moments.entry(slot).or_default().status.get_or_insert(Stands::Runs);
    let (mut promises, mut always, mut runs) = (Vec::new(), false, false);
    let mut spent = [None, None];
    for (at, moment) in moments {
        pass(&mut promises, runs, hours.open(always, slot, at));
        slot = at;
        runs = moment.status.map_or(runs, |stands| stands == Stands::Runs);
        if runs && promises.is_empty() {
            let given;
            (always, given) = self::promises(ticket, hours, at);
            promises.extend(given.into_iter().map(Promise::new));
        }
        if moment.word {
            said(&mut promises, &mut spent);
        }
        match moment.status {
            Some(Stands::Ended) => ended(&mut promises, &mut spent, moment.word),
            Some(Stands::Runs) => again(&mut promises, &mut spent),
            Some(Stands::Waits) | None => {}
        }
    }
    pass(&mut promises, runs, hours.open(always, slot, hours.slot(now)));
    let intent = ticket.intent.clone().unwrap();
    for promise in promises {
        let (level, kind, target, _) = promise.given;
        let line = table.lines.entry((intent.clone(), level, kind, target)).or_default();
        line.met += promise.met;
        line.missed += promise.missed;
        line.open += u64::from(promise.is_open && !promise.is_missed);
        if promise.missed > 0 {
            line.missed_ids.push(ticket.id.to_string());
        }
    }
    table.first.extend(spent[0]);
    table.solved.extend(spent[1]);
}

/// Time passes.
fn pass(promises: &mut [Promise], runs: bool, open: i64) {
    for promise in promises.iter_mut().filter(|promise| promise.is_open && runs) {
        promise.counted += open;
        if !promise.is_missed && promise.counted >= promise.given.3 {
            promise.is_missed = true;
            promise.missed += 1;
        }
    }
}

fn meet(promise: &mut Promise) {
    if promise.is_open {
        promise.is_open = false;
        promise.met += u64::from(!promise.is_missed);
    }
}

#[expect(clippy::cast_precision_loss, reason = "a month has few half-minutes")]
fn minutes(promise: &Promise) -> f64 {
    promise.counted as f64 / 2.0
}

/// A word to the requester.
fn said(promises: &mut [Promise], spent: &mut [Option<f64>; 2]) {
    for promise in promises {
        match promise.given.1 {
            "first response" if promise.is_open => {
                meet(promise);
                if promise.given.0 == "SLO" {
                    spent[0] = Some(minutes(promise));
                }
            }
            "update" if promise.is_open => {
                meet(promise);
                (promise.is_open, promise.is_missed, promise.counted) = (true, false, 0);
            }
            _ => {}
        }
    }
}

/// The word that ends it begins no hour in which another is due.
fn ended(promises: &mut [Promise], spent: &mut [Option<f64>; 2], with_word: bool) {
    for promise in promises.iter_mut().filter(|promise| promise.is_open) {
        if with_word && promise.given.1 == "update" {
            (promise.is_open, promise.is_dropped) = (false, true);
            continue;
        }
        meet(promise);
        if promise.given.0 == "SLO" {
            match promise.given.1 {
                "first response" => spent[0] = Some(minutes(promise)),
                "resolution" => spent[1] = Some(minutes(promise)),
                _ => {}
            }
        }
    }
}

/// It came back: what had ended goes on, but for the first word.
fn again(promises: &mut [Promise], spent: &mut [Option<f64>; 2]) {
    for promise in promises.iter_mut().filter(|promise| !promise.is_open && promise.given.1 != "first response") {
        promise.is_open = true;
        promise.met -= u64::from(!promise.is_missed && !std::mem::take(&mut promise.is_dropped));
        if promise.given.1 == "resolution" {
            spent[1] = None;
        }
    }
}
