//! The catalog and the classifier built from it: replaced as one, so that no message sees half of a change.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::classify::Engine;
use crate::domain::Catalog;

/// A catalog and its classifier.
pub struct Rules {
    /// What decisions depend on.
    pub catalog: Catalog,
    /// Built from it.
    pub engine: Engine,
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
