//! The way into the inbox for sources that hand messages over one by one. Many hand over at the same time; whoever reads the
//! other end writes them in one transaction and tells each of them when theirs is on the disk.

use tokio::sync::{mpsc, oneshot};

use crate::domain::Received;

/// Messages on their way to the disk.
#[derive(Debug)]
pub struct Handed {
    /// In the order they are to be stored.
    pub received: Vec<Received>,
    /// How far a room was read, to be noted in the same transaction: name, value.
    pub cursor: Option<(String, String)>,
    /// Told when they are on the disk, or why not.
    pub done: oneshot::Sender<Result<(), NotStored>>,
}

/// The messages are not on the disk and must not be acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not stored: {reason}")]
pub struct NotStored {
    /// Why.
    pub reason: String,
}

/// Hands messages over. Clones share the way.
#[derive(Clone, Debug)]
pub struct Intake(mpsc::Sender<Handed>);

/// A way into the inbox on which at most `waiting` parties wait their turn to be read, and the end it is read from.
#[must_use]
pub fn intake(waiting: usize) -> (Intake, mpsc::Receiver<Handed>) {
    let (sender, receiver) = mpsc::channel(waiting.max(1));
    (Intake(sender), receiver)
}

impl Intake {
    /// Stores the messages. When this returns `Ok` they are on the disk; a message that is known already changes nothing.
    ///
    /// # Errors
    /// They are not stored, or it is not known whether they are: hand them over again.
    pub async fn accept(&self, received: Vec<Received>) -> Result<(), NotStored> {
        self.hand(received, None).await
    }

    /// [`Intake::accept`], and notes `cursor` (name, value) in the same transaction.
    ///
    /// # Errors
    /// As [`Intake::accept`]; the cursor stays where it was.
    pub async fn accept_up_to(&self, received: Vec<Received>, cursor: (String, String)) -> Result<(), NotStored> {
        self.hand(received, Some(cursor)).await
    }

    async fn hand(&self, received: Vec<Received>, cursor: Option<(String, String)>) -> Result<(), NotStored> {
        let stopped = || NotStored { reason: "the desk is shutting down".to_owned() };
        let (done, stored) = oneshot::channel();
        self.0.send(Handed { received, cursor, done }).await.map_err(|_| stopped())?;
        stored.await.unwrap_or_else(|_| Err(stopped()))
    }
}
