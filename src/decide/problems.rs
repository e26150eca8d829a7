//! The list of problems: a matter seen often enough is put on it, its owner is nudged until it is settled, and what was settled
//! comes back when it is seen again as often.

use super::calls::by_mail;
use super::notice;
use super::wording::date_and_time;
use crate::domain::catalog::Catalog;
use crate::domain::problem::{ProblemRecord, ProblemState};
use crate::domain::promise::Firing;
use crate::domain::schedule::Objective;
use crate::domain::service::NotifyTarget;
use crate::domain::{Article, ArticleStatus, Bilingual, Language, Outbound, Ticket, Timestamp, Visibility};
use crate::sla::book::Book;
use crate::sla::hours::due;

const DAY_MS: i64 = 86_400_000;
/// The hours nudges go by.
const BUSINESS: &str = "business";

/// What becomes of `known` at `now`, with the notices about it; `last` is the ticket it was seen on last. Always to be written, so that
/// it is not looked at again for nothing.
#[must_use]
pub fn review(
    catalog: &Catalog,
    known: &ProblemRecord,
    last: &Ticket,
    now: Timestamp,
) -> (ProblemRecord, Vec<Outbound>) {
    let rules = &catalog.service.problems;
    let mut record = ProblemRecord { reviewed_at: Some(now), ..known.clone() };
    let since =
        known.seen_at.plus_ms(-i64::from(rules.days) * DAY_MS).max(known.closed_at.unwrap_or(Timestamp(i64::MIN)));
    let seen = known.tickets.iter().filter(|(_, at)| *at > since).count();
    let zone = catalog.desk.timezone;
    let since_when = |language| date_and_time(known.opened_at, zone, language).unwrap_or_default();
    let title = &known.title;
    let because = match known.state {
        ProblemState::Open if known.nudge_at.is_none() => Bilingual {
            ja: format!("問題一覧に載りました: {title}"),
            en: format!("put on the list of problems: {title}"),
        },
        ProblemState::Open => Bilingual {
            ja: format!("{} から解決していない問題です: {title}", since_when(Language::Ja)),
            en: format!("problem not settled since {}: {title}", since_when(Language::En)),
        },
        ProblemState::Counted | ProblemState::Closed if seen >= usize::try_from(rules.times).unwrap_or(usize::MAX) => {
            (record.state, record.opened_at) = (ProblemState::Open, now);
            (record.closed_at, record.closed_because) = (None, None);
            Bilingual {
                ja: format!("{} 日間に {seen} 回ありました: {title}", rules.days),
                en: format!("seen {seen} times within {} days: {title}", rules.days),
            }
        }
        ProblemState::Counted | ProblemState::Closed => return (record, Vec::new()),
    };
    if record.owner.is_none() {
        record.owner.clone_from(&rules.owner);
    }
    let days = Objective::BusinessDays(rules.nudge_days);
    record.nudge_at = Book { catalog }.table(BUSINESS).map(|table| due(&table, now, days));
    let target = told(catalog, &record, now);
    let firing = Firing {
        key: format!("problem {}:{}", known.key, known.version),
        ticket: last.id,
        rule: format!("problem {}", known.key),
        at: now,
        because: Bilingual {
            ja: format!("{}。詳しくは `madoguchi problem show {}`", because.ja, known.key),
            en: format!("{}; see `madoguchi problem show {}`", because.en, known.key),
        },
    };
    // What is noted on the ticket is lost on purpose: a place hears of the problem, not of what becomes of the ticket.
    let mut last = last.clone();
    let notices = target.iter().map(|target| notice::of_firing(catalog, &mut last, &firing, (target, false))).collect();
    (record, notices)
}

/// The owner, else whoever is told of problems.
fn told(catalog: &Catalog, record: &ProblemRecord, now: Timestamp) -> Option<NotifyTarget> {
    let owner = record.owner.as_deref().and_then(|name| by_mail(catalog, name, now));
    let named = || {
        let name = catalog.service.problems.notify.as_ref()?;
        catalog.service.targets.iter().find(|target| target.name == *name).cloned()
    };
    owner.or_else(named)
}

/// The known error as an internal article, to be read over and put into the knowledge base; `None` without a workaround.
#[must_use]
pub fn draft(record: &ProblemRecord, language: Language) -> Option<Article> {
    let workaround = record.workaround.as_deref()?;
    let heading = |ja: &'static str, en: &'static str| match language {
        Language::Ja => ja,
        Language::En => en,
    };
    let unknown = heading("調査中", "not known yet");
    let tickets: Vec<String> = record.tickets.iter().map(|(ticket, _)| ticket.to_string()).collect();
    let body = format!(
        "## {}\n\n{}\n\n## {}\n\n{}\n\n## {}\n\n{workaround}\n\n## {}\n\n{}\n",
        heading("事象", "What happens"),
        record.title,
        heading("原因", "Cause"),
        record.cause.as_deref().unwrap_or(unknown),
        heading("回避策", "Workaround"),
        heading("発生した件", "Tickets"),
        tickets.join(", "),
    );
    let id: String = record.key.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).collect();
    Some(Article {
        id: format!("known-error-{}", id.to_lowercase()),
        language,
        title: format!("{}: {}", heading("既知の事象", "Known error"), record.title),
        questions: vec![record.title.clone()],
        body,
        tags: vec!["known-error".to_owned()],
        visibility: Visibility::Internal,
        answer_alone: false,
        review_by: None,
        status: ArticleStatus::Active,
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{NOW, Scene, catalog, ticket};
    use super::*;
    use crate::domain::routing::Agent;
    use crate::domain::{Sighting, Status, TicketId};

    fn seen(days_ago: &[i64], state: ProblemState) -> ProblemRecord {
        let tickets: Vec<(TicketId, Timestamp)> =
            days_ago.iter().zip(1..).map(|(days, id)| (TicketId(id), NOW.plus_ms(-days * DAY_MS))).collect();
        ProblemRecord {
            key: "incident/web01".into(),
            version: 4,
            title: "サイトが落ちる".into(),
            state,
            owner: None,
            cause: None,
            workaround: None,
            first_ticket: TicketId(1),
            last_ticket: TicketId(9),
            times: 3,
            opened_at: tickets[0].1,
            seen_at: tickets.last().unwrap().1,
            nudge_at: None,
            closed_at: None,
            closed_because: None,
            reviewed_at: None,
            tickets,
        }
    }

    fn owned() -> Catalog {
        let mut catalog = catalog();
        let addresses = vec!["baba@client.example".to_owned()];
        catalog.service.routing.agents = vec![Agent { name: "baba".into(), addresses, ..Agent::default() }];
        catalog.service.problems.owner = Some("baba".into());
        catalog
    }

    #[test]
    fn what_is_seen_often_enough_is_put_on_the_list() {
        let (catalog, last) = (owned(), ticket(Status::Open));
        for (days, state, closed, wanted) in [
            (&[20, 10, 0][..], ProblemState::Counted, None, ProblemState::Open),
            (&[40, 10, 0], ProblemState::Counted, None, ProblemState::Counted),
            (&[10, 0], ProblemState::Counted, None, ProblemState::Counted),
            (&[9, 8, 7, 2, 1, 0], ProblemState::Closed, Some(3), ProblemState::Open),
            (&[9, 8, 7, 1, 0], ProblemState::Closed, Some(3), ProblemState::Closed),
        ] {
            let known =
                ProblemRecord { closed_at: closed.map(|days: i64| NOW.plus_ms(-days * DAY_MS)), ..seen(days, state) };
            let (after, notices) = review(&catalog, &known, &last, NOW);
            assert_eq!((after.state, after.reviewed_at), (wanted, Some(NOW)), "{days:?} {state}");
            assert_eq!(notices.len(), usize::from(wanted == ProblemState::Open), "{days:?}");
        }
    }

    #[test]
    fn the_owner_is_nudged_every_few_business_days() {
        let (catalog, last) = (owned(), ticket(Status::Open));
        let (first, told) = review(&catalog, &seen(&[3, 2, 1], ProblemState::Counted), &last, NOW);
        assert_eq!((first.owner.as_deref(), told[0].to[0].address.as_str()), (Some("baba"), "baba@client.example"));
        assert!(told[0].text.contains("problem show incident/web01"), "{}", told[0].text);
        // Sunday 22 November; the 23rd is a holiday: the fifth business day is Monday the 30th.
        let next = first.nudge_at.unwrap();
        assert_eq!(next.rfc3339(), "2026-11-30T10:00:00.000Z");
        let (again, nudged) = review(&catalog, &ProblemRecord { version: 5, ..first }, &last, next);
        assert!(nudged[0].text.contains("から解決していない問題です") && nudged[0].dedupe_key != told[0].dedupe_key);
        assert_eq!(again.nudge_at.unwrap().rfc3339(), "2026-12-07T10:00:00.000Z");
    }

    #[test]
    fn incidents_are_counted_by_what_they_are_about() {
        let counted = |text: &str, host: &str| {
            let scene = Scene::new("障害", text).intent("incident", 0.99).slot("host", host);
            scene.planned().problems.into_iter().map(|problem| (problem.key, problem.how)).collect::<Vec<_>>()
        };
        assert_eq!(counted("停止", "Web-01"), [("incident/web-01".to_owned(), Sighting::Counted)]);
        let vague = Scene::new("障害", "停止").intent("incident", 0.99).planned();
        assert_eq!(vague.problems, [], "without a host all would be one matter");
    }

    #[test]
    fn a_workaround_makes_an_internal_article() {
        let known = seen(&[3, 2, 1], ProblemState::Open);
        assert_eq!(draft(&known, Language::Ja), None);
        let article = draft(&ProblemRecord { workaround: Some("再起動する".into()), ..known }, Language::Ja).unwrap();
        assert_eq!((article.visibility, article.answer_alone), (Visibility::Internal, false));
        assert!(article.body.contains("再起動する") && article.body.contains("T-2") && article.body.contains("調査中"));
        assert_eq!(article.id, "known-error-incident-web01");
    }
}
