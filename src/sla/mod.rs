//! sla.
