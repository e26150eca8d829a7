//! How far each channel was read: names and values of cursors, and what is known of them.

use std::collections::HashMap;

use super::wire::earlier;
use crate::connectors::ChatDesk;

/// How far before the first message seen of a channel others may have been missed.
const MARGIN_MS: u64 = 10 * 60 * 1000;
/// The name of the list of direct channels: Discord lists none to a bot.
const DIRECT: &str = "discord:direct";
/// Direct channels remembered; those talked to last.
const DIRECT_KEPT: usize = 200;

/// How far a channel was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// The last message read.
    pub(super) last: u64,
    /// Nothing older is the desk's: it was said before the desk listened.
    pub(super) floor: u64,
}

impl Mark {
    /// Reading begins after `last`.
    pub(super) const fn at(last: u64) -> Self {
        Self { last, floor: last }
    }

    /// Reading begins a little before `id`, the first message seen.
    pub(super) const fn first_seen(id: u64) -> Self {
        Self { last: id, floor: earlier(id, MARGIN_MS) }
    }

    /// For a thread that was never seen, in a channel read this far.
    pub(super) fn below(parent: Self) -> Self {
        let last = earlier(parent.last, MARGIN_MS).max(parent.floor);
        Self { last, floor: last }
    }

    pub(super) fn reached(self, id: u64) -> Self {
        Self { last: self.last.max(id), floor: self.floor }
    }

    /// As a cursor of `channel`: name, value.
    pub(super) fn cursor(self, channel: u64) -> (String, String) {
        (name(channel), format!("{} {}", self.last, self.floor))
    }

    fn read(value: &str) -> Option<Self> {
        let mut numbers = value.split(' ');
        let last = numbers.next()?.parse().ok()?;
        let floor = numbers.next().and_then(|floor| floor.parse().ok()).unwrap_or(last);
        Some(Self { last, floor })
    }
}

fn name(channel: u64) -> String {
    format!("discord:{channel}")
}

/// The marks, read from the desk when first asked for.
pub(super) struct Cursors {
    desk: ChatDesk,
    marks: HashMap<u64, Mark>,
    direct: Option<Vec<u64>>,
}

impl Cursors {
    pub(super) fn new(desk: ChatDesk) -> Self {
        Self { desk, marks: HashMap::new(), direct: None }
    }

    /// How far `channel` was read; `None` when never.
    pub(super) async fn get(&mut self, channel: u64) -> Result<Option<Mark>, String> {
        if let Some(mark) = self.marks.get(&channel) {
            return Ok(Some(*mark));
        }
        let mark = (self.desk.cursor)(name(channel)).await?.as_deref().and_then(Mark::read);
        if let Some(mark) = mark {
            self.set(channel, mark);
        }
        Ok(mark)
    }

    /// Notes what the desk has stored.
    pub(super) fn set(&mut self, channel: u64, mark: Mark) {
        // Refilled from the desk: memory stays flat however many threads there are.
        if self.marks.len() >= 100_000 {
            self.marks.clear();
        }
        self.marks.insert(channel, mark);
    }

    /// The direct channels known, those talked to last at the end.
    pub(super) async fn direct(&mut self) -> Result<Vec<u64>, String> {
        if let Some(known) = &self.direct {
            return Ok(known.clone());
        }
        let value = (self.desk.cursor)(DIRECT.to_owned()).await?.unwrap_or_default();
        let known: Vec<u64> = value.split(' ').filter_map(|id| id.parse().ok()).collect();
        self.direct = Some(known.clone());
        Ok(known)
    }

    /// The cursor that remembers `channel` too, when it is a new direct channel.
    pub(super) async fn with_direct(&mut self, channel: u64) -> Result<Option<(String, String)>, String> {
        let mut known = self.direct().await?;
        if known.contains(&channel) {
            return Ok(None);
        }
        known.push(channel);
        let excess = known.len().saturating_sub(DIRECT_KEPT);
        known.drain(..excess);
        let value: Vec<String> = known.iter().map(ToString::to_string).collect();
        self.direct = Some(known);
        Ok(Some((DIRECT.to_owned(), value.join(" "))))
    }

    /// What was to be remembered is not stored.
    pub(super) fn forget_direct(&mut self) {
        self.direct = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_survive_being_written_and_never_go_back() {
        let mark = Mark { last: 700, floor: 20 };
        assert_eq!(mark.cursor(5), ("discord:5".to_owned(), "700 20".to_owned()));
        assert_eq!(Mark::read("700 20"), Some(mark));
        assert_eq!(Mark::read("700"), Some(Mark::at(700)));
        assert_eq!(Mark::read("x"), None);
        assert_eq!(mark.reached(5).last, 700);
        assert_eq!(mark.reached(900), Mark { last: 900, floor: 20 });
        assert_eq!(Mark::below(mark).last, 20, "never before the desk listened");
    }
}
