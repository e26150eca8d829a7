//! `sla due` and `sla holidays`: working time reckoned from the settings; nothing is opened, nothing is stored.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::Context;
use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, TimeZone};
use clap::{Args, Subcommand};
use serde_json::json;

use super::{Global, out, settings};
use crate::config::Config;
use crate::domain::Timestamp;
use crate::domain::schedule::{Calendar, Objective, Timetable};
use crate::sla::{hours, hours_on, japanese_holidays};

/// Japan's holidays are known in these.
const YEARS: std::ops::RangeInclusive<i64> = 2000..=2150;

#[derive(Args)]
pub(super) struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// When a target falls due
    Due {
        /// The calendar's name, from [[calendars]]; `business` and `always` are always there
        #[arg(long, value_name = "NAME")]
        calendar: String,
        /// When it begins: 2026-11-24T18:00:00+09:00
        #[arg(long, value_name = "RFC3339")]
        start: DateTime<FixedOffset>,
        /// How much working time: 90m, 4h or 5bd (business days)
        #[arg(long = "in", value_name = "TIME")]
        target: Objective,
    },
    /// Closed days of a year: Japan's national holidays, or everything a calendar closes beside its weekly hours
    Holidays {
        /// 2000 to 2150
        #[arg(long, value_parser = clap::value_parser!(i32).range(YEARS))]
        year: i32,
        /// The days of this calendar [default: Japan's national holidays]
        #[arg(long, value_name = "NAME")]
        calendar: Option<String>,
    },
}

pub(super) fn run(command: &Command, global: &Global) -> anyhow::Result<ExitCode> {
    match &command.action {
        Action::Due { calendar, start, target } => due(global, calendar, (*start).into(), *target)?,
        Action::Holidays { year, calendar: None } => {
            let days =
                japanese_holidays(*year).into_iter().map(|day| (day.date, [day.ja.to_owned(), day.en.to_owned()]));
            show(global, days.collect())?;
        }
        Action::Holidays { year, calendar: Some(name) } => {
            let config = settings::start(global)?;
            show(global, closed_days(find(&config, name)?, *year))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn due(global: &Global, name: &str, start: Timestamp, target: Objective) -> anyhow::Result<()> {
    let config = settings::start(global)?;
    let table = Timetable::new(find(&config, name)?.clone());
    let due = hours::due(&table, start, target);
    holidays_are_known(table.calendar(), [start, due])?;
    let opens = hours::next_open(&table, start);
    let working_minutes = hours::working_ms(&table, start, due) / 60_000;
    let zone = table.calendar().timezone;
    let local = |at: Timestamp| at.utc().map(|utc| utc.with_timezone(&zone).to_rfc3339());
    if global.json {
        return out::json(&json!({
            "calendar": name, "timezone": zone.name(), "in": target.to_string(), "start": local(start), "due": local(due),
            "opens": local(opens), "working_minutes": working_minutes,
        }));
    }
    out::line(format!("due    {} {}", weekday(due, zone), local(due).unwrap_or_default()));
    out::line(format!("start  {} {}", weekday(start, zone), local(start).unwrap_or_default()));
    if opens > start {
        out::line(format!("counts from {} {}", weekday(opens, zone), local(opens).unwrap_or_default()));
    }
    out::line(format!("{working_minutes} working minutes in calendar {name} ({zone})"));
    Ok(())
}

/// Outside the years whose holidays are known a closed day would count as open.
fn holidays_are_known(calendar: &Calendar, span: [Timestamp; 2]) -> anyhow::Result<()> {
    for at in span.into_iter().filter(|_| calendar.japanese_holidays) {
        let year = at.utc().map(|utc| i64::from(utc.with_timezone(&calendar.timezone).year()));
        anyhow::ensure!(
            year.is_some_and(|year| YEARS.contains(&year)),
            "Japan's holidays are known from {} to {}: {} is outside; take a start within, or a calendar without them",
            YEARS.start(),
            YEARS.end(),
            at.rfc3339()
        );
    }
    Ok(())
}

fn weekday(at: Timestamp, zone: chrono_tz::Tz) -> String {
    at.utc().map_or_else(String::new, |utc| zone.from_utc_datetime(&utc.naive_utc()).format("%a").to_string())
}

fn find<'a>(config: &'a Config, name: &str) -> anyhow::Result<&'a Calendar> {
    let known: Vec<&str> = config.calendars.iter().map(|calendar| calendar.name.as_str()).collect();
    config
        .calendars
        .iter()
        .find(|calendar| calendar.name == name)
        .with_context(|| format!("there is no calendar `{name}`; there are: {}", known.join(", ")))
}

/// Days that would be open by the weekly hours and are not, and holidays on other days, each with its names.
fn closed_days(calendar: &Calendar, year: i32) -> BTreeMap<NaiveDate, [String; 2]> {
    let mut days: BTreeMap<NaiveDate, [String; 2]> = BTreeMap::new();
    if calendar.japanese_holidays {
        days.extend(japanese_holidays(year).into_iter().map(|day| (day.date, [day.ja.to_owned(), day.en.to_owned()])));
    }
    for day in calendar.holidays.iter().filter(|day| day.date.year() == year) {
        days.entry(day.date).or_insert_with(|| [day.name.clone(), day.name.clone()]);
    }
    let Some(first) = NaiveDate::from_ymd_opt(year, 1, 1) else { return days };
    for date in first.iter_days().take_while(|date| date.year() == year) {
        let usual =
            calendar.week.get(date.weekday().num_days_from_monday() as usize).is_some_and(|hours| !hours.is_empty());
        let closed = hours_on(calendar, date).is_empty();
        if closed && usual {
            days.entry(date).or_insert_with(|| ["休業日".to_owned(), "Closed".to_owned()]);
        } else if !closed {
            // Opened although it is a holiday.
            days.remove(&date);
        }
    }
    days
}

fn show(global: &Global, days: BTreeMap<NaiveDate, [String; 2]>) -> anyhow::Result<()> {
    if global.json {
        let document = |(date, [ja, en]): (NaiveDate, [String; 2])| json!({ "date": date.to_string(), "weekday": date.format("%a").to_string(), "name": { "ja": ja, "en": en } });
        return out::json(&days.into_iter().map(document).collect::<Vec<_>>().into());
    }
    let mut table = out::table(["day", "", "name", ""]);
    let count = days.len();
    for (date, [ja, en]) in days {
        table.add_row([date.to_string(), date.format("%a").to_string(), ja, en]);
    }
    out::line(table.to_string());
    out::line(format!("{count} days"));
    Ok(())
}
