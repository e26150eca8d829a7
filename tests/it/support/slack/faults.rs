//! What goes wrong, how often, and by which dice.

use std::time::Duration;

/// Shares of 1, for each event or call.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// The connection an event goes to is cut, before or after the event.
    pub cut: f64,
    /// The connection an event goes to is told that it will be closed, and is closed soon after.
    pub warn: f64,
    /// An event is delivered twice, with or without saying that it is a retry.
    pub repeat: f64,
    /// An event is held back while others pass.
    pub late: f64,
    /// A call is answered 429 with `Retry-After: 1`, or as many seconds as `limited_for_s` says.
    pub limited: f64,
    pub limited_for_s: u64,
    /// A call is answered 500.
    pub broken: f64,
    /// A call takes `slow_for`.
    pub slow: f64,
    /// How long a slow call takes.
    pub slow_for: Duration,
    /// A socket is accepted and dropped at once.
    pub stillborn: f64,
}

/// xorshift64*, so that a seed tells the whole run.
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() >> 33).expect("31 bits") % n.max(1)
    }

    pub fn falls(&mut self, share: f64) -> bool {
        let part = u32::try_from(self.next() >> 32).expect("32 bits");
        f64::from(part) / f64::from(u32::MAX) < share
    }
}
