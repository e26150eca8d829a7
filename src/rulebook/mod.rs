//! Desk rules: which of them hold for a message, and what is wrong with how they are written. Pure.
//!
//! Two steps, because patterns see normalised text and the rest sees what was found in it: [`Patterns`] reads the message once,
//! [`judge`] asks each rule in its turn. What a rule does is for `decide`.

mod judge;
pub mod lint;
mod overlap;
mod patterns;
mod specimen;

#[cfg(test)]
mod tests;

pub use judge::{Facts, Unmet, judge};
pub use patterns::{BadPattern, Patterns};
pub use specimen::{Proof, blank, prove};
