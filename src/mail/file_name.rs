//! Names of attached files that are safe on any system and unique within a mail.

use super::clean;

/// Longest name in bytes: what file systems take (POSIX `NAME_MAX`).
const LENGTH: usize = 255;

/// Names Windows keeps for devices, whatever their extension.
const RESERVED: [&str; 4] = ["con", "prn", "aux", "nul"];

/// `written` without path, control characters and what file systems refuse. Empty when nothing is left.
#[must_use]
pub fn safe(written: &str) -> String {
    let line = clean::line(written);
    let name = line.rsplit(['/', '\\']).find(|piece| !piece.trim_matches(['.', ' ']).is_empty()).unwrap_or_default();
    let name: String = name.chars().map(|c| if "<>:\"|?*".contains(c) { '_' } else { c }).collect();
    // Trailing dots and spaces vanish on Windows, where "a.exe." would run; a leading dot hides a file.
    let name = name.trim_start_matches([' ', '.']).trim_end_matches([' ', '.']);
    let stem = name.split('.').next().unwrap_or_default().trim().to_ascii_lowercase();
    let numbered = stem.len() == 4
        && (stem.starts_with("com") || stem.starts_with("lpt"))
        && stem.ends_with(|c: char| c.is_ascii_digit());
    let name = if numbered || RESERVED.contains(&stem.as_str()) { format!("_{name}") } else { name.to_owned() };
    shortened(&name, LENGTH)
}

/// A name for a file that has none: `attachment.pdf`.
#[must_use]
pub fn invented(media_type: &str) -> String {
    let extension = match media_type {
        "text/plain"
        | "text/rfc822-headers"
        | "message/delivery-status"
        | "message/disposition-notification"
        | "message/feedback-report" => "txt",
        "text/html" => "html",
        "text/calendar" => "ics",
        "text/csv" => "csv",
        "text/vcard" | "text/x-vcard" => "vcf",
        "text/rtf" | "application/rtf" => "rtf",
        "image/jpeg" | "image/jpg" | "image/pjpeg" => "jpg",
        "image/png" => "png",
        "image/gif" => "gif",
        "image/tiff" => "tif",
        "image/svg+xml" => "svg",
        "application/pdf" => "pdf",
        "application/zip" => "zip",
        "application/pgp-signature" => "asc",
        "application/pkcs7-signature" | "application/x-pkcs7-signature" => "p7s",
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => "p7m",
        "message/rfc822" | "message/global" | "message/partial" => "eml",
        _ => "bin",
    };
    format!("attachment.{extension}")
}

/// `name`, or `name-2` and so on when one of `taken` is equal but for case.
#[must_use]
pub fn unique<'a>(name: &str, taken: &(impl Iterator<Item = &'a str> + Clone)) -> String {
    let is_taken = |wanted: &str| taken.clone().any(|other| other.to_lowercase() == wanted.to_lowercase());
    if !is_taken(name) {
        return name.to_owned();
    }
    let (stem, extension) = parts(name);
    // Two more than there can be names, so that one of them is free.
    (2..=taken.clone().count() + 2)
        .map(|number| format!("{}-{number}{extension}", head(stem, LENGTH - extension.len().min(64) - 8)))
        .find(|wanted| !is_taken(wanted))
        .unwrap_or_else(|| name.to_owned())
}

/// `name` within `limit` bytes, cut before its extension.
fn shortened(name: &str, limit: usize) -> String {
    if name.len() <= limit {
        return name.to_owned();
    }
    let (stem, extension) = parts(name);
    format!("{}{extension}", head(stem, limit - extension.len()))
}

/// Stem and extension with its dot; a very long extension is none.
fn parts(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(at) if at > 0 && name.len() - at <= 32 => name.split_at(at),
        _ => (name, ""),
    }
}

fn head(text: &str, limit: usize) -> &str {
    super::limits::head(text, limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_safe() {
        for (written, wanted) in [
            ("report.pdf", "report.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\x\\見積書.pdf", "見積書.pdf"),
            ("exe.\u{202e}fdp", "exe.fdp"),
            ("a\r\nb\0.txt", "a b.txt"),
            ("con.txt", "_con.txt"),
            ("LPT1", "_LPT1"),
            ("a:b*c?.txt", "a_b_c_.txt"),
            (".htaccess", "htaccess"),
            ("virus.exe. .", "virus.exe"),
            ("..", ""),
            ("/", ""),
            ("dir/", "dir"),
        ] {
            assert_eq!(safe(written), wanted, "{written:?}");
        }
        let long = safe(&format!("{}.pdf", "あ".repeat(200)));
        assert!(long.len() <= 255 && long.ends_with("あ.pdf"), "{long}");
    }

    #[test]
    fn names_are_made_unique() {
        let taken = ["a.txt", "A-2.txt", "b"];
        assert_eq!(unique("a.txt", &taken.into_iter()), "a-3.txt");
        assert_eq!(unique("B", &taken.into_iter()), "B-2");
        assert_eq!(unique("c", &taken.into_iter()), "c");
    }
}
