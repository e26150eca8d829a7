//! The real program between stand-ins of Slack and Discord: it is started outside and told only where they are.

mod both;
mod discord;
mod http;
#[cfg(feature = "crash-points")]
mod kills;
mod office;
mod slack;
mod speed;
mod triage;
