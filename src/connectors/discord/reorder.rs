//! Events back in the order they were made. serenity starts a task for each event, so that they arrive nearly, but not quite,
//! in order; each is held a moment and goes on with everything older. Pure: it is told the time.

use std::time::Duration;

use tokio::time::Instant;

/// How long an event is held.
pub(super) const WINDOW: Duration = Duration::from_millis(100);
/// The longest it is held while tasks of other events have not come to run, as on a machine with far more to do than it can.
pub(super) const LONGEST: Duration = Duration::from_millis(1_500);

/// What events are ordered by: when they happened, new messages before changes, then their id.
pub(super) type Key = (i64, u8, u64);

/// Held events.
#[derive(Debug)]
pub(super) struct Reorder<T> {
    held: Vec<(Key, Instant, T)>,
}

impl<T> Default for Reorder<T> {
    fn default() -> Self {
        Self { held: Vec::new() }
    }
}

impl<T> Reorder<T> {
    pub(super) fn push(&mut self, key: Key, now: Instant, item: T) {
        self.held.push((key, now, item));
    }

    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    /// The key of the newest held event.
    pub(super) fn newest(&self) -> Option<Key> {
        self.held.iter().map(|(key, ..)| *key).max()
    }

    /// When something may be ripe.
    pub(super) fn next(&self) -> Option<Instant> {
        self.held.iter().map(|(_, since, _)| *since + WINDOW).min()
    }

    /// What has been held long enough, and all that is older, in order. `quiet` says that no task of an event is under way.
    pub(super) fn ripe(&mut self, now: Instant, quiet: bool) -> Vec<T> {
        let needed = if quiet { WINDOW } else { LONGEST };
        let is_ripe = |since: &Instant| now.saturating_duration_since(*since) >= needed;
        let Some(last) = self.held.iter().filter(|(_, since, _)| is_ripe(since)).map(|(key, ..)| *key).max() else {
            return Vec::new();
        };
        self.take(|key| *key <= last)
    }

    /// Everything, in order.
    pub(super) fn all(&mut self) -> Vec<T> {
        self.take(|_| true)
    }

    fn take(&mut self, wanted: impl Fn(&Key) -> bool) -> Vec<T> {
        // Stable, so that equal keys stay in the order of arrival.
        self.held.sort_by_key(|(key, ..)| *key);
        let end = self.held.partition_point(|(key, ..)| wanted(key));
        self.held.drain(..end).map(|(.., item)| item).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ripe_takes_everything_older_with_it() {
        let start = Instant::now();
        let mut held = Reorder::default();
        held.push((30, 0, 3), start, "c");
        held.push((10, 0, 1), start + WINDOW, "a");
        held.push((40, 0, 4), start + WINDOW, "d");
        assert!(held.ripe(start, true).is_empty());
        assert!(held.ripe(start + WINDOW, false).is_empty(), "other events are on their way");
        assert_eq!(held.ripe(start + WINDOW, true), ["a", "c"]);
        assert_eq!(held.newest(), Some((40, 0, 4)));
        assert_eq!(held.next(), Some(start + WINDOW + WINDOW));
        assert_eq!(held.ripe(start + WINDOW + LONGEST, false), ["d"]);
        assert_eq!(held.len(), 0);
    }

    #[test]
    fn a_change_comes_after_the_message_of_the_same_moment() {
        let now = Instant::now();
        let mut held = Reorder::default();
        held.push((10, 1, 1), now, "changed");
        held.push((10, 0, 1), now, "new");
        assert_eq!(held.all(), ["new", "changed"]);
    }
}
