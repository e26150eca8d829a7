//! Passwords and tokens as they are kept: never readable.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use sha2::{Digest, Sha256};

/// Shorter passwords are refused (NIST SP 800-63B, 5.1.1.2, asks for eight at least).
pub const LEAST_CHARS: usize = 12;

/// A password that cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFault {
    /// It is too short.
    #[error("a password has at least {LEAST_CHARS} characters")]
    TooShort,
    /// The hash function refused it.
    #[error("the password cannot be hashed: {0}")]
    Unusable(String),
}

/// `password` as it is kept: Argon2id (RFC 9106) in the PHC form, with `salt`, which must be random.
///
/// # Errors
/// Too short, or more than the hash function takes.
pub fn hash(password: &str, salt: [u8; 16]) -> Result<String, PasswordFault> {
    if password.chars().count() < LEAST_CHARS {
        return Err(PasswordFault::TooShort);
    }
    let hashed = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
    hashed.map(|hash| hash.to_string()).map_err(|fault| PasswordFault::Unusable(fault.to_string()))
}

/// Whether `password` is the one that was kept as `hash`.
#[must_use]
pub fn matches(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|kept| Argon2::default().verify_password(password.as_bytes(), &kept).is_ok())
}

/// A token as it is kept. It is random and long, so that a plain digest tells nothing of it.
#[must_use]
pub fn token_digest(token: &str) -> String {
    hex::encode(Sha256::digest(token.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_kept_so_that_only_it_matches() {
        let kept = hash("correct horse battery", [7; 16]).unwrap();
        assert!(kept.starts_with("$argon2id$"), "{kept}");
        assert!(matches("correct horse battery", &kept));
        for wrong in ["correct horse batterx", "", "correct horse battery "] {
            assert!(!matches(wrong, &kept), "{wrong}");
        }
        assert!(!matches("correct horse battery", "not a hash"));
        assert_eq!(hash("short", [7; 16]), Err(PasswordFault::TooShort));
    }
}
