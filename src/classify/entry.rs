//! An article as the index knows it: the ways to ask it and the words of its text.

use crate::domain::{Article, Language, Visibility};
use crate::text::tokenise::Kind;
use crate::text::{cut, normalise};

use super::letters::{Letters, Spread};
use super::terms::{Piece, Vocabulary, Words, pieces};

/// Characters of an article's text that are indexed.
const BODY_CHARS: usize = 3_000;

/// How often the terms of title, questions and past questions count beside those of the text.
const QUESTION_BOOST: f32 = 2.0;

/// Saturation and length normalisation of BM25F; high `k1` because an article says its topic many times.
/// What the author wrote, what people asked and the text each have a length of their own: that an article is asked for often must not
/// make its title count less.
const K1: f32 = 2.5;
const B: f32 = 0.75;

/// The past questions are dealt into this many hands: see [`Without::Hand`].
pub(super) const HANDS: u8 = 5;

/// What is left out when a question is asked of the index that holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Without<'a> {
    /// Nothing: a real message.
    Nothing,
    /// This way to ask (normalised), wherever it is.
    Question(&'a str),
    /// The past questions of this hand: each is asked of an index that holds neither it nor its copies, and the others
    /// are as many as they will be for the next message.
    Hand(u8),
    /// A whole article, in both languages: the query then has no right answer.
    Article(&'a str),
}

impl Without<'_> {
    pub(super) fn leaves_out(self, question: &Question) -> bool {
        match self {
            Self::Nothing | Self::Article(_) => false,
            Self::Question(text) => question.text == text,
            Self::Hand(hand) => question.hand == Some(hand),
        }
    }
}

/// Mean numbers of terms of an article's questions and text, and of the past questions of an article that has some.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lengths {
    questions: f32,
    past: f32,
    body: f32,
}

/// One article in one language.
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) language: Language,
    pub(super) public: bool,
    /// The same article exists in the other language.
    pub(super) translated: bool,
    /// The title, the other ways to ask, and what people asked.
    pub(super) questions: Vec<Question>,
    /// All the ways to ask together, letter by letter, and the length of their sum.
    letters: Letters,
    letters_length: f32,
    /// Terms of the text, ascending, each once with how often it stands there.
    body: Vec<(u32, f32)>,
    /// Terms of the text, counted with repeats.
    body_length: f32,
}

/// One way to ask.
pub(super) struct Question {
    /// As written, normalised.
    pub(super) text: String,
    /// Terms, ascending, each once.
    pub(super) terms: Vec<u32>,
    /// The weight of each term's kind (0 for letters inside words).
    pub(super) shares: Vec<f32>,
    /// The sum of their weights (letters inside words excepted): what a query must cover to be this question.
    pub(super) mass: f32,
    /// The request type it is most likely of.
    pub(super) class: Option<usize>,
    /// `None`: written by the author. Otherwise somebody asked it, and this is the hand it was dealt to.
    pub(super) hand: Option<u8>,
    pub(super) letters: Letters,
    /// What its letters are in the sum of all the entry's questions.
    share: f32,
}

/// What a term earns in an article, as shares of the term's weight.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Impact {
    /// Questions and text together (BM25F).
    pub(super) all: f32,
    /// The text alone.
    pub(super) text: f32,
}

impl Entry {
    pub(super) fn read(article: &Article, words: &Words, vocabulary: &mut Vocabulary) -> Self {
        let text = format!("{}\n{}", normalise(cut(&article.body, BODY_CHARS)), normalise(&article.tags.join(" ")));
        // Letters inside words are for questions that misspell; in a text they are nine of ten terms and say nothing new.
        let told = pieces(&text, words);
        let told = told.iter().filter(|piece| piece.kind != Kind::Gram);
        let mut body: Vec<(u32, f32)> = told.map(|piece| (vocabulary.add(piece.key), 1.0)).collect();
        let body_length = body.iter().map(|(_, one)| one).sum();
        body.sort_unstable_by_key(|(term, _)| *term);
        body.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            kept.1 += if same { next.1 } else { 0.0 };
            same
        });
        let mut entry = Self {
            id: article.id.clone(),
            language: article.language,
            public: article.visibility == Visibility::Public,
            translated: false,
            questions: Vec::with_capacity(article.questions.len() + 1),
            letters: Letters::default(),
            letters_length: 0.0,
            body,
            body_length,
        };
        for text in std::iter::once(&article.title).chain(&article.questions) {
            entry.add(normalise(text), None, words, vocabulary);
        }
        entry
    }

    /// Adds a normalised way to ask; one that is there already stays as it is.
    pub(super) fn add(&mut self, text: String, hand: Option<u8>, words: &Words, vocabulary: &mut Vocabulary) {
        if self.questions.iter().any(|question| question.text == text) {
            return;
        }
        let (terms, shares) = numbered(&pieces(&text, words), vocabulary);
        let letters = Letters::default();
        self.questions.push(Question { text, terms, shares, mass: 0.0, class: None, hand, letters, share: 0.0 });
    }

    /// To be called when the questions have their letters.
    pub(super) fn join_letters(&mut self) {
        (self.letters, self.letters_length) = Letters::sum(self.questions.iter().map(|question| &question.letters));
        for question in &mut self.questions {
            question.share = self.letters.cosine(&question.letters) * self.letters_length;
        }
    }

    /// How alike the text in `spread` and the ways to ask that are not left out are, letter by letter.
    pub(super) fn likeness(&self, spread: &Spread, without: Without<'_>) -> f32 {
        let mut left_out = self.questions.iter().filter(|question| without.leaves_out(question));
        match (left_out.next(), left_out.next()) {
            (None, _) => spread.cosine(&self.letters),
            (Some(one), None) => {
                // Of the sum and its length without that one, instead of a new sum.
                let rest = spread.cosine(&self.letters) * self.letters_length - spread.cosine(&one.letters);
                let length = (self.letters_length * self.letters_length - 2.0 * one.share + 1.0).max(0.0).sqrt();
                if length > 1e-2 { rest / length } else { 0.0 }
            }
            (Some(_), Some(_)) => {
                let kept = self.questions.iter().filter(|question| !without.leaves_out(question));
                spread.cosine(&Letters::sum(kept.map(|question| &question.letters)).0)
            }
        }
    }

    /// Every term with its repeats: those of the questions, then those of the text.
    pub(super) fn terms(&self) -> impl Iterator<Item = u32> {
        let asked = self.questions.iter().flat_map(|question| question.terms.iter().copied());
        asked.chain(self.body_terms())
    }

    /// The terms of the text, each once.
    pub(super) fn body_terms(&self) -> impl Iterator<Item = u32> {
        self.body.iter().map(|(term, _)| *term)
    }

    /// The article's terms that `wanted` has, ascending, each once, with what they earn.
    pub(super) fn impacts(
        &self,
        without: Without<'_>,
        mean: Lengths,
        wanted: impl Fn(u32) -> bool,
    ) -> Vec<(u32, Impact)> {
        let questions = || self.questions.iter().filter(|question| !without.leaves_out(question));
        let length = |past: bool| questions().filter(|one| one.hand.is_some() == past).map(Question::length).sum();
        let written = QUESTION_BOOST / relative(length(false), mean.questions);
        let past = QUESTION_BOOST / relative(length(true), mean.past);
        let told = 1.0 / relative(self.body_length, mean.body);
        let mut terms: Vec<(u32, Impact)> = Vec::with_capacity(16);
        for (term, count) in &self.body {
            if wanted(*term) {
                terms.push((*term, Impact { all: count * told, text: count * told }));
            }
        }
        for question in questions() {
            let all = if question.hand.is_some() { past } else { written };
            terms.extend(question.terms.iter().filter(|t| wanted(**t)).map(|t| (*t, Impact { all, text: 0.0 })));
        }
        terms.sort_unstable_by_key(|(term, _)| *term);
        terms.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1.all += next.1.all;
                kept.1.text += next.1.text;
            }
            same
        });
        for (_, impact) in &mut terms {
            impact.all /= impact.all + K1;
            impact.text /= impact.text + K1;
        }
        terms
    }
}

impl Question {
    #[expect(clippy::cast_precision_loss, reason = "a question has few terms")]
    fn length(&self) -> f32 {
        self.terms.len() as f32
    }
}

/// BM25's length normalisation: 1 for an article of mean length.
fn relative(length: f32, mean: f32) -> f32 {
    1.0 - B + B * length / mean.max(1.0)
}

impl Lengths {
    #[expect(clippy::cast_precision_loss, reason = "counts of articles are far below 2^24")]
    pub(super) fn of(entries: &[Entry]) -> Self {
        let count = entries.len().max(1) as f32;
        let length = |entry: &Entry, past: bool| -> f32 {
            entry.questions.iter().filter(|one| one.hand.is_some() == past).map(Question::length).sum()
        };
        let past: Vec<f32> = entries.iter().map(|entry| length(entry, true)).filter(|length| *length > 0.0).collect();
        Self {
            questions: entries.iter().map(|entry| length(entry, false)).sum::<f32>() / count,
            past: past.iter().sum::<f32>() / past.len().max(1) as f32,
            body: entries.iter().map(|entry| entry.body_length).sum::<f32>() / count,
        }
    }
}

/// Term numbers, each once, and for each the weight of its kind.
fn numbered(pieces: &[Piece], vocabulary: &mut Vocabulary) -> (Vec<u32>, Vec<f32>) {
    let mut all: Vec<(u32, f32)> = pieces
        .iter()
        .map(|piece| {
            let weight = match piece.kind {
                // Letters inside words only help to find misspelt words; dictionary words are a view of their own.
                Kind::Gram | Kind::Dictionary => 0.0,
                Kind::Kanji
                | Kind::KanjiPair
                | Kind::Katakana
                | Kind::KatakanaTriple
                | Kind::Word
                | Kind::Kana
                | Kind::Code => piece.weight,
            };
            (vocabulary.add(piece.key), weight)
        })
        .collect();
    all.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
    all.dedup_by_key(|(number, _)| *number);
    all.into_iter().unzip()
}
