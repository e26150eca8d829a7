//! How long to wait before another try. Pure: the spread comes from a name and a number, not from chance.

use std::time::Duration;

use super::ReceiveError;
use super::connection::Fault;
use crate::connectors::email::settings::ImapSettings;

/// No pause is longer.
const CAP: Duration = Duration::from_mins(5);

/// The pause after failure number `attempt` (1 is the first): `base` doubled for each, at most 5 minutes,
/// of which between a half and the whole is taken, so that many mailboxes of one server do not come back together.
pub(super) fn pause(base: Duration, attempt: u32, mailbox: &str) -> Duration {
    let doubled = base.saturating_mul(1u32 << attempt.saturating_sub(1).min(16));
    let full = doubled.min(CAP);
    full / 2 + full.mul_f64(f64::from(spread(mailbox, attempt)) / f64::from(u16::MAX) / 2.0)
}

/// What the caller sees of the `failures`th failure in a row, and the pause before the next try.
pub(super) fn hold_back(
    fault: &Fault,
    failures: u32,
    settings: &ImapSettings,
    mailbox: &str,
) -> (ReceiveError, Duration) {
    let mut wait = pause(Duration::from_millis(settings.retry_base_ms), failures, mailbox);
    let needs_operator = matches!(fault, Fault::Operator(_) | Fault::Token(_));
    if needs_operator {
        wait = wait.max(Duration::from_secs(settings.login_spacing_s));
    }
    let reason = fault.to_string();
    let retry_after_ms = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
    let error = if needs_operator {
        ReceiveError::NeedsOperator { reason, retry_after_ms }
    } else {
        ReceiveError::Transient { reason, retry_after_ms }
    };
    (error, wait)
}

/// FNV-1a over name and number, folded to 16 bits.
fn spread(mailbox: &str, attempt: u32) -> u16 {
    let hash = mailbox
        .bytes()
        .chain(attempt.to_le_bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let folded = hash ^ (hash >> 32);
    u16::try_from((folded ^ (folded >> 16)) & 0xffff).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_minutes_and_differ_between_mailboxes() {
        let base = Duration::from_secs(1);
        for (attempt, full_s) in [(1, 1), (2, 2), (3, 4), (6, 32), (9, 256), (10, 300), (40, 300), (u32::MAX, 300)] {
            let pause = pause(base, attempt, "support");
            assert!(
                pause >= Duration::from_secs(full_s) / 2 && pause <= Duration::from_secs(full_s),
                "{attempt}: {pause:?}"
            );
        }
        assert_ne!(pause(base, 5, "support"), pause(base, 5, "billing"));
        assert_eq!(pause(base, 5, "support"), pause(base, 5, "support"));
    }
}
