//! The two commands that are the manager's own.

use std::sync::Arc;

use bson::RawDocument;

use super::retries::Kill;
use crate::command::reply;
use crate::dispatch::{CommandKind, Handle, Operation, Plan, Via};
use crate::error::Result;
use crate::pool::{Answer, Limits};
use crate::topology::{Criteria, ReadMode, ReadPreference};
use crate::wire::walk::Walk;
use crate::wire::{FrameBuilder, ProtocolError};

/// `killCursors`, on the server that has the cursors. Without a session: the cursors'
/// own are not needed for it (driver sessions specification, "killCursors"). A server that has
/// too much to do to look at it is asked again, as for every read: what is to be killed is
/// what it has too much of.
#[derive(Debug)]
pub struct KillCommand {
    kill: Kill,
    plan: Plan,
}

impl KillCommand {
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

/// What the server says became of the cursors that a command named.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Fates {
    /// It killed them.
    pub killed: Vec<i64>,
    /// It has none of these.
    pub not_found: Vec<i64>,
    /// It could not kill them now.
    pub alive: Vec<i64>,
    /// It does not know.
    pub unknown: Vec<i64>,
}

const LIST: ProtocolError =
    ProtocolError::Field { field: "a list of cursors", expected: "an array of whole numbers" };

impl Fates {
    fn parse(body: &RawDocument) -> Result<Self, ProtocolError> {
        let mut fates = Self::default();
        for element in Walk::over(body) {
            let element = element?;
            let ids = match element.key {
                b"cursorsKilled" => &mut fates.killed,
                b"cursorsNotFound" => &mut fates.not_found,
                b"cursorsAlive" => &mut fates.alive,
                b"cursorsUnknown" => &mut fates.unknown,
                _ => continue,
            };
            for id in Walk::over(element.as_array().ok_or(LIST)?) {
                ids.push(id?.as_i64().ok_or(LIST)?);
            }
        }
        Ok(fates)
    }
}

impl Operation for KillCommand {
    type Output = Fates;

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

    fn read(&mut self, answer: &mut Answer, _handle: &Handle) -> Result<Fates> {
        Fates::parse(&answer.body).map_err(|error| reply::unreadable(error, &answer.server))
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

#[cfg(test)]
mod tests {
    use bson::rawdoc;

    use super::*;

    #[test]
    fn what_became_of_cursors_is_read_from_the_reply() {
        let reply = rawdoc! {
            "cursorsKilled": [1_i64, 2_i32], "cursorsNotFound": [3_i64], "cursorsAlive": [4_i64],
            "cursorsUnknown": [5_i64], "ok": 1.0,
        };
        let fates = Fates { killed: vec![1, 2], not_found: vec![3], alive: vec![4], unknown: vec![5] };
        assert_eq!(Fates::parse(&reply), Ok(fates));
        assert_eq!(Fates::parse(&rawdoc! { "ok": 1.0 }), Ok(Fates::default()));
        for bad in [rawdoc! { "cursorsKilled": 1 }, rawdoc! { "cursorsAlive": ["x"] }] {
            assert!(Fates::parse(&bad).is_err());
        }
    }
}
