use super::*;
use chrono::{DateTime, Timelike, Utc};
use proptest::prelude::*;

fn span(start: u16, end: u16) -> Span {
    Span { start_minute: start, end_minute: end }
}

fn at(text: &str) -> Timestamp {
    DateTime::parse_from_rfc3339(text).unwrap().into()
}

fn shown(calendar: &Calendar, at: Timestamp) -> String {
    at.utc().unwrap().with_timezone(&calendar.timezone).format("%Y-%m-%dT%H:%M%:z").to_string()
}

fn weekdays(timezone: Tz, hours: &[Span]) -> Calendar {
    Calendar {
        name: "business".into(),
        timezone,
        week: std::array::from_fn(|day| if day < 5 { hours.to_vec() } else { Vec::new() }),
        japanese_holidays: timezone == chrono_tz::Asia::Tokyo,
        closed_yearly: vec![((12, 30), (1, 3))],
        holidays: Vec::new(),
        closed_dates: Vec::new(),
        open_dates: Vec::new(),
        special_hours: Vec::new(),
    }
}

fn tokyo() -> Calendar {
    weekdays(chrono_tz::Asia::Tokyo, &[span(600, 1140)])
}

fn phone() -> Calendar {
    weekdays(chrono_tz::Asia::Tokyo, &[span(600, 720), span(780, 1020)])
}

fn always(timezone: Tz) -> Calendar {
    let week = std::array::from_fn(|_| vec![span(0, 1440)]);
    Calendar { week, japanese_holidays: false, closed_yearly: Vec::new(), ..weekdays(timezone, &[]) }
}

fn nights(timezone: Tz) -> Calendar {
    weekdays(timezone, &[span(1320, 1800)])
}

#[test]
fn targets_fall_due_in_open_hours() {
    let cases = [
        (tokyo(), "2026-11-22T15:00:00+09:00", "1bd", "2026-11-24T19:00+09:00"),
        (tokyo(), "2026-11-20T18:59:00+09:00", "1bd", "2026-11-24T19:00+09:00"),
        (tokyo(), "2026-11-24T00:00:00+09:00", "5bd", "2026-12-01T19:00+09:00"),
        (tokyo(), "2026-12-28T12:00:00+09:00", "2bd", "2027-01-04T19:00+09:00"),
        (tokyo(), "2026-11-24T18:00:00+09:00", "4h", "2026-11-25T13:00+09:00"),
        (tokyo(), "2026-11-24T15:00:00+09:00", "4h", "2026-11-24T19:00+09:00"),
        (tokyo(), "2026-09-18T18:30:00+09:00", "90m", "2026-09-24T11:00+09:00"),
        (phone(), "2026-11-24T11:30:00+09:00", "30m", "2026-11-24T12:00+09:00"),
        (phone(), "2026-11-24T11:30:00+09:00", "31m", "2026-11-24T13:01+09:00"),
        (phone(), "2026-11-24T12:30:00+09:00", "6h", "2026-11-25T12:00+09:00"),
        (nights(chrono_tz::Asia::Tokyo), "2026-11-20T23:00:00+09:00", "8h", "2026-11-24T23:00+09:00"),
        (nights(chrono_tz::Asia::Tokyo), "2026-11-20T12:00:00+09:00", "1bd", "2026-11-25T06:00+09:00"),
        (always(chrono_tz::America::New_York), "2026-03-08T01:30:00-05:00", "60m", "2026-03-08T03:30-04:00"),
        (always(chrono_tz::America::New_York), "2026-11-01T00:30:00-04:00", "2h", "2026-11-01T01:30-05:00"),
        (always(chrono_tz::Asia::Tokyo), "2026-11-22T15:00:00+09:00", "15m", "2026-11-22T15:15+09:00"),
    ];
    for (calendar, start, objective, wanted) in cases {
        let got = due(&calendar, at(start), objective.parse().unwrap());
        assert_eq!(shown(&calendar, got), wanted, "{start} + {objective}");
    }
}

#[test]
fn hours_inside_a_skipped_or_repeated_hour_stay_whole() {
    let calendar =
        |hours| Calendar { week: std::array::from_fn(|_| vec![hours]), ..always(chrono_tz::America::New_York) };
    let day = |calendar: &Calendar, from, to| working_minutes(calendar, at(from), at(to));
    let (spring, after) = ("2026-03-08T00:00:00-05:00", "2026-03-09T00:00:00-04:00");
    assert_eq!(day(&calendar(span(90, 150)), spring, after), 30, "01:30 to the jump");
    assert_eq!(day(&calendar(span(150, 210)), spring, after), 30, "from the jump to 03:30");
    assert_eq!(day(&calendar(span(120, 180)), spring, after), 0, "an hour that is not there");
    let (autumn, after) = ("2026-11-01T00:00:00-04:00", "2026-11-02T00:00:00-05:00");
    assert_eq!(day(&calendar(span(60, 120)), autumn, after), 120, "an hour that is there twice");
    // Samoa had no 30 December 2011 at all.
    let samoa = always(chrono_tz::Pacific::Apia);
    assert_eq!(day(&samoa, "2011-12-29T00:00:00-10:00", "2012-01-01T00:00:00+14:00"), 2 * 24 * 60);
}

#[test]
fn exceptions_open_and_close_days() {
    let date = |m, d| NaiveDate::from_ymd_opt(2026, m, d).unwrap();
    let calendar =
        Calendar { closed_dates: vec![date(11, 25)], open_dates: vec![date(11, 22), date(11, 23)], ..tokyo() };
    assert!(is_open(&calendar, at("2026-11-22T10:00:00+09:00")), "a Sunday opened with Monday's hours");
    assert!(is_open(&calendar, at("2026-11-23T18:59:00+09:00")), "a holiday opened");
    assert!(!is_open(&calendar, at("2026-11-23T19:00:00+09:00")));
    assert!(!is_business_day(&calendar, date(11, 25)));
    assert_eq!(shown(&calendar, next_open(&calendar, at("2026-11-24T20:00:00+09:00"))), "2026-11-26T10:00+09:00");
    assert_eq!(
        shown(&calendar, business_day_close(&calendar, at("2026-11-25T11:00:00+09:00"), 0)),
        "2026-11-26T19:00+09:00"
    );
    assert_eq!(
        shown(&calendar, business_day_close(&calendar, at("2026-11-24T11:00:00+09:00"), 0)),
        "2026-11-24T19:00+09:00"
    );
}

#[test]
fn hopeless_input_neither_panics_nor_hangs() {
    let never = Calendar { week: Default::default(), ..tokyo() };
    let start = at("2026-11-22T15:00:00+09:00");
    assert_eq!(add_minutes(&never, start, 60), start.plus_ms(3_600_000));
    assert_eq!(next_open(&never, start), start);
    assert_eq!(business_day_close(&never, start, 2), start.plus_ms(2 * 86_400_000));
    for extreme in [i64::MIN, i64::MAX, 8_210_266_876_799_999, -8_334_601_228_800_000] {
        let extreme = Timestamp(extreme);
        let _ = add_minutes(&tokyo(), extreme, u32::MAX);
        let _ = business_day_close(&tokyo(), extreme, 3);
        let _ = (next_open(&tokyo(), extreme), is_open(&tokyo(), extreme));
    }
    assert_eq!(working_minutes(&tokyo(), start, Timestamp(i64::MIN)), 0);
    let _ = due(&tokyo(), start, Objective::Minutes(6_000_000));
}

/// Reads the wall clock minute by minute: slow, and without anything the code under test does.
fn open_by_the_wall_clock(calendar: &Calendar, at: DateTime<Utc>) -> bool {
    let wall = at.with_timezone(&calendar.timezone).naive_local();
    let minute = u16::try_from(wall.hour() * 60 + wall.minute()).unwrap();
    let inside = |date: NaiveDate, minute: u16| {
        let usual = &calendar.week[date.weekday().num_days_from_monday() as usize];
        let shut =
            calendar.closed_dates.contains(&date) || (calendar.japanese_holidays && japanese_holiday(date).is_some());
        !shut && usual.iter().any(|span| (span.start_minute..span.end_minute).contains(&minute))
    };
    inside(wall.date(), minute) || inside(wall.date().pred_opt().unwrap(), minute + 1440)
}

/// Half hours of a day at which no zone of the test changes its clocks.
fn edge() -> impl Strategy<Value = u16> {
    prop_oneof![1 => Just(0u16), 9 => (8u16..48).prop_map(|half| half * 30)]
}

fn hours() -> impl Strategy<Value = Vec<Span>> {
    (prop::collection::btree_set(edge(), 0..5), prop::option::of(edge())).prop_map(|(edges, tail)| {
        let mut edges: Vec<u16> = edges.into_iter().collect();
        if edges.len() % 2 == 1 {
            edges.push(tail.map_or(1440, |tail| 1440 + tail));
        }
        edges.chunks(2).map(|pair| span(pair[0], pair[1])).collect()
    })
}

fn calendars() -> impl Strategy<Value = Calendar> {
    let zones = [
        chrono_tz::Asia::Tokyo,
        chrono_tz::America::New_York,
        chrono_tz::Europe::London,
        chrono_tz::Australia::Lord_Howe,
    ];
    let week =
        prop::array::uniform7(hours()).prop_filter("opens once a week", |week| week.iter().any(|day| !day.is_empty()));
    (week, prop::sample::select(zones.to_vec()), any::<bool>(), prop::option::of(0u64..12)).prop_map(
        |(week, timezone, japanese_holidays, closed)| Calendar {
            week,
            japanese_holidays,
            closed_dates: closed
                .map(|day| NaiveDate::from_ymd_opt(2026, 11, 1).unwrap() + Days::new(day))
                .into_iter()
                .collect(),
            ..always(timezone)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arithmetic_agrees_with_counting_minutes(
        calendar in calendars(),
        day in prop::sample::select(vec!["2026-03-06", "2026-03-27", "2026-04-03", "2026-05-01", "2026-09-19", "2026-10-03", "2026-10-23", "2026-10-30"]),
        offset in 0i64..2880,
        minutes in 1u32..1500,
    ) {
        let start = at(&format!("{day}T00:00:00Z")).plus_ms(offset * MINUTE_MS);
        let (mut now, mut counted, mut first) = (start, 0, None);
        while counted < minutes {
            if open_by_the_wall_clock(&calendar, now.utc().unwrap()) {
                counted += 1;
                first.get_or_insert(now);
            }
            now = now.plus_ms(MINUTE_MS);
        }
        prop_assert_eq!(add_minutes(&calendar, start, minutes), now);
        prop_assert_eq!(next_open(&calendar, start), first.unwrap());
        prop_assert_eq!(is_open(&calendar, start), first == Some(start));
        prop_assert_eq!(working_minutes(&calendar, start, now), i64::from(minutes));
        let middle = Timestamp(start.0.midpoint(now.0));
        prop_assert_eq!(working_ms(&calendar, start, middle) + working_ms(&calendar, middle, now), i64::from(minutes) * MINUTE_MS);
    }

    #[test]
    fn business_days_close_on_the_day_counted_by_hand(calendar in calendars(), offset in 0i64..20_000, days in 1u32..8) {
        let start = at("2026-10-30T00:00:00Z").plus_ms(offset * MINUTE_MS);
        let mut date = start.utc().unwrap().with_timezone(&calendar.timezone).date_naive();
        let mut left = days;
        while left > 0 {
            date = date.succ_opt().unwrap();
            let shut = calendar.closed_dates.contains(&date) || (calendar.japanese_holidays && japanese_holiday(date).is_some());
            left -= u32::from(!shut && !calendar.week[date.weekday().num_days_from_monday() as usize].is_empty());
        }
        let close = business_day_close(&calendar, start, days);
        let last = calendar.week[date.weekday().num_days_from_monday() as usize].last().unwrap().end_minute;
        let wall = close.utc().unwrap().with_timezone(&calendar.timezone).naive_local();
        prop_assert_eq!(wall, date.and_time(NaiveTime::MIN) + TimeDelta::minutes(i64::from(last)));
    }
}
