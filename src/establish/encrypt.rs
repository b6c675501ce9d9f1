//! The stage between dialing and the first message: the TLS handshake.

use super::{Stream, overloaded};
use crate::error::{Error, Kind};
use crate::tls::{Connector, HandshakeFailure};
use crate::topology::ServerAddress;

/// Whose certificate the other side of a Unix domain socket must have: no certificate can be
/// for a path, and whoever listens there is on this machine.
const OF_UNIX_SOCKETS: &str = "localhost";

/// Encrypts a stream to this server. Dropped, it drops the stream.
pub async fn encrypt(tls: &Connector, address: &ServerAddress, stream: Stream) -> Result<Stream, Error> {
    let host = if address.unix_path().is_some() { OF_UNIX_SOCKETS } else { address.host() };
    match tls.secure(host, stream).await {
        Ok(stream) => Ok(Stream::Tls(Box::new(stream))),
        Err(failure) => Err(refused(failure)),
    }
}

/// A certificate that does not verify is never a sign of a busy server; a stream that breaks
/// may be (pooling specification, "Backpressure-enabled").
fn refused(failure: HandshakeFailure) -> Error {
    let network = Error::new(Kind::ConnectionFailure, failure.to_string()).network();
    match failure {
        HandshakeFailure::Refused(_, source) => network.with_source(source),
        HandshakeFailure::Broken(source) => overloaded(network.with_source(source)),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::error::label;

    #[test]
    fn only_a_stream_that_breaks_is_a_sign_of_a_busy_server() {
        let source = || io::Error::from(io::ErrorKind::ConnectionReset);
        let broken = refused(HandshakeFailure::Broken(source()));
        assert!(broken.has_label(label::SYSTEM_OVERLOADED) && broken.has_label(label::RETRYABLE));
        let wrong = refused(HandshakeFailure::Refused("wrong host".to_owned(), source()));
        assert!(wrong.labels().is_empty() && wrong.is_network());
        assert!(wrong.to_string().contains("wrong host"), "{wrong}");
    }

    #[cfg(feature = "rustls-tls")]
    #[test]
    fn a_certificate_that_is_refused_after_the_handshake_is_none_either() {
        let alert = rustls::Error::AlertReceived(rustls::AlertDescription::CertificateRequired);
        let source = io::Error::new(io::ErrorKind::InvalidData, alert);
        let error = Error::new(Kind::ConnectionFailure, "no").network().with_source(source);
        assert!(overloaded(error).labels().is_empty());
    }
}
