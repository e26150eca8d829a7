use chrono::{Datelike, Timelike};

use super::*;
use crate::domain::schedule::{Calendar, Span};

fn at(text: &str) -> Timestamp {
    chrono::DateTime::parse_from_rfc3339(&format!("2026-11-{text}:00+09:00")).unwrap().into()
}

fn shown(at: Timestamp) -> String {
    at.utc().unwrap().with_timezone(&chrono_tz::Asia::Tokyo).format("%dT%H:%M").to_string()
}

/// Weekdays from ten to seven in Tokyo. 24 November 2026 is a Tuesday.
fn desk() -> Timetable {
    let hours = vec![Span { start_minute: 600, end_minute: 1140 }];
    Timetable::new(Calendar {
        name: "business".into(),
        timezone: chrono_tz::Asia::Tokyo,
        week: std::array::from_fn(|day| if day < 5 { hours.clone() } else { Vec::new() }),
        japanese_holidays: true,
        closed_yearly: Vec::new(),
        holidays: Vec::new(),
        closed_dates: Vec::new(),
        open_dates: Vec::new(),
        special_hours: Vec::new(),
    })
}

fn terms(target: &str) -> Terms<'static> {
    Terms { policy: "p", target: target.parse().unwrap(), warn_percent: &[50, 75] }
}

fn begun(target: &str, from: &str) -> Clock {
    start(ClockKind::Resolution, ClockLevel::Slo, terms(target), &desk(), at(from))
}

#[test]
fn a_clock_warns_then_is_missed_at_the_instant_it_was_due() {
    let table = desk();
    let clock = begun("4h", "24T10:00");
    assert_eq!((shown(clock.due_at), shown(clock.next_at.unwrap())), ("24T14:00".into(), "24T12:00".into()));
    let warned = look(&clock, &table, at("24T12:00"));
    assert_eq!((warned.warned.as_slice(), shown(warned.next_at.unwrap())), (&[50][..], "24T13:00".into()));
    assert_eq!(look(&warned, &table, at("24T12:59")), warned, "nothing new: nothing changes");
    let missed = look(&warned, &table, at("25T18:00"));
    assert_eq!((missed.breached_at, missed.next_at, missed.missed), (Some(clock.due_at), None, 1));
    assert_eq!(look(&missed, &table, at("26T18:00")), missed, "it is missed once");
    let late = meet(&missed, &table, at("26T11:00"));
    assert_eq!((late.state(), late.kept, late.missed), ("late", 0, 1));
    assert_eq!(meet(&clock, &table, at("24T13:59")).state(), "met");
    assert_eq!(meet(&clock, &table, at("24T14:00")).state(), "late", "the time is up at the due time itself");
}

#[test]
fn waiting_moves_the_due_time_by_the_working_time_that_passed() {
    let table = desk();
    let clock = begun("4h", "24T10:00");
    let standing = pause(&clock, &table, at("24T11:00"));
    assert_eq!((standing.state(), standing.next_at), ("paused", None));
    assert_eq!(look(&standing, &table, at("30T10:00")), standing, "nothing falls due while it stands");
    assert_eq!(pause(&standing, &table, at("25T11:00")), standing, "it stands once");
    let again = resume(&standing, &table, at("26T12:00"));
    assert_eq!(shown(again.due_at), "26T15:00", "three hours were left");
    assert_eq!(shown(share_at(&again, &table, 50)), "26T13:00");
    assert_eq!(spent_ms(&again, &table, at("26T14:00")), 3 * 3_600_000);
    let over_night = resume(&pause(&clock, &table, at("24T20:00")), &table, at("25T09:00"));
    assert_eq!(over_night.breached_at, Some(clock.due_at), "it was missed before it stood");
    let closed = resume(&pause(&clock, &table, at("24T13:00")), &table, at("24T13:00"));
    assert_eq!(closed.due_at, clock.due_at);
    let days = resume(&pause(&begun("2bd", "24T12:00"), &table, at("25T10:00")), &table, at("25T12:00"));
    assert_eq!(shown(days.due_at), "27T12:00", "two hours after closing time are two hours of the next day");
}

#[test]
fn what_ends_may_go_on_and_begin_anew() {
    let table = desk();
    let clock = begun("4h", "24T10:00");
    let met = meet(&pause(&clock, &table, at("24T12:00")), &table, at("24T13:00"));
    assert_eq!((met.kept, met.pauses.last().unwrap().to), (1, Some(at("24T13:00"))));
    let back = reopen(&met, &table, at("25T10:00"));
    assert_eq!((back.state(), back.kept, shown(back.due_at).as_str()), ("running", 0, "25T12:00"));
    let dropped = drop_at(&clock, &table, at("24T11:00"));
    assert_eq!((dropped.state(), meet(&dropped, &table, at("24T12:00")).met_at), ("dropped", None));
    assert_eq!(shown(reopen(&dropped, &table, at("24T12:00")).due_at), "24T15:00");
    let next = again(&begun("60m", "24T10:00"), &table, at("24T10:30"));
    assert_eq!((next.cycle, next.kept, shown(next.due_at).as_str()), (2, 1, "24T11:30"));
    let after_a_miss = again(&next, &table, at("24T12:00"));
    assert_eq!((after_a_miss.cycle, after_a_miss.kept, after_a_miss.missed), (3, 1, 1));
    assert_eq!((after_a_miss.breached_at, after_a_miss.warned.len()), (None, 0));
}

#[test]
fn other_terms_keep_what_was_promised_before() {
    let table = desk();
    let clock = resume(&pause(&begun("4h", "24T10:00"), &table, at("24T11:00")), &table, at("24T12:00"));
    let longer = recompute(&clock, terms("6h"), &table, (Count::FromStart, at("24T12:30")));
    assert_eq!((shown(longer.due_at).as_str(), shown(longer.revisions[0].due_at).as_str()), ("24T17:00", "24T15:00"));
    let shorter = recompute(&clock, terms("60m"), &table, (Count::FromStart, at("24T12:30")));
    assert_eq!(shown(shorter.due_at), "24T12:30", "nobody was late by the old promise");
    let fresh = recompute(&clock, terms("60m"), &table, (Count::FromNow, at("24T12:30")));
    assert_eq!((shown(fresh.due_at).as_str(), fresh.pauses.len(), fresh.revisions.len()), ("24T13:30", 0, 1));
    assert_eq!(recompute(&clock, terms("4h"), &table, (Count::FromStart, at("24T12:30"))), clock, "the same terms");
    let missed = look(&clock, &table, at("24T18:00"));
    assert_eq!(recompute(&missed, terms("6h"), &table, (Count::FromStart, at("24T18:00"))), missed);
    let mut often = clock;
    for n in 0..60u32 {
        let target = if n % 2 == 0 { "5h" } else { "4h" };
        often = recompute(&often, terms(target), &table, (Count::FromStart, at("24T12:30")));
    }
    assert_eq!(often.revisions.len(), MOST_KEPT);
}

#[test]
fn the_stretches_add_up_to_what_was_spent() {
    let table = desk();
    let clock = resume(&pause(&begun("9h", "24T12:00"), &table, at("24T14:00")), &table, at("25T11:00"));
    let clock = pause(&clock, &table, at("25T12:00"));
    let now = at("25T15:00");
    let stretches = explain(&clock, &table, now);
    let lines: Vec<(String, String, bool, i64)> = stretches
        .iter()
        .map(|part| (shown(part.from), shown(part.to), part.counts, part.working_ms / 60_000))
        .collect();
    let line = |from: &str, to: &str, counts, minutes| (from.to_owned(), to.to_owned(), counts, minutes);
    assert_eq!(
        lines,
        [
            line("24T12:00", "24T14:00", true, 120),
            line("24T14:00", "25T11:00", false, 360),
            line("25T11:00", "25T12:00", true, 60),
            line("25T12:00", "25T15:00", false, 180),
        ]
    );
    let counted: i64 = stretches.iter().filter(|part| part.counts).map(|part| part.working_ms).sum();
    assert_eq!(counted, spent_ms(&clock, &table, now));
    assert_eq!(clock.due_at, super::super::hours::add_ms(&table, at("25T11:00"), 7 * 3_600_000));
}

#[test]
fn a_random_life_is_missed_exactly_when_the_counted_minutes_reach_the_target() {
    let table = desk();
    let mut seed: u64 = 42;
    let mut draw = |most: i64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(seed >> 40).unwrap() % most
    };
    for _ in 0..2_000 {
        let begin = at("24T00:00").plus_ms(draw(7 * 1_440) * 60_000);
        let target = Objective::Minutes(u32::try_from(1 + draw(1_500)).unwrap());
        let clock = start(ClockKind::Resolution, ClockLevel::Sla, Terms { target, ..terms("1h") }, &table, begin);
        let (mut now, mut clock, mut running) = (begin, clock, Vec::new());
        for turn in 0..draw(8) {
            let next = now.plus_ms(draw(900) * 60_000);
            if turn % 2 == 0 {
                running.push((now, next));
                clock = pause(&clock, &table, next);
            } else {
                clock = resume(&clock, &table, next);
            }
            now = next;
        }
        let clock = look(&resume(&clock, &table, now), &table, now.plus_ms(60 * 86_400_000));
        running.push((now, now.plus_ms(60 * 86_400_000)));
        // By hand: minute after minute of the stretches in which it ran.
        let Objective::Minutes(wanted) = target else { unreachable!() };
        let (mut counted, mut missed) = (0, None);
        'life: for (from, to) in running {
            let mut minute = from;
            while minute < to {
                if counted == wanted {
                    missed = Some(minute);
                    break 'life;
                }
                let wall = minute.utc().unwrap().with_timezone(&chrono_tz::Asia::Tokyo);
                let closed = wall.weekday().num_days_from_monday() > 4 || (wall.month(), wall.day()) == (11, 23);
                counted += u32::from(
                    !closed
                        && (10..19).contains(&wall.hour())
                        && (wall.month(), wall.day()) != (1, 1)
                        && (wall.month(), wall.day()) != (1, 11),
                );
                minute = minute.plus_ms(60_000);
            }
        }
        // Counting by hand ends at the minute after the last one counted; the clock at its end, which may be closing time.
        let breached = clock.breached_at.expect("sixty days are enough");
        let by_hand = missed.unwrap();
        assert_eq!(
            working_ms(&table, breached.min(by_hand), breached.max(by_hand)),
            0,
            "{clock:?} by hand {by_hand:?}"
        );
    }
}
