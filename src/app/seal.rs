//! Seals refresh tokens before they are stored: ChaCha20-Poly1305 (RFC 8439) with a key of its own file beside the data, so that a copy of
//! the database alone opens no mailbox.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, bail};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

const KEY_BYTES: usize = 32;

/// The key of one data directory.
pub(super) struct Seal(LessSafeKey);

impl Seal {
    /// The key in `data_dir/seal.key`; made when it is not there.
    ///
    /// # Errors
    /// The file cannot be read or written, or is not a key.
    pub(super) fn open(data_dir: &Path) -> anyhow::Result<Self> {
        let file = data_dir.join("seal.key");
        let named = || file.display().to_string();
        if !file.exists() {
            let mut key = [0_u8; KEY_BYTES];
            fill(&mut key)?;
            let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file);
            match made {
                Ok(mut made) => made.write_all(&key).and_then(|()| made.sync_all()).with_context(named)?,
                // Another process made it in this moment.
                Err(fault) if fault.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(fault) => return Err(fault).with_context(named),
            }
        }
        let key = std::fs::read(&file).with_context(named)?;
        let key = UnboundKey::new(&CHACHA20_POLY1305, &key)
            .map_err(|_| anyhow::anyhow!("{} is not a key of {KEY_BYTES} bytes", file.display()))?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Nonce and sealed bytes. `mailbox` is bound to them: they open under no other name.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub(super) fn close(&self, mailbox: &str, secret: &[u8]) -> anyhow::Result<Vec<u8>> {
        let mut nonce = [0_u8; NONCE_LEN];
        fill(&mut nonce)?;
        let mut sealed = secret.to_vec();
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(mailbox), &mut sealed)
            .map_err(|_| anyhow::anyhow!("cannot seal the refresh token of {mailbox}"))?;
        Ok([&nonce[..], &sealed[..]].concat())
    }

    /// What [`Seal::close`] closed.
    ///
    /// # Errors
    /// Another key, another mailbox, or changed bytes.
    pub(super) fn reopen(&self, mailbox: &str, sealed: &[u8]) -> anyhow::Result<Vec<u8>> {
        let Some((nonce, bytes)) = sealed.split_first_chunk::<NONCE_LEN>() else {
            bail!("the stored refresh token of {mailbox} is cut short");
        };
        let mut bytes = bytes.to_vec();
        let opened = self
            .0
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(mailbox), &mut bytes)
            .map_err(|_| anyhow::anyhow!("the stored refresh token of {mailbox} does not fit the key in seal.key"))?;
        Ok(opened.to_vec())
    }
}

fn fill(bytes: &mut [u8]) -> anyhow::Result<()> {
    getrandom::fill(bytes).map_err(|fault| anyhow::anyhow!("the system has no random numbers: {fault}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_the_same_key_and_mailbox_only() {
        let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let sealed = Seal::open(dir.path()).unwrap().close("support", b"token").unwrap();
        let again = Seal::open(dir.path()).unwrap();
        assert_eq!(again.reopen("support", &sealed).unwrap(), b"token");
        assert!(again.reopen("sales", &sealed).is_err());
        assert!(Seal::open(other.path()).unwrap().reopen("support", &sealed).is_err());
        assert!(again.reopen("support", b"short").is_err());
    }
}
