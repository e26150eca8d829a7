//! The catalog as clocks see it: which policy holds for a ticket, what it promises, in which calendar.

use std::borrow::Cow;

use super::timers::Terms;
use crate::domain::catalog::Catalog;
use crate::domain::promise::Clock;
use crate::domain::routing::Customer;
use crate::domain::schedule::{Objective, Timetable};
use crate::domain::service::{Policy, Scope, Target};
use crate::domain::{Ticket, Timestamp};

/// For what no request type sets a time: the next business day.
const USUAL: Objective = Objective::BusinessDays(1);
/// Around the clock; every catalog holds it.
pub const ALWAYS: &str = "always";

/// A catalog, asked about promises.
#[derive(Clone, Copy, Debug)]
pub struct Book<'a> {
    /// What the support lead wrote.
    pub catalog: &'a Catalog,
}

impl<'a> Book<'a> {
    /// The timetable called `name`; none when there is no such calendar.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<Cow<'a, Timetable>> {
        let made = self.catalog.service.timetables.iter().find(|table| table.calendar().name == name);
        made.map(Cow::Borrowed)
            .or_else(|| self.catalog.calendar(name).map(|plain| Cow::Owned(Timetable::new(plain.clone()))))
    }

    /// The hours of a queue; those of the first calendar for a queue that is not there.
    #[must_use]
    pub fn queue_table(&self, queue: &str) -> Option<Cow<'a, Timetable>> {
        let named = self.catalog.queue(queue).and_then(|queue| self.table(&queue.calendar));
        named.or_else(|| self.table(&self.catalog.calendars.first()?.name))
    }

    /// The timetable a clock counts in.
    #[must_use]
    pub fn table_of(&self, clock: &Clock, queue: &str) -> Option<Cow<'a, Timetable>> {
        self.table(&clock.calendar).or_else(|| self.queue_table(queue))
    }

    /// The policy that holds for the ticket: the first of its customer's own whose scope holds it, else the first of all.
    #[must_use]
    pub fn policy(&self, ticket: &Ticket) -> Option<&'a Policy> {
        let all = &self.catalog.service.policies;
        let own = self.customer(&ticket.requester.address).into_iter().flat_map(|customer| &customer.policies);
        let named = own.filter_map(|name| all.iter().find(|policy| policy.name == *name));
        let first = |policy: &&Policy| holds(&policy.scope, ticket);
        named.into_iter().find(first).or_else(|| all.iter().find(first))
    }

    /// The customer an address belongs to.
    #[must_use]
    pub fn customer(&self, address: &str) -> Option<&'a Customer> {
        self.catalog.service.routing.customers.iter().find(|customer| is_among(&customer.addresses, address))
    }

    /// The hours that count for the ticket where no policy says otherwise: its customer's, else its queue's.
    #[must_use]
    pub fn hours_of(&self, ticket: &Ticket) -> Option<Cow<'a, Timetable>> {
        let own = self.customer(&ticket.requester.address).and_then(|customer| customer.calendar.as_deref());
        own.and_then(|name| self.table(name)).or_else(|| self.queue_table(&ticket.queue))
    }

    /// The timetable a policy counts in on this ticket.
    #[must_use]
    pub fn policy_table(&self, policy: &Policy, ticket: &Ticket) -> Option<Cow<'a, Timetable>> {
        let named = policy.calendar.as_deref().and_then(|name| self.table(name));
        named.or_else(|| self.hours_of(ticket))
    }

    /// What `target` gives on this ticket.
    #[must_use]
    pub fn terms<'p>(&self, policy: &'p Policy, target: &Target, ticket: &Ticket) -> Terms<'p> {
        let own =
            || ticket.intent.as_deref().and_then(|id| self.catalog.intent(id)).map_or(USUAL, |intent| intent.objective);
        Terms { policy: &policy.name, target: target.time.unwrap_or_else(own), warn_percent: &policy.warn_percent }
    }

    /// `at`, moved on by `minutes` of the queue's hours.
    #[must_use]
    pub fn after_in_queue(&self, queue: &str, at: Timestamp, minutes: u32) -> Timestamp {
        let ms = i64::from(minutes) * 60_000;
        self.queue_table(queue).map_or_else(|| at.plus_ms(ms), |table| super::hours::add_ms(&table, at, ms))
    }
}

/// Whether the ticket is among those meant.
#[must_use]
pub fn holds(scope: &Scope, ticket: &Ticket) -> bool {
    let has = |list: &[String], value: Option<&str>| {
        list.is_empty() || value.is_some_and(|value| list.iter().any(|one| one == value))
    };
    has(&scope.intents, ticket.intent.as_deref())
        && has(&scope.queues, Some(&ticket.queue))
        && (scope.priorities.is_empty() || scope.priorities.contains(&ticket.priority))
        && (scope.channels.is_empty() || scope.channels.contains(&ticket.channel))
        && (scope.requesters.is_empty() || is_among(&scope.requesters, &ticket.requester.address))
}

/// Whether `address` is one of `requesters`: whole addresses, or domains with an `@` in front.
#[must_use]
pub fn is_among(requesters: &[String], address: &str) -> bool {
    let address = address.to_lowercase();
    requesters.iter().any(|one| {
        if one.starts_with('@') {
            let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
            let wanted = one.trim_start_matches('@');
            // A customer's subdomain is the customer.
            domain == wanted || domain.strip_suffix(wanted).is_some_and(|rest| rest.ends_with('.'))
        } else {
            *one == address
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn customers_are_known_by_address_or_domain() {
        let list = ["@client.example".to_owned(), "ceo@other.example".to_owned()];
        for (address, wanted) in [
            ("A@Client.example", true),
            ("a@eu.client.example", true),
            ("a@notclient.example", false),
            ("ceo@other.example", true),
            ("cto@other.example", false),
            ("slack:U1", false),
        ] {
            assert_eq!(is_among(&list, address), wanted, "{address}");
        }
    }
}
