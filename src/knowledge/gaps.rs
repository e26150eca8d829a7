//! What people ask and no article answers: alike questions together, with the work they made and the nearest article.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::classify::Engine;
use crate::classify::likeness::{Features, features};
use crate::domain::words::words;
use crate::domain::{
    Article, ArticleStatus, Asked, Catalog, Handling, InboxId, Language, TicketId, Timestamp, Visibility,
};
use crate::text::synonyms::Synonyms;

use super::groups::{Nearness, group};
use super::plain::{Names, question};

/// Examples shown of a gap, and characters of one.
const EXAMPLES: usize = 3;
const EXAMPLE_CHARS: usize = 120;
/// Questions of a gap that today's classifier is asked.
const TRIED: usize = 5;
/// A public article below this probability is not near.
const NOISE: f64 = 0.05;
/// An article that cannot be sent is named when one of its questions is at least this alike.
const ALIKE: f32 = 0.4;
const MINUTE_MS: i64 = 60_000;

words! {
    /// Why the nearest article was not given.
    Why {
        /// Nothing comes near: it has to be written.
        NothingNear = "nothing_near",
        /// An article is near, but not surely the right one.
        NotSure = "not_sure",
        /// People said of its answers that too many were wrong, so it takes more to send it.
        Measured = "measured",
        /// It was given, and people said it was wrong.
        Wrong = "wrong",
        /// It may only be suggested.
        OnlySuggested = "only_suggested",
        /// It is written in the other language only.
        OtherLanguage = "other_language",
        /// It is for agents.
        Internal = "internal",
        /// It is a draft nobody has approved.
        Draft = "draft",
        /// It was taken out of use.
        Retired = "retired",
        /// Today it would be answered with it.
        AnsweredNow = "answered_now",
    }
}

/// The article nearest to a gap, as things are today.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Nearest {
    /// Its id; `None` when nothing comes near.
    pub article: Option<String>,
    /// How sure the classifier is of it, 0 to 1; `None` for articles it does not send.
    pub probability: Option<f64>,
    /// From which probability on it would be sent; above 1 never.
    pub wanted: Option<f64>,
    /// Why it was not given.
    pub why: Why,
}

/// Questions that ask for the same thing.
#[derive(Clone, Debug, PartialEq)]
pub struct Gap {
    /// `G-1042`, after its first message. A gap keeps its name while it grows; any message of a gap names it.
    pub id: String,
    /// The language of the questions.
    pub language: Language,
    /// Places of its questions in what was given, the one nearest to the middle first.
    pub places: Vec<usize>,
    /// Different people who asked.
    pub people: usize,
    /// Minutes people of the desk spent on its tickets, estimated; see [`super::effort`].
    pub minutes: i64,
    /// When it was asked first.
    pub first_at: Timestamp,
    /// When it was asked last.
    pub last_at: Timestamp,
    /// How many were decided how.
    pub decisions: BTreeMap<String, usize>,
    /// How many were answered with an article people called wrong.
    pub wrong: usize,
    /// The request type most of its tickets have.
    pub intent: Option<String>,
    /// A few questions, without personal data, the most typical first.
    pub examples: Vec<String>,
}

/// Questions that an article could answer, by their places in `asked`: what is handed over to people by its request type is left out.
#[must_use]
pub fn answerable(asked: &[Asked], catalog: &Catalog) -> Vec<usize> {
    let for_people = |one: &Asked| {
        let intent = one.intent.as_deref().and_then(|id| catalog.intent(id));
        intent.is_some_and(|intent| intent.handling != Handling::FaqFirst)
    };
    (0..asked.len()).filter(|place| !for_people(&asked[*place])).collect()
}

/// How people of the desk's trade put things: which words mean the same, and which are common.
#[derive(Debug, Default)]
pub struct Wording {
    /// Groups of words that mean the same.
    pub synonyms: Synonyms,
    /// Ways to ask and to request, as the catalog has them: what is in many of them says little.
    texts: Vec<(Language, String)>,
}

impl Wording {
    /// The wording of `catalog`.
    #[must_use]
    pub fn of(catalog: &Catalog) -> Self {
        let mut texts: Vec<(Language, String)> = Vec::new();
        for article in &catalog.articles {
            texts.extend(article.questions.iter().map(|question| (article.language, question.clone())));
        }
        texts.extend(catalog.intents.iter().flat_map(|intent| intent.examples.iter().cloned()));
        Self { synonyms: Synonyms::new(&catalog.synonyms), texts }
    }
}

/// The gaps among the questions at `places` of `asked`: those that took people most time first, then those asked most often.
#[must_use]
pub fn gaps(asked: &[Asked], places: &[usize], spent_ms: &BTreeMap<TicketId, i64>, words: &Wording) -> Vec<Gap> {
    let mut all: Vec<Gap> = Vec::new();
    for language in Language::ALL {
        let own: Vec<usize> = places.iter().copied().filter(|place| asked[*place].language == *language).collect();
        // Equal texts are one text that counts as often as it was asked.
        let mut by_text: HashMap<String, usize> = HashMap::new();
        let (mut texts, mut members): (Vec<String>, Vec<Vec<usize>>) = (Vec::new(), Vec::new());
        for place in own {
            let text = compared(&asked[place]);
            let number = *by_text.entry(text.clone()).or_insert(texts.len());
            if number == texts.len() {
                texts.push(text);
                members.push(Vec::new());
            }
            members[number].push(place);
        }
        let behind: Vec<&str> =
            words.texts.iter().filter(|(own, _)| own == language).map(|(_, text)| text.as_str()).collect();
        let found = features(&texts.iter().map(String::as_str).collect::<Vec<_>>(), &behind, &words.synonyms);
        #[expect(clippy::cast_precision_loss, reason = "counts of questions are far below 2^24")]
        let weights: Vec<f32> = members.iter().map(|members| members.len() as f32).collect();
        for group in group(&found, &weights, Nearness::default()) {
            let places: Vec<usize> = group.members.iter().flat_map(|text| members[*text].iter().copied()).collect();
            all.extend(gap(asked, places, *language, spent_ms));
        }
    }
    all.sort_by_key(|gap| {
        (std::cmp::Reverse(gap.minutes), std::cmp::Reverse(gap.places.len()), asked[gap.places[0]].inbox_id)
    });
    all
}

/// What of a question is compared: subject and text, or the subject alone when nothing else was written.
fn compared(asked: &Asked) -> String {
    let subject = asked.subject.trim();
    if subject.is_empty() { asked.text.clone() } else { format!("{subject}\n{}", asked.text) }
}

fn gap(asked: &[Asked], places: Vec<usize>, language: Language, spent_ms: &BTreeMap<TicketId, i64>) -> Option<Gap> {
    let questions = || places.iter().map(|place| &asked[*place]);
    let first = questions().map(|one| one.inbox_id).min()?;
    let tickets: BTreeSet<TicketId> = questions().map(|one| one.ticket).collect();
    let spent: i64 = tickets.iter().filter_map(|ticket| spent_ms.get(ticket)).sum();
    let (mut decisions, mut intents) = (BTreeMap::new(), BTreeMap::new());
    for one in questions() {
        *decisions.entry(one.decision.clone()).or_default() += 1;
        if let Some(intent) = &one.intent {
            *intents.entry(intent.clone()).or_insert(0_usize) += 1;
        }
    }
    let mut examples: Vec<String> = Vec::new();
    for one in questions() {
        let text = question(&one.subject, &one.text, &names_of(one), EXAMPLE_CHARS);
        if !text.is_empty() && !examples.contains(&text) {
            examples.push(text);
        }
        if examples.len() == EXAMPLES {
            break;
        }
    }
    Some(Gap {
        id: format!("G-{first}"),
        language,
        people: questions().map(|one| &one.sender).collect::<BTreeSet<_>>().len(),
        minutes: (spent + MINUTE_MS / 2) / MINUTE_MS,
        first_at: questions().map(|one| one.arrived_at).min()?,
        last_at: questions().map(|one| one.arrived_at).max()?,
        decisions,
        wrong: questions().filter(|one| one.wrong).count(),
        // The first of equals.
        intent: intents.into_iter().rev().max_by_key(|(_, count)| *count).map(|(intent, _)| intent),
        examples,
        places,
    })
}

/// Whom a question names.
#[must_use]
pub fn names_of(asked: &Asked) -> Names {
    let mut names = Names::default();
    names.person(&asked.sender_name);
    names.address(&asked.sender);
    names.said(&asked.text);
    names
}

/// The gap `id` names: `G-1042` is the one that message 1042 is in.
#[must_use]
pub fn find<'g>(gaps: &'g [Gap], asked: &[Asked], id: &str) -> Option<&'g Gap> {
    let number = id.strip_prefix("G-").or_else(|| id.strip_prefix("g-"))?.parse().ok().map(InboxId)?;
    gaps.iter().find(|gap| gap.places.iter().any(|place| asked[*place].inbox_id == number))
}

/// The articles that are never sent, with the ways to ask them.
pub struct Hidden<'a> {
    articles: Vec<(&'a Article, Vec<Features>)>,
    questions: Vec<Features>,
}

impl<'a> Hidden<'a> {
    /// Internal articles and `shelved` ones, to be compared with `gaps`.
    #[must_use]
    pub fn new(catalog: &'a Catalog, shelved: &'a [Article], gaps: &[&Gap], synonyms: &Synonyms) -> Self {
        let internal = catalog.articles.iter().filter(|article| article.visibility == Visibility::Internal);
        let all: Vec<&Article> = internal.chain(shelved).collect();
        let public = catalog.articles.iter().filter(|article| article.visibility == Visibility::Public);
        let ways = |article: &'a Article| std::iter::once(&article.title).chain(&article.questions);
        // What is rare is told by all articles, not by the few hidden ones.
        let mut texts: Vec<&str> = all.iter().copied().flat_map(ways).map(String::as_str).collect();
        let hidden = texts.len();
        texts.extend(gaps.iter().map(|gap| gap.examples.first().map_or("", String::as_str)));
        texts.extend(public.flat_map(ways).map(String::as_str));
        let mut found = features(&texts, &[], synonyms);
        found.truncate(hidden + gaps.len());
        let questions = found.split_off(hidden);
        let mut rest = found.into_iter();
        let articles =
            all.into_iter().map(|article| (article, rest.by_ref().take(ways(article).count()).collect())).collect();
        Self { articles, questions }
    }

    /// The hidden article most alike to the gap at `place` of those given.
    fn nearest(&self, place: usize, language: Language) -> Option<&'a Article> {
        let asked = self.questions.get(place)?;
        let alike = |ways: &[Features]| ways.iter().map(|way| way.cosine(asked)).fold(0.0_f32, f32::max);
        let own = self.articles.iter().filter(|(article, _)| article.language == language);
        let best = own.map(|(article, ways)| (alike(ways), *article)).max_by(|a, b| a.0.total_cmp(&b.0))?;
        (best.0 >= ALIKE).then_some(best.1)
    }
}

/// The article nearest to the gap at `place` of those `hidden` was made with, and why it is not given.
#[must_use]
pub fn nearest(
    (gap, place): (&Gap, usize),
    asked: &[Asked],
    (catalog, engine): (&Catalog, &Engine),
    hidden: &Hidden<'_>,
) -> Nearest {
    let tried: Vec<&Asked> = gap.places.iter().take(TRIED).map(|place| &asked[*place]).collect();
    let mut sums: BTreeMap<String, f64> = BTreeMap::new();
    for one in &tried {
        for candidate in engine.classify_text(&one.subject, &one.text, Some(gap.language)).articles {
            *sums.entry(candidate.article).or_default() += candidate.probability;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "at most five")]
    let count = tried.len().max(1) as f64;
    let best = sums.into_iter().map(|(id, sum)| (id, sum / count)).rev().max_by(|a, b| a.1.total_cmp(&b.1));
    let sure = best.as_ref().is_some_and(|(_, probability)| *probability >= catalog.thresholds.suggest);
    if let Some(article) = hidden.nearest(place, gap.language).filter(|_| !sure) {
        let why = match article.status {
            ArticleStatus::Draft => Why::Draft,
            ArticleStatus::Retired => Why::Retired,
            ArticleStatus::Active => Why::Internal,
        };
        return Nearest { article: Some(article.id.clone()), probability: None, wanted: None, why };
    }
    let Some((id, probability)) = best.filter(|(_, probability)| *probability >= NOISE) else {
        return Nearest { article: None, probability: None, wanted: None, why: Why::NothingNear };
    };
    let wanted = catalog.policy.threshold(&id, catalog.thresholds.answer);
    let why = why(gap, catalog.article(&id, gap.language), (probability, wanted, catalog.thresholds.answer));
    Nearest { article: Some(id), probability: Some(probability), wanted: Some(wanted), why }
}

fn why(gap: &Gap, article: Option<&Article>, (probability, wanted, shipped): (f64, f64, f64)) -> Why {
    if gap.wrong * 2 > gap.places.len() {
        return Why::Wrong;
    }
    if probability < shipped.min(wanted) {
        return Why::NotSure;
    }
    match article {
        Some(article) if article.language != gap.language => Why::OtherLanguage,
        Some(article) if !article.answer_alone => Why::OnlySuggested,
        Some(_) if probability < wanted => Why::Measured,
        Some(_) => Why::AnsweredNow,
        None => Why::NothingNear,
    }
}

#[cfg(test)]
mod tests;
