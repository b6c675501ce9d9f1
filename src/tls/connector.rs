//! The stage itself: a connected stream comes in, an encrypted one goes out.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::thread;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;
use tokio_rustls::TlsConnector;

use super::config::config;
use super::material::Material;
use super::sentence::refusal;
use super::{HandshakeFailure, TlsOptions, TlsStream};
use crate::error::{Error, Kind, Result};

/// Encrypts streams; shared by all sockets and monitors of a connection.
#[derive(Clone)]
pub struct Connector {
    inner: TlsConnector,
}

impl Connector {
    /// A connector by these options; `None` if they don't ask for TLS. Reads files on this
    /// thread.
    pub fn load(options: &TlsOptions) -> Result<Option<Self>> {
        options.check()?;
        if !options.is_enabled() {
            return Ok(None);
        }
        let config = match &options.ready {
            Some(ready) => ready.clone(),
            None => Arc::new(config(options, &Material::read(options)?)?),
        };
        Ok(Some(Self { inner: config.into() }))
    }

    /// The same, but files are read on a thread of its own: the caller's may be one that runs
    /// others' tasks, and a file system may take its time. Dropped, it leaves that thread to
    /// end by itself.
    pub async fn load_aside(options: &TlsOptions) -> Result<Option<Self>> {
        if !options.is_enabled() || options.ready.is_some() {
            return Self::load(options);
        }
        let (done, loaded) = oneshot::channel();
        let options = options.clone();
        let work = move || drop(done.send(Self::load(&options)));
        thread::Builder::new().name("actix-mongo-tls".to_owned()).spawn(work).map_err(|error| {
            Error::new(Kind::ConnectionFailure, "the thread that reads certificates could not be started")
                .with_source(error)
        })?;
        let lost =
            || Err(Error::new(Kind::Internal, "the thread that reads certificates ended without a word"));
        loaded.await.unwrap_or_else(|_| lost())
    }

    /// Shakes hands with the server that `host` names, over a stream to it.
    ///
    /// Cancel safety: dropped, it drops the stream.
    pub async fn secure<S>(&self, host: &str, stream: S) -> Result<TlsStream<S>, HandshakeFailure>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let name = ServerName::try_from(host.to_owned()).map_err(|error| {
            let sentence = format!("no certificate can be for {host:?}; check the connection string");
            HandshakeFailure::Refused(sentence, io::Error::new(io::ErrorKind::InvalidInput, error))
        })?;
        match self.inner.connect(name, stream).await {
            Ok(stream) => Ok(TlsStream::new(stream)),
            Err(error) => Err(match refusal(&error) {
                Some(sentence) => HandshakeFailure::Refused(sentence, error),
                None => HandshakeFailure::Broken(error),
            }),
        }
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").finish_non_exhaustive()
    }
}
