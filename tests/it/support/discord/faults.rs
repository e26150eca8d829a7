//! What goes wrong, at random, with a seed.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU16, AtomicU32, AtomicU64, Ordering};

/// Chances in a thousand, and budgets for what takes long to get over.
#[derive(Default)]
pub struct Faults {
    /// Of the random numbers.
    pub state: Mutex<u64>,
    /// A dispatch is sent twice.
    pub duplicate: u32,
    /// Two dispatches change places.
    pub swap: u32,
    /// The socket breaks after a dispatch.
    pub drop: u32,
    /// The gateway asks to reconnect after a dispatch.
    pub reconnect: u32,
    /// A payload is compressed, as IDENTIFY allows.
    pub compress: u32,
    /// A dispatch has a field that fits no model.
    pub odd_shape: u32,
    /// A request is answered with 429.
    pub limited: u32,
    /// A request is answered with 500 or 502.
    pub broken: u32,
    /// How often a RESUME is answered with an invalid session.
    pub invalid_sessions: AtomicU32,
    /// How many sockets stop acknowledging heartbeats.
    pub silent_sockets: AtomicU32,
    /// IDENTIFY is answered with this close code; 0 for none.
    pub close_code: AtomicU16,
    /// Milliseconds between heartbeats; 0 for the short usual ones.
    pub heartbeat_ms: AtomicU64,
}

impl Faults {
    /// Nothing goes wrong.
    pub fn none() -> Self {
        Self::default()
    }

    /// Everything goes wrong.
    pub fn all(seed: u64) -> Self {
        Self {
            state: Mutex::new(seed | 1),
            duplicate: 20,
            swap: 50,
            drop: 2,
            reconnect: 2,
            compress: 50,
            odd_shape: 20,
            limited: 30,
            broken: 30,
            invalid_sessions: AtomicU32::new(2),
            silent_sockets: AtomicU32::new(1),
            close_code: AtomicU16::new(0),
            heartbeat_ms: AtomicU64::new(0),
        }
    }

    /// A random number.
    pub fn random(&self) -> u64 {
        let mut state = self.state.lock().expect("state");
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// True in `of_thousand` of a thousand cases.
    pub fn strikes(&self, of_thousand: u32) -> bool {
        of_thousand > 0 && self.random() % 1000 < u64::from(of_thousand)
    }

    /// Takes one from a budget, in a third of the cases.
    pub fn spends(&self, budget: &AtomicU32) -> bool {
        self.random().is_multiple_of(3)
            && budget.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
    }
}
