//! Takes PEM apart. Plain.

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};

use super::material::Text;
use crate::error::Result;

/// All certificates in a text; at least one.
pub fn certificates(text: &Text) -> Result<Vec<CertificateDer<'static>>> {
    all(text, "certificate")
}

/// All lists of revoked certificates in a text; at least one.
pub fn revocation_lists(text: &Text) -> Result<Vec<CertificateRevocationListDer<'static>>> {
    all(text, "list of revoked certificates")
}

fn all<T: PemObject>(text: &Text, what: &str) -> Result<Vec<T>> {
    let found: Result<Vec<T>, pem::Error> = T::pem_slice_iter(&text.bytes).collect();
    match found {
        Ok(found) if found.is_empty() => {
            Err(text.bad(format!("holds no {what}; check that it is the right one, and PEM")))
        }
        Ok(found) => Ok(found),
        Err(error) => Err(text.bad(format!("is not well-formed PEM: {error}"))),
    }
}

/// A part of a PEM text, with its first and last line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section<'a> {
    /// What stands behind `BEGIN`.
    pub label: &'a str,
    /// All of it.
    pub text: &'a str,
}

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";

/// The sections of a text; what lies between them is passed over. One without an end is not
/// well-formed, and the last.
pub fn sections(mut text: &str) -> impl Iterator<Item = Section<'_>> {
    std::iter::from_fn(move || {
        loop {
            let start = text.find(BEGIN)?;
            let section = text.get(start..)?;
            let after = section.get(BEGIN.len()..)?;
            let Some(label) = after.lines().next().and_then(|line| line.trim_end().strip_suffix(DASHES))
            else {
                text = after;
                continue;
            };
            let end = format!("-----END {label}-----");
            let length = section.find(&end)? + end.len();
            let (whole, rest) = section.split_at_checked(length)?;
            text = rest;
            return Some(Section { label, text: whole });
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_found_among_other_lines() {
        let text = "Bag Attributes\n-----BEGIN A-----\r\nYQ==\r\n-----END A-----\r\nnoise\n-----BEGIN \
                    B C-----\nYg==\n-----END B C-----";
        let found: Vec<_> = sections(text).collect();
        assert_eq!(found.iter().map(|it| it.label).collect::<Vec<_>>(), ["A", "B C"]);
        assert_eq!(found[0].text, "-----BEGIN A-----\r\nYQ==\r\n-----END A-----");
        assert_eq!(found[1].text, "-----BEGIN B C-----\nYg==\n-----END B C-----");
    }

    #[test]
    fn nonsense_has_no_sections() {
        for text in ["", "-----BEGIN ", "-----BEGIN A\n", "-----BEGIN A-----\nYQ==", "-----END A-----"] {
            assert_eq!(sections(text).count(), 0, "{text}");
        }
        let second = "-----BEGIN A\n-----BEGIN B-----\n-----END B-----";
        assert_eq!(sections(second).map(|it| it.label).collect::<Vec<_>>(), ["B"]);
    }
}
