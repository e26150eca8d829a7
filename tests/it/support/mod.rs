//! Real servers and scripted ones, on loopback. A missing program fails the test and names its Debian package.

pub mod clamd;
#[cfg(feature = "crash-points")]
pub mod crash_places;
pub mod discord;
pub mod dovecot;
pub mod evil_imap;
pub mod fault_proxy;
pub mod notify;
pub mod oauth;
pub mod postfix;
pub mod postgres;
pub mod server;
pub mod slack;
pub mod smtp_sink;
