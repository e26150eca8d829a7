//! The knowledge base as support leads look after it.

mod care;
mod expiry;
mod mistakes;
mod revisions;
mod sync;
