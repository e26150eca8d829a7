//! Which agent of a queue gets a ticket: in turn, or whoever has the fewest. Those who are away are passed over; the engineer named
//! for the customer goes before the others.

use std::collections::BTreeMap;

use crate::domain::catalog::Catalog;
use crate::domain::routing::{Agent, Strategy, Turn};
use crate::domain::{EventKind, Status, Ticket, TicketEvent, Timestamp};
use crate::sla::book::Book;

/// What is known of the agents' work. It is counted on while one page of tickets is looked at, so that ten tickets that come in
/// together do not all go to one agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Staff {
    /// Unfinished tickets by agent.
    pub loads: BTreeMap<String, i64>,
    /// The last turn of each queue and agent.
    pub turns: BTreeMap<(String, String), i64>,
}

/// Whether an agent is to be found for `ticket`.
fn needs_agent(catalog: &Catalog, ticket: &Ticket) -> bool {
    let with_people = match ticket.status {
        Status::New | Status::Open => ticket.merged_into.is_none(),
        Status::Waiting | Status::Answered | Status::Resolved | Status::Closed => false,
    };
    with_people
        && ticket.assignee.is_none()
        && ticket.course.given_at_move != Some(ticket.promises.moves)
        && catalog.service.routing.strategy(&ticket.queue) != Strategy::None
}

/// When somebody who could have the ticket is here, from `now` on.
pub(super) fn next(catalog: &Catalog, ticket: &Ticket, now: Timestamp) -> Option<Timestamp> {
    needs_agent(catalog, ticket).then(|| able(catalog, ticket).0.iter().map(|agent| agent.next_here(now)).min())?
}

/// Gives the ticket to an agent who is here; nothing when there is none.
pub(super) fn assign(
    catalog: &Catalog,
    ticket: &mut Ticket,
    staff: &mut Staff,
    now: Timestamp,
) -> Option<(TicketEvent, Turn)> {
    if !needs_agent(catalog, ticket) {
        return None;
    }
    let (able, knowing) = able(catalog, ticket);
    let here: Vec<&Agent> = able.into_iter().filter(|agent| agent.is_here(now)).collect();
    let customer = Book { catalog }.customer(&ticket.requester.address);
    let engineers = customer.into_iter().flat_map(|of| [&of.technical_engineer, &of.account_engineer]).flatten();
    let own = engineers.into_iter().find_map(|name| here.iter().find(|agent| agent.name == *name));
    let turn = |agent: &Agent| staff.turns.get(&(ticket.queue.clone(), agent.name.clone())).copied().unwrap_or(0);
    let load = |agent: &Agent| staff.loads.get(&agent.name).copied().unwrap_or(0);
    let strategy = catalog.service.routing.strategy(&ticket.queue);
    let (agent, because) = match (own, strategy) {
        (Some(agent), _) => (*agent, "engineer of the customer".to_owned()),
        (None, Strategy::RoundRobin) => (*here.iter().min_by_key(|agent| turn(agent))?, "in turn".to_owned()),
        (None, Strategy::LeastLoaded) => {
            let agent = *here.iter().min_by_key(|agent| (load(agent), turn(agent)))?;
            (agent, format!("has the fewest tickets: {}", load(agent)))
        }
        (None, Strategy::None) => return None,
    };
    let last = staff.turns.iter().filter(|((queue, _), _)| *queue == ticket.queue).map(|(_, turn)| *turn).max();
    let turn = Turn { queue: ticket.queue.clone(), agent: agent.name.clone(), turn: last.unwrap_or(0) + 1 };
    staff.turns.insert((turn.queue.clone(), turn.agent.clone()), turn.turn);
    *staff.loads.entry(agent.name.clone()).or_default() += 1;
    ticket.assignee = Some(agent.name.clone());
    ticket.course.given = true;
    ticket.course.given_at_move = Some(ticket.promises.moves);
    let lacking = if knowing { String::new() } else { format!("; nobody knows {}", ticket.course.skills.join(", ")) };
    let detail = format!("nobody → {}: {because}{lacking}", agent.name);
    let (kind, actor) = (EventKind::Assignee, "rule".to_owned());
    Some((TicketEvent { ticket: ticket.id, at: now, kind, actor, detail }, turn))
}

/// The agents of the ticket's queue who know what it needs, or all of them when nobody does; and whether they know it.
fn able<'a>(catalog: &'a Catalog, ticket: &Ticket) -> (Vec<&'a Agent>, bool) {
    let all: Vec<&Agent> =
        catalog.service.routing.agents.iter().filter(|agent| agent.queues.contains(&ticket.queue)).collect();
    let knows = |agent: &&&Agent| ticket.course.skills.iter().all(|skill| agent.skills.contains(skill));
    let knowing: Vec<&Agent> = all.iter().filter(knows).copied().collect();
    if knowing.is_empty() { (all, ticket.course.skills.is_empty()) } else { (knowing, true) }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{NOW, catalog, ticket};
    use super::*;
    use crate::domain::routing::{Customer, Line, QueueRules};

    const HOUR_MS: i64 = 3_600_000;

    fn staffed(assign: Strategy) -> Catalog {
        let mut catalog = catalog();
        let agent = |name: &str, skills: &[&str]| Agent {
            name: name.into(),
            addresses: vec![format!("{name}@desk.example")],
            skills: skills.iter().map(|skill| (*skill).to_owned()).collect(),
            queues: vec!["desk".into()],
            absent: Vec::new(),
        };
        let routing = &mut catalog.service.routing;
        routing.queues = vec![QueueRules { queue: "desk".into(), line: Line::First, assign }];
        routing.agents = vec![agent("aoki", &[]), agent("baba", &["linux"]), agent("chiba", &["linux", "network"])];
        routing.agents.push(Agent { name: "other".into(), queues: vec!["experts".into()], ..Agent::default() });
        catalog
    }

    /// Who gets eight tickets that come in together.
    fn given(catalog: &Catalog, staff: &mut Staff) -> String {
        let one = |_| {
            let mut ticket = ticket(Status::New);
            assign(catalog, &mut ticket, staff, NOW).map_or('-', |(_, turn)| turn.agent.chars().next().unwrap())
        };
        (0..8).map(one).collect()
    }

    #[test]
    fn tickets_go_round_and_the_least_loaded_catches_up() {
        let round = staffed(Strategy::RoundRobin);
        let mut staff = Staff::default();
        assert_eq!(given(&round, &mut staff), "abcabcab");
        assert_eq!(given(&round, &mut staff), "cabcabca", "the next page goes on where the last one ended");
        let least = staffed(Strategy::LeastLoaded);
        let loads = [("aoki".to_owned(), 3), ("baba".to_owned(), 1), ("other".to_owned(), 0)].into();
        assert_eq!(given(&least, &mut Staff { loads, ..Staff::default() }), "cbcbcabc");
        assert_eq!(given(&staffed(Strategy::None), &mut Staff::default()), "--------");
    }

    #[test]
    fn the_absent_are_passed_over_until_they_are_back() {
        let mut catalog = staffed(Strategy::RoundRobin);
        let away = (NOW.plus_ms(-HOUR_MS), NOW.plus_ms(HOUR_MS));
        catalog.service.routing.agents[0].absent = vec![away];
        assert_eq!(given(&catalog, &mut Staff::default()), "bcbcbcbc");
        for agent in &mut catalog.service.routing.agents {
            agent.absent = vec![away, (away.1, away.1.plus_ms(HOUR_MS))];
        }
        assert_eq!(given(&catalog, &mut Staff::default()), "--------");
        let waiting = ticket(Status::New);
        assert_eq!(next(&catalog, &waiting, NOW), Some(NOW.plus_ms(2 * HOUR_MS)));
        assert_eq!(next(&catalog, &waiting, NOW.plus_ms(3 * HOUR_MS)), Some(NOW.plus_ms(3 * HOUR_MS)));
    }

    #[test]
    fn skills_and_the_customers_engineer_come_first() {
        let mut catalog = staffed(Strategy::RoundRobin);
        let mut known = ticket(Status::New);
        known.course.skills = vec!["network".into()];
        let (_, turn) = assign(&catalog, &mut known, &mut Staff::default(), NOW).unwrap();
        assert_eq!((turn.agent.as_str(), known.course.given), ("chiba", true));
        let mut odd = ticket(Status::New);
        odd.course.skills = vec!["cobol".into()];
        let (event, turn) = assign(&catalog, &mut odd, &mut Staff::default(), NOW).unwrap();
        assert_eq!(turn.agent, "aoki");
        assert!(event.detail.contains("nobody knows cobol"), "{}", event.detail);
        catalog.service.routing.customers = vec![Customer {
            name: "acme".into(),
            addresses: vec!["@client.example".into()],
            technical_engineer: Some("baba".into()),
            ..Customer::default()
        }];
        let (_, turn) = assign(&catalog, &mut ticket(Status::New), &mut Staff::default(), NOW).unwrap();
        assert_eq!(turn.agent, "baba");
    }

    #[test]
    fn a_ticket_is_given_once_for_each_time_it_comes_into_a_queue() {
        let catalog = staffed(Strategy::RoundRobin);
        let mut known = ticket(Status::New);
        assert!(assign(&catalog, &mut known, &mut Staff::default(), NOW).is_some());
        known.assignee = None;
        assert!(!needs_agent(&catalog, &known), "a person took it back from the agent");
        known.promises.moves += 1;
        assert!(needs_agent(&catalog, &known));
        for status in [Status::Waiting, Status::Answered, Status::Resolved, Status::Closed] {
            assert!(!needs_agent(&catalog, &ticket(status)), "{status}");
        }
    }
}
