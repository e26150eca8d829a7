use super::*;
use crate::domain::catalog::{Catalog, Desk, SendLimits, Thresholds};
use crate::domain::promise::{ClockKind, ClockLevel, Late, Signal};
use crate::domain::schedule::{Calendar, Objective, Span};
use crate::domain::service::{Remedy, Scope, ServiceRules};
use crate::domain::{Address, Bilingual, Channel, Due, Language, Priority, Promises, Queue, TicketId};
use crate::sla::timers::{self, Terms};

pub(in crate::sla) const NOW: Timestamp = Timestamp(1_800_000_000_000);

pub(in crate::sla) fn catalog(triggers: Vec<Trigger>) -> Catalog {
    let always = Calendar {
        name: "always".into(),
        timezone: chrono_tz::Asia::Tokyo,
        week: std::array::from_fn(|_| vec![Span { start_minute: 0, end_minute: 1440 }]),
        japanese_holidays: false,
        closed_yearly: Vec::new(),
        holidays: Vec::new(),
        closed_dates: Vec::new(),
        open_dates: Vec::new(),
        special_hours: Vec::new(),
    };
    let rule = |(n, trigger)| Escalation {
        name: format!("r{n}"),
        scope: Scope { queues: vec!["desk".into()], ..Scope::default() },
        trigger,
        remedies: vec![Remedy::SecondLine],
    };
    Catalog {
        content: String::new(),
        policy: crate::domain::Policy::default(),
        version: "v".into(),
        desk: Desk {
            name: "d".into(),
            language: Language::Ja,
            timezone: chrono_tz::Asia::Tokyo,
            mailboxes: Vec::new(),
            chats: Vec::new(),
            triage: Vec::new(),
        },
        intents: Vec::new(),
        articles: Vec::new(),
        synonyms: Vec::new(),
        queues: vec![Queue {
            name: "desk".into(),
            title: Bilingual::default(),
            calendar: "always".into(),
            second_line: None,
        }],
        rulebook: crate::domain::Rulebook::default(),
        calendars: vec![always],
        thresholds: Thresholds { answer: 0.9, suggest: 0.6, intent: 0.5 },
        limits: SendLimits {
            automatic_per_sender_day: 1,
            automatic_per_ticket: 1,
            questions_per_ticket: 1,
            reopen_within_days: 1,
        },
        service: ServiceRules {
            escalations: triggers.into_iter().enumerate().map(rule).collect(),
            ..Default::default()
        },
    }
}

pub(in crate::sla) fn ticket(catalog: &Catalog, status: Status) -> Ticket {
    let table = Book { catalog }.table("always").unwrap();
    let terms = Terms { policy: "p", target: Objective::Minutes(100), warn_percent: &[] };
    let clock = timers::start(ClockKind::FirstResponse, ClockLevel::Sla, terms, &table, NOW);
    Ticket {
        id: TicketId(7),
        version: 1,
        status,
        subject: String::new(),
        requester: Address::default(),
        participants: Vec::new(),
        channel: Channel::Email,
        source: "support".into(),
        queue: "desk".into(),
        priority: Priority::Medium,
        intent: None,
        language: Language::Ja,
        assignee: None,
        slots: std::collections::BTreeMap::new(),
        missing: Vec::new(),
        questions_asked: 0,
        automatic_sent: 0,
        article: None,
        created_at: NOW,
        updated_at: NOW,
        first_response_at: None,
        resolved_at: None,
        due: Due::default(),
        breached: Vec::new(),
        merged_into: None,
        linked_to: None,
        place: None,
        pressed: Vec::new(),
        card: None,
        tags: Vec::new(),
        course: crate::domain::Course::default(),
        promises: Promises { clocks: vec![clock], queued_at: Some(NOW), ..Promises::default() },
    }
}

/// A trigger, what is done to the ticket, and the minute it fires.
type Case = (Trigger, fn(&mut Ticket), Option<i64>);

#[test]
fn each_trigger_fires_at_its_minute_and_once() {
    let which = Which::default();
    let minutes = |n: i64| NOW.plus_ms(n * MINUTE_MS);
    let none: fn(&mut Ticket) = |_| {};
    let cases: [Case; 12] = [
        (Trigger::TimeUsed { which, percent: 75 }, none, Some(75)),
        (Trigger::TimeUsed { which, percent: 75 }, |ticket| ticket.promises.clocks[0].met_at = Some(NOW), None),
        (Trigger::TimeLeft { which, minutes: 10 }, none, Some(90)),
        (Trigger::TimeLeft { which: Which { level: Some(ClockLevel::Slo), kind: None }, minutes: 10 }, none, None),
        (Trigger::Breach { which }, none, None),
        (
            Trigger::Breach { which },
            |ticket| ticket.promises.clocks[0].late.push(Late { cycle: 1, at: NOW.plus_ms(100 * MINUTE_MS) }),
            Some(100),
        ),
        (Trigger::Unacknowledged { minutes: 20 }, none, Some(20)),
        (Trigger::Unacknowledged { minutes: 20 }, |ticket| ticket.assignee = Some("aoki".into()), None),
        (Trigger::Silence { minutes: 60 }, none, None),
        (
            Trigger::Silence { minutes: 60 },
            |ticket| ticket.promises.last_word_at = Some(NOW.plus_ms(5 * MINUTE_MS)),
            Some(65),
        ),
        (Trigger::Seen { signal: Signal::Reopened, times: 2 }, |ticket| ticket.promises.note(Signal::Reopened), None),
        (
            Trigger::Seen { signal: Signal::Complaint, times: 1 },
            |ticket| ticket.promises.note(Signal::Complaint),
            Some(0),
        ),
    ];
    for (trigger, change, wanted) in cases {
        let catalog = catalog(vec![trigger.clone()]);
        let book = Book { catalog: &catalog };
        let mut ticket = ticket(&catalog, Status::New);
        change(&mut ticket);
        assert_eq!(next(book, &ticket), wanted.map(minutes), "{trigger:?}");
        let Some(at) = wanted else { continue };
        assert_eq!(firings(book, &ticket, minutes(at - 1)).len(), 0, "{trigger:?}: not a minute early");
        let fired = firings(book, &ticket, minutes(at));
        assert_eq!(fired.len(), 1, "{trigger:?}");
        ticket.promises.fired.push(fired[0].1.key.clone());
        assert_eq!((firings(book, &ticket, minutes(at + 500)).len(), next(book, &ticket)), (0, None), "{trigger:?}");
    }
}

#[test]
fn a_new_cycle_may_fire_again_and_other_tickets_are_left_alone() {
    let catalog = catalog(vec![Trigger::Seen { signal: Signal::Reopened, times: 2 }, Trigger::Silence { minutes: 1 }]);
    let book = Book { catalog: &catalog };
    let mut known = ticket(&catalog, Status::Open);
    known.promises.signals = vec![(Signal::Reopened, 3)];
    let first = firings(book, &known, NOW);
    assert_eq!(
        (first.len(), first[0].1.because.en.as_str(), first[0].1.because.ja.as_str()),
        (1, "reopened: 3", "再開: 3 回")
    );
    known.promises.fired.push(first[0].1.key.clone());
    known.promises.signals = vec![(Signal::Reopened, 4)];
    assert_eq!(firings(book, &known, NOW).len(), 1, "the second round");
    let elsewhere = Ticket { queue: "other".into(), ..known.clone() };
    assert_eq!(firings(book, &elsewhere, NOW).len(), 0);
    let merged = Ticket { merged_into: Some(TicketId(3)), ..known };
    assert_eq!((firings(book, &merged, NOW).len(), next(book, &merged)), (0, None));
}

#[test]
fn a_reason_says_what_is_so_and_counts_its_minutes() {
    let catalog = catalog(vec![Trigger::Unacknowledged { minutes: 1 }, Trigger::Unacknowledged { minutes: 15 }]);
    let mut given = ticket(&catalog, Status::New);
    (given.assignee, given.course.given) = (Some("mori".into()), true);
    let fired = firings(Book { catalog: &catalog }, &given, NOW.plus_ms(15 * MINUTE_MS));
    let said: Vec<(&str, &str)> =
        fired.iter().map(|(_, firing)| (firing.because.ja.as_str(), firing.because.en.as_str())).collect();
    assert_eq!(
        said,
        [
            ("1 分たってもまだだれも引き受けていません", "nobody has taken it up within 1 minute"),
            ("15 分たってもまだだれも引き受けていません", "nobody has taken it up within 15 minutes"),
        ]
    );
}
