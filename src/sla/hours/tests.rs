//! The tables against an oracle that reads the wall clock minute by minute and knows nothing of instants and offsets but
//! what the clock on the wall shows.

use chrono::{NaiveDateTime, NaiveTime, TimeDelta};
use chrono_tz::Tz;

use super::*;
use crate::domain::schedule::{NamedDay, Span};
use crate::sla::japanese_holiday;

const DAY_MS: i64 = 86_400_000;
/// Days an oracle looks at.
const WINDOW_DAYS: i64 = 44;
/// Cases of one calendar.
const CASES: usize = 1_000;

/// A small generator: the same seed gives the same cases on every machine (xorshift64*).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(drawn).unwrap() % most
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn span_list(&mut self) -> Vec<Span> {
        // Edges fall on every five minutes of the day, also inside hours that are skipped or there twice.
        let mut edges: Vec<u16> = (0..self.below(3) * 2).map(|_| u16::try_from(self.below(288) * 5).unwrap()).collect();
        edges.sort_unstable();
        edges.dedup();
        if edges.len() % 2 == 1 {
            // Past midnight, into whatever the next day does.
            let tail = u16::try_from(self.below(200) * 5).unwrap();
            edges.push(1440 + tail);
        }
        edges.chunks(2).map(|pair| Span { start_minute: pair[0], end_minute: pair[1] }).collect()
    }
}

const ZONES: [Tz; 7] = [
    chrono_tz::Asia::Tokyo,
    chrono_tz::America::New_York,
    chrono_tz::Europe::London,
    chrono_tz::Australia::Lord_Howe,
    chrono_tz::America::St_Johns,
    chrono_tz::Asia::Kathmandu,
    chrono_tz::Pacific::Apia,
];
/// Days around which clocks change, years end or Japan has holidays.
const ABOUT: [(u32, u32); 10] =
    [(3, 8), (3, 27), (4, 3), (4, 28), (9, 18), (10, 3), (10, 24), (10, 30), (12, 20), (11, 3)];

fn calendar(dice: &mut Dice, window: NaiveDate) -> Calendar {
    let day = |dice: &mut Dice| window + Days::new(dice.below(60) as u64);
    let mut week: [Vec<Span>; 7] = std::array::from_fn(|_| dice.span_list());
    if dice.chance(15) {
        week = std::array::from_fn(|_| vec![Span { start_minute: 0, end_minute: 1440 }]);
    }
    week[dice.below(7)].clone_from(&vec![Span { start_minute: 540, end_minute: 1020 }]);
    let mut holidays: Vec<NamedDay> =
        (0..dice.below(4)).map(|_| NamedDay { date: day(dice), name: "x".into() }).collect();
    holidays.sort();
    let mut special = vec![(day(dice), dice.span_list()), (day(dice), dice.span_list())];
    special.sort_by_key(|(date, _)| *date);
    special.dedup_by_key(|(date, _)| *date);
    special.truncate(dice.below(3));
    Calendar {
        name: "drawn".into(),
        timezone: ZONES[dice.below(ZONES.len())],
        week,
        japanese_holidays: dice.chance(50),
        closed_yearly: if dice.chance(40) { vec![((12, 30), (1, 3)), ((8, 13), (8, 15))] } else { Vec::new() },
        holidays,
        closed_dates: (0..dice.below(3)).map(|_| day(dice)).collect(),
        open_dates: (0..dice.below(3)).map(|_| day(dice)).collect(),
        special_hours: special,
    }
}

/// For each minute from `begins` on, whether the desk is open. A span opens at the first minute whose reading has reached
/// its start and closes after the last minute whose reading has not reached its end.
fn oracle(calendar: &Calendar, begins: Timestamp) -> Vec<bool> {
    let minutes = WINDOW_DAYS * 24 * 60;
    let reading = |minute: i64| -> NaiveDateTime {
        begins.plus_ms(minute * MINUTE_MS).utc().unwrap().with_timezone(&calendar.timezone).naive_local()
    };
    let wall: Vec<NaiveDateTime> = (0..minutes).map(reading).collect();
    let mut open = vec![false; wall.len()];
    let first = wall[0].date();
    for date in first.iter_days().take(usize::try_from(WINDOW_DAYS).unwrap() + 2) {
        for span in hours_by_hand(calendar, date) {
            let midnight = date.and_time(NaiveTime::MIN);
            let start = midnight + TimeDelta::minutes(i64::from(span.start_minute));
            let end = midnight + TimeDelta::minutes(i64::from(span.end_minute));
            // No zone is further than two days from UTC, and hours reach one day on.
            let days_on = (date - first).num_days();
            let around = |days: i64| usize::try_from((days_on + days).clamp(0, WINDOW_DAYS) * 1440).unwrap();
            let near = &wall[around(-2)..around(4)];
            let Some(from) = near.iter().position(|reading| *reading >= start) else { continue };
            let Some(to) = near.iter().rposition(|reading| *reading < end) else { continue };
            for minute in from..=to {
                open[around(-2) + minute] = true;
            }
        }
    }
    open
}

fn hours_by_hand(calendar: &Calendar, date: NaiveDate) -> Vec<Span> {
    if let Some((_, hours)) = calendar.special_hours.iter().find(|(day, _)| *day == date) {
        return hours.clone();
    }
    let usual = calendar.week[date.weekday().num_days_from_monday() as usize].clone();
    if calendar.open_dates.contains(&date) {
        let monday = calendar.week.iter().find(|hours| !hours.is_empty()).unwrap();
        return if usual.is_empty() { monday.clone() } else { usual };
    }
    let (month, day) = (date.month(), date.day());
    let year_end = (month == 12 && day >= 30) || (month == 1 && day <= 3);
    let summer = month == 8 && (13..=15).contains(&day);
    let closed = calendar.holidays.iter().any(|named| named.date == date)
        || calendar.closed_dates.contains(&date)
        || (!calendar.closed_yearly.is_empty() && (year_end || summer))
        || (calendar.japanese_holidays && japanese_holiday(date).is_some());
    if closed { Vec::new() } else { usual }
}

/// How many cases there are: `SLA_CASES` raises it.
#[expect(clippy::disallowed_methods, reason = "how long the test runs is told by the environment")]
fn cases() -> usize {
    std::env::var("SLA_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000)
}

#[test]
fn the_tables_agree_with_counting_minutes() {
    let mut dice = Dice(0x5eed);
    let mut done = 0;
    while done < cases() {
        let year = 2000 + i32::try_from(dice.below(51)).unwrap();
        let (month, day) = ABOUT[dice.below(ABOUT.len())];
        let window = NaiveDate::from_ymd_opt(year, month, day).unwrap() - Days::new(dice.below(8) as u64);
        let calendar = calendar(&mut dice, window);
        let table = Timetable::new(calendar.clone());
        let begins = Timestamp::from(window.and_time(NaiveTime::MIN).and_utc());
        let open = oracle(&calendar, begins);
        for _ in 0..CASES {
            one(&mut dice, &table, begins, &open);
            done += 1;
        }
    }
    assert!(done >= 100_000 || cases() < 100_000);
}

fn one(dice: &mut Dice, table: &Timetable, begins: Timestamp, open: &[bool]) {
    // The window begins two days late and ends early, so that no span is cut off.
    let offset = 3 * 1440 + dice.below(20 * 1440);
    let start = begins.plus_ms(i64::try_from(offset).unwrap() * MINUTE_MS);
    let longest = if dice.chance(50) { 600 } else { 3_000 };
    let minutes = 1 + dice.below(longest);
    let (mut at, mut counted, mut first) = (offset, 0, None);
    while counted < minutes && at < open.len() - 3 * 1440 {
        if open[at] {
            counted += 1;
            first.get_or_insert(at);
        }
        at += 1;
    }
    let instant = |minute: usize| begins.plus_ms(i64::try_from(minute).unwrap() * MINUTE_MS);
    let what = || format!("{:?}\nfrom {} for {minutes} minutes", table.calendar(), start.rfc3339());
    let ms = i64::try_from(counted).unwrap() * MINUTE_MS;
    if counted == minutes {
        let end = add_ms(table, start, ms);
        assert_eq!(end, instant(at), "{}", what());
        assert_eq!(working_ms(table, start, end), ms, "{}: counting gives back what was added", what());
        if dice.chance(5) {
            assert_eq!(calendar::add_ms(table.calendar(), start, ms), end, "{}: without tables", what());
        }
    }
    assert_eq!(working_ms(table, start, instant(at)), ms, "{}", what());
    if let Some(first) = first {
        assert_eq!(next_open(table, start), instant(first), "{}", what());
    }
    // Any whole number of milliseconds, also inside a minute.
    let (odd, more) = (start.plus_ms(i64::try_from(dice.below(60_000)).unwrap()), 1 + dice.below(90_000_000));
    let more = i64::try_from(more).unwrap();
    assert_eq!(working_ms(table, odd, add_ms(table, odd, more)), more, "{}", what());
}

#[test]
fn business_days_agree_with_walking_day_by_day() {
    let mut dice = Dice(0xb00c);
    for _ in 0..60 {
        let window = NaiveDate::from_ymd_opt(2000 + i32::try_from(dice.below(51)).unwrap(), 11, 1).unwrap();
        let table = Timetable::new(calendar(&mut dice, window));
        for _ in 0..100 {
            let start = Timestamp::from(window.and_time(NaiveTime::MIN).and_utc());
            let start = start.plus_ms(i64::try_from(dice.below(100 * 1440)).unwrap() * MINUTE_MS);
            let days = u32::try_from(dice.below(40)).unwrap();
            let wanted = calendar::business_day_close(table.calendar(), start, days);
            assert_eq!(business_day_close(&table, start, days), wanted, "{:?} {start:?} {days}", table.calendar());
        }
    }
}

#[test]
fn outside_the_tables_the_walk_answers() {
    let mut dice = Dice(7);
    let table = Timetable::new(calendar(&mut dice, NaiveDate::from_ymd_opt(2026, 1, 1).unwrap()));
    for year in [1970, 1989, 1990, 2148, 2149, 2150, 3000] {
        let start = Timestamp::from(NaiveDate::from_ymd_opt(year, 6, 1).unwrap().and_time(NaiveTime::MIN).and_utc());
        for ms in [1, DAY_MS, 400 * DAY_MS] {
            assert_eq!(add_ms(&table, start, ms), calendar::add_ms(table.calendar(), start, ms), "{year}");
        }
        let end = start.plus_ms(800 * DAY_MS);
        assert_eq!(working_ms(&table, start, end), calendar::working_ms(table.calendar(), start, end), "{year}");
        assert_eq!(business_day_close(&table, start, 3), calendar::business_day_close(table.calendar(), start, 3));
        assert_eq!(next_open(&table, start), calendar::next_open(table.calendar(), start), "{year}");
    }
    for extreme in [i64::MIN, i64::MAX] {
        let extreme = Timestamp(extreme);
        let _ = (add_ms(&table, extreme, 5), next_open(&table, extreme), business_day_close(&table, extreme, 2));
        assert_eq!(working_ms(&table, Timestamp(i64::MAX), Timestamp(i64::MIN)), 0);
    }
    let never = Timetable::new(Calendar {
        week: Default::default(),
        open_dates: Vec::new(),
        special_hours: Vec::new(),
        ..table.calendar().clone()
    });
    let start = Timestamp(1_800_000_000_000);
    assert_eq!((add_ms(&never, start, 60), next_open(&never, start)), (start.plus_ms(60), start));
}
