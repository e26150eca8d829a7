//! Times as people read them, in the desk's zone.

use chrono::{DateTime, Datelike, Timelike};
use chrono_tz::Tz;

use crate::domain::{Language, Timestamp};

const WEEKDAYS_JA: [&str; 7] = ["月", "火", "水", "木", "金", "土", "日"];

/// `11月24日(火) 19:00`, or `Tuesday 24 November, 19:00 JST`; with the year when it is not that of `now`. `None` outside
/// the years chrono can show.
pub(in crate::decide) fn deadline(at: Timestamp, now: Timestamp, zone: Tz, language: Language) -> Option<String> {
    let (at, now) = (local(at, zone)?, local(now, zone)?);
    let other_year = at.year() != now.year();
    Some(match language {
        Language::Ja => {
            let year = if other_year { format!("{}年", at.year()) } else { String::new() };
            let weekday = WEEKDAYS_JA.get(at.weekday().num_days_from_monday() as usize).copied().unwrap_or_default();
            format!("{year}{}月{}日({weekday}) {}:{:02}", at.month(), at.day(), at.hour(), at.minute())
        }
        Language::En if other_year => at.format("%A %-d %B %Y, %H:%M %Z").to_string(),
        Language::En => at.format("%A %-d %B, %H:%M %Z").to_string(),
    })
}

/// A past time with its year: `2026年11月22日(日) 15:00`, `Sunday 22 November 2026, 15:00 JST`.
pub(in crate::decide) fn date_and_time(at: Timestamp, zone: Tz, language: Language) -> Option<String> {
    // A `now` in another year makes the year show.
    deadline(at, Timestamp(0), zone, language)
}

fn local(at: Timestamp, zone: Tz) -> Option<DateTime<Tz>> {
    Some(at.utc()?.with_timezone(&zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_naturally_in_both_languages() {
        let at = |text: &str| Timestamp::from(chrono::DateTime::parse_from_rfc3339(text).unwrap());
        let now = at("2026-11-22T15:00:00+09:00");
        let cases = [
            ("2026-11-24T19:00:00+09:00", Language::Ja, "11月24日(火) 19:00"),
            ("2026-11-24T19:00:00+09:00", Language::En, "Tuesday 24 November, 19:00 JST"),
            ("2027-01-04T09:05:00+09:00", Language::Ja, "2027年1月4日(月) 9:05"),
            ("2027-01-04T09:05:00+09:00", Language::En, "Monday 4 January 2027, 09:05 JST"),
        ];
        for (due, language, wanted) in cases {
            assert_eq!(deadline(at(due), now, chrono_tz::Asia::Tokyo, language).as_deref(), Some(wanted));
        }
        assert_eq!(
            date_and_time(now, chrono_tz::Asia::Tokyo, Language::Ja).as_deref(),
            Some("2026年11月22日(日) 15:00")
        );
        assert_eq!(deadline(Timestamp(i64::MAX), now, chrono_tz::Asia::Tokyo, Language::En), None);
    }
}
