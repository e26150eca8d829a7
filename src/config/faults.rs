//! Faults of one section while it is read: each is kept and reading goes on, so that one run of `check` names them all. And the
//! names that are there, for faults about one that is not.

use super::document::Document;
use crate::domain::Queue;
use crate::domain::schedule::Calendar;

/// The faults of one section so far.
#[derive(Default)]
pub(super) struct Faults(Vec<String>);

impl Faults {
    pub(super) fn note(&mut self, message: impl Into<String>) {
        self.0.push(message.into());
    }

    /// What was read, or what stands for it until the section is given up.
    pub(super) fn take<T: Default>(&mut self, read: Result<T, String>) -> T {
        read.map_err(|message| self.note(message)).unwrap_or_default()
    }

    /// Each of `words` as what it means; those that mean nothing are noted under `key`.
    pub(super) fn words<T: std::str::FromStr<Err: std::fmt::Display>>(
        &mut self,
        words: &[String],
        key: &str,
    ) -> Vec<T> {
        let mut read = Vec::new();
        for word in words {
            match word.parse() {
                Ok(known) => read.push(known),
                Err(fault) => self.note(format!("{key}: {fault}")),
            }
        }
        read
    }

    pub(super) fn queue(&mut self, key: &str, name: Option<&String>, known: &[Queue]) {
        if let Some(name) = name.filter(|name| !known.iter().any(|queue| queue.name == **name)) {
            self.note(format!("{key} = \"{name}\" is not a queue; {}", queues(known)));
        }
    }

    pub(super) fn calendar(&mut self, name: Option<&String>, known: &[Calendar]) {
        if let Some(name) = name.filter(|name| !known.iter().any(|calendar| calendar.name == **name)) {
            self.note(format!("calendar = \"{name}\" is not a calendar; {}", calendars(known)));
        }
    }

    /// The faults, when there are any; else `value`.
    pub(super) fn end<T>(self, value: T) -> Result<T, Vec<String>> {
        if self.0.is_empty() { Ok(value) } else { Err(self.0) }
    }

    pub(super) fn all(self) -> Vec<String> {
        self.0
    }
}

/// Reports each of `messages` at `line`, behind `place`: `[[sla]] gold`.
pub(super) fn report(document: &mut Document<'_>, line: usize, place: &str, messages: &[String]) {
    for message in messages {
        document.fault(line, format!("{place}: {message}"));
    }
}

pub(super) fn queues(known: &[Queue]) -> String {
    listed(known.iter().map(|queue| queue.name.as_str()))
}

pub(super) fn calendars(known: &[Calendar]) -> String {
    listed(known.iter().map(|calendar| calendar.name.as_str()))
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    format!("there are: {}", names.collect::<Vec<_>>().join(", "))
}
