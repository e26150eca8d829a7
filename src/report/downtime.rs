//! From an incident with its history to the outage it was: when the service was down, why, and how well people were kept informed.

use super::facts::{Outage, Tally, service};
use crate::domain::maintenance::Maintenance;
use crate::domain::{
    ClockKind, ClockLevel, EventKind, Outage as Stated, Priority, Span, Status, TicketEvent, TicketLife,
};

/// The detail that names the cause of an incident, when somebody wrote it down.
const CAUSE_SLOT: &str = "cause";

impl Tally<'_> {
    /// An incident with impact on the service is an outage from the ticket's arrival until it was solved, and again from when it was
    /// reopened. Where people stated since when it was down and since when it is back, that counts, whatever the ticket is called.
    pub(super) fn outage(&mut self, life: &TicketLife) {
        let ticket = &life.ticket;
        let is_incident = ticket.intent.as_ref().is_some_and(|intent| self.basis.terms.incident_types.contains(intent));
        let has_impact = is_incident && ticket.priority == Priority::Critical;
        let stated = ticket.course.outage.as_ref();
        if !(has_impact || stated.is_some()) || ticket.merged_into.is_some() {
            return;
        }
        let (stretches, lasts) = down(Span { from: ticket.created_at, to: self.basis.now }, &life.events, stated);
        let service = service(ticket);
        let planned = planned(&self.basis.catalog.service.maintenance, service.as_deref());
        let stretches = outside(stretches, &planned);
        let whole_ms = stretches.iter().map(|one| one.to.0 - one.from.0).sum();
        let clipped: Vec<Span> = stretches
            .into_iter()
            .map(|one| Span { from: one.from.max(self.span.from), to: one.to.min(self.span.to) })
            .filter(|one| one.from < one.to)
            .collect();
        if clipped.is_empty() {
            return;
        }
        let updates = [ClockLevel::Slo, ClockLevel::Sla]
            .into_iter()
            .find_map(|level| ticket.promises.clock(ClockKind::Update, level));
        let updates = updates.map(|clock| self.promise(clock, life));
        let said = stated.map(|stated| stated.cause.clone()).filter(|cause| !cause.is_empty());
        self.outages.push(Outage {
            ticket: ticket.id,
            began_at: stated.map_or(ticket.created_at, |stated| stated.from),
            service,
            event: ticket.subject.clone(),
            cause: said.or_else(|| ticket.slots.get(CAUSE_SLOT).cloned()),
            matter: ticket.course.matter.clone().or_else(|| put_under(life)),
            reports: ticket.course.reports,
            in_time: updates.as_ref().map_or(0, |updates| updates.met),
            late: updates.as_ref().map_or(0, |updates| updates.missed),
            stretches: clipped,
            whole_ms,
            lasts,
        });
    }
}

/// When maintenance of the service is planned, in order.
pub(super) fn planned(all: &[Maintenance], service: Option<&str>) -> Vec<Span> {
    let mut spans: Vec<Span> = all.iter().filter(|plan| plan.touches(service)).map(|plan| plan.span).collect();
    spans.sort_by_key(|span| span.from);
    spans
}

/// What of `stretches` lies in none of `spans`, which are in order.
pub(super) fn outside(stretches: Vec<Span>, spans: &[Span]) -> Vec<Span> {
    let mut left = Vec::new();
    for mut stretch in stretches {
        for span in spans.iter().filter(|span| span.from < stretch.to) {
            if span.to <= stretch.from {
                continue;
            }
            left.extend((stretch.from < span.from).then_some(Span { from: stretch.from, to: span.from }));
            stretch.from = span.to.min(stretch.to);
        }
        left.extend((stretch.from < stretch.to).then_some(stretch));
    }
    left
}

/// The problem its history says it was put under last.
fn put_under(life: &TicketLife) -> Option<String> {
    let mut linked = life.events.iter().rev().filter(|event| event.kind == EventKind::Linked);
    linked.find_map(|event| event.detail.strip_prefix(TicketEvent::PROBLEM)).map(str::to_owned)
}

/// When within the ticket's life the service was down, in order, and whether it still is. What people stated takes the place of what the history shows for
/// the same time.
fn down(lived: Span, events: &[TicketEvent], stated: Option<&Stated>) -> (Vec<Span>, bool) {
    let mut stretches = Vec::new();
    let mut from = Some(lived.from);
    for event in events.iter().filter(|event| event.kind == EventKind::Status) {
        let Some((_, after)) = event.detail.split_once(" → ") else { continue };
        let is_up = after.starts_with(Status::Resolved.as_str()) || after.starts_with(Status::Closed.as_str());
        match (is_up, from) {
            (true, Some(began)) => {
                stretches.push(Span { from: began, to: event.at });
                from = None;
            }
            (false, None) => from = Some(event.at),
            (true, None) | (false, Some(_)) => {}
        }
    }
    stretches.extend(from.map(|began| Span { from: began, to: lived.to.max(began) }));
    if let Some(stated) = stated {
        stretches.retain(|one| one.to <= stated.from || one.from >= stated.to);
        stretches.push(Span { from: stated.from, to: stated.to });
        stretches.sort_by_key(|one| one.from);
    }
    (stretches, from.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{TicketId, Timestamp};

    fn turned(at: i64, detail: &str) -> TicketEvent {
        let (kind, actor) = (EventKind::Status, "aoki".to_owned());
        TicketEvent { ticket: TicketId(1), at: Timestamp(at), kind, actor, detail: detail.to_owned() }
    }

    #[test]
    fn planned_maintenance_is_taken_out_of_an_outage() {
        let span = |(from, to)| Span { from: Timestamp(from), to: Timestamp(to) };
        for (stretches, planned, wanted) in [
            (vec![(10, 50)], vec![], vec![(10, 50)]),
            (vec![(10, 50)], vec![(20, 30)], vec![(10, 20), (30, 50)]),
            (vec![(10, 50)], vec![(0, 10), (50, 60)], vec![(10, 50)]),
            (vec![(10, 50)], vec![(0, 15), (12, 18), (40, 70)], vec![(18, 40)]),
            (vec![(10, 50), (60, 70)], vec![(5, 65)], vec![(65, 70)]),
            (vec![(10, 50)], vec![(10, 50)], vec![]),
            (vec![(10, 50)], vec![(5, 40), (8, 20)], vec![(40, 50)]),
        ] {
            let planned: Vec<Span> = planned.into_iter().map(span).collect();
            let left = outside(stretches.iter().copied().map(span).collect(), &planned);
            let left: Vec<(i64, i64)> = left.iter().map(|one| (one.from.0, one.to.0)).collect();
            assert_eq!(left, wanted, "{stretches:?} {planned:?}");
        }
    }

    #[test]
    fn what_people_stated_takes_the_place_of_the_tickets_times() {
        let ended = || turned(50, "open → resolved: the service is back");
        let again = || turned(70, "resolved → open: reopened");
        let over = || turned(90, "open → resolved: done");
        for (events, stated, wanted, lasts) in [
            (vec![ended()], None, vec![(10, 50)], false),
            (vec![ended(), again()], None, vec![(10, 50), (70, 100)], true),
            (vec![ended()], Some((5, 40)), vec![(5, 40)], false),
            (vec![ended(), again(), over()], Some((5, 40)), vec![(5, 40), (70, 90)], false),
            (vec![ended(), again(), over()], Some((72, 88)), vec![(10, 50), (72, 88)], false),
            (vec![ended(), again(), over()], Some((10, 88)), vec![(10, 88)], false),
        ] {
            let span = |(from, to)| Span { from: Timestamp(from), to: Timestamp(to) };
            let stated = stated.map(span).map(|Span { from, to }| Stated { from, to, cause: String::new() });
            let (found, still) = down(span((10, 100)), &events, stated.as_ref());
            let found: Vec<(i64, i64)> = found.iter().map(|one| (one.from.0, one.to.0)).collect();
            assert_eq!((found, still), (wanted, lasts), "{stated:?}");
        }
    }
}
