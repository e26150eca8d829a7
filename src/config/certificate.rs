//! Certificates that a sender signs with, as far as the desk reads them: the RSA key inside. Who issued one and until when does not
//! count, for the desk trusts the file it was given.

use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;
/// The version of a certificate, left out in the first one.
const VERSION: u8 = 0xa0;
/// `rsaEncryption` (RFC 8017, appendix A.1).
const RSA: [u8; 11] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/// The RSA keys of the certificates in a PEM file, as DER (RFC 8017, appendix A.1.1); at least one.
///
/// # Errors
/// A sentence for the operator.
pub(super) fn rsa_keys(path: &Path) -> Result<Vec<Vec<u8>>, String> {
    let unreadable = |fault: String| format!("cannot read {}: {fault}", path.display());
    let mut keys = Vec::new();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|fault| unreadable(fault.to_string()))? {
        let certificate = certificate.map_err(|fault| unreadable(fault.to_string()))?;
        let key =
            rsa_key(&certificate).ok_or_else(|| format!("{} holds no certificate with an RSA key", path.display()))?;
        keys.push(key.to_vec());
    }
    if keys.is_empty() { Err(format!("{} holds no certificate", path.display())) } else { Ok(keys) }
}

/// The key in a certificate (RFC 5280, section 4.1).
fn rsa_key(certificate: &[u8]) -> Option<&[u8]> {
    let (whole, _) = of(SEQUENCE, certificate)?;
    let (mut rest, _) = of(SEQUENCE, whole)?;
    if let Some((_, after)) = of(VERSION, rest) {
        rest = after;
    }
    // Serial number, algorithm, issuer, validity, subject.
    for _ in 0..5 {
        rest = element(rest)?.2;
    }
    let (key, _) = of(SEQUENCE, rest)?;
    let (algorithm, after) = of(SEQUENCE, key)?;
    let (bits, _) = of(BIT_STRING, after)?;
    // The first byte says how many bits of the last one are unused.
    bits.strip_prefix(&[0]).filter(|_| algorithm.starts_with(&RSA))
}

/// The content of the first element, which has this tag, and what follows it.
fn of(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    element(bytes).filter(|(found, ..)| *found == tag).map(|(_, content, rest)| (content, rest))
}

/// The first element of DER: its tag, its content, what follows it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = if *first < 0x80 {
        (usize::from(*first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if !(1..=4).contains(&digits.len()) {
            return None;
        }
        (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_certificate_is_found_and_nothing_else_is_taken_for_one() {
        let file = Path::new("tests/fixtures/sns/certificate.pem");
        let keys = rsa_keys(file).unwrap();
        // A modulus of 2,048 bits and the exponent 65,537.
        assert_eq!((keys.len(), keys[0].len(), keys[0].ends_with(&[0x02, 0x03, 0x01, 0x00, 0x01])), (1, 270, true));
        let whole = CertificateDer::from_pem_file(file).unwrap();
        for cut in 0..whole.len() - 300 {
            assert_eq!(rsa_key(&whole[..cut]), None, "{cut}");
        }
        let curve = rsa_keys(Path::new("tests/fixtures/sns/curve.pem")).unwrap_err();
        assert!(curve.contains("no certificate with an RSA key"), "{curve}");
        assert!(rsa_keys(Path::new("Cargo.toml")).unwrap_err().contains("holds no certificate"));
        assert!(rsa_keys(Path::new("gone.pem")).unwrap_err().contains("cannot read"));
    }
}
