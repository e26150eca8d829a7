//! Business time and promises: opening hours, Japanese holidays, clocks, escalation rules, and when a failed delivery is tried again.
//! Pure arithmetic over `domain::schedule` values; it never reads a clock.

pub mod book;
pub mod calendar;
pub mod escalation;
pub mod holidays;
pub mod hours;
pub mod rehearsal;
pub mod retry;
pub mod shipped;
pub mod timers;

pub use calendar::{
    add_minutes, add_ms, business_day_close, due, hours_on, is_business_day, is_open, next_open, working_minutes,
    working_ms,
};
pub use holidays::{Holiday, japanese_holiday, japanese_holidays};
pub use retry::{DELIVERY, RetryPlan};
