//! What people did, in minutes, and what the machine did in their place, in hours.

use std::collections::BTreeMap;

use super::facts::{Act, Deed};
use super::sheet::{Cell, Kind, Section};
use super::{Sheets, ids};
use crate::domain::TicketId;

/// Everything the machine does in place of people, in the order it is shown.
const DEEDS: [Deed; 7] =
    [Deed::Filed, Deed::Escalated, Deed::Answered, Deed::Suggested, Deed::Asked, Deed::Informed, Deed::Joined];

impl Sheets<'_> {
    pub(super) fn workload_of_teams(&self) -> Section {
        let words = self.words;
        let lines = lines(&self.told.tally.acts, |act| (0, self.team(&act.team)));
        self.workload(("workload_teams", words.team, "team"), lines)
    }

    pub(super) fn workload_of_types(&self) -> Section {
        let words = self.words;
        let name = |act: &Act| (self.place(act.intent.as_deref()), self.title(act.intent.as_deref()));
        self.workload(("workload_types", words.type_, "request_type"), lines(&self.told.tally.acts, name))
    }

    #[expect(clippy::cast_precision_loss, reason = "no desk counts to 2^52")]
    fn workload(
        &self,
        (key, of, column): (&'static str, &str, &'static str),
        lines: BTreeMap<(usize, String), Vec<&Act>>,
    ) -> Section {
        let words = self.words;
        let terms = self.told.tally.basis.terms;
        let mut section = Section::new(
            key,
            &format!("{} – {of}", words.workload),
            format!(
                "{} reply_minutes = {}, change_minutes = {}",
                words.workload_how, terms.reply_minutes, terms.change_minutes
            ),
            &[
                (column, of, Kind::Text),
                ("tickets", words.tickets, Kind::Count),
                ("replies", words.replies, Kind::Count),
                ("changes", words.changes, Kind::Count),
                ("minutes", words.minutes, Kind::Minutes),
            ],
        );
        section.bars = Some(4);
        for ((_, name), acts) in lines {
            let replies = acts.iter().filter(|act| act.is_reply).count();
            let changes = acts.len() - replies;
            let mut tickets: Vec<TicketId> = acts.iter().map(|act| act.ticket).collect();
            tickets.dedup();
            let minutes = replies as f64 * terms.reply_minutes + changes as f64 * terms.change_minutes;
            let cells =
                vec![Cell::from(name), tickets.len().into(), replies.into(), changes.into(), Cell::Figure(minutes)];
            section.row(cells, vec![("tickets", ids(tickets))]);
        }
        section
    }

    const fn minutes_of(&self, deed: Deed) -> f64 {
        let saved = &self.told.tally.basis.terms.saved;
        match deed {
            Deed::Filed => saved.filed,
            Deed::Escalated => saved.escalated,
            Deed::Answered => saved.answered,
            Deed::Suggested => saved.suggested,
            Deed::Asked => saved.asked,
            Deed::Informed => saved.informed,
            Deed::Joined => saved.joined,
        }
    }

    /// Hours the machine saved.
    #[expect(clippy::cast_precision_loss, reason = "no desk counts to 2^52")]
    pub(super) fn hours_saved(&self) -> f64 {
        let minutes = self.told.tally.deeds.iter().map(|(deed, done)| done.len() as f64 * self.minutes_of(*deed));
        // A sum of nothing would be minus zero.
        minutes.fold(0.0, |sum, one| sum + one) / 60.0
    }

    #[expect(clippy::cast_precision_loss, reason = "no desk counts to 2^52")]
    pub(super) fn automation(&self) -> Section {
        let words = self.words;
        let mut section = Section::new(
            "automation",
            words.automation,
            words.automation_how,
            &[
                ("action", words.action, Kind::Text),
                ("count", words.count, Kind::Count),
                ("minutes_each", words.minutes_each, Kind::Minutes),
                ("hours", words.hours_saved, Kind::Hours),
            ],
        );
        section.bars = Some(3);
        for deed in DEEDS {
            let done = self.told.tally.deeds.get(&deed).map_or(&[][..], Vec::as_slice);
            let (each, count) = (self.minutes_of(deed), done.len());
            let hours = count as f64 * each / 60.0;
            let cells = vec![words.deed(deed).into(), count.into(), Cell::Figure(each), Cell::Figure(hours)];
            section.row(cells, vec![("count", ids(done.iter().copied()))]);
        }
        let all: usize = self.told.tally.deeds.values().map(Vec::len).sum();
        section.total(vec![words.total.into(), all.into(), Cell::None, Cell::Figure(self.hours_saved())], Vec::new());
        section
    }
}

/// Acts by what `key` says of them, each list in order of the tickets.
fn lines(acts: &[Act], key: impl Fn(&Act) -> (usize, String)) -> BTreeMap<(usize, String), Vec<&Act>> {
    let mut lines: BTreeMap<(usize, String), Vec<&Act>> = BTreeMap::new();
    for act in acts {
        lines.entry(key(act)).or_default().push(act);
    }
    lines
}
