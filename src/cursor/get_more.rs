//! `getMore`.

use std::sync::Arc;

use super::CursorSettings;
use crate::command::CursorReply;
use crate::dispatch::{CommandKind, Handle, Operation, Plan, SessionPlan};
use crate::error::Result;
use crate::pool::{Answer, Limits, Namespace};
use crate::session::ServerSession;
use crate::topology::{Criteria, ServerAddress};
use crate::wire::FrameBuilder;

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
}

/// Servers know the field `comment` of getMore from this wire version on (4.4).
const KNOWS_COMMENT: i32 = 9;

impl GetMore {
    /// The command for one cursor.
    pub fn new(
        server: ServerAddress,
        id: i64,
        settings: CursorSettings,
        session: Option<ServerSession>,
    ) -> Self {
        let namespace = &settings.namespace;
        let capacity = 96 + namespace.collection.len() + namespace.database.len();
        let plan = Plan {
            session: session.map_or(SessionPlan::None, SessionPlan::Held),
            kind: CommandKind::Read,
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

    fn plan(&mut self) -> &mut Plan {
        &mut self.plan
    }

    fn write(&mut self, command: &mut FrameBuilder, limits: &Limits) -> Result<()> {
        let mut elements = command.elements();
        elements.i64("getMore", self.id).str("collection", &self.settings.namespace.collection);
        if let Some(size) = self.settings.batch_size.filter(|size| *size > 0) {
            elements.i32("batchSize", size);
        }
        if let Some(comment) = &self.settings.comment
            && limits.max_wire_version >= KNOWS_COMMENT
        {
            elements.splice(comment);
        }
        Ok(())
    }

    fn read(&mut self, answer: &mut Answer, _handle: &Handle) -> Result<Fetched> {
        let reply = CursorReply::parse(std::mem::take(&mut answer.body), &answer.server)?;
        let session = if reply.id == 0 { None } else { answer.session.take() };
        Ok(Fetched { reply, session })
    }
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
