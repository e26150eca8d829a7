//! Closed days out of an iCalendar file (RFC 5545): whole-day events, with yearly rules, extra and left-out days.
//!
//! What a calendar of holidays does not need is refused with its line, not passed over: a day that was silently missed would
//! be a promise wrongly kept.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Days, NaiveDate, Weekday};

use crate::domain::schedule::NamedDay;

/// Rules without an end are worked out to this year.
const LAST_YEAR: i32 = 2149;
/// No holiday lasts longer.
const MOST_DAYS: u64 = 366;

/// A fault: line, counted from 1, and message.
pub(super) type IcsFault = (usize, String);

/// One unfolded content line (RFC 5545 §3.1).
struct Line {
    number: usize,
    name: String,
    parameters: Vec<String>,
    value: String,
}

/// One event while it is read.
#[derive(Default)]
struct Event {
    line: usize,
    uid: String,
    name: String,
    start: Option<NaiveDate>,
    end: Option<NaiveDate>,
    days: Option<u64>,
    rule: Option<Rule>,
    more: Vec<NaiveDate>,
    except: Vec<NaiveDate>,
    replaces: Option<NaiveDate>,
    cancelled: bool,
    /// A line of it was not understood, which is a fault already: nothing else is said of it.
    unclear: bool,
}

/// A yearly rule (RFC 5545 §3.3.10).
#[derive(Default)]
struct Rule {
    interval: i32,
    count: Option<usize>,
    until: Option<NaiveDate>,
    months: Vec<u32>,
    month_days: Vec<i32>,
    weekdays: Vec<(i32, Weekday)>,
}

/// The closed days of `text`, sorted, each day once.
pub(super) fn closed_days(text: &str) -> Result<Vec<NamedDay>, Vec<IcsFault>> {
    let (events, mut faults) = events(text);
    let mut replaced: BTreeMap<&str, Vec<NaiveDate>> = BTreeMap::new();
    for event in &events {
        if let Some(date) = event.replaces {
            replaced.entry(&event.uid).or_default().push(date);
        }
    }
    let mut days: BTreeMap<NaiveDate, String> = BTreeMap::new();
    for event in events.iter().filter(|event| !event.cancelled && !event.unclear) {
        let others = if event.replaces.is_none() { replaced.get(event.uid.as_str()) } else { None };
        match event.dates(others.map_or(&[], Vec::as_slice)) {
            Ok(dates) => {
                for date in dates {
                    days.entry(date).or_insert_with(|| event.name.clone());
                }
            }
            Err(message) => faults.push((event.line, message)),
        }
    }
    if faults.is_empty() {
        Ok(days.into_iter().map(|(date, name)| NamedDay { date, name }).collect())
    } else {
        Err(faults)
    }
}

fn events(text: &str) -> (Vec<Event>, Vec<IcsFault>) {
    let (mut events, mut faults, mut open) = (Vec::new(), Vec::new(), Vec::<String>::new());
    let mut event: Option<Event> = None;
    let lines = unfolded(text, &mut faults);
    if lines.first().is_none_or(|line| line.name != "BEGIN" || !line.value.eq_ignore_ascii_case("VCALENDAR")) {
        return (events, vec![(1, "is not an iCalendar file: it does not begin with BEGIN:VCALENDAR".into())]);
    }
    let last = lines.last().map_or(1, |line| line.number);
    for line in lines {
        let part = line.value.to_ascii_uppercase();
        match line.name.as_str() {
            "BEGIN" => {
                if part == "VEVENT" {
                    event = Some(Event { line: line.number, ..Event::default() });
                }
                open.push(part);
            }
            "END" => {
                if open.pop().is_none_or(|begun| begun != part) {
                    faults.push((line.number, format!("END:{part} ends nothing that was begun")));
                }
                if part == "VEVENT" {
                    events.extend(event.take());
                }
            }
            // What stands in an alarm inside an event says nothing about the day.
            _ if open.last().is_some_and(|part| part == "VEVENT") => {
                if let Some(Err(message)) = event.as_mut().map(|event| event.take(&line)) {
                    faults.push((line.number, message));
                    event = event.map(|event| Event { unclear: true, ..event });
                }
            }
            _ => {}
        }
    }
    if let Some(part) = open.last() {
        faults.push((last, format!("the file ends inside {part}")));
    }
    (events, faults)
}

/// A line that begins with a blank goes on with the one before.
fn unfolded(text: &str, faults: &mut Vec<IcsFault>) -> Vec<Line> {
    let mut whole: Vec<(usize, String)> = Vec::new();
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        match (line.strip_prefix([' ', '\t']), whole.last_mut()) {
            (Some(rest), Some((_, last))) => last.push_str(rest),
            _ if line.trim().is_empty() => {}
            _ => whole.push((index + 1, line.to_owned())),
        }
    }
    let mut lines = Vec::new();
    for (number, text) in whole {
        let Some((head, value)) = split_outside_quotes(&text, ':') else {
            faults.push((number, format!("`{text}` is not NAME:VALUE")));
            continue;
        };
        let mut parts = head.split(';').map(str::to_ascii_uppercase);
        let name = parts.next().unwrap_or_default();
        lines.push(Line { number, name, parameters: parts.collect(), value: value.trim().to_owned() });
    }
    lines
}

fn split_outside_quotes(text: &str, at: char) -> Option<(&str, &str)> {
    let mut quoted = false;
    let found = text.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        !quoted && *c == at
    });
    found.map(|(place, _)| (&text[..place], &text[place + at.len_utf8()..]))
}

impl Event {
    fn take(&mut self, line: &Line) -> Result<(), String> {
        match line.name.as_str() {
            "UID" => line.value.clone_into(&mut self.uid),
            "SUMMARY" => self.name = plain(&line.value),
            "STATUS" => self.cancelled = line.value.eq_ignore_ascii_case("CANCELLED"),
            "DTSTART" => self.start = Some(day(line)?),
            "DTEND" => self.end = Some(day(line)?),
            "DURATION" => self.days = Some(duration(&line.value)?),
            "RRULE" => self.rule = Some(rule(&line.value)?),
            "RDATE" => self.more.extend(list_of_days(line)?),
            "EXDATE" => self.except.extend(list_of_days(line)?),
            "RECURRENCE-ID" => self.replaces = Some(day(line)?),
            "EXRULE" => return Err("EXRULE is not understood; write EXDATE for the days left out".into()),
            _ => {}
        }
        Ok(())
    }

    fn dates(&self, replaced: &[NaiveDate]) -> Result<BTreeSet<NaiveDate>, String> {
        let start = self.start.ok_or("the event has no DTSTART")?;
        let length = match (self.end, self.days) {
            (Some(end), _) if end < start => return Err("the event ends before it starts".into()),
            // DTEND is the day after the last one; a file that repeats DTSTART means that one day.
            (Some(end), _) => (end - start).num_days().unsigned_abs().max(1),
            (None, days) => days.unwrap_or(1).max(1),
        };
        if length > MOST_DAYS {
            return Err(format!("the event lasts {length} days; a holiday lasts at most {MOST_DAYS}"));
        }
        let mut firsts = match &self.rule {
            Some(rule) => rule.firsts(start)?,
            None => vec![start],
        };
        firsts.extend(&self.more);
        firsts.retain(|date| !self.except.contains(date) && !replaced.contains(date));
        Ok(firsts.into_iter().flat_map(|first| (0..length).map(move |day| first + Days::new(day))).collect())
    }
}

impl Rule {
    /// The first days of each occurrence from `start` on; `start` itself is always one.
    fn firsts(&self, start: NaiveDate) -> Result<Vec<NaiveDate>, String> {
        if self.weekdays.iter().any(|(nth, _)| *nth != 0) && self.months.is_empty() {
            return Err("RRULE: a numbered BYDAY needs a BYMONTH".into());
        }
        let mut found = BTreeSet::from([start]);
        let most = self.count.unwrap_or(usize::MAX);
        let mut year = start.year();
        while year <= LAST_YEAR && found.len() < most && self.until.is_none_or(|until| year <= until.year()) {
            for date in self.of_year(year, start) {
                if date >= start && self.until.is_none_or(|until| date <= until) && found.len() < most {
                    found.insert(date);
                }
            }
            year += self.interval;
        }
        Ok(found.into_iter().collect())
    }

    fn of_year(&self, year: i32, start: NaiveDate) -> Vec<NaiveDate> {
        let by_day_alone = !self.weekdays.is_empty() && self.month_days.is_empty();
        let months: Vec<u32> = if !self.months.is_empty() {
            self.months.clone()
        } else if by_day_alone || !self.month_days.is_empty() {
            (1..=12).collect()
        } else {
            vec![start.month()]
        };
        let mut dates = Vec::new();
        for month in months {
            let Some(first) = NaiveDate::from_ymd_opt(year, month, 1) else { continue };
            let length = i32::from(first.num_days_in_month());
            for date in first.iter_days().take_while(|date| date.month() == month) {
                if self.takes(date, length, start) {
                    dates.push(date);
                }
            }
        }
        dates.sort_unstable();
        dates
    }

    fn takes(&self, date: NaiveDate, length: i32, start: NaiveDate) -> bool {
        let day = i32::try_from(date.day()).unwrap_or(0);
        let from_end = day - length - 1;
        let by_day = self.weekdays.iter().any(|(nth, weekday)| {
            let (forward, backward) = ((day + 6) / 7, (from_end - 6) / 7);
            date.weekday() == *weekday && (*nth == 0 || *nth == forward || *nth == backward)
        });
        match (self.weekdays.is_empty(), self.month_days.is_empty()) {
            (true, true) => date.day() == start.day(),
            (true, false) => self.month_days.contains(&day) || self.month_days.contains(&from_end),
            (false, true) => by_day,
            (false, false) => by_day && (self.month_days.contains(&day) || self.month_days.contains(&from_end)),
        }
    }
}

fn rule(text: &str) -> Result<Rule, String> {
    let mut rule = Rule { interval: 1, ..Rule::default() };
    let mut yearly = false;
    for part in text.split(';').filter(|part| !part.is_empty()) {
        let (key, value) = part.split_once('=').ok_or_else(|| format!("RRULE: `{part}` is not NAME=VALUE"))?;
        let fault = || format!("RRULE: {key}={value} is not understood");
        match key.to_ascii_uppercase().as_str() {
            "FREQ" => yearly = value.eq_ignore_ascii_case("YEARLY"),
            "INTERVAL" => rule.interval = value.parse().ok().filter(|years| *years > 0).ok_or_else(fault)?,
            "COUNT" => rule.count = Some(value.parse().ok().filter(|count| *count > 0).ok_or_else(fault)?),
            "UNTIL" => rule.until = Some(date_of(value).ok_or_else(fault)?),
            "BYMONTH" => {
                rule.months = numbers(value)
                    .filter(|list: &Vec<u32>| list.iter().all(|n| (1..=12).contains(n)))
                    .ok_or_else(fault)?;
            }
            "BYMONTHDAY" => rule.month_days = numbers(value).ok_or_else(fault)?,
            "BYDAY" => rule.weekdays = value.split(',').map(weekday).collect::<Option<_>>().ok_or_else(fault)?,
            "WKST" => {}
            _ => return Err(fault()),
        }
    }
    if yearly { Ok(rule) } else { Err("RRULE: only FREQ=YEARLY is understood; write other days one by one".into()) }
}

fn numbers<T: std::str::FromStr>(text: &str) -> Option<Vec<T>> {
    text.split(',').map(|part| part.trim().parse().ok()).collect()
}

/// `4TH`: the fourth Thursday; `-1MO`: the last Monday; `SU`: every Sunday.
fn weekday(text: &str) -> Option<(i32, Weekday)> {
    let text = text.trim();
    let (number, name) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let weekday = match name.to_ascii_uppercase().as_str() {
        "MO" => Weekday::Mon,
        "TU" => Weekday::Tue,
        "WE" => Weekday::Wed,
        "TH" => Weekday::Thu,
        "FR" => Weekday::Fri,
        "SA" => Weekday::Sat,
        "SU" => Weekday::Sun,
        _ => return None,
    };
    let number =
        if number.is_empty() { 0 } else { number.parse().ok().filter(|n: &i32| (1..=5).contains(&n.abs()))? };
    Some((number, weekday))
}

fn day(line: &Line) -> Result<NaiveDate, String> {
    one_day(&line.name, &line.value)
}

fn list_of_days(line: &Line) -> Result<Vec<NaiveDate>, String> {
    if line.parameters.iter().any(|parameter| parameter == "VALUE=PERIOD") {
        return Err(format!("{} with VALUE=PERIOD is not understood; write VALUE=DATE", line.name));
    }
    line.value.split(',').map(|value| one_day(&line.name, value.trim())).collect()
}

fn one_day(name: &str, value: &str) -> Result<NaiveDate, String> {
    let date =
        date_of(value).ok_or_else(|| format!("{name}: `{value}` is not a day; write {name};VALUE=DATE:20261126"))?;
    match value.split_once('T') {
        Some((_, time)) if time.trim_end_matches('Z') != "000000" => Err(format!(
            "{name}: `{value}` is a time; a closed day is a whole day: write {name};VALUE=DATE:{}",
            date.format("%Y%m%d")
        )),
        Some(_) | None => Ok(date),
    }
}

fn date_of(value: &str) -> Option<NaiveDate> {
    let digits = value.split('T').next().filter(|digits| digits.len() == 8)?;
    NaiveDate::parse_from_str(digits, "%Y%m%d").ok()
}

/// `P1D` or `P2W`, in days.
fn duration(text: &str) -> Result<u64, String> {
    let fault = || format!("DURATION: `{text}` is not a number of whole days; write P1D");
    let body = text.trim_start_matches('+').strip_prefix('P').ok_or_else(fault)?;
    let (number, per) = match (body.strip_suffix('D'), body.strip_suffix('W')) {
        (Some(days), _) => (days, 1),
        (None, Some(weeks)) => (weeks, 7),
        (None, None) => return Err(fault()),
    };
    number.parse::<u64>().ok().and_then(|count| count.checked_mul(per)).filter(|days| *days > 0).ok_or_else(fault)
}

/// The text behind the escapes of RFC 5545 §3.3.11, on one line.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => match characters.next() {
                Some('n' | 'N') | None => plain.push(' '),
                Some(escaped) => plain.push(escaped),
            },
            c => plain.push(c),
        }
    }
    plain.trim().to_owned()
}

#[cfg(test)]
mod tests;
