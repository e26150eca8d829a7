//! When a failed delivery is tried again: a plan as data (RFC 5321 §4.5.4.1 asks for four to five days).

use crate::domain::Timestamp;

/// Waits between attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPlan {
    /// Seconds to wait after the first, second, … failed attempt. After the last one the delivery is given up.
    pub delays_s: &'static [u32],
    /// Up to this share of a wait is taken off, so that many deliveries that failed together do not return together.
    pub jitter_percent: u32,
    /// A server's own wish (`Retry-After`) is kept within these bounds, in seconds.
    pub retry_after_s: (u32, u32),
}

const MINUTE_S: u32 = 60;
const HOUR_S: u32 = 3_600;

/// Mail and webhooks: five days in 37 attempts, the first repeats soon.
pub const DELIVERY: RetryPlan =
    RetryPlan { delays_s: &DELIVERY_S, jitter_percent: 10, retry_after_s: (1, 24 * HOUR_S) };

/// Posts in chat: somebody waits at the screen, and services are mostly back within seconds. About a day in 38 attempts. An attempt
/// that was cut off by the end of the process counts too, so the first waits grow slowly.
pub const CHAT: RetryPlan = RetryPlan { delays_s: &CHAT_S, jitter_percent: 10, retry_after_s: (1, 24 * HOUR_S) };

/// Notices to people on duty: soon and often at first, given up after three days in 85 attempts.
pub const NOTICE: RetryPlan = RetryPlan { delays_s: &NOTICE_S, jitter_percent: 10, retry_after_s: (1, HOUR_S) };

/// The waits in `first`, then the same wait again and again.
const fn growing<const N: usize>(first: &[u32], then_s: u32) -> [u32; N] {
    let mut delays = [then_s; N];
    let mut n = 0;
    while n < first.len() {
        delays[n] = first[n];
        n += 1;
    }
    delays
}

/// Seven growing waits that make four hours, then every four hours: 5 days in all.
const DELIVERY_S: [u32; 36] =
    growing(&[MINUTE_S, 4 * MINUTE_S, 10 * MINUTE_S, 15 * MINUTE_S, 30 * MINUTE_S, HOUR_S, 2 * HOUR_S], 4 * HOUR_S);

const CHAT_S: [u32; 37] = growing(
    &[2, 3, 5, 10, 15, 20, 30, 30, MINUTE_S, MINUTE_S, 2 * MINUTE_S, 5 * MINUTE_S, 10 * MINUTE_S, 15 * MINUTE_S],
    HOUR_S,
);

/// Growing waits that make two hours, then every hour: 75 hours in all.
const NOTICE_S: [u32; 84] = growing(
    &[5, 10, 15, 30, MINUTE_S, 2 * MINUTE_S, 5 * MINUTE_S, 10 * MINUTE_S, 15 * MINUTE_S, 26 * MINUTE_S, HOUR_S],
    HOUR_S,
);

impl RetryPlan {
    /// When to try again after `failures` failed attempts, counted from 1; `None` when it is time to give up.
    /// `key` names the delivery: the same key and count give the same wait.
    #[must_use]
    pub fn next(&self, key: &str, failures: u32, now: Timestamp, retry_after_s: Option<u64>) -> Option<Timestamp> {
        let index = usize::try_from(failures.saturating_sub(1)).ok()?;
        let delay_s = u64::from(*self.delays_s.get(index)?);
        let wait_ms = if let Some(wished_s) = retry_after_s {
            let (least, most) = self.retry_after_s;
            wished_s.clamp(u64::from(least), u64::from(most).max(u64::from(least))) * 1_000
        } else {
            let wait_ms = delay_s * 1_000;
            let most_off_ms = wait_ms * u64::from(self.jitter_percent.min(100)) / 100;
            wait_ms - fnv1a(key, failures) % (most_off_ms + 1)
        };
        Some(now.plus_ms(i64::try_from(wait_ms).unwrap_or(i64::MAX)))
    }
}

/// FNV-1a, 64 bits: spreads keys evenly and gives the same figure on every machine and in every version.
fn fnv1a(key: &str, failures: u32) -> u64 {
    let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let hash = key.as_bytes().iter().chain(&failures.to_le_bytes()).fold(0xcbf2_9ce4_8422_2325, mix);
    // The low bits of neighbouring keys differ little, so the high ones are folded in.
    hash ^ (hash >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chat_is_tried_again_within_seconds_and_for_about_a_day() {
        assert_eq!(CHAT.next("k", 1, Timestamp(0), None).map(|at| at.0 / 1_000), Some(1));
        assert!(CHAT.delays_s.is_sorted());
        let day = f64::from(CHAT.delays_s.iter().sum::<u32>()) / f64::from(24 * HOUR_S);
        assert!((0.9..1.1).contains(&day), "{day}");
    }

    #[test]
    fn the_plan_covers_five_days_and_then_gives_up() {
        assert_eq!(DELIVERY.delays_s.iter().sum::<u32>(), 5 * 24 * HOUR_S);
        let last = u32::try_from(DELIVERY.delays_s.len()).unwrap();
        assert!(DELIVERY.next("reply:1:0", last, Timestamp(0), None).is_some());
        assert_eq!(DELIVERY.next("reply:1:0", last + 1, Timestamp(0), None), None);
        assert_eq!(
            DELIVERY.next("reply:1:0", last + 1, Timestamp(0), Some(5)),
            None,
            "a wish does not prolong the plan"
        );
        assert_eq!(DELIVERY.next("k", u32::MAX, Timestamp(i64::MAX), Some(u64::MAX)), None);
    }

    #[test]
    fn notices_are_tried_soon_and_for_three_days() {
        assert_eq!(NOTICE.delays_s.iter().sum::<u32>(), 75 * HOUR_S);
        let soon: u32 = NOTICE.delays_s.iter().take(5).sum();
        assert_eq!(soon, 2 * MINUTE_S);
    }

    #[test]
    fn jitter_depends_on_the_key_alone_and_only_shortens() {
        let mut waits = std::collections::BTreeSet::new();
        for n in 0..100 {
            let key = format!("reply:{n}:0");
            let wait = DELIVERY.next(&key, 6, Timestamp(0), None).unwrap();
            assert_eq!(DELIVERY.next(&key, 6, Timestamp(0), None), Some(wait));
            assert!((3_240_000..=3_600_000).contains(&wait.0), "{wait:?}");
            waits.insert(wait);
        }
        assert!(waits.len() > 90, "{}", waits.len());
    }

    #[test]
    fn a_servers_wish_is_clamped() {
        for (wished, wanted) in [(0, 1_000), (30, 30_000), (u64::MAX, 86_400_000)] {
            assert_eq!(DELIVERY.next("k", 1, Timestamp(0), Some(wished)), Some(Timestamp(wanted)), "{wished}");
        }
    }
}
