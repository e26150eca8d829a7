//! Lists of people who are told one after the other until somebody acknowledges: `ticket ack`, the button "take", or anything else
//! an agent does with the ticket.

use super::notice;
use crate::domain::catalog::Catalog;
use crate::domain::course::Call;
use crate::domain::promise::Firing;
use crate::domain::routing::{Contact, ContactList};
use crate::domain::service::{NotifyTarget, NotifyWay, Remedy};
use crate::domain::{Bilingual, Changes, EventKind, Ticket, TicketEvent, Timestamp};
use crate::sla::book::{Book, holds};

const MINUTE_MS: i64 = 60_000;

/// Begins to go down `list`. A list that is being gone through goes on as it is; what somebody acknowledged before is to be
/// acknowledged again. Returns the line for the history.
pub(super) fn begin(catalog: &Catalog, ticket: &mut Ticket, list: &str, firing: &Firing) -> Option<String> {
    find(catalog, list)?;
    if ticket.course.calls.iter().any(|call| call.list == list) {
        return None;
    }
    let course = &mut ticket.course;
    course.acknowledged = None;
    course.called = course.called.saturating_add(1);
    let number = course.called;
    let Bilingual { ja: because_ja, en: because } = firing.because.clone();
    course.calls.push(Call { list: list.to_owned(), number, told: 0, next_at: firing.at, because, because_ja });
    Some(format!("calls `{list}` until somebody acknowledges"))
}

/// Tells whoever is next on each list whose time is up. When a list is through, whoever else there is hears of it, and it is dropped.
pub(super) fn advance(catalog: &Catalog, changes: &mut Changes, ticket: &mut Ticket, now: Timestamp) {
    let mut going = Vec::new();
    for mut call in std::mem::take(&mut ticket.course.calls) {
        if call.next_at > now {
            going.push(call);
            continue;
        }
        let Some(list) = find(catalog, &call.list) else { continue };
        if let Some(target) = next_target(catalog, ticket, list, (&mut call, now)) {
            tell(catalog, changes, ticket, (&call, &target, now));
            call.next_at = now.plus_ms(i64::from(list.wait_minutes) * MINUTE_MS);
            going.push(call);
        } else {
            tell_all(catalog, changes, ticket, (&call, now));
        }
    }
    ticket.course.calls = going;
}

/// The next contact who can be told; the call counts on past those who cannot.
fn next_target(
    catalog: &Catalog,
    ticket: &Ticket,
    list: &ContactList,
    (call, now): (&mut Call, Timestamp),
) -> Option<NotifyTarget> {
    let length = u32::try_from(list.contacts.len()).ok()?;
    while call.told < length.saturating_mul(list.rounds) {
        let contact = list.contacts.get(usize::try_from(call.told.checked_rem(length)?).ok()?)?;
        call.told += 1;
        if let Some(target) = target(catalog, ticket, contact, now) {
            return Some(target);
        }
    }
    None
}

/// How a contact is told; `None` for an agent who is away, and for an engineer the ticket's customer does not have.
fn target(catalog: &Catalog, ticket: &Ticket, contact: &Contact, now: Timestamp) -> Option<NotifyTarget> {
    let customer = || Book { catalog }.customer(&ticket.requester.address);
    let name = match contact {
        Contact::Target(name) => return catalog.service.targets.iter().find(|target| target.name == *name).cloned(),
        Contact::Agent(name) => name,
        Contact::AccountEngineer => customer()?.account_engineer.as_ref()?,
        Contact::TechnicalEngineer => customer()?.technical_engineer.as_ref()?,
    };
    by_mail(catalog, name, now)
}

/// The agent `name` as a place that is told; `None` for one who is away or has no mail.
pub(super) fn by_mail(catalog: &Catalog, name: &str, now: Timestamp) -> Option<NotifyTarget> {
    let agent = catalog.service.routing.agent(name).filter(|agent| agent.is_here(now))?;
    let (address, mailbox) = (agent.mail()?.to_owned(), catalog.desk.mailboxes.first()?.name.clone());
    Some(NotifyTarget { name: agent.name.clone(), way: NotifyWay::Mail { address, mailbox } })
}

fn tell(
    catalog: &Catalog,
    changes: &mut Changes,
    ticket: &mut Ticket,
    (call, target, now): (&Call, &NotifyTarget, Timestamp),
) {
    let because = Bilingual { ja: known(&call.because_ja, &call.because).to_owned(), en: call.because.clone() };
    let firing = firing(call, ticket, (&call.told.to_string(), because, now));
    page(catalog, changes, ticket, (&firing, target));
    changes.fired.push(firing);
}

/// Nobody on the list acknowledged: the places that are there for such a ticket are told, urgently and once. Where there are none,
/// every agent who is here is.
fn tell_all(catalog: &Catalog, changes: &mut Changes, ticket: &mut Ticket, (call, now): (&Call, Timestamp)) {
    let mut targets = places(catalog, ticket, &call.list);
    if targets.is_empty() {
        let agents = &catalog.service.routing.agents;
        targets = agents.iter().filter_map(|agent| by_mail(catalog, &agent.name, now)).collect();
    }
    let because = Bilingual {
        ja: format!("「{}」のだれも引き受けていません（{}）", call.list, known(&call.because_ja, &call.because)),
        en: format!("nobody on {} acknowledged ({})", call.list, call.because),
    };
    let firing = firing(call, ticket, ("all", because, now));
    let names: Vec<&str> = targets.iter().map(|target| target.name.as_str()).collect();
    let names = if names.is_empty() { "nobody else".to_owned() } else { names.join(", ") };
    let detail = format!("nobody on `{}` acknowledged: {names} told", call.list);
    changes.events.push(line(ticket, now, EventKind::Note, detail));
    for target in &targets {
        page(catalog, changes, ticket, (&firing, target));
    }
    changes.fired.push(firing);
}

/// The places on the list, those that the rules for the ticket tell, and those that wake people.
fn places(catalog: &Catalog, ticket: &Ticket, list: &str) -> Vec<NotifyTarget> {
    let contacts = find(catalog, list).map_or(&[][..], |list| &list.contacts);
    let rules = catalog.service.escalations.iter().filter(|rule| holds(&rule.scope, ticket));
    let remedies: Vec<&Remedy> = rules.flat_map(|rule| &rule.remedies).collect();
    let tells = |remedy: &Remedy, name: &str| match remedy {
        Remedy::Notify { target } | Remedy::Page { target } => target == name,
        Remedy::SecondLine | Remedy::Move { .. } | Remedy::Raise { .. } | Remedy::Call { .. } | Remedy::OpenProblem => {
            false
        }
    };
    let is_for_it = |target: &&NotifyTarget| {
        target.way == NotifyWay::Pagerduty
            || contacts.contains(&Contact::Target(target.name.clone()))
            || remedies.iter().any(|remedy| tells(remedy, &target.name))
    };
    catalog.service.targets.iter().filter(is_for_it).cloned().collect()
}

/// A step of a call: its key, why it is taken, and how to acknowledge.
fn firing(call: &Call, ticket: &Ticket, (step, because, now): (&str, Bilingual, Timestamp)) -> Firing {
    let Bilingual { ja, en } = because;
    Firing {
        key: format!("call {}:{}:{}:{step}", call.list, ticket.id, call.number),
        ticket: ticket.id,
        rule: format!("call {}", call.list),
        at: now,
        because: Bilingual {
            ja: format!("{ja}。引き受けるときは `madoguchi ticket ack {}`", ticket.id),
            en: format!("{en}; acknowledge with `madoguchi ticket ack {}`", ticket.id),
        },
    }
}

fn page(catalog: &Catalog, changes: &mut Changes, ticket: &mut Ticket, (firing, target): (&Firing, &NotifyTarget)) {
    let written = notice::of_firing(catalog, ticket, firing, (target, true));
    let detail = format!("call to {} ({})", target.name, written.dedupe_key);
    changes.events.push(line(ticket, firing.at, EventKind::MessageOut, detail));
    changes.outbound.push(written);
}

/// The Japanese words, in calls that have them.
fn known<'a>(ja: &'a str, en: &'a str) -> &'a str {
    if ja.is_empty() { en } else { ja }
}

fn find<'a>(catalog: &'a Catalog, list: &str) -> Option<&'a ContactList> {
    catalog.service.routing.lists.iter().find(|known| known.name == list)
}

fn line(ticket: &Ticket, at: Timestamp, kind: EventKind, detail: String) -> TicketEvent {
    TicketEvent { ticket: ticket.id, at, kind, actor: "rule".to_owned(), detail }
}

#[cfg(test)]
mod tests {
    use super::super::agent::{Hand, acknowledge, assign};
    use super::super::fixture::{NOW, catalog, ring, ticket};
    use super::super::tick;
    use super::*;
    use crate::domain::promise::Signal;
    use crate::domain::routing::{Agent, Customer};
    use crate::domain::service::{Escalation, Scope, Trigger};
    use crate::domain::{Status, Timestamp};

    fn after(minutes: i64) -> Timestamp {
        NOW.plus_ms(minutes * MINUTE_MS)
    }

    /// A list of an agent who is away, another one, the customer's engineer and the leads.
    fn on_call(rounds: u32) -> Catalog {
        let mut catalog = catalog();
        let agent = |name: &str, absent: bool| Agent {
            name: name.into(),
            addresses: vec![format!("slack:{name}"), format!("{name}@client.example")],
            absent: if absent { vec![(after(-60), after(600))] } else { Vec::new() },
            ..Agent::default()
        };
        let service = &mut catalog.service;
        service.routing.agents = vec![agent("aoki", true), agent("baba", false), agent("chiba", false)];
        service.routing.customers = vec![Customer {
            name: "acme".into(),
            addresses: vec!["@client.example".into()],
            account_engineer: Some("chiba".into()),
            ..Customer::default()
        }];
        let contacts = vec![
            Contact::Agent("aoki".into()),
            Contact::Agent("baba".into()),
            Contact::TechnicalEngineer,
            Contact::AccountEngineer,
            Contact::Target("leads".into()),
        ];
        service.routing.lists = vec![ContactList { name: "on-call".into(), contacts, wait_minutes: 10, rounds }];
        let way = NotifyWay::Mail { address: "leads@client.example".into(), mailbox: "support".into() };
        service.targets = vec![NotifyTarget { name: "leads".into(), way }];
        service.escalations = vec![Escalation {
            name: "anger".into(),
            scope: Scope::default(),
            trigger: Trigger::Seen { signal: Signal::Complaint, times: 1 },
            remedies: vec![Remedy::Call { list: "on-call".into() }],
        }];
        catalog
    }

    fn angry() -> Ticket {
        let mut known = ticket(Status::New);
        known.promises.note(Signal::Complaint);
        known
    }

    /// Looks at the ticket when it wants to be looked at, up to `until`: who was told at which minute.
    fn told(catalog: &Catalog, known: &Ticket, until: i64) -> (Vec<(i64, String)>, Ticket) {
        let (mut told, mut known, mut at) = (Vec::new(), known.clone(), NOW);
        while at <= after(until) {
            let changes = tick(catalog, &ring(), &known, at);
            let minute = (at.0 - NOW.0) / MINUTE_MS;
            told.extend(changes.outbound.iter().map(|notice| (minute, notice.to[0].address.clone())));
            known = Ticket { version: known.version + 1, ..changes.tickets[0].clone() };
            match known.promises.watch_at {
                Some(next) => at = next,
                None => break,
            }
        }
        (told, known)
    }

    fn names(told: &[(i64, String)]) -> Vec<(i64, &str)> {
        told.iter().map(|(minute, address)| (*minute, address.split('@').next().unwrap())).collect()
    }

    #[test]
    fn the_list_is_gone_down_past_those_who_cannot_be_told() {
        let (told, known) = told(&on_call(2), &angry(), 600);
        let round = [(0, "baba"), (10, "chiba"), (20, "leads"), (30, "baba"), (40, "chiba"), (50, "leads")];
        assert_eq!(names(&told)[..6], round);
        assert_eq!((known.course.calls.len(), known.promises.watch_at), (0, None));
        let last = tick(&on_call(1), &ring(), &known, after(700));
        assert!(last.outbound.is_empty() && last.fired.is_empty());
    }

    #[test]
    fn when_nobody_on_the_list_acknowledges_every_place_is_paged() {
        let mail =
            |name: &str| NotifyWay::Mail { address: format!("{name}@client.example"), mailbox: "support".into() };
        let place = |name: &str| NotifyTarget { name: name.into(), way: mail(name) };
        let after_it = |change: fn(&mut Catalog)| {
            let mut catalog = on_call(1);
            catalog.service.targets.extend([place("duty"), place("chat")]);
            change(&mut catalog);
            let (told, known) = told(&catalog, &angry(), 600);
            let last = told.iter().filter(|(minute, _)| *minute == 30).map(|(_, to)| to.split('@').next().unwrap());
            (last.map(str::to_owned).collect::<Vec<_>>(), known.promises.watch_at)
        };
        let page = |catalog: &mut Catalog| {
            catalog.service.escalations[0].remedies.push(Remedy::Page { target: "duty".into() });
        };
        assert_eq!(
            after_it(page),
            (vec!["leads".into(), "duty".into()], None),
            "the list's places and those that are paged"
        );
        let no_places = |catalog: &mut Catalog| {
            catalog.service.routing.lists[0].contacts.retain(|contact| !matches!(contact, Contact::Target(_)));
            catalog.service.routing.lists[0].contacts.push(Contact::Agent("baba".into()));
            catalog.service.escalations[0].remedies.push(Remedy::Notify { target: "chat".into() });
        };
        assert_eq!(after_it(no_places).0, ["chat"], "those that are told without a mark");
        let nobody = |catalog: &mut Catalog| {
            catalog.service.targets.clear();
            catalog.service.routing.lists[0].contacts.push(Contact::Agent("baba".into()));
        };
        assert_eq!(after_it(nobody).0, ["baba", "chiba"], "otherwise every agent who is here");
    }

    #[test]
    fn when_nobody_on_the_list_can_be_called_the_places_are_paged_at_once() {
        let mut catalog = on_call(2);
        catalog.service.routing.lists[0].contacts = vec![Contact::Agent("aoki".into())];
        let changes = tick(&catalog, &ring(), &angry(), NOW);
        let to: Vec<&str> = changes.outbound.iter().map(|notice| notice.to[0].address.as_str()).collect();
        assert_eq!(to, ["baba@client.example", "chiba@client.example"]);
        assert!(changes.outbound[0].subject.starts_with("【至急】"), "{}", changes.outbound[0].subject);
        assert!(changes.outbound[0].text.contains("だれも"), "{}", changes.outbound[0].text);
        let said =
            changes.events.iter().any(|event| event.detail == "nobody on `on-call` acknowledged: baba, chiba told");
        assert!(said, "{:?}", changes.events);
        assert!(tick(&catalog, &ring(), &changes.tickets[0], after(60)).outbound.is_empty(), "once");
    }

    #[test]
    fn whoever_acknowledges_or_takes_it_ends_the_call() {
        let (catalog, keyring) = (on_call(1), ring());
        let (_, called) = told(&catalog, &angry(), 5);
        let hand = Hand { catalog: &catalog, keyring: &keyring, agent: "baba", now: after(5) };
        for done in [acknowledge(&hand, &called).unwrap(), assign(&hand, &called, Some("baba")).unwrap()] {
            let known = &done.tickets[0];
            assert_eq!(known.course.acknowledged.as_ref().map(|mark| mark.by.as_str()), Some("baba"));
            assert!(done.events.iter().any(|event| event.detail.contains("on-call")), "{:?}", done.events);
            assert_eq!(names(&told(&catalog, known, 600).0), []);
        }
        assert!(acknowledge(&hand, &acknowledge(&hand, &called).unwrap().tickets[0]).is_err(), "once is enough");
    }

    #[test]
    fn a_process_that_slept_tells_one_and_not_all_at_once() {
        let catalog = on_call(1);
        let (_, called) = told(&catalog, &angry(), 0);
        let late = tick(&catalog, &ring(), &called, after(300));
        assert_eq!((late.outbound.len(), late.tickets[0].promises.watch_at), (1, Some(after(310))));
        assert_eq!(late.fired[0].key, "call on-call:T-7:1:4");
    }
}
