use super::super::super::fixture::{DAY_MS, NOW, catalog, ring, ticket};
use super::super::{Reply, Then, assign, close, close_with, reply, resolve, set_priority};
use super::*;
use crate::decide::tick;
use crate::domain::catalog::Catalog;
use crate::domain::promise::{ClockLevel, Signal};
use crate::domain::service::Scope;
use crate::domain::{Complaint, Priority};

fn at(catalog: &Catalog, minutes: i64) -> Hand<'_> {
    let keyring: &'static crate::domain::Keyring = Box::leak(Box::new(ring()));
    Hand { catalog, keyring, agent: "aoki", now: NOW.plus_ms(minutes * MINUTE_MS) }
}

fn risky() -> Catalog {
    let mut catalog = catalog();
    catalog.intents[1].approval = true;
    catalog
}

/// A request of a type that needs leave, taken by an agent at once: around the clock, so that minutes count.
fn requested(catalog: &Catalog) -> Ticket {
    let known = Ticket { intent: Some("improvement".into()), priority: Priority::Critical, ..ticket(Status::New) };
    assign(&at(catalog, 0), &known, Some("aoki")).unwrap().tickets.remove(0)
}

fn resolution(ticket: &Ticket) -> crate::domain::Clock {
    ticket.promises.clock(ClockKind::Resolution, ClockLevel::Slo).unwrap().clone()
}

#[test]
fn what_waits_for_leave_is_not_closed_around_it() {
    let catalog = risky();
    let refused = close(&at(&catalog, 1), &requested(&catalog));
    assert!(matches!(refused, Err(Refusal::NotApproved { .. })), "{refused:?}");
}

#[test]
fn work_waits_for_leave_and_its_clock_with_it() {
    let catalog = risky();
    let known = requested(&catalog);
    assert!(known.course.waits_for_approval());
    assert_eq!(resolution(&known).state(), "paused");
    let first = known.promises.clock(ClockKind::FirstResponse, ClockLevel::Slo).unwrap();
    assert_eq!(first.state(), "running", "the first word does not wait");
    for refused in [
        resolve(&at(&catalog, 1), &known, None),
        reply(&at(&catalog, 1), &known, &Reply { text: "済み", then: Then::IsResolved, last: None }),
    ] {
        assert!(refused.unwrap_err().to_string().contains("ticket approve"));
    }
    let ruling = Ruling { verdict: Verdict::Approved, note: "夜間に", last: None };
    let done = rule_on(&at(&catalog, 90), &known, &ruling).unwrap();
    let approved = &done.tickets[0];
    let approval = approved.course.approval.as_ref().unwrap();
    let given = approval.given.as_ref().unwrap();
    assert_eq!((approval.verdict, given.by.as_str(), given.at), (Verdict::Approved, "aoki", at(&catalog, 90).now));
    assert_eq!(resolution(approved).due_at, resolution(&known).due_at.plus_ms(90 * MINUTE_MS));
    assert_eq!(resolution(approved).state(), "running");
    assert!(done.outbound[0].text.contains("承認されました") && done.outbound[0].text.contains("夜間に"));
    assert!(rule_on(&at(&catalog, 91), approved, &ruling).is_err(), "once");
    assert!(resolve(&at(&catalog, 92), approved, None).is_ok());
}

#[test]
fn what_is_declined_is_over_and_the_requester_is_told() {
    let catalog = risky();
    let ruling = Ruling { verdict: Verdict::Declined, note: "繁忙期のため", last: None };
    let done = rule_on(&at(&catalog, 5), &requested(&catalog), &ruling).unwrap();
    assert_eq!(done.tickets[0].status, Status::Resolved);
    assert!(done.outbound[0].text.contains("承認されませんでした") && done.outbound[0].text.contains("繁忙期"));
    let plain = ticket(Status::Open);
    assert!(rule_on(&at(&catalog, 5), &plain, &ruling).unwrap_err().to_string().contains("T-7"));
    let wanted = Ruling { verdict: Verdict::Wanted, ..ruling };
    assert!(rule_on(&at(&catalog, 5), &requested(&catalog), &wanted).is_err());
}

#[test]
fn a_policy_may_let_the_work_clock_run_without_leave() {
    let mut catalog = risky();
    for policy in &mut catalog.service.policies {
        policy.approval_pauses.clear();
    }
    assert_eq!(resolution(&requested(&catalog)).state(), "running");
}

#[test]
fn interim_reports_count_the_hour_anew_and_recovery_ends_it() {
    let catalog = catalog();
    let known = Ticket { intent: Some("incident".into()), priority: Priority::Critical, ..ticket(Status::New) };
    let taken = assign(&at(&catalog, 0), &known, Some("aoki")).unwrap().tickets.remove(0);
    let first = report(&at(&catalog, 10), &taken, "調査中です。", None).unwrap();
    assert!(first.outbound[0].text.contains("第 1 報") && first.outbound[0].text.contains("次の報告は"));
    assert_eq!(first.outbound[0].cc[0].address, "boss@client.example");
    let known = Ticket { version: 9, ..first.tickets[0].clone() };
    let update = |ticket: &Ticket| ticket.promises.clock(ClockKind::Update, ClockLevel::Slo).unwrap().clone();
    assert_eq!(update(&known).due_at, at(&catalog, 70).now);
    let second = report(&at(&catalog, 60), &known, "原因がわかりました。", None).unwrap();
    assert!(second.outbound[0].text.contains("第 2 報"));
    let known = Ticket { version: 10, ..second.tickets[0].clone() };
    assert_eq!((update(&known).due_at, update(&known).kept), (at(&catalog, 120).now, 2));
    let back = Recovery {
        text: "再起動しました。",
        since: Some(NOW.plus_ms(-5 * MINUTE_MS)),
        back: Some(at(&catalog, 75).now),
        cause: "ディスク満杯",
        last: None,
    };
    let done = recover(&at(&catalog, 80), &known, &back).unwrap();
    let ended = &done.tickets[0];
    assert_eq!((ended.status, ended.due.next_update), (Status::Resolved, None));
    let outage = ended.course.outage.as_ref().unwrap();
    assert_eq!((outage.to.0 - outage.from.0, outage.cause.as_str()), (80 * MINUTE_MS, "ディスク満杯"));
    assert!(done.outbound[0].text.contains("(80 分)") && done.outbound[0].text.contains("1(不満)"));
    assert!(report(&at(&catalog, 81), ended, "x", None).is_err());
    let wrong = Recovery { back: Some(at(&catalog, 90).now), ..back };
    assert!(recover(&at(&catalog, 80), &known, &wrong).is_err(), "it is not back in the future");
}

#[test]
fn how_it_was_is_asked_once() {
    let catalog = catalog();
    let known = ticket(Status::Open);
    let asked = |known: &Ticket| {
        let done = resolve(&at(&catalog, 0), known, None).unwrap();
        let mut back = done.tickets[0].clone();
        (back.status, back.resolved_at) = (Status::Open, None);
        (done.outbound[0].text.contains("1(不満)"), back)
    };
    let (first, back) = asked(&known);
    let (second, _) = asked(&back);
    assert_eq!((first, second), (true, false));
    let words = Reply { text: "直しました。", then: Then::IsResolved, last: None };
    assert!(reply(&at(&catalog, 0), &known, &words).unwrap().outbound[0].text.contains("1(不満)"));
    let words = Reply { then: Then::StaysOpen, ..words };
    assert!(!reply(&at(&catalog, 0), &known, &words).unwrap().outbound[0].text.contains("1(不満)"));
}

#[test]
fn what_waits_is_closed_after_a_word_and_what_is_solved_after_some_days() {
    let mut catalog = catalog();
    catalog.service.closing = crate::sla::shipped::closing();
    let waits = Then::Waits;
    let words = Reply { text: "型番を教えてください。", then: waits, last: None };
    let mut known = reply(&at(&catalog, 0), &ticket(Status::Open), &words).unwrap().tickets.remove(0);
    let mut seen = Vec::new();
    for _ in 0..3 {
        let Some(next) = known.promises.watch_at else { break };
        let early = tick(&catalog, &ring(), &known, next.plus_ms(-1));
        assert_eq!((early.outbound.len(), early.tickets[0].status), (0, known.status), "not before");
        let done = tick(&catalog, &ring(), &known, next);
        known = Ticket { version: known.version + 1, ..done.tickets[0].clone() };
        seen.push((
            next.rfc3339(),
            known.status,
            done.outbound.first().map(|mail| mail.text.contains("ご返信がない場合")),
        ));
    }
    // Sunday 22 November; the 23rd is a holiday: the tenth business day is Monday 7 December, three before it the 2nd.
    assert_eq!(
        seen,
        [
            ("2026-12-02T10:00:00.000Z".to_owned(), Status::Waiting, Some(true)),
            ("2026-12-07T10:00:00.000Z".to_owned(), Status::Closed, None),
        ]
    );
    let solved = resolve(&at(&catalog, 0), &ticket(Status::Open), None).unwrap();
    assert!(solved.outbound[0].text.contains("完了とさせていただきます"), "the letter says when it ends");
    let next = solved.tickets[0].promises.watch_at.unwrap();
    assert_eq!(next.rfc3339(), "2026-11-30T10:00:00.000Z");
    assert_eq!(tick(&catalog, &ring(), &solved.tickets[0], next).tickets[0].status, Status::Closed);
}

#[test]
fn some_tickets_are_not_closed_by_one_alone() {
    let mut catalog = catalog();
    let small = Scope { priorities: vec![Priority::Low, Priority::Medium], ..Scope::default() };
    catalog.service.closing.alone = Some(small);
    let (hand, high) = (at(&catalog, 0), Ticket { priority: Priority::High, ..ticket(Status::Open) });
    assert!(close(&hand, &ticket(Status::Open)).is_ok(), "an unimportant one");
    let refused = close(&hand, &high).unwrap_err().to_string();
    assert!(refused.contains("--with"), "{refused}");
    assert!(close_with(&hand, &high, Some("aoki")).is_err(), "one and the same person");
    let done = close_with(&hand, &high, Some("baba")).unwrap();
    assert!(done.events.iter().any(|event| event.detail.contains("baba")));
    let mut content = high.clone();
    content.course.confirmed_at = Some(NOW);
    assert!(close(&hand, &content).is_ok(), "the requester said that it is solved");
}

#[test]
fn links_complaints_and_priorities_keep_what_people_said() {
    let catalog = catalog();
    let hand = at(&catalog, 0);
    let (one, two) = (ticket(Status::Open), Ticket { id: crate::domain::TicketId(8), ..ticket(Status::Open) });
    let done = link(&hand, &one, &two).unwrap();
    assert_eq!(done.tickets.iter().map(|ticket| ticket.linked_to.unwrap().0).collect::<Vec<_>>(), [8, 7]);
    assert!(link(&hand, &done.tickets[0], &two).is_err() && link(&hand, &one, &one).is_err());
    assert!(answer_complaint(&hand, &one, "お詫びした", None).is_err(), "there is none in it");
    let mut angry = one.clone();
    angry.promises.note(Signal::Complaint);
    let (service, content, action) = (String::new(), "遅い".to_owned(), String::new());
    angry.course.complaint = Some(Complaint { at: NOW.plus_ms(-DAY_MS), service, content, action, done: None });
    let done = answer_complaint(&hand, &angry, "お詫びした", Some("ホスティング")).unwrap();
    let complaint = done.tickets[0].course.complaint.as_ref().unwrap();
    assert_eq!((complaint.action.as_str(), complaint.service.as_str()), ("お詫びした", "ホスティング"));
    // A person who says "medium" to a medium ticket means it: no rule lifts it any more.
    let pinned = set_priority(&hand, &one, Priority::Medium).unwrap().tickets.remove(0);
    assert_eq!(pinned.promises.priority_by.as_deref(), Some("aoki"));
    assert!(set_priority(&hand, &pinned, Priority::Medium).is_err());
}
