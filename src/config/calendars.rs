//! `[[calendars]]`: from hours, holidays and exceptions as written to calendars that open at least once a week.

use std::path::Path;

use super::build::IANA;
use super::document::Document;
use super::{hours, ics, sections};
use crate::domain::Fault;
use crate::domain::schedule::{Calendar, NamedDay, Span};

/// The calendars of the settings; `business` and `always` are added when they are not there.
pub(super) fn calendars(document: &mut Document<'_>, base: &Path, timezone: chrono_tz::Tz) -> Vec<Calendar> {
    let mut calendars: Vec<Calendar> = Vec::new();
    for (line, raw) in document.list::<sections::Calendar>("calendars") {
        let mut faults = Vec::new();
        match calendar(&raw, base, timezone, &mut faults) {
            Ok(calendar) if calendars.iter().any(|other| other.name == calendar.name) => {
                document.fault(line, format!("[[calendars]] `{}` is there twice", calendar.name));
            }
            Ok(calendar) => calendars.push(calendar),
            Err(message) => document.fault(line, format!("[[calendars]] {}: {message}", raw.name)),
        }
        document.faults.append(&mut faults);
    }
    if !calendars.iter().any(|calendar| calendar.name == "business") {
        let hours = vec![Span { start_minute: 600, end_minute: 1140 }];
        let mut business = blank("business", timezone);
        business.week.iter_mut().take(5).for_each(|day| day.clone_from(&hours));
        business.japanese_holidays = true;
        business.closed_yearly.push(((12, 30), (1, 3)));
        calendars.push(business);
    }
    if !calendars.iter().any(|calendar| calendar.name == "always") {
        let mut always = blank("always", timezone);
        always.week.iter_mut().for_each(|day| day.push(Span { start_minute: 0, end_minute: 1440 }));
        calendars.push(always);
    }
    calendars
}

fn blank(name: &str, timezone: chrono_tz::Tz) -> Calendar {
    Calendar {
        name: name.to_owned(),
        timezone,
        week: Default::default(),
        japanese_holidays: false,
        closed_yearly: Vec::new(),
        holidays: Vec::new(),
        closed_dates: Vec::new(),
        open_dates: Vec::new(),
        special_hours: Vec::new(),
    }
}

fn calendar(
    raw: &sections::Calendar,
    base: &Path,
    timezone: chrono_tz::Tz,
    faults: &mut Vec<Fault>,
) -> Result<Calendar, String> {
    let mut calendar = blank(&raw.name, timezone);
    if let Some(name) = &raw.timezone {
        calendar.timezone = name.parse().map_err(|_| format!("timezone = \"{name}\" is not a time zone; {IANA}"))?;
    }
    for (days, written) in &raw.hours {
        let spans = hours::spans(written)?;
        for day in hours::days(days)? {
            if let Some(slot) = calendar.week.get_mut(day) {
                slot.clone_from(&spans);
            }
        }
    }
    if calendar.week.iter().all(Vec::is_empty) {
        return Err("is never open; write hours = { \"mon-fri\" = \"10:00-19:00\" }".into());
    }
    for written in raw.holidays.iter() {
        match written {
            "jp" => calendar.japanese_holidays = true,
            "none" => {}
            file if file.to_ascii_lowercase().ends_with(".ics") => {
                calendar.holidays.extend(days_of(base, file, faults)?);
            }
            other => return Err(format!("holidays = \"{other}\": write jp, none or the name of an .ics file")),
        }
    }
    calendar.holidays.sort();
    calendar.holidays.dedup_by_key(|day| day.date);
    calendar.closed_yearly = raw.closed_yearly.iter().map(|text| hours::yearly(text)).collect::<Result<_, _>>()?;
    calendar.closed_dates = raw.closed.iter().map(|text| date(text)).collect::<Result<_, _>>()?;
    for text in &raw.open {
        match text.trim().split_once(' ') {
            None => calendar.open_dates.push(date(text)?),
            Some((day, written)) => calendar.special_hours.push((date(day)?, hours::spans(written)?)),
        }
    }
    calendar.special_hours.sort_by_key(|(day, _)| *day);
    if let Some(pair) = calendar.special_hours.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(format!("open = [\"{} …\"] is there twice; write all hours of a day in one entry", pair[0].0));
    }
    if let Some(day) = calendar.closed_dates.iter().find(|day| is_opened(&calendar, **day)) {
        return Err(format!("{day} is both closed and open"));
    }
    Ok(calendar)
}

fn is_opened(calendar: &Calendar, day: chrono::NaiveDate) -> bool {
    calendar.open_dates.contains(&day) || calendar.special_hours.iter().any(|(special, _)| *special == day)
}

/// The closed days of an iCalendar file; its faults are reported with the file's own name and lines.
fn days_of(base: &Path, file: &str, faults: &mut Vec<Fault>) -> Result<Vec<NamedDay>, String> {
    let path = base.join(file);
    let bytes = std::fs::read(&path)
        .map_err(|fault| format!("holidays = \"{file}\": cannot read {}: {fault}", path.display()))?;
    let text = String::from_utf8(bytes).map_err(|_| format!("holidays = \"{file}\" is not UTF-8 (RFC 5545 §3.1.4)"))?;
    match ics::closed_days(&text) {
        Ok(days) if days.is_empty() => Err(format!("holidays = \"{file}\" holds no closed day")),
        Ok(days) => Ok(days),
        Err(found) => {
            let shown = path.display().to_string();
            faults.extend(found.into_iter().map(|(line, message)| Fault { file: shown.clone(), line, message }));
            Ok(Vec::new())
        }
    }
}

fn date(text: &str) -> Result<chrono::NaiveDate, String> {
    text.trim().parse().map_err(|_| format!("`{text}` is not a day; write 2026-10-01"))
}
