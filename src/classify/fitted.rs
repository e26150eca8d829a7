//! What takes time to make of an engine, apart from its catalog: it can be written down and taken up again.
//!
//! Holds numbers and ids only. What people wrote is left out; the history has it.

use serde::{Deserialize, Serialize};

use crate::domain::{Catalog, Labelled};

use super::calibrate::{Calibration, Doubt};
use super::faq::Faq;
use super::intents::Intents;
use super::order::Order;

/// The fitted models.
#[derive(Serialize, Deserialize)]
pub(super) struct Fitted {
    pub(super) intents: Intents,
    pub(super) order: Order,
    pub(super) calibration: Calibration,
    /// The likeliest request type of each question of the index, in its order.
    classes: Vec<Option<usize>>,
    doubts: Vec<Doubtful>,
}

/// A doubt without its text.
#[derive(Serialize, Deserialize)]
struct Doubtful {
    /// Its place in the index's history.
    past: usize,
    article: String,
    instead: String,
    probability: f64,
}

impl Fitted {
    /// Fits everything on the catalog and its index, which learns from it.
    pub(super) fn fit(catalog: &Catalog, labelled: &[Labelled], faq: &mut Faq) -> Self {
        let intents = Intents::train(&catalog.intents, labelled);
        for question in faq.questions_mut() {
            question.class = intents.likeliest(&question.text);
        }
        let order = Order::learn(faq, &intents);
        let calibration = Calibration::fit(faq, &order, &catalog.intents, &intents);
        let doubts = calibration.doubts().iter().filter_map(|doubt| Doubtful::of(doubt, faq)).collect();
        forget(faq, calibration.doubts());
        let classes = faq.questions_mut().map(|question| question.class).collect();
        Self { intents, order, calibration, classes, doubts }
    }

    /// What [`Fitted::to_bytes`] wrote for the same catalog and history; the index learns from it as it did then. `None` when it is
    /// of something else.
    pub(super) fn recall(bytes: &[u8], catalog: &Catalog, faq: &mut Faq) -> Option<Self> {
        let mut fitted: Self = postcard::from_bytes(bytes).ok()?;
        let same = catalog.intents.iter().map(|intent| &intent.id).eq(&fitted.intents.ids);
        let doubts: Vec<Doubt> = fitted.doubts.iter().map(|doubtful| doubtful.said(faq)).collect::<Option<_>>()?;
        let count = faq.questions_mut().count();
        forget(faq, &doubts);
        if !same || faq.questions_mut().count() != fitted.classes.len() || count < fitted.classes.len() {
            return None;
        }
        for (question, class) in faq.questions_mut().zip(&fitted.classes) {
            question.class = *class;
        }
        fitted.calibration.doubts = doubts;
        Some(fitted)
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        // Plain values into memory: nothing that could fail. Without bytes it is fitted again next time.
        postcard::to_stdvec(self).unwrap_or_default()
    }
}

impl Doubtful {
    fn of(doubt: &Doubt, faq: &Faq) -> Option<Self> {
        let past = faq.past.iter().position(|past| past.text == doubt.text)?;
        let Doubt { article, instead, probability, .. } = doubt.clone();
        Some(Self { past, article, instead, probability })
    }

    fn said(&self, faq: &Faq) -> Option<Doubt> {
        let text = faq.past.get(self.past)?.text.clone();
        Some(Doubt {
            text,
            article: self.article.clone(),
            instead: self.instead.clone(),
            probability: self.probability,
        })
    }
}

fn forget(faq: &mut Faq, doubts: &[Doubt]) {
    for doubt in doubts {
        faq.forget(&doubt.text, &doubt.article);
    }
}
