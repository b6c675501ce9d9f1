//! What is wrong, in sentences that say what to check. Plain.

use std::error::Error as StdError;
use std::io;

use rustls::{AlertDescription, CertificateError, Error, InconsistentKeys, PeerIncompatible};

/// The sentence for an error that one side of TLS found with the other; `None` if it is no
/// such error, but the stream's own.
pub fn refusal(error: &(dyn StdError + 'static)) -> Option<String> {
    let error = error.downcast_ref::<io::Error>()?.get_ref()?.downcast_ref::<Error>()?;
    Some(of(error))
}

/// Why a key and a certificate can't be used together.
pub fn of_key(error: &Error) -> String {
    match error {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => "they don't belong together".to_owned(),
        other => other.to_string(),
    }
}

fn of(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(certificate) => of_certificate(certificate),
        Error::InvalidCertRevocationList(list) => {
            format!(
                "a list of revoked certificates can't be used to judge the server's certificate: {list:?}"
            )
        }
        Error::AlertReceived(alert) => of_alert(*alert),
        Error::InvalidMessage(_) => {
            "the server does not answer in TLS; check whether it is set up for TLS, and its port".to_owned()
        }
        Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => "the server speaks neither TLS 1.2 nor 1.3; check its version and settings".to_owned(),
        other => {
            format!("the TLS handshake failed: {other}; check the server's settings for TLS, and its log")
        }
    }
}

fn of_certificate(error: &CertificateError) -> String {
    use CertificateError as E;
    match error {
        E::UnknownIssuer => "the server's certificate was issued by an authority that is not trusted; check \
                             tlsCAFile, or this machine's trust store if that is not given"
            .to_owned(),
        E::BadSignature => {
            "the server's certificate was issued by an authority that is not trusted, though one of \
                            the same name is; check tlsCAFile, and whether it is up to date"
                .to_owned()
        }
        E::Expired => {
            "the server's certificate has expired; renew it, or check this machine's clock".to_owned()
        }
        E::ExpiredContext { time, not_after } => {
            let days = time.as_secs().saturating_sub(not_after.as_secs()) / DAY;
            format!(
                "the server's certificate expired {days} days ago; renew it, or check this machine's clock"
            )
        }
        E::NotValidYet => NOT_YET.to_owned(),
        E::NotValidYetContext { time, not_before } => {
            let days = not_before.as_secs().saturating_sub(time.as_secs()) / DAY;
            format!("{NOT_YET} ({days} days from now)")
        }
        E::NotValidForName => format!("{OTHER_HOST}; {CHECK_HOST}"),
        E::NotValidForNameContext { expected, presented } => {
            let (expected, presented) = (expected.to_str(), presented.join(", "));
            format!("{OTHER_HOST} than {expected:?} ({presented}); {CHECK_HOST}")
        }
        E::Revoked => "the server's certificate was revoked; check the server".to_owned(),
        E::UnknownRevocationStatus => {
            "no list of revoked certificates was given for the issuer of the server's \
                                       certificate, or of one above it; check what was given"
                .to_owned()
        }
        E::ExpiredRevocationList | E::ExpiredRevocationListContext { .. } => {
            "a list of revoked certificates has expired; get a new one, or check this machine's clock"
                .to_owned()
        }
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => {
            "the server's certificate is not meant for servers; check its extended key usage".to_owned()
        }
        other => format!("the server's certificate can't be used: {other}"),
    }
}

fn of_alert(alert: AlertDescription) -> String {
    use AlertDescription as A;
    match alert {
        A::CertificateRequired | A::NoCertificate => {
            "the server asks for a client certificate, and got none; check tlsCertificateKeyFile".to_owned()
        }
        A::BadCertificate
        | A::UnsupportedCertificate
        | A::CertificateRevoked
        | A::CertificateExpired
        | A::CertificateUnknown
        | A::UnknownCA
        | A::AccessDenied
        | A::DecryptError => {
            format!(
                "the server refused this client's certificate, or has none ({alert:?}); check tlsCertificateKeyFile"
            )
        }
        A::ProtocolVersion => {
            "the server speaks neither TLS 1.2 nor 1.3; check its version and settings".to_owned()
        }
        A::HandshakeFailure | A::InsufficientSecurity => format!(
            "the server broke off the TLS handshake ({alert:?}); check whether it asks for a client certificate \
             (tlsCertificateKeyFile), and its ciphers"
        ),
        A::UnrecognisedName => {
            "the server knows nothing of the host it was called by; check the connection string".to_owned()
        }
        other => format!("the server broke off TLS ({other:?}); check its log"),
    }
}

const DAY: u64 = 24 * 3600;
const NOT_YET: &str = "the server's certificate is not valid yet; check this machine's clock";
const OTHER_HOST: &str = "the server's certificate is for other hosts";
const CHECK_HOST: &str = "check the host in the connection string, and the names in the certificate";

#[cfg(test)]
mod tests {
    use rustls::InvalidMessage;

    use super::*;

    #[test]
    fn errors_of_tls_are_told_from_those_of_the_stream() {
        let of_tls = |error: Error| refusal(&io::Error::new(io::ErrorKind::InvalidData, error));
        assert!(of_tls(Error::InvalidCertificate(CertificateError::Revoked)).unwrap().contains("revoked"));
        assert!(
            of_tls(Error::InvalidMessage(InvalidMessage::InvalidContentType)).unwrap().contains("in TLS")
        );
        assert!(of_tls(Error::DecryptError).unwrap().contains("handshake failed"));
        for kind in [io::ErrorKind::UnexpectedEof, io::ErrorKind::ConnectionReset] {
            assert_eq!(refusal(&io::Error::from(kind)), None);
            assert_eq!(refusal(&io::Error::new(kind, "text")), None);
        }
        assert_eq!(refusal(&std::fmt::Error), None);
    }

    #[test]
    fn alerts_of_a_missing_certificate_name_the_option() {
        for alert in [
            AlertDescription::CertificateRequired,
            AlertDescription::UnknownCA,
            AlertDescription::HandshakeFailure,
            AlertDescription::BadCertificate,
        ] {
            assert!(of(&Error::AlertReceived(alert)).contains("tlsCertificateKeyFile"), "{alert:?}");
        }
    }
}
