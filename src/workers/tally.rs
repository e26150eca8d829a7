//! Automatic messages that are decided but not yet seen in the store: to whom, and how many. Without it the messages of one
//! batch, or of two handlers at once, would each believe to be the first one answered.

use std::sync::{Mutex, PoisonError};

/// What the handlers of this process are about to send. Several processes on one database may exceed a sender's limit by
/// what each decides at the same moment.
#[derive(Debug, Default)]
pub struct Tally(Mutex<Rounds>);

#[derive(Debug, Default)]
struct Rounds {
    /// Counts beginnings and ends, so that they have an order.
    moment: u64,
    /// Rounds that go on: when each began.
    running: Vec<u64>,
    planned: Vec<Planned>,
}

#[derive(Debug)]
struct Planned {
    /// When its round began.
    round: u64,
    address: String,
    count: u32,
    /// When its round ended; from then on the store knows what came of it.
    ended: Option<u64>,
}

/// One round of looking, deciding and writing. Ends when it is dropped.
#[derive(Debug)]
pub struct Round<'a> {
    tally: &'a Tally,
    began: u64,
}

impl Tally {
    /// Begins a round; to be called before the store is asked what was sent already.
    pub fn begin(&self) -> Round<'_> {
        let mut rounds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rounds.moment += 1;
        let began = rounds.moment;
        rounds.running.push(began);
        Round { tally: self, began }
    }
}

impl Round<'_> {
    /// Calls `plan` with the number of messages to `address` the store could not know of when this round began, and counts
    /// those `plan` says it sends. Nobody else plans meanwhile.
    pub fn plan<T>(&self, address: &str, plan: impl FnOnce(u32) -> (T, u32)) -> T {
        let mut rounds = self.tally.0.lock().unwrap_or_else(PoisonError::into_inner);
        let unknown = |planned: &&Planned| planned.address == address && planned.ended.is_none_or(|at| at > self.began);
        let before: u32 = rounds.planned.iter().filter(unknown).map(|planned| planned.count).sum();
        let (made, count) = plan(before);
        if count > 0 {
            rounds.planned.push(Planned { round: self.began, address: address.to_owned(), count, ended: None });
        }
        made
    }
}

impl Drop for Round<'_> {
    fn drop(&mut self) {
        let mut rounds = self.tally.0.lock().unwrap_or_else(PoisonError::into_inner);
        rounds.moment += 1;
        let (began, now) = (self.began, rounds.moment);
        rounds.running.retain(|round| *round != began);
        let oldest = rounds.running.iter().copied().min().unwrap_or(now);
        for planned in rounds.planned.iter_mut().filter(|planned| planned.round == began) {
            planned.ended = Some(now);
        }
        rounds.planned.retain(|planned| planned.ended.is_none_or(|at| at > oldest));
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn what_the_store_cannot_know_yet_is_counted() {
        let tally = Tally::default();
        let (one, two) = (tally.begin(), tally.begin());
        let seen = |round: &super::Round<'_>, count| round.plan("a@x", |before| (before, count));
        assert_eq!((seen(&one, 1), seen(&one, 2), seen(&two, 1), seen(&two, 0)), (0, 1, 3, 4));
        assert_eq!(two.plan("b@x", |before| (before, 1)), 0, "somebody else's count");
        drop(one);
        // Written after the second round asked the store.
        assert_eq!(seen(&two, 0), 4);
        let three = tally.begin();
        assert_eq!(seen(&three, 0), 1, "the third round finds the first one's in the store");
        drop((two, three));
        assert!(tally.0.lock().unwrap().planned.is_empty());
    }
}
