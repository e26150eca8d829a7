//! Opening hours and yearly closings as they are written in the settings.

use crate::domain::schedule::Span;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Reads `10:00-12:00, 13:00-17:00`; an end at or before its start is on the next day. Empty: closed.
pub(super) fn spans(text: &str) -> Result<Vec<Span>, String> {
    let mut spans: Vec<Span> = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let fault = || format!("`{part}` is not a span of hours; write 10:00-19:00");
        let (start, end) = part.split_once('-').ok_or_else(fault)?;
        let start_minute = minute(start).filter(|at| *at < 1440).ok_or_else(fault)?;
        let mut end_minute = minute(end).filter(|at| *at <= 1440).ok_or_else(fault)?;
        if end_minute <= start_minute {
            end_minute += 1440;
        }
        if spans.last().is_some_and(|last| last.end_minute > start_minute) {
            return Err(format!("`{part}` overlaps the span before it"));
        }
        spans.push(Span { start_minute, end_minute });
    }
    Ok(spans)
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    (hour <= 24 && minute < 60).then_some(hour * 60 + minute)
}

/// Reads day names: `mon`, `mon-fri` or `sat,sun`. Returns indexes, Monday 0.
pub(super) fn days(text: &str) -> Result<Vec<usize>, String> {
    let index = |name: &str| {
        DAYS.iter().position(|day| *day == name.trim()).ok_or_else(|| format!("`{name}` is not a day; write mon … sun"))
    };
    let mut days = Vec::new();
    for part in text.split(',') {
        match part.split_once('-') {
            None => days.push(index(part)?),
            Some((from, to)) => {
                let (from, to) = (index(from)?, index(to)?);
                if from > to {
                    return Err(format!("`{part}` runs backwards; write the earlier day first"));
                }
                days.extend(from..=to);
            }
        }
    }
    Ok(days)
}

/// First and last day, inclusive, as (month, day).
pub(super) type Yearly = ((u32, u32), (u32, u32));

/// Reads `12-30..01-03` or `08-15` as (month, day) pairs.
pub(super) fn yearly(text: &str) -> Result<Yearly, String> {
    let day = |text: &str| {
        let (month, day) = text.trim().split_once('-')?;
        let pair: (u32, u32) = (month.parse().ok()?, day.parse().ok()?);
        // 2024 is a leap year: 29 February may be written.
        chrono::NaiveDate::from_ymd_opt(2024, pair.0, pair.1).map(|_| pair)
    };
    let fault = || format!("`{text}` is not a day or a span of days; write 08-15 or 12-30..01-03");
    let (from, to) = text.split_once("..").unwrap_or((text, text));
    Ok((day(from).ok_or_else(fault)?, day(to).ok_or_else(fault)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_may_have_a_lunch_break_and_pass_midnight() {
        let span = |start_minute, end_minute| Span { start_minute, end_minute };
        assert_eq!(spans("10:00-12:00, 13:00-17:00"), Ok(vec![span(600, 720), span(780, 1020)]));
        assert_eq!(spans("22:00-06:00"), Ok(vec![span(1320, 1800)]));
        assert_eq!(spans("00:00-24:00"), Ok(vec![span(0, 1440)]));
        assert_eq!(spans(""), Ok(vec![]));
        for bad in ["10-12", "25:00-26:00", "10:00-12:00,11:00-13:00", "10:70-11:00"] {
            assert!(spans(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn days_and_yearly_closings_are_read_or_refused() {
        assert_eq!(days("mon-fri"), Ok(vec![0, 1, 2, 3, 4]));
        assert_eq!(days("sat,sun"), Ok(vec![5, 6]));
        assert!(days("fri-mon").is_err() && days("monday").is_err());
        assert_eq!(yearly("12-30..01-03"), Ok(((12, 30), (1, 3))));
        assert_eq!(yearly("08-15"), Ok(((8, 15), (8, 15))));
        assert!(yearly("02-30").is_err() && yearly("x").is_err());
    }
}
