//! What other rules, articles or thresholds would have decided, and whether a newly taught classifier may take the place
//! of the one in force. Pure: the same messages and rules give the same differences, bit for bit.

pub mod again;
pub mod golden;
pub mod teach;
