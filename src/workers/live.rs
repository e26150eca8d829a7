//! The catalog and the classifier built from it: replaced as one, so that no message sees half of a change.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::classify::{BuildError, Engine};
use crate::domain::{Catalog, Confirmed, Labelled, Learned};
use crate::replay::teach;
use crate::text::lemmas::Lemmas;

/// A catalog and its classifier.
pub struct Rules {
    /// What decisions depend on.
    pub catalog: Catalog,
    /// Built from it and from what was learnt.
    pub engine: Engine,
    /// See [`Learned::model`].
    pub model: i64,
}

impl Rules {
    /// `catalog` with what the desk has learnt: its thresholds, and a classifier taught with its examples, and with a dictionary
    /// if the desk has one.
    ///
    /// # Errors
    /// When a pattern does not compile, which a catalog that was checked rules out.
    pub fn build(catalog: Catalog, learned: &Learned, lemmas: Option<&Arc<Lemmas>>) -> Result<Self, BuildError> {
        let (catalog, confirmed, labelled) = prepared(catalog, learned);
        let engine = Engine::taught_with(&catalog, &confirmed, &labelled, lemmas)?;
        Ok(Self { catalog, engine, model: learned.model })
    }

    /// As [`Rules::build`], with what the classifier built of the same catalog and lessons was fitted to; see [`Engine::recall`].
    ///
    /// # Errors
    /// As [`Rules::build`].
    pub fn recall(
        catalog: Catalog,
        learned: &Learned,
        fitted: &[u8],
        lemmas: Option<&Arc<Lemmas>>,
    ) -> Result<Self, BuildError> {
        let (catalog, confirmed, labelled) = prepared(catalog, learned);
        let engine = match Engine::recall(&catalog, &confirmed, fitted, lemmas)? {
            Some(engine) => engine,
            None => Engine::taught_with(&catalog, &confirmed, &labelled, lemmas)?,
        };
        Ok(Self { catalog, engine, model: learned.model })
    }
}

fn prepared(mut catalog: Catalog, learned: &Learned) -> (Catalog, Vec<Confirmed>, Vec<Labelled>) {
    catalog.policy.clone_from(&learned.policy);
    catalog.stamp();
    let (confirmed, labelled) = teach::lessons(&learned.examples);
    (catalog, confirmed, labelled)
}

/// The rules in force. Clones share them.
#[derive(Clone)]
pub struct Live(Arc<ArcSwap<Rules>>);

impl Live {
    /// Puts the first rules in force.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(rules)))
    }

    /// The rules in force now; hold them for one batch.
    #[must_use]
    pub fn get(&self) -> Arc<Rules> {
        self.0.load_full()
    }

    /// Puts other rules in force for the next batch.
    pub fn replace(&self, rules: Rules) {
        self.0.store(Arc::new(rules));
    }
}
