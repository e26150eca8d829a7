//! Japanese national holidays from 2000 to 2150, computed from the Act on National Holidays (Act No. 178 of 1948, as
//! amended to 2018), the Olympic special measures for 2020 and 2021, and the acts on the accession of 2019.
//!
//! The equinoxes follow the usual approximation of the observatory's figures, which agrees with every day announced so
//! far; the government fixes each one only in the February before. Later amendments are entered as closed or open dates.

use chrono::{Datelike, NaiveDate, Weekday};

/// One closed day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holiday {
    /// The day.
    pub date: NaiveDate,
    /// `勤労感謝の日`.
    pub ja: &'static str,
    /// `Labour Thanksgiving Day`.
    pub en: &'static str,
}

type Name = (&'static str, &'static str);

const SUBSTITUTE: Name = ("振替休日", "Substitute holiday");
const BETWEEN: Name = ("国民の休日", "Citizens' holiday");

/// The holiday on `date`, substitute and sandwiched days included; `None` outside 2000–2150.
#[must_use]
pub fn japanese_holiday(date: NaiveDate) -> Option<Holiday> {
    let (ja, en) = named(date).or_else(|| substitute(date)).or_else(|| between(date))?;
    Some(Holiday { date, ja, en })
}

/// The holidays of `year` in order; empty outside 2000–2150.
#[must_use]
pub fn japanese_holidays(year: i32) -> Vec<Holiday> {
    let Some(first) = NaiveDate::from_ymd_opt(year, 1, 1) else { return Vec::new() };
    first.iter_days().take_while(|date| date.year() == year).filter_map(japanese_holiday).collect()
}

/// Article 2 of the Act: the days that have a name of their own.
fn named(date: NaiveDate) -> Option<Name> {
    let (year, month, day) = (date.year(), date.month(), date.day());
    if !(2000..=2150).contains(&year) {
        return None;
    }
    Some(match (month, day) {
        (1, 1) => ("元日", "New Year's Day"),
        (1, _) if is_monday_of_week(date, 2) => ("成人の日", "Coming of Age Day"),
        (2, 11) => ("建国記念の日", "National Foundation Day"),
        (2, 23) if year >= 2020 => ("天皇誕生日", "Emperor's Birthday"),
        (3, _) if day == spring_equinox(year) => ("春分の日", "Vernal Equinox Day"),
        (4, 29) if year >= 2007 => ("昭和の日", "Showa Day"),
        (4, 29) => ("みどりの日", "Greenery Day"),
        (5, 1) if year == 2019 => ("即位の日", "Accession Day"),
        (5, 3) => ("憲法記念日", "Constitution Memorial Day"),
        (5, 4) if year >= 2007 => ("みどりの日", "Greenery Day"),
        (5, 5) => ("こどもの日", "Children's Day"),
        (7, _) if is_marine_day(date) => ("海の日", "Marine Day"),
        (8, _) if is_mountain_day(date) => ("山の日", "Mountain Day"),
        (9, _) if is_respect_day(date) => ("敬老の日", "Respect for the Aged Day"),
        (9, _) if day == autumn_equinox(year) => ("秋分の日", "Autumnal Equinox Day"),
        (10, 22) if year == 2019 => ("即位礼正殿の儀", "Enthronement Ceremony"),
        (7 | 10, _) if is_sports_day(date) && year >= 2020 => ("スポーツの日", "Sports Day"),
        (10, _) if is_sports_day(date) => ("体育の日", "Health and Sports Day"),
        (11, 3) => ("文化の日", "Culture Day"),
        (11, 23) => ("勤労感謝の日", "Labour Thanksgiving Day"),
        (12, 23) if year <= 2018 => ("天皇誕生日", "Emperor's Birthday"),
        _ => return None,
    })
}

/// Article 3 (2): a holiday on a Sunday moves to the next day that is not one; until 2006 only to the Monday.
fn substitute(date: NaiveDate) -> Option<Name> {
    let mut day = date.pred_opt()?;
    while named(day).is_some() {
        if day.weekday() == Weekday::Sun {
            return (date.year() >= 2007 || date.weekday() == Weekday::Mon).then_some(SUBSTITUTE);
        }
        day = day.pred_opt()?;
    }
    None
}

/// Article 3 (3): a day between two named holidays is closed; until 2006 not when it was a Sunday.
fn between(date: NaiveDate) -> Option<Name> {
    let sandwiched = named(date.pred_opt()?).is_some() && named(date.succ_opt()?).is_some();
    (sandwiched && (date.year() >= 2007 || date.weekday() != Weekday::Sun)).then_some(BETWEEN)
}

fn is_monday_of_week(date: NaiveDate, week: u32) -> bool {
    date.weekday() == Weekday::Mon && date.day().div_ceil(7) == week
}

fn is_marine_day(date: NaiveDate) -> bool {
    match date.year() {
        2020 => date.day() == 23,
        2021 => date.day() == 22,
        ..=2002 => date.day() == 20,
        _ => is_monday_of_week(date, 3),
    }
}

fn is_mountain_day(date: NaiveDate) -> bool {
    match date.year() {
        ..=2015 => false,
        2020 => date.day() == 10,
        2021 => date.day() == 8,
        _ => date.day() == 11,
    }
}

fn is_respect_day(date: NaiveDate) -> bool {
    if date.year() <= 2002 { date.day() == 15 } else { is_monday_of_week(date, 3) }
}

fn is_sports_day(date: NaiveDate) -> bool {
    match date.year() {
        2020 => (date.month(), date.day()) == (7, 24),
        2021 => (date.month(), date.day()) == (7, 23),
        _ => date.month() == 10 && is_monday_of_week(date, 2),
    }
}

fn spring_equinox(year: i32) -> u32 {
    equinox(year, if year < 2100 { 20_843_100 } else { 21_851_000 })
}

fn autumn_equinox(year: i32) -> u32 {
    equinox(year, if year < 2100 { 23_248_800 } else { 24_248_800 })
}

/// `base` is the day of the month in 1980, in millionths; a year moves it by 0.242194 days, a leap day takes it back.
fn equinox(year: i32, base: i32) -> u32 {
    let years = year - 1980;
    u32::try_from((base + 242_194 * years) / 1_000_000 - years / 4).unwrap_or(0)
}

#[cfg(test)]
mod law;
#[cfg(test)]
mod tests {
    use super::*;

    fn days(year: i32) -> Vec<String> {
        japanese_holidays(year).iter().map(|holiday| holiday.date.format("%m-%d").to_string()).collect()
    }

    #[test]
    fn the_official_lists_come_out() {
        let cases: [(i32, &str); 8] = [
            (2000, "01-01 01-10 02-11 03-20 04-29 05-03 05-04 05-05 07-20 09-15 09-23 10-09 11-03 11-23 12-23"),
            (
                2009,
                "01-01 01-12 02-11 03-20 04-29 05-03 05-04 05-05 05-06 07-20 09-21 09-22 09-23 10-12 11-03 11-23 12-23",
            ),
            (
                2015,
                "01-01 01-12 02-11 03-21 04-29 05-03 05-04 05-05 05-06 07-20 09-21 09-22 09-23 10-12 11-03 11-23 12-23",
            ),
            (
                2019,
                "01-01 01-14 02-11 03-21 04-29 04-30 05-01 05-02 05-03 05-04 05-05 05-06 07-15 08-11 08-12 09-16 09-23 10-14 10-22 11-03 11-04 11-23",
            ),
            (
                2020,
                "01-01 01-13 02-11 02-23 02-24 03-20 04-29 05-03 05-04 05-05 05-06 07-23 07-24 08-10 09-21 09-22 11-03 11-23",
            ),
            (
                2021,
                "01-01 01-11 02-11 02-23 03-20 04-29 05-03 05-04 05-05 07-22 07-23 08-08 08-09 09-20 09-23 11-03 11-23",
            ),
            (
                2024,
                "01-01 01-08 02-11 02-12 02-23 03-20 04-29 05-03 05-04 05-05 05-06 07-15 08-11 08-12 09-16 09-22 09-23 10-14 11-03 11-04 11-23",
            ),
            (
                2026,
                "01-01 01-12 02-11 02-23 03-20 04-29 05-03 05-04 05-05 05-06 07-20 08-11 09-21 09-22 09-23 10-12 11-03 11-23",
            ),
        ];
        for (year, wanted) in cases {
            assert_eq!(days(year).join(" "), wanted, "{year}");
        }
    }

    #[test]
    fn equinoxes_match_the_announced_and_forecast_days() {
        for (year, spring, autumn) in [
            (2001, 20, 23),
            (2003, 21, 23),
            (2008, 20, 23),
            (2012, 20, 22),
            (2016, 20, 22),
            (2023, 21, 23),
            (2024, 20, 22),
            (2025, 20, 23),
            (2026, 20, 23),
            (2027, 21, 23),
            (2030, 20, 23),
        ] {
            assert_eq!((spring_equinox(year), autumn_equinox(year)), (spring, autumn), "{year}");
        }
    }

    #[test]
    fn the_names_say_why_a_day_is_closed() {
        let name = |y, m, d| japanese_holiday(NaiveDate::from_ymd_opt(y, m, d).unwrap()).map(|holiday| holiday.ja);
        assert_eq!(name(2026, 5, 6), Some("振替休日"));
        assert_eq!(name(2026, 9, 22), Some("国民の休日"));
        assert_eq!(name(2019, 4, 30), Some("国民の休日"));
        assert_eq!(name(2004, 5, 4), Some("国民の休日"));
        assert_eq!(name(2003, 5, 4), None, "a Sunday between holidays was no holiday before 2007");
        assert_eq!(name(2019, 12, 23), None);
        assert_eq!(name(2026, 11, 24), None);
    }

    #[test]
    fn no_year_within_reach_is_empty_and_none_outside_is_filled() {
        for year in 2000..=2150 {
            assert!((15..=22).contains(&days(year).len()), "{year}: {}", days(year).len());
        }
        assert_eq!(days(1999), Vec::<String>::new());
        assert_eq!(days(2151), Vec::<String>::new());
    }
}
