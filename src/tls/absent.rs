//! What is there without the feature `rustls-tls`: nothing, and an error that says so.

use std::convert::Infallible;
use std::io;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{HandshakeFailure, TlsOptions};
use crate::error::{Error, Kind, Result};

/// There is none.
#[derive(Clone, Debug)]
pub struct Connector(Infallible);

impl Connector {
    /// `None`, or an error if the options ask for one.
    pub fn load(options: &TlsOptions) -> Result<Option<Self>> {
        options.check()?;
        match options.is_enabled() {
            false => Ok(None),
            true => Err(missing()),
        }
    }

    /// The same.
    pub async fn load_aside(options: &TlsOptions) -> Result<Option<Self>> {
        Self::load(options)
    }

    /// Never called.
    pub async fn secure<S>(&self, _host: &str, _stream: S) -> Result<TlsStream<S>, HandshakeFailure> {
        match self.0 {}
    }
}

/// There is none.
#[derive(Debug)]
pub struct TlsStream<S>(Infallible, PhantomData<S>);

impl<S: Unpin> AsyncRead for TlsStream<S> {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.0 {}
    }
}

impl<S: Unpin> AsyncWrite for TlsStream<S> {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        match self.0 {}
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.0 {}
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.0 {}
    }
}

/// No error is of TLS.
pub fn refusal(_: &(dyn std::error::Error + 'static)) -> Option<String> {
    None
}

fn missing() -> Error {
    let sentence = "TLS is asked for, which this build does not have; it will not connect unprotected in its \
                    place. Build actix-mongo with its feature rustls-tls";
    Error::new(Kind::Unsupported, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asking_for_tls_is_an_error_that_names_the_feature() {
        let error = Connector::load(&TlsOptions::new().enabled(true)).unwrap_err();
        assert_eq!(error.kind(), Kind::Unsupported);
        assert!(error.to_string().contains("rustls-tls"), "{error}");
        assert!(Connector::load(&TlsOptions::default()).unwrap().is_none());
    }
}
