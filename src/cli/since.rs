//! `--since`: from when on.

use anyhow::Context;
use chrono::{NaiveDate, TimeZone};

use crate::domain::Timestamp;

const DAY_MS: i64 = 86_400_000;

/// When `text` means; a number of days counts back from `now`.
pub(super) fn since(text: &str, zone: chrono_tz::Tz, now: Timestamp) -> anyhow::Result<Timestamp> {
    if let Some(days) = text.strip_suffix('d').and_then(|days| days.parse::<i64>().ok()) {
        return Ok(now.plus_ms(-days.saturating_mul(DAY_MS)));
    }
    if let Ok(at) = chrono::DateTime::parse_from_rfc3339(text) {
        return Ok(at.into());
    }
    let day: Option<NaiveDate> = text.parse().ok();
    let start = day.and_then(|day| day.and_hms_opt(0, 0, 0)).and_then(|at| zone.from_local_datetime(&at).earliest());
    start.map(Timestamp::from).with_context(|| format!("--since {text}: write 2026-10-01, an RFC 3339 time, or 30d"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_reads_days_times_and_dates() {
        let now = Timestamp(1_795_375_800_000);
        let zone = chrono_tz::Asia::Tokyo;
        for (text, wanted) in [
            ("30d", Some(now.0 - 30 * DAY_MS)),
            ("2026-11-22", Some(1_795_273_200_000)),
            ("2026-11-22T00:00:00Z", Some(1_795_305_600_000)),
            ("yesterday", None),
        ] {
            assert_eq!(since(text, zone, now).ok().map(|at| at.0), wanted, "{text}");
        }
    }
}
