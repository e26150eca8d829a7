//! Business time: opening hours, Japanese holidays, when a promise falls due, and when a failed delivery is tried again.
//! Pure arithmetic over `domain::schedule` values; it never reads a clock.

pub mod calendar;
pub mod holidays;
pub mod retry;

pub use calendar::{
    add_minutes, add_ms, business_day_close, due, is_business_day, is_open, next_open, working_minutes, working_ms,
};
pub use holidays::{Holiday, japanese_holiday, japanese_holidays};
pub use retry::{DELIVERY, RetryPlan};
