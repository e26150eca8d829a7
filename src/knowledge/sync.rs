//! Files and store against each other, three ways: what both were when they were the same for the last time tells which of them
//! changed. Where both did, nothing is done until a person says whose text counts; the other one stays among the revisions.

use std::collections::BTreeMap;

use crate::domain::words::words;
use crate::domain::{Article, Language, StoredArticle};

words! {
    /// How an article's file and store stand to each other.
    State {
        /// Both say the same.
        Same = "same",
        /// There is a file only.
        FileNew = "new",
        /// The file was changed.
        FileChanged = "changed",
        /// The file was removed.
        FileGone = "gone",
        /// It was written in the store.
        StoreNew = "stored_new",
        /// It was changed in the store.
        StoreChanged = "stored_changed",
        /// It was deleted in the store.
        StoreGone = "stored_gone",
        /// Both were changed, each in its own way.
        Conflict = "conflict",
    }
}

/// What is to be done about a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Nothing.
    Rest,
    /// From the file into the store.
    Import,
    /// From the store into the file.
    Export,
    /// A person decides.
    Ask,
}

impl State {
    /// What is to be done about it.
    #[must_use]
    pub const fn way(self) -> Way {
        match self {
            Self::Same => Way::Rest,
            Self::FileNew | Self::FileChanged | Self::FileGone => Way::Import,
            Self::StoreNew | Self::StoreChanged | Self::StoreGone => Way::Export,
            Self::Conflict => Way::Ask,
        }
    }
}

/// An article in its file and in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compared<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its language.
    pub language: Language,
    /// What the file says.
    pub file: Option<&'a Article>,
    /// What the store knows of it.
    pub stored: Option<&'a StoredArticle>,
    /// How they stand to each other.
    pub state: State,
}

impl<'a> Compared<'a> {
    /// What the store says now; `None` when it was deleted or never there.
    #[must_use]
    pub fn stored_text(&self) -> Option<&'a Article> {
        self.stored.and_then(|stored| stored.newest.text())
    }

    /// What both said when they were the same for the last time.
    #[must_use]
    pub fn base(&self) -> Option<&'a Article> {
        self.stored.and_then(|stored| stored.synced.as_ref()).and_then(|synced| synced.text())
    }

    /// The newest revision's number; 0 for none.
    #[must_use]
    pub fn revision(&self) -> i64 {
        self.stored.map_or(0, |stored| stored.newest.number)
    }

    /// Both say the same, but that was not noted yet.
    #[must_use]
    pub fn is_unnoted(&self) -> bool {
        let noted = self.stored.and_then(|stored| stored.synced.as_ref()).map_or(0, |synced| synced.number);
        self.state == State::Same && noted != self.revision()
    }
}

/// An article in its file and in the store.
type Sides<'a> = (Option<&'a Article>, Option<&'a StoredArticle>);

/// Every article of the files (drafts and retired ones too) and of the store, by id and language. One that is neither in a file nor in
/// the store any more is left out.
#[must_use]
pub fn compare<'a>(files: &[&'a Article], stored: &'a [StoredArticle]) -> Vec<Compared<'a>> {
    let mut all: BTreeMap<(&str, Language), Sides<'_>> = BTreeMap::new();
    for article in files {
        all.entry((&article.id, article.language)).or_default().0 = Some(article);
    }
    for known in stored {
        let article = &known.newest.article;
        all.entry((&article.id, article.language)).or_default().1 = Some(known);
    }
    let compared = all.into_iter().map(|((id, language), (file, stored))| {
        let mut one = Compared { id, language, file, stored, state: State::Same };
        one.state = state(one.file, one.stored_text(), one.base());
        one
    });
    compared.filter(|one| one.file.is_some() || one.stored_text().is_some() || one.is_unnoted()).collect()
}

fn state(file: Option<&Article>, stored: Option<&Article>, base: Option<&Article>) -> State {
    if file == stored {
        return State::Same;
    }
    match (file, stored) {
        (None, _) if file == base => State::StoreNew,
        (Some(_), None) if file == base => State::StoreGone,
        (Some(_), Some(_)) if file == base => State::StoreChanged,
        (_, None) if stored == base => State::FileNew,
        (None, Some(_)) if stored == base => State::FileGone,
        (Some(_), Some(_)) if stored == base => State::FileChanged,
        (None | Some(_), None | Some(_)) => State::Conflict,
    }
}

/// A line of two texts laid side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'t> {
    /// In both.
    Both(&'t str),
    /// In the first only.
    First(&'t str),
    /// In the second only.
    Second(&'t str),
}

/// Lines that are compared; what is beyond counts as different.
const COMPARED: usize = 2_000;

/// The lines of two texts in order: those both have, and what either has beside them (longest common subsequence).
#[must_use]
pub fn side_by_side<'t>(first: &'t str, second: &'t str) -> Vec<Line<'t>> {
    let (first, second): (Vec<&str>, Vec<&str>) = (first.lines().collect(), second.lines().collect());
    let (rows, columns) = (first.len().min(COMPARED), second.len().min(COMPARED));
    let at = |i: usize, j: usize| i * (columns + 1) + j;
    let mut longest = vec![0_u16; (rows + 1) * (columns + 1)];
    for i in (0..rows).rev() {
        for j in (0..columns).rev() {
            longest[at(i, j)] = if first[i] == second[j] {
                longest[at(i + 1, j + 1)] + 1
            } else {
                longest[at(i + 1, j)].max(longest[at(i, j + 1)])
            };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::with_capacity(first.len() + second.len()));
    while i < rows && j < columns {
        if first[i] == second[j] {
            lines.push(Line::Both(first[i]));
            (i, j) = (i + 1, j + 1);
        } else if longest[at(i + 1, j)] >= longest[at(i, j + 1)] {
            lines.push(Line::First(first[i]));
            i += 1;
        } else {
            lines.push(Line::Second(second[j]));
            j += 1;
        }
    }
    lines.extend(first[i..].iter().map(|line| Line::First(line)));
    lines.extend(second[j..].iter().map(|line| Line::Second(line)));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ArticleStatus, Revision, Timestamp, Visibility};

    fn article(body: &str) -> Article {
        Article {
            id: "vpn".into(),
            language: Language::Ja,
            title: "VPN".into(),
            questions: vec!["VPN".into()],
            body: body.into(),
            tags: Vec::new(),
            visibility: Visibility::Public,
            answer_alone: true,
            review_by: None,
            status: ArticleStatus::Active,
        }
    }

    /// An empty body stands for a deletion.
    fn revision(number: i64, body: &str) -> Revision {
        let (article, deleted) = (article(body), body.is_empty());
        Revision { number, article, deleted, author: "sato".into(), at: Timestamp(0) }
    }

    #[test]
    fn who_changed_is_told_by_what_both_were() {
        for (file, stored, base, wanted) in [
            // Never in the store.
            (Some("a"), None, None, State::FileNew),
            // In the store and never in a file.
            (None, Some("a"), None, State::StoreNew),
            (Some("a"), Some("a"), None, State::Same),
            (Some("a"), Some("b"), None, State::Conflict),
            (Some("a"), Some("a"), Some("a"), State::Same),
            (Some("b"), Some("a"), Some("a"), State::FileChanged),
            (Some("a"), Some("b"), Some("a"), State::StoreChanged),
            (Some("b"), Some("c"), Some("a"), State::Conflict),
            // Both made the same change.
            (Some("b"), Some("b"), Some("a"), State::Same),
            (None, Some("a"), Some("a"), State::FileGone),
            (Some("a"), Some(""), Some("a"), State::StoreGone),
            // One deleted what the other changed.
            (None, Some("b"), Some("a"), State::Conflict),
            (Some("b"), Some(""), Some("a"), State::Conflict),
            // Deleted in both, then written anew in one of them.
            (Some("a"), Some(""), Some(""), State::FileNew),
            (None, Some("a"), Some(""), State::StoreNew),
        ] {
            let files: Vec<Article> = file.map(article).into_iter().collect();
            let synced = base.map(|body| revision(1, body));
            let kept: Vec<StoredArticle> =
                stored.map(|body| StoredArticle { newest: revision(2, body), synced }).into_iter().collect();
            let compared = compare(&files.iter().collect::<Vec<_>>(), &kept);
            let found: Vec<State> = compared.iter().map(|one| one.state).collect();
            assert_eq!(found, [wanted], "{file:?} {stored:?} {base:?}");
        }
    }

    #[test]
    fn what_is_gone_on_both_sides_is_settled_once() {
        let deleted = StoredArticle { newest: revision(2, ""), synced: Some(revision(1, "a")) };
        let known = [deleted];
        let compared = compare(&[], &known);
        assert!(compared[0].is_unnoted() && compared[0].state == State::Same);
        let settled = [StoredArticle { synced: Some(revision(2, "")), ..known[0].clone() }];
        assert_eq!(compare(&[], &settled), []);
    }

    #[test]
    fn lines_stand_side_by_side() {
        use Line::{Both, First, Second};
        assert_eq!(side_by_side("a\nb\nc", "a\nx\nc"), [Both("a"), First("b"), Second("x"), Both("c")]);
        assert_eq!(side_by_side("", "x"), [Second("x")]);
        assert_eq!(side_by_side("x", "x"), [Both("x")]);
    }
}
