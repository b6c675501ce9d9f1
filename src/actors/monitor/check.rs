//! One check after the other over one socket: the handshake of a new socket is the first,
//! then the server streams its hellos, or is asked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bson::RawDocumentBuf;

use super::MonitorPlan;
use crate::command::hello::{self, Await};
use crate::error::{Error, Kind};
use crate::establish::{Established, Exchange};
use crate::events::Heartbeat;
use crate::topology::{CheckFailure, HelloReply};
use crate::wire::Reply;

/// A check that succeeded.
#[derive(Debug)]
pub struct Checked {
    /// The server's answer.
    pub reply: Arc<HelloReply>,
    /// How long it took; `None` for an awaited hello, which waited on purpose.
    pub rtt: Option<Duration>,
    /// The next check begins at once: the server streams.
    pub goes_on: bool,
}

/// The state of the checks of one server.
#[derive(Debug)]
pub struct Check<'a> {
    plan: &'a MonitorPlan,
    streaming: bool,
    /// Listeners hear of its checks; not of those that measure round trips.
    told: bool,
    socket: Option<Exchange>,
    hello_ok: bool,
    /// The server's latest, if it has one: then it can await changes.
    topology_version: Option<RawDocumentBuf>,
    /// The server sends the next reply without being asked.
    more_to_come: bool,
}

type Failed = (CheckFailure, Error);

impl<'a> Check<'a> {
    /// Not connected yet.
    pub fn new(plan: &'a MonitorPlan) -> Self {
        let streaming = plan.streaming;
        let (hello_ok, topology_version, more_to_come) = (false, None, false);
        Self { plan, streaming, told: true, socket: None, hello_ok, topology_version, more_to_come }
    }

    /// The same, but it asks each time, does not have the server wait, and tells no listener.
    pub fn polling(mut self) -> Self {
        self.streaming = false;
        self.told = false;
        self
    }

    /// Whether the next check has a socket from the one before.
    pub fn is_connected(&self) -> bool {
        self.socket.is_some()
    }

    /// Closes the socket; the next check opens a new one.
    pub fn disconnect(&mut self) {
        self.socket = None;
        self.more_to_come = false;
    }

    /// Does one check. Dropped half-way, [`disconnect`](Self::disconnect) must follow.
    pub async fn next(&mut self) -> Result<Checked, Failed> {
        let awaits = self.socket.is_some() && self.streaming && self.topology_version.is_some();
        self.tell(|checks| {
            if self.socket.is_none() {
                checks.connecting();
            }
            checks.started(awaits);
        });
        let checked = match self.socket {
            None => self.handshake().await,
            Some(_) => self.again(awaits).await,
        };
        match &checked {
            Ok((checked, reply)) => self.tell(|checks| checks.succeeded(checked.rtt, reply)),
            Err((_, error)) => self.tell(|checks| checks.failed(error)),
        }
        checked.map(|(checked, _)| checked)
    }

    async fn again(&mut self, awaits: bool) -> Result<(Checked, RawDocumentBuf), Failed> {
        let limit = self.plan.dialer.connect_timeout;
        let limit = limit.map(|limit| if awaits { limit + self.plan.heartbeat } else { limit });
        let started = Instant::now();
        let reply = match limit {
            None => self.ask(awaits).await,
            Some(limit) => match tokio::time::timeout(limit, self.ask(awaits)).await {
                Ok(result) => result,
                Err(_) => Err((CheckFailure::Timeout, self.silent(limit))),
            },
        }?;
        self.checked(reply, (!awaits).then(|| started.elapsed()))
    }

    async fn handshake(&mut self) -> Result<(Checked, RawDocumentBuf), Failed> {
        let established = self.plan.dialer.establish(&self.plan.server).await;
        let Established { stream, hello, reply, topology_version, rtt, .. } =
            established.map_err(|failed| {
                let failure =
                    if failed.error.is_network() { CheckFailure::Network } else { CheckFailure::Command };
                (if failed.timed_out { CheckFailure::Timeout } else { failure }, failed.error)
            })?;
        self.tell(|checks| checks.connected(hello.connection_id));
        self.socket = Some(Exchange::new(stream).accepting(self.plan.dialer.greeting.accepted()));
        self.hello_ok = hello.hello_ok;
        self.topology_version = topology_version;
        let goes_on = self.streaming && self.topology_version.is_some();
        Ok((Checked { reply: Arc::new(hello), rtt: Some(rtt), goes_on }, reply))
    }

    async fn ask(&mut self, awaits: bool) -> Result<Reply, Failed> {
        let Some(socket) = &mut self.socket else {
            return Err((CheckFailure::Network, Error::new(Kind::Internal, "a check without a socket")));
        };
        if !self.more_to_come {
            let version = self.topology_version.as_ref().filter(|_| awaits);
            let wait = version.map(|version| Await {
                topology_version: version,
                at_most: self.plan.heartbeat,
                exhaust: true,
            });
            let mut frame = hello::check(self.hello_ok, wait, self.plan.dialer.greeting.server_api());
            socket.send(&mut frame).await.map_err(|error| self.network(error))?;
        }
        let reply = match &mut self.socket {
            Some(socket) => socket.receive().await,
            None => Err(Error::new(Kind::Internal, "a check without a socket")),
        };
        reply.map_err(|error| self.network(error))
    }

    fn checked(&mut self, reply: Reply, rtt: Option<Duration>) -> Result<(Checked, RawDocumentBuf), Failed> {
        let command = |error: Error| (CheckFailure::Command, error.with_server(&self.plan.server));
        let hello = HelloReply::parse(&reply.body).map_err(command)?;
        if !hello.ok {
            return Err(command(hello.refusal()));
        }
        self.more_to_come = reply.more_to_come();
        self.topology_version = reply.body.get_document("topologyVersion").ok().map(ToOwned::to_owned);
        let goes_on = self.streaming && self.topology_version.is_some();
        let goes_on = goes_on || self.more_to_come;
        Ok((Checked { reply: Arc::new(hello), rtt, goes_on }, reply.body))
    }

    fn tell(&self, tell: impl FnOnce(&Heartbeat)) {
        if self.told {
            tell(&self.plan.checks);
        }
    }

    fn network(&self, error: Error) -> Failed {
        (CheckFailure::Network, error.with_server(&self.plan.server))
    }

    fn silent(&self, limit: Duration) -> Error {
        let sentence = format!("the server did not answer a hello within {} ms", limit.as_millis());
        Error::new(Kind::ConnectionFailure, sentence).network().with_server(&self.plan.server)
    }
}
