//! Encryption: what a connection was told about it, and the stage between connecting and
//! the first message. `connection` loads a [`Connector`] once, `establish` takes every
//! stream of the connection through it.
//!
//! [`TlsOptions`] are plain; `material` reads the files, `pem` and `key` take them apart,
//! `config` makes of it what rustls wants, `verifier` relaxes what was asked to be relaxed,
//! `sentence` says what went wrong. Nothing here dials, and only `material` does I/O of its
//! own. Without the feature `rustls-tls` there is no connector, and asking for one is an error.

mod options;

#[cfg(not(feature = "rustls-tls"))]
mod absent;
#[cfg(feature = "rustls-tls")]
mod config;
#[cfg(feature = "rustls-tls")]
mod connector;
mod failure;
#[cfg(feature = "rustls-tls")]
mod key;
#[cfg(feature = "rustls-tls")]
mod material;
#[cfg(feature = "rustls-tls")]
mod pem;
#[cfg(feature = "rustls-tls")]
mod sentence;
#[cfg(feature = "rustls-tls")]
mod stream;
#[cfg(feature = "rustls-tls")]
mod verifier;

#[cfg(not(feature = "rustls-tls"))]
pub use self::absent::{Connector, TlsStream, refusal};
#[cfg(feature = "rustls-tls")]
pub use self::connector::Connector;
pub use self::failure::HandshakeFailure;
pub use self::options::{EXCLUSIVE, TlsOptions};
#[cfg(feature = "rustls-tls")]
pub use self::sentence::refusal;
#[cfg(feature = "rustls-tls")]
pub use self::stream::TlsStream;
