//! Real servers and scripted ones, on loopback. A missing program fails the test and names its Debian package.

pub mod clamd;
pub mod discord;
pub mod dovecot;
pub mod evil_imap;
pub mod fault_proxy;
pub mod oauth;
pub mod postfix;
pub mod postgres;
pub mod server;
pub mod smtp_sink;
