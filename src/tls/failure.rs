//! How a TLS handshake fails.

use std::io;

/// Why a stream could not be encrypted.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeFailure {
    /// One side found something wrong with the other. A server that has too much to do is
    /// never the reason.
    #[error("{0}")]
    Refused(String, #[source] io::Error),
    /// The stream broke.
    #[error(
        "the connection broke during the TLS handshake: {0}; check whether the server is set up for TLS, \
         and its log"
    )]
    Broken(#[source] io::Error),
}
