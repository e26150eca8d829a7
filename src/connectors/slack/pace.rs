//! How long the connector waits for what. Tests turn the numbers down; their relations stay.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Periods of the connector.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// The pause after a first failure; it doubles with each more.
    pub first: Duration,
    /// No pause is longer, unless Slack names one.
    pub longest: Duration,
    /// The pause while only a person can mend it.
    pub operator: Duration,
    /// How long a new socket may take to say hello.
    pub hello: Duration,
    /// A socket that lived this long did not fail: the next pause is a first one again.
    pub steady: Duration,
    /// How long a socket that Slack wants closed goes on beside its successor.
    pub retire: Duration,
    /// How long an event may take until it is acknowledged. Slack waits 3 s; beyond this it is left to be sent again.
    pub answer: Duration,
    /// How long a call of the Web API may take.
    pub call: Duration,
    /// Missed history is read at most this often.
    pub catch_up: Duration,
    /// Open tickets are compared with their rooms at most this often.
    pub again: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_mins(1),
            operator: Duration::from_mins(5),
            hello: Duration::from_secs(10),
            steady: Duration::from_secs(30),
            retire: Duration::from_secs(15),
            answer: Duration::from_millis(2_700),
            call: Duration::from_secs(10),
            catch_up: Duration::from_mins(1),
            again: Duration::from_mins(10),
        }
    }
}

impl Pace {
    /// The pause after failure number `failures` (1 is the first): doubled for each, between a half and the whole of it, so that
    /// sockets that broke together do not come back together.
    #[must_use]
    pub fn pause(&self, failures: u32) -> Duration {
        let full = self.first.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(self.longest);
        Self::spread(full)
    }

    /// Between a half and the whole of `full`, by chance.
    #[must_use]
    pub fn spread(full: Duration) -> Duration {
        let chance = RandomState::new().hash_one(full) >> 48;
        full / 2 + full.mul_f64(f64::from(u16::try_from(chance).unwrap_or(u16::MAX)) / f64::from(u16::MAX) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_are_spread() {
        let pace = Pace::default();
        for (failures, full_s) in [(0, 1), (1, 1), (2, 2), (5, 16), (7, 60), (40, 60), (u32::MAX, 60)] {
            let pause = pace.pause(failures);
            let full = Duration::from_secs(full_s);
            assert!(pause >= full / 2 && pause <= full, "{failures}: {pause:?}");
        }
        let some: std::collections::HashSet<Duration> = (0..8).map(|_| pace.pause(5)).collect();
        assert!(some.len() > 1, "all pauses are alike");
    }
}
