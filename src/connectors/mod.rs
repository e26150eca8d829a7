//! The outside world. Connectors know messages, never tickets.

pub mod email;
pub mod scripted;

/// Why a message could not be sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// Worth another try, not before `retry_after_ms` when the server named a time.
    #[error("not sent for now: {reason}")]
    Transient {
        /// What happened.
        reason: String,
        /// The server's own wish.
        retry_after_ms: Option<i64>,
    },
    /// The other side refused it for good.
    #[error("refused: {reason}")]
    Permanent {
        /// What the other side said.
        reason: String,
    },
    /// Nothing can be sent until a person mends the connection (login refused, certificate wrong).
    #[error("needs an operator: {reason}")]
    NeedsOperator {
        /// What is to be mended.
        reason: String,
    },
}
