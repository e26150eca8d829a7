//! Planned maintenance: a time in which a service may be down without counting as down, and whom that concerns.

use super::reporting::Span;
use super::words::Bilingual;

/// One planned maintenance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maintenance {
    /// Unique.
    pub name: String,
    /// When it is.
    pub span: Span,
    /// Services as the report names them; empty for all.
    pub services: Vec<String>,
    /// Customers it concerns, by name; empty for all.
    pub customers: Vec<String>,
    /// What is done, for the customers.
    pub what: Bilingual,
    /// Told so many days before.
    pub announce_days: u32,
}

impl Maintenance {
    /// Whether `service` may be down for it.
    #[must_use]
    pub fn touches(&self, service: Option<&str>) -> bool {
        self.services.is_empty() || service.is_some_and(|service| self.services.iter().any(|one| one == service))
    }

    /// Whether it concerns the customer called `name`.
    #[must_use]
    pub fn concerns(&self, name: &str) -> bool {
        self.customers.is_empty() || self.customers.iter().any(|one| one == name)
    }
}
