//! Scores → probabilities that an article answers. Fitted on the desk's own articles when the engine is built.
//!
//! Each question of an article is asked with itself left out: a right answer exists, and the questions of an article
//! are to each other what messages are to them. Then with its whole article left out: no answer exists although the
//! topic is the desk's. It is also asked as it is, and half said among other words, the way people repeat what they have
//! read. Where the desk has a history, every question people asked is asked of an index that does not hold it, and the more
//! of them there are, the less the made-up cases count. What people write for requests the machine must not answer, sentences of other trades, and what mails hold
//! beside their question have no answer either.

use serde::{Deserialize, Serialize};

use crate::domain::{Handling, Intent, Language};
use crate::text::{courtesy, language, normalise};

use super::entry::{Entry, HANDS, Without};
use super::faq::{Faq, Past};
use super::handing_over::wants_no_article;
use super::intents::Intents;
use super::logistic::{Sample, fit_signed, probability};
use super::off_topic::{BESIDE, OFF_TOPIC};
use super::order::Order;
use super::question::{Query, Weighed};
use super::rank::{Ranked, ranked};

/// Number of features, the bias included.
const N: usize = 20;

/// Names of the features, for `--explain`.
const NAMES: [&str; N] = [
    "bias",
    "nearest question",
    "second question",
    "question in query",
    "query in article",
    "search score",
    "dictionary words",
    "lead over next",
    "amount of evidence",
    "same request type",
    "heaviest word missing",
    "unknown words",
    "unknown names",
    "asks to do",
    "letters",
    "votes of near questions",
    "letters of all questions",
    "share of the score",
    "agreement of rankings",
    "few words",
];

/// Weights for a desk of no articles to learn from: cautious, and what fitted weights are pulled towards.
const DEFAULT: [f64; N] =
    [-5.0, 4.0, 0.5, 1.0, 1.0, 0.5, 0.5, 2.0, 1.0, 0.5, -1.0, -1.5, -1.0, -1.5, 1.0, 0.5, 1.0, 1.0, 0.5, -0.5];

/// Weight of a question that, left out, finds another article. Authors make the questions of an article differ, so that
/// a quarter are missed; of the questions people write (a public set of paraphrases) it is one of ten.
const MISSED: f64 = 0.15;

/// Every third question is also asked with its article left out, with this weight: most messages on a topic of the
/// knowledge base have an answer in it.
const EVERY: usize = 3;
const UNANSWERED: f64 = 0.15;

/// Every other question is also repeated, as it is and with changes, each with this weight.
const REPEATED: f64 = 1.0;

/// Weight of all texts without an answer together, beside each question asked: requests and strange texts that must be
/// told apart are not rarer in a large knowledge base.
const STRANGE: f64 = 0.75;

/// With this many past questions they count as much as all the made-up cases.
const MADE_UP: f64 = 60.0;

/// Past questions asked for the fit; a longer history is sampled evenly.
const RECALLED: usize = 1_000;

/// A past question is in doubt when another article is at least this probable without it, and its own article is not
/// among the first [`NEAR`].
const SURE: f64 = 0.75;
const NEAR: usize = 3;

/// Weight of a doubtful past question in the fit, beside 1. Of a history with one wrong label in ten, nine of ten doubtful
/// ones were wrong labels.
const DOUBTED: f64 = 0.2;

/// Past questions above a threshold that are enough to say how often answers above it are right.
const ENOUGH: u32 = 30;

/// How many observations' worth the default weights are.
const PULL: f64 = 1.0;

/// Questions asked for the fit; a large knowledge base is sampled evenly.
const ASKED: usize = 320;

/// What turns a candidate into a probability.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Calibration {
    weights: [f64; N],
    /// For every past question the probability its first article gets from a fit that does not know the question, and
    /// whether that article was right; most probable first.
    past: Vec<(f64, bool)>,
    /// Not written with the rest: they hold what people wrote.
    #[serde(skip)]
    pub(super) doubts: Vec<Doubt>,
}

/// A past question whose answer the rest of the history and the articles speak against.
#[derive(Clone, Debug, PartialEq)]
pub struct Doubt {
    /// The question, normalised.
    pub text: String,
    /// The article it was confirmed for.
    pub article: String,
    /// The article everything else points at.
    pub instead: String,
    /// How probable that one is without this question, 0 to 1.
    pub probability: f64,
}

/// A past question with what was found for it when it was not known.
struct Recalled<'a> {
    past: &'a Past,
    sample: Sample<N>,
    /// The article that came first.
    first: usize,
    /// Whether a right one was among the first few.
    near: bool,
}

impl Recalled<'_> {
    /// Whether its label looks wrong, its first article having had probability `said` without it.
    fn is_doubtful(&self, said: f64) -> bool {
        !self.near && said >= SURE
    }
}

/// What a probability depends on beside the candidate: the query, and whether it wants no article (see
/// [`wants_no_article`]).
pub(super) struct Asked<'a> {
    pub(super) query: &'a Query,
    pub(super) to_do: bool,
}

impl Calibration {
    #[expect(clippy::cast_precision_loss, reason = "counts of questions are small")]
    /// Fitted on the articles in `faq`; `intents` give examples of what no article answers.
    pub(super) fn fit(faq: &Faq, order: &Order, intents: &[Intent], types: &Intents) -> Self {
        let teacher = Teacher { faq, order, types };
        let mut samples = Vec::new();
        let asked = teacher.own_questions(&mut samples);
        let past = teacher.past_questions();
        let made_up = MADE_UP / (MADE_UP + past.len() as f64);
        for sample in &mut samples {
            sample.weight *= made_up;
        }
        let asked = asked as f64 * made_up + past.len() as f64;
        let mut strange = Vec::new();
        for intent in intents {
            // For requests that are tried on the knowledge base first, an article may well be the answer.
            if intent.handling != Handling::FaqFirst {
                for (language, text) in intent.examples.iter().step_by(3) {
                    strange.extend(teacher.unanswerable(text, *language));
                }
            }
        }
        for text in OFF_TOPIC.iter().chain(BESIDE) {
            strange.extend(teacher.unanswerable(text, language::detect(text).unwrap_or(Language::En)));
        }
        let weight = (STRANGE * asked / strange.len().max(1) as f64).min(1.0);
        samples.extend(strange.into_iter().map(|features| Sample { features, holds: false, weight }));
        let said = said_unseen(&samples, &past);
        let doubts = said.iter().zip(&past).flat_map(|(said, recalled)| doubts(faq, recalled, *said)).collect();
        let mut sorted: Vec<(f64, bool)> =
            said.iter().copied().zip(past.iter().map(|recalled| recalled.sample.holds)).collect();
        sorted.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
        // A doubtful question stays in the fit: the machine may be the one that is wrong. But it is rarely so.
        samples.extend(said.iter().zip(&past).map(|(said, recalled)| {
            let weight = if recalled.is_doubtful(*said) { DOUBTED } else { 1.0 };
            Sample { weight, ..recalled.sample }
        }));
        Self { weights: fit_signed(&samples, &DEFAULT, PULL), past: sorted, doubts }
    }

    /// See [`super::Engine::doubts`].
    pub(super) fn doubts(&self) -> &[Doubt] {
        &self.doubts
    }

    /// For every past question: how probable its first article was without knowing it, and whether it was right; most
    /// probable first.
    pub(super) fn past(&self) -> &[(f64, bool)] {
        &self.past
    }

    /// See [`super::Engine::threshold`].
    pub(super) fn threshold(&self, precision: f64) -> Option<f64> {
        let (mut right, mut lowest) = (0_u32, None);
        for (given, (probability, holds)) in (1_u32..).zip(&self.past) {
            right += u32::from(*holds);
            if given >= ENOUGH && f64::from(right) >= precision * f64::from(given) {
                lowest = Some(*probability);
            }
        }
        lowest
    }

    /// The logit of the probability that candidate `place` of `ranked` answers.
    pub(super) fn logit(&self, asked: &Asked<'_>, ranked: &[Ranked], place: usize) -> f64 {
        self.weights.iter().zip(&features(asked, ranked, place)).map(|(w, x)| w * x).sum()
    }

    /// Each feature's name and its share in the logit.
    pub(super) fn explain(&self, asked: &Asked<'_>, ranked: &[Ranked], place: usize) -> Vec<(String, f64)> {
        let features = features(asked, ranked, place);
        NAMES.iter().zip(features.iter().zip(&self.weights)).map(|(name, (x, w))| ((*name).to_owned(), x * w)).collect()
    }
}

/// The past questions' probabilities, each from a fit without its hand. `others` are the samples that are not past.
fn said_unseen(others: &[Sample<N>], past: &[Recalled<'_>]) -> Vec<f64> {
    let mut said = vec![0.0; past.len()];
    for hand in 0..HANDS {
        let known = past.iter().filter(|recalled| recalled.past.hand != hand).map(|recalled| recalled.sample);
        let known: Vec<Sample<N>> = others.iter().copied().chain(known).collect();
        if known.len() == others.len() + past.len() {
            continue;
        }
        let weights = fit_signed(&known, &DEFAULT, PULL);
        for (said, recalled) in said.iter_mut().zip(past).filter(|(_, recalled)| recalled.past.hand == hand) {
            *said = probability(&weights, &recalled.sample.features);
        }
    }
    said
}

/// The doubts about one past question whose first article had probability `said` without it.
fn doubts(faq: &Faq, recalled: &Recalled<'_>, said: f64) -> Vec<Doubt> {
    if !recalled.is_doubtful(said) {
        return Vec::new();
    }
    let doubt = |entry: &u32| Doubt {
        text: recalled.past.text.clone(),
        article: faq.entries[*entry as usize].id.clone(),
        instead: faq.entries[recalled.first].id.clone(),
        probability: said,
    };
    recalled.past.entries.iter().map(doubt).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts of words are small")]
fn features(asked: &Asked<'_>, ranked: &[Ranked], place: usize) -> [f64; N] {
    let Some(candidate) = ranked.get(place) else { return [0.0; N] };
    let rival = ranked.iter().enumerate().find(|(other, _)| *other != place).map_or(0.0, |(_, rival)| rival.score);
    let lead = candidate.score - rival;
    let query = asked.query;
    let mass = f64::from(query.mass).max(1e-9);
    let likeness = &candidate.likeness;
    [
        1.0,
        likeness.dice,
        likeness.second,
        likeness.question_in_query,
        likeness.query_in_article,
        likeness.text,
        likeness.dictionary,
        lead / (1.0 + lead.abs()),
        likeness.evidence,
        likeness.agreement,
        likeness.missing,
        f64::from(query.unknown) / mass,
        query.unknown_codes.min(2) as f64 / 2.0,
        f64::from(u8::from(asked.to_do)),
        likeness.letters,
        likeness.votes,
        likeness.together,
        share(ranked, place),
        (f64::from(u8::from(likeness.search >= 1.0)) + likeness.most_letters.floor() + likeness.nearest.floor()) / 3.0,
        1.0 / (1.0 + query.words as f64),
    ]
}

/// What part of the candidates' raised scores is candidate `place`'s: the order's own view of how sure it is.
fn share(ranked: &[Ranked], place: usize) -> f64 {
    let most = ranked.iter().fold(f64::MIN, |most, one| most.max(one.score));
    let raised = |one: &Ranked| (one.score - most).exp();
    ranked.get(place).map_or(0.0, raised) / ranked.iter().map(raised).sum::<f64>().max(1e-9)
}

/// The beginning or the end of a question (four fifths of it), beside words it does not hold.
fn said_again(question: &str, language: Language) -> String {
    let chars = question.chars().count();
    let cut_at = |share: usize| question.char_indices().nth(share).map_or(question.len(), |(at, _)| at);
    let kept =
        if chars.is_multiple_of(2) { &question[..cut_at(chars * 4 / 5)] } else { &question[cut_at(chars / 5)..] };
    let around = match (language, chars % 3) {
        (Language::Ja, 0) => "ようなのですが、困っています",
        (Language::Ja, 1) => "について会社の席で確認したい",
        (Language::Ja, _) => "のはどうしてでしょうか",
        (Language::En, 0) => " since this morning on my desk",
        (Language::En, 1) => " and our customer is waiting",
        (Language::En, _) => ", what should i do",
    };
    format!("{kept}{around}")
}

/// Asks the index what it knows the answer to.
struct Teacher<'a> {
    faq: &'a Faq,
    order: &'a Order,
    types: &'a Intents,
}

impl Teacher<'_> {
    /// Returns how many questions were asked.
    fn own_questions(&self, samples: &mut Vec<Sample<N>>) -> usize {
        let entries = &self.faq.entries;
        let written = |entry: &&Entry| entry.questions.iter().filter(|question| question.hand.is_none()).count();
        let all: usize = entries.iter().map(|entry| written(&entry)).sum();
        let step = all.div_ceil(ASKED).max(1);
        let questions = entries.iter().flat_map(|entry| entry.questions.iter().map(move |question| (entry, question)));
        let mut asked_count = 0_usize;
        for (entry, question) in questions.filter(|(_, question)| question.hand.is_none()).step_by(step) {
            asked_count += 1;
            let (mut query, terms) = Query::whole(&question.text, self.faq, Without::Nothing);
            query.class = question.class;
            let asked = Asked { query: &query, to_do: wants_no_article(&question.text) };
            self.ask(entry, (&asked, &terms), Without::Question(&question.text), samples);
            if asked_count.is_multiple_of(EVERY) {
                self.ask(entry, (&asked, &terms), Without::Article(&entry.id), samples);
            }
            if asked_count.is_multiple_of(2) {
                continue;
            }
            self.ask(entry, (&asked, &terms), Without::Nothing, samples);
            let changed = said_again(&question.text, entry.language);
            let (mut query, terms) = Query::whole(&changed, self.faq, Without::Nothing);
            query.class = question.class;
            let asked = Asked { query: &query, to_do: wants_no_article(&changed) };
            self.ask(entry, (&asked, &terms), Without::Nothing, samples);
        }
        asked_count
    }

    /// Every past question, asked of an index that does not hold it.
    fn past_questions(&self) -> Vec<Recalled<'_>> {
        let step = self.faq.past.len().div_ceil(RECALLED).max(1);
        let mut all = Vec::new();
        for past in self.faq.past.iter().step_by(step) {
            let Some(entry) = past.entries.first().map(|entry| &self.faq.entries[*entry as usize]) else { continue };
            let stripped = courtesy::strip(&past.text);
            let without = Without::Hand(past.hand);
            let (mut query, terms) = Query::whole(&stripped, self.faq, without);
            query.class = self.types.likeliest(&stripped);
            let found = ranked(self.faq, self.order, (&query, &terms), entry.language, without);
            let Some(first) = found.first().map(|first| first.entry) else { continue };
            let asked = Asked { query: &query, to_do: wants_no_article(&past.text) };
            let sample = Sample { features: features(&asked, &found, 0), holds: past.answered_by(first), weight: 1.0 };
            let near = found.iter().take(NEAR).any(|one| past.answered_by(one.entry));
            all.push(Recalled { past, sample, first, near });
        }
        all
    }

    fn ask(
        &self,
        entry: &Entry,
        (asked, terms): (&Asked<'_>, &[Weighed]),
        without: Without<'_>,
        samples: &mut Vec<Sample<N>>,
    ) {
        let found = ranked(self.faq, self.order, (asked.query, terms), entry.language, without);
        let Some(first) = found.first() else { return };
        let holds = self.faq.entries[first.entry].id == entry.id;
        let weight = match without {
            Without::Nothing => REPEATED,
            Without::Question(_) if holds => 1.0,
            Without::Question(_) => MISSED,
            Without::Article(_) | Without::Hand(_) => UNANSWERED,
        };
        samples.push(Sample { features: features(asked, &found, 0), holds, weight });
    }

    /// What is seen of a text that no article answers; `None` when not a single article comes near.
    fn unanswerable(&self, text: &str, language: Language) -> Option<[f64; N]> {
        let text = normalise(text);
        let stripped = courtesy::strip(&text);
        let (mut query, terms) = Query::whole(&stripped, self.faq, Without::Nothing);
        query.class = self.types.likeliest(&stripped);
        let found = ranked(self.faq, self.order, (&query, &terms), language, Without::Nothing);
        let asked = Asked { query: &query, to_do: wants_no_article(&text) };
        (!found.is_empty()).then(|| features(&asked, &found, 0))
    }
}
