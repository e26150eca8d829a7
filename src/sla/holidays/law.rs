//! The years 2000 to 2050 worked out a second time: the equinoxes from the sun itself, the days of the law from a list of what it said
//! in which years, substitute and sandwiched days from the calendar that makes.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate, NaiveTime, TimeDelta, Weekday};

use super::{japanese_holidays, named};

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

fn monday(year: i32, month: u32, week: u8) -> NaiveDate {
    NaiveDate::from_weekday_of_month_opt(year, month, Weekday::Mon, week).unwrap()
}

/// Terms of the periodic part: amplitude, phase and degrees a century (Meeus, Astronomical Algorithms, table 27.C).
const TERMS: [(f64, f64, f64); 24] = [
    (485.0, 324.96, 1_934.136),
    (203.0, 337.23, 32_964.467),
    (199.0, 342.08, 20.186),
    (182.0, 27.85, 445_267.112),
    (156.0, 73.14, 45_036.886),
    (136.0, 171.52, 22_518.443),
    (77.0, 222.54, 65_928.934),
    (74.0, 296.72, 3_034.906),
    (70.0, 243.58, 9_037.513),
    (58.0, 119.81, 33_718.147),
    (52.0, 297.17, 150.678),
    (50.0, 21.02, 2_281.226),
    (45.0, 247.54, 29_929.562),
    (44.0, 325.15, 31_555.956),
    (29.0, 60.93, 4_443.417),
    (18.0, 155.12, 67_555.328),
    (17.0, 288.79, 4_562.452),
    (16.0, 198.04, 62_894.029),
    (14.0, 199.76, 31_436.921),
    (12.0, 95.39, 14_577.848),
    (12.0, 287.11, 31_931.756),
    (12.0, 320.81, 34_777.259),
    (9.0, 227.73, 1_222.114),
    (8.0, 15.45, 16_859.074),
];
/// The mean instants of spring and autumn (table 27.B): days, and days for each power of the millennia since 2000.
const SPRING: [f64; 5] = [2_451_623.809_84, 365_242.374_04, 0.051_69, -0.004_11, -0.000_57];
const AUTUMN: [f64; 5] = [2_451_810.217_15, 365_242.017_67, -0.115_75, 0.003_37, 0.000_78];

/// The Tokyo day of an equinox. The formula is good to a minute and dynamical time is a minute or two ahead of the clock: an instant
/// nearer to midnight than five minutes would prove nothing. In 2012 autumn came at 23:49.
fn equinox(year: i32, mean: [f64; 5]) -> NaiveDate {
    let y = f64::from(year - 2000) / 1_000.0;
    let days = mean.iter().rev().fold(0.0, |sum, factor| sum * y + factor);
    let centuries = (days - 2_451_545.0) / 36_525.0;
    let w = (35_999.373 * centuries - 2.47).to_radians();
    let wide = 1.0 + 0.033_4 * w.cos() + 0.000_7 * (2.0 * w).cos();
    let sum: f64 = TERMS.iter().map(|(a, b, c)| a * (b + c * centuries).to_radians().cos()).sum();
    let julian = days + 0.000_01 * sum / wide;
    // Julian days begin at noon; 2451545 is noon of 1 January 2000.
    let noon = day(2000, 1, 1).and_time(NaiveTime::from_hms_opt(12, 0, 0).unwrap());
    #[expect(clippy::cast_possible_truncation, reason = "minutes of half a century")]
    let minutes = ((julian - 2_451_545.0) * 1_440.0).round() as i64;
    let tokyo = noon + TimeDelta::minutes(minutes) + TimeDelta::hours(9);
    let (before, after) = (tokyo - TimeDelta::minutes(5), tokyo + TimeDelta::minutes(5));
    assert_eq!(before.date(), after.date(), "{year}: too near to midnight");
    tokyo.date()
}

/// The days the law names, with the special measures of 2019 to 2021.
fn by_the_list(year: i32) -> BTreeSet<NaiveDate> {
    let mut days: BTreeSet<NaiveDate> =
        [(1, 1), (2, 11), (4, 29), (5, 3), (5, 5), (11, 3), (11, 23)].map(|(m, d)| day(year, m, d)).into();
    days.extend([monday(year, 1, 2), equinox(year, SPRING), equinox(year, AUTUMN)]);
    // Since 2007 Greenery Day is the fourth of May; the Emperor's birthday moved with the Emperor, and 2019 had none.
    if year >= 2007 {
        days.insert(day(year, 5, 4));
    }
    match year {
        ..=2018 => drop(days.insert(day(year, 12, 23))),
        2019 => days.extend([day(2019, 5, 1), day(2019, 10, 22)]),
        _ => drop(days.insert(day(year, 2, 23))),
    }
    days.insert(if year < 2003 { day(year, 9, 15) } else { monday(year, 9, 3) });
    days.extend(match year {
        2020 => [day(2020, 7, 23), day(2020, 7, 24), day(2020, 8, 10)],
        2021 => [day(2021, 7, 22), day(2021, 7, 23), day(2021, 8, 8)],
        ..=2002 => [day(year, 7, 20), monday(year, 10, 2), day(year, 1, 1)],
        2003..=2015 => [monday(year, 7, 3), monday(year, 10, 2), day(year, 1, 1)],
        _ => [monday(year, 7, 3), monday(year, 10, 2), day(year, 8, 11)],
    });
    days
}

/// With the days that follow from the others.
fn whole(year: i32) -> Vec<NaiveDate> {
    let list = by_the_list(year);
    let mut all = list.clone();
    for sunday in list.iter().filter(|date| date.weekday() == Weekday::Sun) {
        let mut next = sunday.succ_opt().unwrap();
        // Until 2006 a Sunday's holiday moved to its Monday, which then was nothing else.
        while year >= 2007 && list.contains(&next) {
            next = next.succ_opt().unwrap();
        }
        all.insert(next);
    }
    for date in day(year, 1, 2).iter_days().take(363) {
        let sides = [date.pred_opt().unwrap(), date.succ_opt().unwrap()];
        if sides.iter().all(|side| list.contains(side)) && (year >= 2007 || date.weekday() != Weekday::Sun) {
            all.insert(date);
        }
    }
    all.into_iter().collect()
}

#[test]
fn every_year_from_2000_to_2050_is_as_the_law_and_the_sun_have_it() {
    let mut count = 0;
    for year in 2000..=2050 {
        let found: Vec<NaiveDate> = japanese_holidays(year).iter().map(|holiday| holiday.date).collect();
        assert_eq!(found, whole(year), "{year}");
        let own = found.iter().filter(|date| named(**date).is_some()).count();
        assert_eq!(own, by_the_list(year).len(), "{year}");
        count += found.len();
    }
    assert!(count > 51 * 15, "{count}");
}
