//! So many mails a minute: a token bucket that holds a minute's worth.

use std::time::Duration;

use tokio::time::Instant;

/// The tokens. Without a limit there is always one.
#[derive(Debug)]
pub(super) struct Bucket {
    per_minute: Option<u32>,
    tokens: f64,
    filled_at: Instant,
}

impl Bucket {
    /// A full bucket; `None`: no limit.
    pub(super) fn new(per_minute: Option<u32>) -> Self {
        Self { per_minute, tokens: per_minute.map_or(0.0, f64::from), filled_at: Instant::now() }
    }

    /// How long to wait for the next token, which is then taken.
    pub(super) fn take(&mut self, now: Instant) -> Duration {
        let Some(per_minute) = self.per_minute.map(f64::from) else { return Duration::ZERO };
        let fresh = now.saturating_duration_since(self.filled_at).as_secs_f64() * per_minute / 60.0;
        self.filled_at = now;
        self.tokens = (self.tokens + fresh).min(per_minute) - 1.0;
        // Below zero: mails that are already waited for.
        Duration::from_secs_f64((-self.tokens).max(0.0) * 60.0 / per_minute)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minutes_worth_at_once_then_one_at_a_time() {
        let mut bucket = Bucket::new(Some(30));
        let begin = bucket.filled_at;
        let waits: Vec<u64> = (0..33).map(|_| bucket.take(begin).as_secs()).collect();
        assert!(waits[..30].iter().all(|wait| *wait == 0), "{waits:?}");
        assert_eq!(waits[30..], [2, 4, 6]);
        assert_eq!(bucket.take(begin + Duration::from_secs(8)), Duration::ZERO);
        let later = begin + Duration::from_hours(5);
        assert_eq!((0..40).filter(|_| bucket.take(later).is_zero()).count(), 30, "never more than a minute's worth");
    }

    #[test]
    fn without_a_limit_nothing_waits() {
        let mut bucket = Bucket::new(None);
        assert!((0..1_000).all(|_| bucket.take(Instant::now()).is_zero()));
    }
}
