//! The figures a lead looks at first, beside those of the last period.

use super::Sheets;
use super::facts::Handled;
use super::levels::{rank, share, sorted};
use super::sheet::{Kind, Section};
use crate::domain::ClockLevel;

/// A figure by its name, its unit, and its value now and before.
struct Line {
    name: String,
    unit: &'static str,
    values: [Option<f64>; 2],
}

impl Sheets<'_> {
    pub(super) fn trends(&self, before: &Sheets<'_>) -> Section {
        let words = self.words;
        let mut section = Section::new(
            "trends",
            words.trends,
            words.trends_how,
            &[
                ("figure", words.figure, Kind::Text),
                ("unit", words.unit, Kind::Text),
                ("this", words.this, Kind::Number),
                ("last", words.last, Kind::Number),
                ("change", words.change, Kind::Number),
            ],
        );
        for line in self.lines(before) {
            let [now, then] = line.values;
            let change = now.zip(then).map(|(now, then)| now - then);
            section.row(vec![line.name.into(), line.unit.into(), now.into(), then.into(), change.into()], Vec::new());
        }
        section
    }

    #[expect(clippy::cast_precision_loss, reason = "no desk counts to 2^52")]
    fn lines(&self, before: &Sheets<'_>) -> Vec<Line> {
        let words = self.words;
        let line = |name: &str, unit: &'static str, figure: fn(&Sheets<'_>) -> Option<f64>| Line {
            name: name.to_owned(),
            unit,
            values: [figure(self), figure(before)],
        };
        let percent = |share: Option<f64>| share.map(|share| share * 100.0);
        let mut lines = vec![
            line(words.volumes, "", |sheets| Some(sheets.told.tally.cohort.len() as f64)),
            line(words.alone, "", |sheets| {
                Some(sheets.told.tally.cohort.iter().filter(|fact| fact.handled == Handled::Answered).count() as f64)
            }),
            line(words.first_p50, words.unit_minutes, |sheets| {
                rank(&sorted(sheets.told.tally.cohort.iter().filter_map(|fact| fact.first_minutes)), 50)
            }),
            line(words.solved_p50, words.unit_minutes, |sheets| {
                rank(&sorted(sheets.told.tally.cohort.iter().filter_map(|fact| fact.solved_minutes)), 50)
            }),
        ];
        for (name, level) in [(words.slo_share, ClockLevel::Slo), (words.sla_share, ClockLevel::Sla)] {
            let values = [self, before].map(|sheets| percent(sheets.share_of(level)));
            lines.push(Line { name: name.to_owned(), unit: "%", values });
        }
        lines.extend([
            line(words.sla_missed, "", |sheets| Some(f64::from(sheets.decided(ClockLevel::Sla).1))),
            line(words.reopened, "", |sheets| {
                Some(sheets.told.tally.cohort.iter().filter(|fact| fact.reopened > 0).count() as f64)
            }),
            line(words.incidents, "", |sheets| Some(sheets.told.tally.outages.len() as f64)),
            line(words.complaints, "", |sheets| Some(sheets.complaint_count() as f64)),
            line(words.problems_open, "", |sheets| Some(sheets.open_problems() as f64)),
            Line { name: words.satisfaction.to_owned(), unit: "", values: [self.mean_rating(), before.mean_rating()] },
            line(words.precision, "%", |sheets| sheets.answer_precision().map(|share| share * 100.0)),
            line(words.hours_saved, words.unit_hours, |sheets| Some(sheets.hours_saved())),
        ]);
        lines
    }

    /// Promises of this level that were met, and missed.
    fn decided(&self, level: ClockLevel) -> (u32, u32) {
        let promises = self.told.tally.cohort.iter().flat_map(|fact| &fact.promises);
        promises
            .filter(|promise| promise.level == level)
            .fold((0, 0), |(met, missed), promise| (met + promise.met, missed + promise.missed))
    }

    fn share_of(&self, level: ClockLevel) -> Option<f64> {
        let (met, missed) = self.decided(level);
        share(met, missed)
    }
}
