//! Places where the crash tests end the process: `FAIL_AT=settle.commit:3` aborts at the third pass of that place.
//! Without the feature `crash-points` the calls compile to nothing.

/// Aborts the process when `FAIL_AT` names this place and this is the pass it names.
#[cfg(feature = "crash-points")]
pub fn point(name: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    static WANTED: OnceLock<Option<(String, u32)>> = OnceLock::new();
    static PASSES: AtomicU32 = AtomicU32::new(0);
    #[expect(clippy::disallowed_methods, reason = "a switch for tests only, never a setting")]
    let wanted = WANTED.get_or_init(|| {
        let text = std::env::var("FAIL_AT").ok()?;
        let (place, pass) = text.rsplit_once(':')?;
        Some((place.to_owned(), pass.parse().ok()?))
    });
    if let Some((place, pass)) = wanted
        && place == name
        && PASSES.fetch_add(1, Ordering::SeqCst) + 1 == *pass
    {
        std::process::abort();
    }
}

/// Does nothing.
#[cfg(not(feature = "crash-points"))]
pub const fn point(_name: &str) {}

/// Aborts the process when `raw` holds the text `FAIL_ON_TEXT`: a message no program survives.
#[cfg(feature = "crash-points")]
pub fn on_text(raw: &[u8]) {
    use std::sync::OnceLock;

    static WANTED: OnceLock<Option<String>> = OnceLock::new();
    #[expect(clippy::disallowed_methods, reason = "a switch for tests only, never a setting")]
    let wanted = WANTED.get_or_init(|| std::env::var("FAIL_ON_TEXT").ok().filter(|text| !text.is_empty()));
    if let Some(text) = wanted
        && raw.windows(text.len()).any(|window| window == text.as_bytes())
    {
        std::process::abort();
    }
}

/// Does nothing.
#[cfg(not(feature = "crash-points"))]
pub const fn on_text(_raw: &[u8]) {}

/// How long a lease of usually `ms` lasts: `FAIL_LEASE_MS` when it is shorter, so that tests need not wait for dead processes.
#[cfg(feature = "crash-points")]
#[must_use]
pub fn lease_ms(ms: i64) -> i64 {
    use std::sync::OnceLock;

    static WANTED: OnceLock<Option<i64>> = OnceLock::new();
    #[expect(clippy::disallowed_methods, reason = "a switch for tests only, never a setting")]
    let wanted = WANTED.get_or_init(|| std::env::var("FAIL_LEASE_MS").ok()?.parse().ok());
    wanted.map_or(ms, |wanted| wanted.min(ms))
}

/// `ms`.
#[cfg(not(feature = "crash-points"))]
#[must_use]
pub const fn lease_ms(ms: i64) -> i64 {
    ms
}
