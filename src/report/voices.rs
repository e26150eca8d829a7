//! What requesters said of the desk: complaints as the register has them, and how content they are.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::Fact;
use super::levels;
use super::sheet::{Cell, Kind, Section};
use super::{Sheets, ids};
use crate::domain::reporting::OVERALL;
use crate::domain::{ClockLevel, Rating, TicketId};
use crate::text::redact::redact;

/// Tickets with what their requester said of them.
type Scores = Vec<(TicketId, u8)>;

const SCORES: std::ops::RangeInclusive<u8> = 1..=5;

/// Ratings, and tickets whose requester was asked, of one queue or type.
#[derive(Default)]
struct Group<'a> {
    rated: Vec<&'a (TicketId, Rating)>,
    asked: Vec<(TicketId, bool)>,
}

/// The mean score; `None` without one.
#[expect(clippy::cast_precision_loss, reason = "no desk counts to 2^52")]
fn mean(rated: &[&(TicketId, Rating)]) -> Option<f64> {
    let sum: u64 = rated.iter().map(|(_, rating)| u64::from(rating.score)).sum();
    (!rated.is_empty()).then(|| sum as f64 / rated.len() as f64)
}

/// The share of those asked who answered; `None` when nobody was asked.
#[expect(clippy::cast_precision_loss, reason = "no desk counts to 2^52")]
fn answered(asked: &[(TicketId, bool)]) -> Option<f64> {
    let count = asked.iter().filter(|(_, answered)| *answered).count();
    (!asked.is_empty()).then(|| count as f64 / asked.len() as f64)
}

impl Sheets<'_> {
    /// Tickets of the period that are complaints without standing in the register.
    fn unregistered(&self) -> impl Iterator<Item = &Fact> {
        self.told.tally.cohort.iter().filter(|fact| fact.is_complaint && !fact.is_registered)
    }

    pub(super) fn complaint_count(&self) -> usize {
        self.told.beside.complaints.len() + self.unregistered().count()
    }

    pub(super) fn complaints(&self) -> Section {
        let words = self.words;
        let mut section = Section::new(
            "complaints",
            words.complaints,
            words.complaints_how,
            &[
                ("date", words.date, Kind::Text),
                ("service", words.service, Kind::Text),
                ("content", words.content, Kind::Text),
                ("action", words.action, Kind::Text),
                ("action_at", words.action_at, Kind::Text),
                ("action_by", words.action_by, Kind::Text),
                ("state", words.state, Kind::Text),
            ],
        );
        let filled = |text: &str| Some(redact(text).into_owned()).filter(|text| !text.is_empty());
        for (ticket, complaint) in &self.told.beside.complaints {
            let done = complaint.done.as_ref();
            let state = self.told.tally.courses.briefs.get(ticket).map(|brief| words.status(brief.status));
            let cells = vec![
                Cell::from(self.local(complaint.at)),
                filled(&complaint.service).into(),
                filled(&complaint.content).into(),
                filled(&complaint.action).into(),
                done.map(|done| self.local(done.at)).into(),
                done.map(|done| done.by.clone()).into(),
                state.into(),
            ];
            section.row(cells, vec![("content", ids([*ticket]))]);
        }
        for fact in self.unregistered() {
            let mut cells = vec![
                Cell::from(self.local(fact.created_at)),
                fact.service.clone().into(),
                filled(&fact.subject).into(),
            ];
            cells.extend([Cell::None, Cell::None, Cell::None, words.status(fact.status).into()]);
            section.row(cells, vec![("content", ids([fact.id]))]);
        }
        section
    }

    fn rated(&self) -> Vec<&(TicketId, Rating)> {
        self.told.beside.rated.iter().filter(|(_, rating)| SCORES.contains(&rating.score)).collect()
    }

    /// The mean rating; `None` without one.
    pub(super) fn mean_rating(&self) -> Option<f64> {
        mean(&self.rated())
    }

    #[expect(clippy::cast_precision_loss, reason = "no desk counts to 2^52")]
    pub(super) fn satisfaction(&self) -> Section {
        let words = self.words;
        let mut section = Section::new(
            "satisfaction",
            words.satisfaction,
            words.satisfaction_how,
            &[
                ("rating", words.rating, Kind::Text),
                ("count", words.count, Kind::Count),
                ("share", words.part, Kind::Share),
                ("mean", words.mean, Kind::Number),
                ("asked", words.asked, Kind::Count),
                ("answered", words.answered, Kind::Share),
            ],
        );
        section.bars = Some(1);
        let rated = self.rated();
        for score in SCORES.rev() {
            let tickets: Vec<TicketId> =
                rated.iter().filter(|(_, rating)| rating.score == score).map(|(ticket, _)| *ticket).collect();
            let share = (!rated.is_empty()).then(|| tickets.len() as f64 / rated.len() as f64);
            let mut cells = vec![Cell::from(score.to_string()), tickets.len().into(), share.into()];
            cells.extend([Cell::None, Cell::None, Cell::None]);
            section.row(cells, vec![("count", ids(tickets))]);
        }
        let asked = &self.told.tally.courses.asked;
        let cells = vec![
            words.total.into(),
            rated.len().into(),
            Cell::None,
            mean(&rated).into(),
            asked.len().into(),
            answered(asked).into(),
        ];
        let asked = ids(asked.iter().map(|(ticket, _)| *ticket));
        section.total(cells, vec![("count", ids(rated.iter().map(|(ticket, _)| *ticket))), ("asked", asked)]);
        section
    }

    /// By question, beside what the desk wrote of itself.
    #[expect(clippy::cast_precision_loss, reason = "no desk counts to 2^52")]
    pub(super) fn satisfaction_questions(&self, period: &str) -> Section {
        let words = self.words;
        let mut section = Section::new(
            "satisfaction_questions",
            words.satisfaction_questions,
            words.satisfaction_questions_how,
            &[
                ("question", words.question, Kind::Text),
                ("count", words.count, Kind::Count),
                ("mean", words.mean, Kind::Number),
                ("content", words.content_share, Kind::Share),
                ("own", words.own, Kind::Count),
            ],
        );
        let tally = &self.told.tally;
        let overall = self.rated().iter().map(|(ticket, rating)| (*ticket, rating.score)).collect();
        let mut rows: Vec<(&str, String, Scores)> = vec![(OVERALL, words.overall.to_owned(), overall)];
        for question in &tally.basis.catalog.service.questions {
            let of = tally.courses.answers.iter().filter(|(name, ..)| *name == question.name);
            let scores = of.map(|(_, ticket, score)| (*ticket, *score)).collect();
            rows.push((&question.name, question.title.get(words.language).to_owned(), scores));
        }
        for (name, title, scores) in rows {
            let own = tally.basis.terms.own.iter().find(|(of, question, _)| of == period && question == name);
            let count = scores.len() as f64;
            let sum: u64 = scores.iter().map(|(_, score)| u64::from(*score)).sum();
            let content = scores.iter().filter(|(_, score)| *score >= 4).count() as f64;
            let share = |part: f64| (count > 0.0).then(|| part / count);
            let cells = vec![
                Cell::from(title),
                scores.len().into(),
                share(sum as f64).into(),
                share(content).into(),
                own.map_or(Cell::None, |(.., score)| Cell::Count(u64::from(*score))),
            ];
            section.row(cells, vec![("count", ids(scores.iter().map(|(ticket, _)| *ticket)))]);
        }
        section
    }

    /// By queue and by request type, beside what the desk itself says of how it did.
    pub(super) fn satisfaction_groups(&self) -> Section {
        let words = self.words;
        let mut section = Section::new(
            "satisfaction_groups",
            words.satisfaction_groups,
            words.satisfaction_groups_how,
            &[
                ("by", words.by, Kind::Text),
                ("value", words.what, Kind::Text),
                ("count", words.count, Kind::Count),
                ("mean", words.mean, Kind::Number),
                ("asked", words.asked, Kind::Count),
                ("answered", words.answered, Kind::Share),
                ("slo_share", words.slo_share, Kind::Share),
            ],
        );
        let queue = |queue: Option<&str>, _: Option<&str>| {
            (0, queue.map_or_else(|| words.unknown.to_owned(), |queue| self.team(queue)))
        };
        let intent = |_: Option<&str>, intent: Option<&str>| (self.place(intent), self.title(intent));
        self.groups(&mut section, words.by_queue, queue);
        self.groups(&mut section, words.by_type, intent);
        section
    }

    fn groups(&self, section: &mut Section, by: &str, key: impl Fn(Option<&str>, Option<&str>) -> (usize, String)) {
        let courses = &self.told.tally.courses;
        let of = |ticket: TicketId| {
            let brief = courses.briefs.get(&ticket);
            key(brief.map(|brief| brief.queue.as_str()), brief.and_then(|brief| brief.intent.as_deref()))
        };
        let mut groups: BTreeMap<(usize, String), Group<'_>> = BTreeMap::new();
        for one in self.rated() {
            groups.entry(of(one.0)).or_default().rated.push(one);
        }
        for one in &courses.asked {
            groups.entry(of(one.0)).or_default().asked.push(*one);
        }
        for (name, group) in groups {
            let facts =
                self.told.tally.cohort.iter().filter(|fact| key(Some(&fact.queue), fact.intent.as_deref()) == name);
            let own = facts.flat_map(|fact| &fact.promises).filter(|promise| promise.level == ClockLevel::Slo);
            let (met, missed) = own.fold((0, 0), |(met, missed), promise| (met + promise.met, missed + promise.missed));
            let cells = vec![
                Cell::from(by),
                name.1.into(),
                group.rated.len().into(),
                mean(&group.rated).into(),
                group.asked.len().into(),
                answered(&group.asked).into(),
                levels::share(met, missed).into(),
            ];
            let rated = ids(group.rated.iter().map(|(ticket, _)| *ticket));
            let asked: BTreeSet<TicketId> = group.asked.iter().map(|(ticket, _)| *ticket).collect();
            section.row(cells, vec![("count", rated), ("asked", ids(asked))]);
        }
    }

    /// What was written with a rating.
    pub(super) fn satisfaction_comments(&self) -> Section {
        let words = self.words;
        let mut section = Section::new(
            "satisfaction_comments",
            words.satisfaction_comments,
            words.satisfaction_comments_how,
            &[
                ("date", words.date, Kind::Text),
                ("rating", words.rating, Kind::Text),
                ("request_type", words.type_, Kind::Text),
                ("queue", words.by_queue, Kind::Text),
                ("comment", words.content, Kind::Text),
            ],
        );
        for (ticket, rating) in self.rated().into_iter().filter(|(_, rating)| !rating.comment.is_empty()) {
            let brief = self.told.tally.courses.briefs.get(ticket);
            let cells = vec![
                Cell::from(self.local(rating.at)),
                rating.score.to_string().into(),
                brief.map(|brief| self.type_cell(brief.intent.as_deref())).into(),
                brief.map(|brief| self.team(&brief.queue)).into(),
                redact(&rating.comment).into_owned().into(),
            ];
            section.row(cells, vec![("comment", ids([*ticket]))]);
        }
        section
    }
}
