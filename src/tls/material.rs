//! Reads what the options name: the one place of this stage that touches files. It blocks,
//! so it runs on the thread of whoever connects without waiting, else on one of its own.

use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;
use zeroize::Zeroizing;

use super::TlsOptions;
use super::options::Source;
use crate::error::{Error, Kind, Result};

/// What was read.
#[derive(Debug)]
pub struct Material {
    /// The authorities to trust.
    pub authorities: Authorities,
    /// This program's certificates, if they are apart from the key.
    pub certificate: Option<Text>,
    /// Its key.
    pub key: Option<Text>,
    /// What was revoked.
    pub crl: Option<Text>,
}

/// Whom to trust.
#[derive(Debug)]
pub enum Authorities {
    /// Nobody has to vouch.
    Nobody,
    /// Those in a text.
    Given(Text),
    /// Those of this machine.
    Machine(Vec<CertificateDer<'static>>),
}

/// PEM, and where it came from.
pub struct Text {
    /// The option that named it.
    pub option: &'static str,
    /// The file it was in.
    pub file: Option<PathBuf>,
    /// It may be a key.
    pub bytes: Zeroizing<Vec<u8>>,
}

impl Material {
    /// Reads all that these options name.
    pub fn read(options: &TlsOptions) -> Result<Self> {
        let read =
            |option, source: &Option<Source>| source.as_ref().map(|it| Text::read(option, it)).transpose();
        let authorities = match read("tlsCAFile", &options.ca)? {
            Some(text) => Authorities::Given(text),
            None if options.takes_any_certificate() => Authorities::Nobody,
            None => Authorities::Machine(of_this_machine()?),
        };
        Ok(Self {
            authorities,
            certificate: read("the file of certificates", &options.certificate)?,
            key: read("tlsCertificateKeyFile", &options.key)?,
            crl: read("the list of revoked certificates", &options.crl)?,
        })
    }
}

impl Text {
    fn read(option: &'static str, source: &Source) -> Result<Self> {
        match source {
            Source::Memory(pem) => Ok(Self { option, file: None, bytes: Zeroizing::clone(pem) }),
            Source::File(path) => match fs::read(path) {
                Ok(bytes) => Ok(Self { option, file: Some(path.clone()), bytes: Zeroizing::new(bytes) }),
                Err(error) => {
                    let sentence = format!(
                        "{option}: {} can't be read: {error}; check the path, and that this program may read it",
                        path.display()
                    );
                    Err(Error::new(Kind::InvalidArgument, sentence).with_source(error))
                }
            },
        }
    }

    /// An error that says what is wrong with it, and names the file.
    pub fn bad(&self, what: impl Display) -> Error {
        let sentence = match &self.file {
            Some(path) => format!("{}: {} {what}", self.option, Path::display(path)),
            None => format!("{}: what was given in memory {what}", self.option),
        };
        Error::new(Kind::InvalidArgument, sentence)
    }
}

impl std::fmt::Debug for Text {
    /// Without the bytes.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Text").field("option", &self.option).field("file", &self.file).finish_non_exhaustive()
    }
}

/// Files in it that can't be read are no error while others can be: machines differ, and a
/// server whose authority is missing says so.
fn of_this_machine() -> Result<Vec<CertificateDer<'static>>> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        let why = found.errors.first().map(|error| format!(" ({error})")).unwrap_or_default();
        let sentence = format!(
            "this machine's store of trusted authorities is empty or can't be read{why}; install one \
             (ca-certificates), name one with SSL_CERT_FILE, or give tlsCAFile"
        );
        return Err(Error::new(Kind::InvalidArgument, sentence));
    }
    for error in found.errors {
        tracing::debug!(target: "actix_mongo::connection", %error, "a part of this machine's trust store was left out");
    }
    Ok(found.certs)
}
