//! The two commands that are the manager's own.

use std::sync::Arc;

use super::batch::Kill;
use crate::dispatch::{CommandKind, Handle, Operation, Plan, Via};
use crate::error::Result;
use crate::pool::{Answer, Limits};
use crate::topology::{Criteria, ReadMode, ReadPreference};
use crate::wire::FrameBuilder;

/// `killCursors`, on the server that has the cursors. Without a session: the cursors'
/// own are not needed for it (driver sessions specification, "killCursors"). A server that has
/// too much to do to look at it is asked again, as for every read: what is to be killed is
/// what it has too much of.
#[derive(Debug)]
pub struct KillCursors {
    kill: Kill,
    plan: Plan,
}

impl KillCursors {
    /// The command of one batch.
    pub fn new(mut kill: Kill) -> Self {
        let (database, target) = (kill.namespace.database.clone(), Criteria::Server(kill.server.clone()));
        let plan = Plan {
            kind: CommandKind::Read,
            via: kill.lease.take().map_or(Via::Pool, Via::Lease),
            ..Plan::plain(database, target, 64 + 16 * kill.ids.len())
        };
        Self { kill, plan }
    }
}

impl Operation for KillCursors {
    type Output = ();

    fn name(&self) -> &'static str {
        "killCursors"
    }

    fn plan(&mut self) -> &mut Plan {
        &mut self.plan
    }

    fn write(&mut self, command: &mut FrameBuilder, _limits: &Limits) -> Result<()> {
        let mut elements = command.elements();
        elements.str("killCursors", &self.kill.namespace.collection).array_with("cursors", |ids| {
            for (index, id) in self.kill.ids.iter().enumerate() {
                ids.i64(&index.to_string(), *id);
            }
        });
        Ok(())
    }

    fn read(&mut self, _answer: &mut Answer, _handle: &Handle) -> Result<()> {
        Ok(())
    }
}

/// `endSessions`, at the end of a connection. As for kills, a server that has too much to do is
/// asked again.
#[derive(Debug)]
pub struct EndSessions {
    ids: Vec<[u8; 16]>,
    plan: Plan,
}

/// Most sessions one command may end (driver sessions specification, "endSessions").
const MOST: usize = 10_000;

impl EndSessions {
    /// Splits ids into commands.
    pub fn batches(ids: Vec<[u8; 16]>) -> Vec<Vec<[u8; 16]>> {
        ids.chunks(MOST).map(<[_]>::to_vec).collect()
    }

    /// The command of one batch.
    pub fn new(ids: Vec<[u8; 16]>) -> Self {
        let target = Criteria::Read(ReadPreference::new(ReadMode::PrimaryPreferred));
        let plan =
            Plan { kind: CommandKind::Any, ..Plan::plain(Arc::from("admin"), target, 64 + 40 * ids.len()) };
        Self { ids, plan }
    }
}

impl Operation for EndSessions {
    type Output = ();

    fn name(&self) -> &'static str {
        "endSessions"
    }

    fn plan(&mut self) -> &mut Plan {
        &mut self.plan
    }

    fn write(&mut self, command: &mut FrameBuilder, _limits: &Limits) -> Result<()> {
        command.elements().array_with("endSessions", |ids| {
            for (index, id) in self.ids.iter().enumerate() {
                ids.document_with(&index.to_string(), |session| {
                    session.uuid("id", id);
                });
            }
        });
        Ok(())
    }

    fn read(&mut self, _answer: &mut Answer, _handle: &Handle) -> Result<()> {
        Ok(())
    }
}
