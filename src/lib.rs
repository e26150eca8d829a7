//! Madoguchi (窓口): one window for requests by mail and chat. The modules in reading order:

/// Builds the parts from the settings.
pub mod app;
/// Candidates with scores for a message: intents, articles, slots.
pub mod classify;
/// One file a command.
pub mod cli;
/// The only reader of time.
pub mod clock;
/// Settings, checked at once.
pub mod config;
/// The outside world: mail in and out, virus scanner.
pub mod connectors;
/// Health, readiness and metrics over HTTP.
pub mod console;
/// Intents and articles from files.
pub mod content;
/// What to do with a message, in which words, and what that changes.
pub mod decide;
/// Values: what the desk talks about.
pub mod domain;
/// The knowledge base for those who look after it: files and store, what is missing, drafts, what needs care.
pub mod knowledge;
/// Mail bytes to a parsed mail, whatever is wrong with them.
pub mod mail;
/// What other rules would have decided, and whether a newly taught classifier may be put in force.
pub mod replay;
/// The desk's month or year as tables: pure, from tickets and their histories.
pub mod report;
/// Desk rules: which hold for a message, and what is wrong with how they are written.
pub mod rulebook;
/// Business time and deadlines.
pub mod sla;
/// Everything that is remembered, on `SQLite` or `PostgreSQL`.
pub mod store;
/// Logs.
pub mod telemetry;
/// Text as the search and the rules see it: normalised, cut into words, without personal data.
pub mod text;
/// The steps of the pipeline, each one batch at a time.
pub mod workers;
