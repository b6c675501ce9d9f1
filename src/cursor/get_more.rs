//! `getMore`, and the batches that follow one unasked.

use std::sync::Arc;
use std::time::Duration;

use super::CursorSettings;
use crate::command::CursorReply;
use crate::dispatch::{self, ClientSession, CommandKind, Handle, InUse, Operation, Plan, SessionPlan, Via};
use crate::error::Result;
use crate::pool::{Answer, Lease, Limits, Namespace, Purpose};
use crate::session::ServerSession;
use crate::topology::{Criteria, ServerAddress};
use crate::wire::{EXHAUST_ALLOWED, FrameBuilder};

/// The next batch of one cursor, on its server and in its session.
#[derive(Debug)]
pub struct GetMore {
    id: i64,
    settings: CursorSettings,
    plan: Plan,
}

/// A further batch.
#[derive(Debug)]
pub struct Fetched {
    /// It.
    pub reply: CursorReply,
    /// The cursor's session, as long as the cursor is open.
    pub session: Option<ServerSession>,
    /// The next one comes unasked.
    pub streams: bool,
    /// The server goes on in the caller's session with that.
    pub in_use: Option<InUse>,
}

/// Servers know the field `comment` of getMore from this wire version on (4.4).
const KNOWS_COMMENT: i32 = 9;

impl GetMore {
    /// The command for one cursor; over its socket, if it has one.
    pub fn new(
        server: ServerAddress,
        id: i64,
        settings: CursorSettings,
        session: Option<ServerSession>,
        lease: Option<Arc<Lease>>,
    ) -> Self {
        let namespace = &settings.namespace;
        let capacity = 112 + namespace.collection.len() + namespace.database.len();
        let plan = Plan {
            session: session.map_or(SessionPlan::None, |session| SessionPlan::Held(Box::new(session))),
            kind: CommandKind::Read,
            via: lease.map_or(Via::Pool, Via::Lease),
            collection: Some(namespace.clone()),
            ..Plan::plain(namespace.database.clone(), Criteria::Server(server), capacity)
        };
        Self { id, settings, plan }
    }
}

impl Operation for GetMore {
    type Output = Fetched;

    fn name(&self) -> &'static str {
        "getMore"
    }

    /// A cursor keeps the batch under way when its caller is dropped, so that no document is
    /// lost. Were that in the line of its session, it would hold up all others for as long as
    /// nobody asks the cursor.
    fn takes_turn(&self) -> bool {
        false
    }

    fn plan(&mut self) -> &mut Plan {
        &mut self.plan
    }

    fn write(&mut self, command: &mut FrameBuilder, limits: &Limits) -> Result<()> {
        // Only a socket of its own can take more replies than one. The one that a load balancer
        // pins has to take the kill as well, for which there would be no room in a stream.
        let parked = matches!(&self.plan.via, Via::Lease(lease) if lease.purpose() == Purpose::Parked);
        if self.settings.exhaust && parked {
            command.set_flags(EXHAUST_ALLOWED);
        }
        let mut elements = command.elements();
        elements.i64("getMore", self.id).str("collection", &self.settings.namespace.collection);
        if let Some(size) = self.settings.batch_size.filter(|size| *size > 0) {
            elements.i32("batchSize", size);
        }
        if let Some(wait) = self.settings.max_await_time {
            // 0 would be the server's own default.
            let millis = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX).max(1);
            elements.i64("maxTimeMS", millis);
        }
        if let Some(comment) = &self.settings.comment
            && limits.max_wire_version >= KNOWS_COMMENT
        {
            elements.splice(comment);
        }
        Ok(())
    }

    fn read(&mut self, answer: &mut Answer, handle: &Handle) -> Result<Fetched> {
        // Before the getMore itself lets go of the session.
        let session = handle.scope().session.as_ref().filter(|_| answer.more_to_come);
        let in_use = session.and_then(ClientSession::join);
        Ok(Fetched { in_use, ..fetched(answer)? })
    }
}

/// The next batch of an exhaust cursor, which the server sends by itself.
pub async fn next_of_stream(
    handle: Handle,
    server: ServerAddress,
    lease: Arc<Lease>,
    session: Option<ServerSession>,
    timeout: Duration,
) -> Result<Fetched> {
    let mut answer = dispatch::next_of_stream(&handle, &server, &lease, session, timeout).await?;
    let fetched = fetched(&mut answer);
    answer.unwanted_session().into_iter().for_each(|session| handle.core().give_back(session));
    fetched.map_err(|error| error.with_operation("getMore").with_server(&server))
}

fn fetched(answer: &mut Answer) -> Result<Fetched> {
    let reply = CursorReply::parse(std::mem::take(&mut answer.body), &answer.server)?;
    let session = if reply.id == 0 { None } else { answer.session.take() };
    Ok(Fetched { reply, session, streams: answer.more_to_come, in_use: None })
}

/// The namespace that a server gave a cursor; mostly the one it was asked for.
pub fn namespace_of(name: &str, asked: Arc<Namespace>) -> Arc<Namespace> {
    match name.split_once('.') {
        Some((database, collection)) if *database == *asked.database && *collection == *asked.collection => {
            asked
        }
        Some((database, collection)) => {
            Arc::new(Namespace { database: database.into(), collection: collection.into() })
        }
        None => asked,
    }
}
