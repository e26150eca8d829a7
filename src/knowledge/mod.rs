//! The knowledge base for those who look after it: files and store against each other, what is asked and not answered, drafts from
//! resolved tickets, what needs care, labels that contradict each other. Pure: texts and figures in, findings out.

pub mod contradictions;
pub mod draft;
pub mod effort;
pub mod figures;
pub mod gaps;
pub mod groups;
pub mod health;
pub mod plain;
pub mod sync;
