//! The figures and links of an answer: what two answers to one question may not disagree on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;

use crate::text::normalise;

/// Figures by their unit, and links.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Unit, one word for both languages, and the figures that stand with it.
    pub figures: BTreeMap<&'static str, BTreeSet<String>>,
    /// Links without their scheme, as they stand.
    pub links: BTreeSet<String>,
}

/// A unit and how it is written, longer spellings first.
const UNITS: &[(&str, &str)] = &[
    ("business days", "営業日|business days?|working days?"),
    ("minutes", "分(?:間|以内)?|minutes?|min"),
    ("hours", "時間|hours?"),
    ("seconds", "秒(?:間)?|seconds?"),
    ("months", "[かヶカケ箇]月|months?"),
    ("weeks", "週間|weeks?"),
    ("years", "年間|years?"),
    ("days", "日間?|days?"),
    ("characters", "文字|characters?"),
    ("yen", "円|yen|jpy"),
    ("GB", "gb|ギガバイト"),
    ("MB", "mb|メガバイト"),
    ("TB", "tb"),
    ("%", "%|パーセント|per ?cent"),
];

static FIGURE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let units: Vec<String> = UNITS.iter().map(|(_, spelt)| format!("({spelt})")).collect();
    Regex::new(&format!(r"(月)?(\d[\d,]*(?:\.\d+)?)[ -]?(?:{})", units.join("|"))).ok()
});
static LINK: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"https?://([\w.-]+(?:/[\w./?&=%#~+-]*)?)").ok());

/// The figures and links of a text.
#[must_use]
pub fn facts(text: &str) -> Facts {
    let text = normalise(text);
    let mut facts = Facts::default();
    for link in LINK.as_ref().into_iter().flat_map(|link| link.captures_iter(&text)) {
        if let Some(link) = link.get(1) {
            facts.links.insert(link.as_str().trim_end_matches(['.', '/', '?']).to_owned());
        }
    }
    for found in FIGURE.as_ref().into_iter().flat_map(|figure| figure.captures_iter(&text)) {
        // A day of a month is a date.
        let unit = (0..UNITS.len()).find(|unit| found.get(unit + 3).is_some()).filter(|_| found.get(1).is_none());
        if let (Some(figure), Some(unit)) = (found.get(2), unit) {
            facts.figures.entry(UNITS[unit].0).or_default().insert(figure.as_str().replace(',', ""));
        }
    }
    facts
}

impl Facts {
    /// Units both have figures with, but not one figure in common: `minutes: 30 ≠ 60`.
    #[must_use]
    pub fn contrary_figures(&self, other: &Self) -> Vec<String> {
        self.compared(other, BTreeSet::is_disjoint)
    }

    /// Units both have figures with, but each has one the other has not.
    #[must_use]
    pub fn differing_figures(&self, other: &Self) -> Vec<String> {
        self.compared(other, |a, b| !a.is_subset(b) && !b.is_subset(a))
    }

    fn compared(&self, other: &Self, differ: impl Fn(&BTreeSet<String>, &BTreeSet<String>) -> bool) -> Vec<String> {
        let both = self.figures.iter().filter_map(|(unit, a)| Some((unit, a, other.figures.get(unit)?)));
        let list = |figures: &BTreeSet<String>| figures.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        both.filter(|(_, a, b)| differ(a, b)).map(|(unit, a, b)| format!("{unit}: {} ≠ {}", list(a), list(b))).collect()
    }

    /// Both have links, but not one in common: the first of each.
    #[must_use]
    pub fn other_links(&self, other: &Self) -> Option<String> {
        let (a, b) = (self.links.first()?, other.links.first()?);
        self.links.is_disjoint(&other.links).then(|| format!("{a} ≠ {b}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_in_both_languages() {
        assert!(FIGURE.is_some() && LINK.is_some());
        let ja =
            facts("有効期限は３０分、12文字以上。1,000円。https://panel.desk.example/reset を開きます。翌2営業日。");
        let en = facts(
            "Valid for 30 minutes, at least 12 characters, 1000 yen. Open https://panel.desk.example/reset. 2 business days.",
        );
        assert_eq!(ja, en);
        assert_eq!(ja.figures["business days"], BTreeSet::from(["2".to_owned()]));
        assert_eq!(facts("4月1日から30日").figures["days"], BTreeSet::from(["30".to_owned()]));
        assert_eq!(ja.links.first().map(String::as_str), Some("panel.desk.example/reset"));
    }

    #[test]
    fn contradictions_are_told_from_additions() {
        let a = facts("30分で切れます。12文字。https://a.example/x");
        for (other, figures, links) in [
            ("60分で切れます", vec!["minutes: 30 ≠ 60"], None),
            ("30分か60分で切れます", vec![], None),
            ("60分、8文字", vec!["characters: 12 ≠ 8", "minutes: 30 ≠ 60"], None),
            ("https://b.example/", vec![], Some("a.example/x ≠ b.example")),
            ("ありません", vec![], None),
        ] {
            let b = facts(other);
            assert_eq!(a.contrary_figures(&b), figures, "{other}");
            assert_eq!(a.other_links(&b).as_deref(), links, "{other}");
        }
    }
}
