//! From an address to a stream that is ready for commands, in stages: dial, encryption if
//! it is asked for, handshake, authentication. Each stage takes what the one before it made.
//! Called by sockets and monitors.

mod authenticate;
mod dial;
mod encrypt;
mod exchange;
mod greeting;
mod progress;
mod stream;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bson::oid::ObjectId;
use bson::{RawDocument, RawDocumentBuf};

use self::authenticate::Authentication;
use self::dial::{DialError, dial};
use self::encrypt::encrypt;
pub use self::exchange::Exchange;
pub use self::greeting::Greeting;
use self::progress::Progress;
pub use self::stream::Stream;
use crate::auth::Authenticator;
use crate::dns::Resolver;
use crate::error::{Error, Kind, label};
use crate::tls::{self, Connector};
use crate::topology::{HelloReply, Limits, ServerAddress};
use crate::wire::ElementWriter;

/// Makes ready streams; shared by all sockets, or all monitors, of a connection.
#[derive(Clone, Debug)]
pub struct Dialer {
    /// Limit for everything up to the ready stream (`connectTimeoutMS`); `None` is no limit.
    pub connect_timeout: Option<Duration>,
    /// Who knows the addresses of hosts.
    pub resolver: Resolver,
    /// Encrypts the streams; `None` leaves them plain.
    pub tls: Option<Connector>,
    /// The first message on every stream. Through a load balancer, the answer must name the
    /// service behind it.
    pub greeting: Arc<Greeting>,
    /// The user, whom each stream is to prove; never on those of monitors.
    pub authenticator: Option<Arc<Authenticator>>,
    /// Servers are sent the password itself, on this stream or another. What they say when they
    /// refuse a hello may be that password, and is not repeated.
    pub sends_password: bool,
}

/// A stream that is ready for commands.
#[derive(Debug)]
pub struct Established {
    /// The stream; everything it brought so far was read.
    pub stream: Stream,
    /// What the server says of itself.
    pub hello: HelloReply,
    /// The same as it came.
    pub reply: RawDocumentBuf,
    /// The hello's `topologyVersion`, to send back.
    pub topology_version: Option<RawDocumentBuf>,
    /// The hello, as a pool wants to know it.
    pub limits: Limits,
    /// The service behind a load balancer.
    pub service: Option<ObjectId>,
    /// How long the hello took.
    pub rtt: Duration,
}

/// How far establishing came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The name lookup.
    Lookup,
    /// Connecting.
    Dial,
    /// The TLS handshake.
    Tls,
    /// The first hello.
    Hello,
    /// Authentication.
    Authenticate,
}

/// Why no stream could be made ready.
#[derive(Debug)]
pub struct EstablishError {
    /// How far it came.
    pub phase: Phase,
    /// It ran into the connect timeout.
    pub timed_out: bool,
    /// Why, with its labels.
    pub error: Error,
}

impl EstablishError {
    /// It did not even begin.
    pub fn of(error: Error) -> Self {
        Self { phase: Phase::Dial, timed_out: false, error }
    }
}

impl Dialer {
    /// Connects and shakes hands, within the connect timeout.
    pub async fn establish(&self, address: &ServerAddress) -> Result<Established, EstablishError> {
        let mut progress = Progress::begin();
        let stages = self.stages(address, &mut progress);
        let mut timed_out = false;
        let result = match self.connect_timeout {
            None => stages.await,
            Some(limit) => match tokio::time::timeout(limit, stages).await {
                Ok(result) => result,
                Err(_) => {
                    // A slow DNS says nothing of the server.
                    timed_out = progress.phase != Phase::Lookup;
                    Err(too_slow(&progress, limit))
                }
            },
        };
        let phase = progress.phase;
        result.map_err(|error| EstablishError { phase, timed_out, error: error.with_server(address) })
    }

    /// Reads the reply to a hello.
    pub fn read_hello(&self, reply: &RawDocument) -> Result<HelloReply, Error> {
        let mut hello = HelloReply::parse(reply)?;
        if self.sends_password {
            hello.hide_words();
        }
        Ok(hello)
    }

    async fn stages(&self, address: &ServerAddress, progress: &mut Progress) -> Result<Established, Error> {
        let mut stream = dial(address, &self.resolver, progress).await.map_err(dial_error)?;
        if let Some(tls) = &self.tls {
            progress.phase = Phase::Tls;
            stream = encrypt(tls, address, stream).await?;
        }
        progress.phase = Phase::Hello;
        let mut exchange = Exchange::new(stream).accepting(self.greeting.accepted());
        let encrypted = exchange.is_encrypted();
        let authentication = self
            .authenticator
            .as_deref()
            .map(|authenticator| Authentication::begin(authenticator, self.greeting.server_api(), encrypted));
        let authentication = authentication.transpose()?;
        let greet = |hello: &mut ElementWriter<'_>| {
            if let Some(authentication) = &authentication {
                authentication.greet(hello);
            }
        };
        let started = Instant::now();
        exchange.send_with(&mut self.greeting.frame(), greet).await.map_err(overloaded)?;
        let reply = exchange.receive().await.map_err(overloaded)?;
        let rtt = started.elapsed();
        let hello = self.read_hello(&reply.body)?;
        if !hello.ok {
            let asked = authentication.as_ref();
            return Err(asked.map_or_else(|| hello.refusal(), |asked| asked.refused(&hello)));
        }
        let load_balanced = self.greeting.load_balanced();
        let service = hello.service_id.filter(|_| load_balanced);
        if load_balanced && service.is_none() {
            return Err(Error::new(Kind::Unsupported, NO_SERVICE));
        }
        let mut limits = if load_balanced { Limits::of_service(&hello) } else { Limits::of(&hello) };
        limits.compressor = self.greeting.choose(&hello.compression);
        let topology_version = reply.body.get_document("topologyVersion").ok().map(ToOwned::to_owned);
        if let Some(authentication) = authentication {
            progress.phase = Phase::Authenticate;
            authentication.run(&mut exchange, &hello, &reply.body).await?;
        }
        let stream = exchange.into_stream();
        Ok(Established { stream, hello, reply: reply.body, topology_version, limits, service, rtt })
    }
}

/// The sentence of the load balancer specification.
const NO_SERVICE: &str = "Driver attempted to initialize in load balancing mode, but the server does not \
    support this mode; check loadBalanced in the connection string, and whether its host is a load balancer";

/// A name that can't be looked up is never a sign of a busy server; a refused or broken
/// connection may be (client back-pressure specification, "Backpressure-enabled" pools).
fn dial_error(error: DialError) -> Error {
    let sentence = match std::error::Error::source(&error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    };
    let network = Error::new(Kind::ConnectionFailure, sentence).network();
    match &error {
        DialError::Lookup { .. } => network.with_source(error),
        DialError::Connect(_) | DialError::Unix(_) => overloaded(network.with_source(error)),
    }
}

/// What TLS finds wrong with the other side is no such sign, whenever it is told of: a server
/// that refuses a client's certificate does so when the client believes the handshake over.
fn overloaded(error: Error) -> Error {
    let of_tls = std::error::Error::source(&error).is_some_and(|source| tls::refusal(source).is_some());
    if error.is_network() && !of_tls {
        error.with_label(label::SYSTEM_OVERLOADED).with_label(label::RETRYABLE)
    } else {
        error
    }
}

fn too_slow(progress: &Progress, limit: Duration) -> Error {
    let what = match progress.phase {
        Phase::Lookup => "the name of the server could not be looked up",
        Phase::Dial => "the server did not take the connection",
        Phase::Tls => "the server took the connection but did not finish the TLS handshake",
        Phase::Hello => "the server took the connection but did not answer the hello",
        Phase::Authenticate => "the server did not finish authentication",
    };
    let mut sentence = format!("{what} within connectTimeoutMS ({} ms)", limit.as_millis());
    let lookup = progress.lookup().as_millis();
    if lookup > 0 {
        sentence.push_str(&format!("; DNS took {lookup} ms of them"));
    }
    if progress.phase == Phase::Tls {
        sentence.push_str("; check that it is set up for TLS");
    }
    let error = Error::new(Kind::ConnectionFailure, sentence).network();
    match progress.phase {
        Phase::Dial | Phase::Tls | Phase::Hello => overloaded(error),
        // A server that came so far has let the connection in; and a slow DNS is not its own.
        Phase::Lookup | Phase::Authenticate => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_comes_before_authentication_is_a_sign_of_a_busy_server() {
        let labelled = |phase| {
            let error = too_slow(&Progress::at(phase), Duration::from_secs(1));
            (error.has_label(label::SYSTEM_OVERLOADED), error.has_label(label::RETRYABLE))
        };
        assert_eq!([Phase::Dial, Phase::Tls, Phase::Hello].map(labelled), [(true, true); 3]);
        assert_eq!([Phase::Lookup, Phase::Authenticate].map(labelled), [(false, false); 2]);
        let (name, error) = ("db".to_owned(), std::io::ErrorKind::NotFound.into());
        let lookup = DialError::Lookup { name, took: Duration::from_millis(7), error };
        assert!(lookup.to_string().contains("DNS took 7 ms"), "{lookup}");
        assert!(dial_error(lookup).labels().is_empty());
        let refused = DialError::Connect(std::io::ErrorKind::ConnectionRefused.into());
        assert!(dial_error(refused).has_label(label::SYSTEM_OVERLOADED));
        assert!(overloaded(Error::new(Kind::Command, "no")).labels().is_empty());
    }
}
