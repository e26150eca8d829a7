//! How long people worked on tickets, told from the times at which they did something.
//!
//! Nobody stops a watch here. What one agent does on one ticket within half an hour is one sitting: from its first to its last
//! action, and some minutes of reading and writing before the first.

use std::collections::BTreeMap;

use crate::domain::{HandWork, TicketId};

/// A longer pause ends a sitting.
const PAUSE_MS: i64 = 30 * 60_000;
/// Reading and writing before the first action of a sitting.
const BEFORE_MS: i64 = 5 * 60_000;

/// Milliseconds of work on each ticket; tickets nobody worked on are left out. `work` is by ticket, agent and time.
#[must_use]
pub fn spent_ms(work: &[HandWork]) -> BTreeMap<TicketId, i64> {
    let mut spent: BTreeMap<TicketId, i64> = BTreeMap::new();
    let mut last: Option<&HandWork> = None;
    for one in work {
        let goes_on = last
            .filter(|last| last.ticket == one.ticket && last.agent == one.agent)
            .map(|last| one.at.0.saturating_sub(last.at.0))
            .filter(|pause| (0..=PAUSE_MS).contains(pause));
        *spent.entry(one.ticket).or_default() += goes_on.unwrap_or(BEFORE_MS);
        last = Some(one);
    }
    spent
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;

    #[test]
    fn sittings_are_summed_up() {
        let done = |ticket: i64, agent: &str, minute: i64| HandWork {
            ticket: TicketId(ticket),
            agent: agent.into(),
            at: Timestamp(minute * 60_000),
        };
        for (work, wanted) in [
            (vec![], None),
            (vec![done(1, "sato", 0)], Some(5)),
            (vec![done(1, "sato", 0), done(1, "sato", 10)], Some(15)),
            (vec![done(1, "sato", 0), done(1, "sato", 31)], Some(10)),
            (vec![done(1, "aoki", 0), done(1, "sato", 3)], Some(10)),
            (vec![done(1, "sato", 0), done(2, "sato", 3)], Some(5)),
        ] {
            let found = spent_ms(&work).get(&TicketId(1)).map(|ms| ms / 60_000);
            assert_eq!(found, wanted, "{work:?}");
        }
    }
}
