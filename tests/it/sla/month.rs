//! A month of a desk's life in simulated time, on both databases, with the ticker dropped and restarted at random points: the
//! two ledgers are the same, and every miss is the one that counting half-minutes by hand finds.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use chrono::{Datelike, Timelike};
use madoguchi::clock::Clock as Time;
use madoguchi::decide::agent::{Hand, Reply, Then, reopen, reply, resolve};
use madoguchi::domain::catalog::Catalog;
use madoguchi::domain::*;
use madoguchi::store::{OutboxFilter, Store};
use madoguchi::workers::tick::Ticker;

use super::kills::Ticking;
use super::{BEGIN, MINUTE, catalog, file, ring, tick, ticker};
use crate::desk::harness::setting;
use crate::store::Desk;

const DAYS: i64 = 30;
/// Half-minutes: messages and ticks come on the minute, what agents do in between.
const SLOT_MS: i64 = MINUTE / 2;
const SLOTS: i64 = DAYS * 24 * 120;
/// 26,200 tickets a year.
const TICKETS: u64 = 2_183;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Say,
    Ask,
    ComeBack,
    Resolve,
    Reopen,
}

pub struct Life {
    intent: &'static str,
    arrives: i64,
    acts: Vec<(i64, Act)>,
}

/// xorshift64*: the same seed gives the same month on every machine.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, most: i64) -> i64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        i64::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).unwrap() % most
    }
}

pub fn lives(count: u64) -> Vec<Life> {
    let mut dice = Dice(26_200);
    let mut lives: Vec<Life> = (0..count)
        .map(|_| {
            let intent = match dice.below(100) {
                0..12 => "incident",
                12..70 => "restart",
                _ => "patching",
            };
            let arrives = dice.below(SLOTS / 2 - 120) * 2;
            Life { intent, arrives, acts: acts(&mut dice, intent, arrives) }
        })
        .collect();
    lives.sort_by_key(|life| life.arrives);
    lives
}

fn acts(dice: &mut Dice, intent: &str, arrives: i64) -> Vec<(i64, Act)> {
    // The longest wait between two acts, in minutes: around an hour for incidents, days otherwise.
    let longest = if intent == "incident" { 70 } else { 2_400 };
    let (mut acts, mut at, mut last) = (Vec::new(), arrives, None);
    for _ in 0..dice.below(9) {
        at += (dice.below(longest) + 1) * 2 - i64::from(acts.is_empty());
        last = Some(match (last, dice.below(10)) {
            (Some(Act::Ask), _) => Act::ComeBack,
            (Some(Act::Resolve), 0..4) => Act::Reopen,
            (Some(Act::Resolve), _) => break,
            (_, 0..5) => Act::Say,
            (_, 5..7) => Act::Ask,
            _ => Act::Resolve,
        });
        if at >= SLOTS {
            break;
        }
        acts.extend(last.map(|act| (at, act)));
    }
    acts
}

fn at(slot: i64) -> Timestamp {
    BEGIN.plus_ms(slot * SLOT_MS)
}

/// What became of the month: for each ticket its history and its clocks.
#[derive(Debug, PartialEq)]
pub struct Ledger {
    events: BTreeMap<usize, Vec<TicketEvent>>,
    clocks: BTreeMap<usize, Vec<Clock>>,
    firings: BTreeMap<usize, Vec<Firing>>,
    notices: Vec<String>,
}

/// Who looks at what is due.
enum Watch {
    /// This process, dropped in the middle now and then.
    Here(Ticker),
    /// Another one, killed now and then.
    There(Box<Ticking>),
}

/// A desk in which time passes.
struct Month {
    desk: Desk,
    store: Arc<Store>,
    catalog: Catalog,
    time: Time,
    ids: BTreeMap<usize, TicketId>,
    dice: Dice,
    restarts: u32,
}

impl Month {
    async fn live(mut self, lives: &[Life], ticking: Option<Ticking>) -> (Ledger, Option<Ticking>) {
        let mut todo: BTreeMap<i64, Vec<(usize, Option<Act>)>> = BTreeMap::new();
        for (n, life) in lives.iter().enumerate() {
            todo.entry(life.arrives).or_default().push((n, None));
            for (slot, act) in &life.acts {
                todo.entry(*slot).or_default().push((n, Some(*act)));
            }
        }
        let mut watch = match ticking {
            Some(ticking) => Watch::There(Box::new(ticking)),
            None => Watch::Here(ticker(&self.store, &self.catalog, &self.time)),
        };
        // A look at a minute when nothing is due would find nothing: only every half hour one is made all the same.
        let mut next = None;
        for slot in 0..SLOTS {
            self.time.set(at(slot));
            if todo.contains_key(&slot) {
                next = Some(at(slot));
            }
            for (n, act) in todo.remove(&slot).unwrap_or_default() {
                match act {
                    None => self.arrive(n, lives[n].intent, at(slot)).await,
                    Some(act) => self.act(n, act, at(slot)).await,
                }
            }
            if slot % 2 == 0 {
                if self.dice.below(150) == 0
                    && let Watch::Here(ticker) = watch
                {
                    watch = Watch::Here(self.restart(ticker).await);
                    next = Some(at(slot));
                }
                let is_due = next.is_some_and(|next| next <= at(slot));
                if is_due || slot % 60 == 0 {
                    match &mut watch {
                        Watch::Here(ticker) => _ = tick(ticker).await,
                        Watch::There(process) => process.look(at(slot), is_due).await,
                    }
                    next = self.store.next_timer_at().await.unwrap();
                }
            }
        }
        let ticking = match watch {
            Watch::There(ticking) => Some(*ticking),
            Watch::Here(_) => None,
        };
        assert!(ticking.is_some() || self.restarts > 100, "{} restarts", self.restarts);
        (self.ledger().await, ticking)
    }

    /// Ends the ticker wherever it is, now and then with its whole connection to the database.
    async fn restart(&mut self, worker: Ticker) -> Ticker {
        self.restarts += 1;
        let polls = 1 + self.dice.below(400);
        {
            let mut look = pin!(worker.once());
            for _ in 0..polls {
                let ready = std::future::poll_fn(|context| Poll::Ready(look.as_mut().poll(context).is_ready())).await;
                if ready {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        drop(worker);
        if self.dice.below(10) == 0 {
            self.store.close().await;
            self.store = Arc::new(Store::open(&self.desk.url, self.desk.dir.path()).await.unwrap());
        }
        ticker(&self.store, &self.catalog, &self.time)
    }

    async fn arrive(&mut self, n: usize, intent: &'static str, now: Timestamp) {
        self.ids.extend(file(&self.store, &self.catalog, &[(n, intent, now)]).await);
    }

    async fn act(&self, n: usize, act: Act, now: Timestamp) {
        let ticket = self.store.ticket(self.ids[&n]).await.unwrap().unwrap();
        let hand = Hand { catalog: &self.catalog, keyring: &ring(), agent: "aoki", now };
        let words = |then| Reply { text: "確認しています。", then, last: None };
        let changes = match act {
            Act::Say => reply(&hand, &ticket, &words(Then::StaysOpen)),
            Act::Ask => reply(&hand, &ticket, &words(Then::Waits)),
            Act::ComeBack | Act::Reopen => reopen(&hand, &ticket),
            Act::Resolve => resolve(&hand, &ticket, None),
        };
        self.store.apply(&changes.unwrap(), now).await.unwrap();
    }

    async fn ledger(self) -> Ledger {
        let mut ledger =
            Ledger { events: BTreeMap::new(), clocks: BTreeMap::new(), firings: BTreeMap::new(), notices: Vec::new() };
        for (n, id) in &self.ids {
            ledger.events.insert(*n, self.store.ticket_events(*id).await.unwrap());
            ledger.clocks.insert(*n, self.store.ticket(*id).await.unwrap().unwrap().promises.clocks);
            ledger.firings.insert(*n, self.store.firings(*id).await.unwrap());
        }
        let rows = self.store.outbox_list(&OutboxFilter::default()).await.unwrap();
        let notices = rows.into_iter().map(|row| row.outbound).filter(|sent| sent.kind == OutboundKind::Notice);
        ledger.notices = notices.map(|sent| sent.dedupe_key).collect();
        ledger.notices.sort();
        ledger
    }
}

/// What becomes of a month, with the ticker in this process or in another one.
pub async fn month(desk: Desk, lives: &[Life], seed: u64, ticking: Option<Ticking>) -> (Ledger, Option<Ticking>) {
    let (store, catalog, time) = (desk.store.clone(), catalog(), Time::fixed(BEGIN));
    let month = Month { desk, store, catalog, time, ids: BTreeMap::new(), dice: Dice(seed), restarts: 0 };
    Box::pin(month.live(lives, ticking)).await
}

/// A promise that was missed: ticket, kind, level, instant.
type Miss = (usize, ClockKind, ClockLevel, Timestamp);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_months_are_the_same_and_every_miss_is_noted_once() {
    let lives = lives(setting("MONTH_TICKETS", TICKETS));
    let (sqlite, postgres) = (Desk::sqlite().await, Desk::postgres().await);
    let ((once, _), (again, _)) = tokio::join!(month(sqlite, &lives, 1, None), month(postgres, &lives, 2, None));
    for n in 0..lives.len() {
        assert_eq!(once.events[&n], again.events[&n], "ticket {n}");
        assert_eq!(once.clocks[&n], again.clocks[&n], "ticket {n}");
    }
    assert!(once == again);
    let misses = same_as_by_hand(&lives, &once);
    assert!(lives.len() < 2_000 || misses > 300, "only {misses} misses");
    let acts = lives.iter().map(|life| life.acts.len()).sum::<usize>();
    println!("{} tickets, {acts} acts, {misses} misses", lives.len());
}

/// Every miss of the ledger is one that counting finds, and the other way round; each is noted at its minute and told once. How many.
pub fn same_as_by_hand(lives: &[Life], ledger: &Ledger) -> usize {
    let mut found: BTreeSet<Miss> = BTreeSet::new();
    for (n, clocks) in &ledger.clocks {
        for clock in clocks {
            found.extend(clock.late.iter().map(|late| (*n, clock.kind, clock.level, late.at)));
            assert_eq!(usize::try_from(clock.missed).unwrap(), clock.late.len(), "ticket {n}");
        }
    }
    let by_hand = misses(lives);
    let wrong: Vec<_> = found.symmetric_difference(&by_hand).take(5).collect();
    assert!(wrong.is_empty(), "{wrong:?} {:?}", wrong.first().map(|miss| &lives[miss.0].acts));
    let fired: usize = ledger.firings.values().map(Vec::len).sum();
    assert_eq!((fired, ledger.notices.len()), (found.len(), found.len()), "one firing and one notice for each miss");
    for (n, _, _, due) in &found {
        let text = format!("was due {}", due.rfc3339());
        let notes: Vec<_> = ledger.events[n].iter().filter(|event| event.detail.contains(&text)).collect();
        assert!(!notes.is_empty(), "ticket {n}");
        assert!(notes.iter().all(|note| (0..MINUTE).contains(&(note.at.0 - due.0))), "ticket {n}: {notes:?}");
    }
    found.len()
}

/// Whether each half-minute of the month, and of some weeks after it, is open, and the closing slot of each business day.
struct Hours {
    open: Vec<bool>,
    closes: Vec<(i64, i64)>,
}

fn hours(name: &str) -> Hours {
    let spans: &[(u32, u32)] = match name {
        "always" => &[(0, 1440)],
        "business" => &[(600, 1140)],
        _ => &[(600, 720), (780, 1020)],
    };
    let closed = |day: i64| {
        let date = chrono::NaiveDate::from_ymd_opt(2026, 11, 2).unwrap() + chrono::Days::new(day.unsigned_abs());
        let holiday = matches!((date.month(), date.day()), (11, 3 | 23));
        name != "always" && (date.weekday().num_days_from_monday() > 4 || holiday)
    };
    let mut hours = Hours { open: Vec::new(), closes: Vec::new() };
    for day in 0..DAYS + 20 {
        for half in 0..24 * 120u32 {
            let minute = half / 2;
            hours.open.push(!closed(day) && spans.iter().any(|(from, to)| (*from..*to).contains(&minute)));
        }
        if !closed(day) {
            hours.closes.push((day, day * 24 * 120 + i64::from(spans.last().unwrap().1) * 2));
        }
    }
    hours
}

/// One promise while it is counted by hand.
struct Promise {
    kind: ClockKind,
    level: ClockLevel,
    target: i64,
    counted: i64,
    open: bool,
    missed: bool,
}

fn misses(lives: &[Life]) -> BTreeSet<Miss> {
    let wall = at(0).utc().unwrap().with_timezone(&chrono_tz::Asia::Tokyo);
    assert_eq!((wall.month(), wall.day(), wall.hour(), wall.minute()), (11, 2, 0, 0));
    let tables = ["always", "business", "phone"].map(|name| (name, hours(name)));
    let mut found = BTreeSet::new();
    for (n, life) in lives.iter().enumerate() {
        let name = match life.intent {
            "incident" => "always",
            "restart" => "business",
            _ => "phone",
        };
        let hours = &tables.iter().find(|(known, _)| *known == name).unwrap().1;
        by_hand(n, life, hours, &mut found);
    }
    found
}

fn promises(life: &Life, hours: &Hours) -> Vec<Promise> {
    let promise = |kind, level, target| Promise { kind, level, target, counted: 0, open: true, missed: false };
    if life.intent == "incident" {
        return vec![
            promise(ClockKind::FirstResponse, ClockLevel::Slo, 15 * 2),
            promise(ClockKind::FirstResponse, ClockLevel::Sla, 30 * 2),
            promise(ClockKind::Update, ClockLevel::Slo, 60 * 2),
            promise(ClockKind::Resolution, ClockLevel::Slo, 240 * 2),
        ];
    }
    let day = life.arrives / (24 * 120);
    let until = |days: usize| {
        let closes = hours.closes.iter().filter(|(closing, _)| *closing > day).nth(days - 1).unwrap().1;
        let open = (life.arrives..closes).filter(|slot| hours.open[usize::try_from(*slot).unwrap()]);
        i64::try_from(open.count()).unwrap()
    };
    let days = if life.intent == "restart" { 1 } else { 5 };
    vec![
        promise(ClockKind::FirstResponse, ClockLevel::Slo, until(1)),
        promise(ClockKind::Resolution, ClockLevel::Slo, until(days)),
    ]
}

/// Counts half-minute after half-minute: a promise is missed at the end of the one that uses its time up.
fn by_hand(n: usize, life: &Life, hours: &Hours, found: &mut BTreeSet<Miss>) {
    let mut promises = promises(life, hours);
    let (mut acts, mut runs) = (life.acts.iter().peekable(), true);
    for slot in life.arrives..SLOTS {
        for promise in promises.iter_mut().filter(|promise| promise.open && !promise.missed) {
            if promise.counted == promise.target {
                promise.missed = true;
                found.insert((n, promise.kind, promise.level, at(slot)));
            }
        }
        while let Some((_, act)) = acts.next_if(|(due, _)| *due == slot) {
            for promise in &mut promises {
                apply(promise, *act);
            }
            runs = matches!(act, Act::Say | Act::ComeBack | Act::Reopen);
        }
        if runs && hours.open[usize::try_from(slot).unwrap()] {
            promises
                .iter_mut()
                .filter(|promise| promise.open && !promise.missed)
                .for_each(|promise| promise.counted += 1);
        }
    }
}

fn apply(promise: &mut Promise, act: Act) {
    match (act, promise.kind) {
        (Act::Say | Act::Ask, ClockKind::Update) => (promise.counted, promise.missed) = (0, false),
        (Act::Say | Act::Ask, ClockKind::FirstResponse) | (Act::Resolve, _) => promise.open = false,
        (Act::Reopen, ClockKind::Update | ClockKind::Resolution) => promise.open = true,
        (Act::Say | Act::Ask | Act::ComeBack | Act::Reopen, _) => {}
    }
}
