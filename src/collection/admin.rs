//! What the builders have in common that make, change, drop or list things other than
//! documents.

use super::Draft;
use super::draft::Running;
use super::place::Place;
use crate::dispatch::{CommandKind, Plan, Retry, SessionTimes};
use crate::error::{Error, Kind, Result};
use crate::topology::{Criteria, ReadPreference};

/// `NamespaceNotFound`
const NAMESPACE_NOT_FOUND: i32 = 26;

impl Draft {
    /// The plan of a command that makes, changes or drops something: it goes to a server
    /// that takes writes, with the handle's write concern, and is never repeated.
    pub fn changing(&mut self, place: &impl Place, size: usize) -> Plan {
        let plan = self.writing(place, size);
        Plan { retry: Retry::Never, ..plan }
    }

    /// The same, for one of those commands that may not name the time of a session
    /// (read and write concern specification, "afterClusterTime").
    pub fn altering(&mut self, place: &impl Place, size: usize) -> Plan {
        Plan { times: SessionTimes::Snapshot, ..self.changing(place, size) }
    }

    /// The plan of a search index command: as any other that changes something, but
    /// without concerns, which such commands must not have (index management
    /// specification).
    pub fn searching(&self, place: &impl Place, size: usize) -> Plan {
        let plan = self.plan(place, Criteria::Write, size);
        Plan { retry: Retry::Never, kind: CommandKind::Write, times: SessionTimes::None, ..plan }
    }

    /// The plan of a command that lists something: it goes to the primary whatever the
    /// handle prefers (enumerate collections and databases specifications), and is repeated
    /// as a read.
    pub fn listing(&self, place: &impl Place, size: usize) -> Plan {
        self.plan(place, Criteria::Read(ReadPreference::default()), size)
    }
}

/// The same call, for which it is no error that what is to be dropped is not there.
pub fn gone_is_well(running: Running<()>) -> Running<()> {
    Box::pin(async move { running.await.or_else(forgive) })
}

fn forgive(error: Error) -> Result<()> {
    match error.code() {
        Some(NAMESPACE_NOT_FOUND) if error.kind() == Kind::Command => Ok(()),
        _ => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_well_dropped_and_nothing_else_is() {
        let command = |code| Error::new(Kind::Command, "no").with_code(code, None);
        assert!(forgive(command(26)).is_ok());
        assert!(forgive(command(13)).is_err());
        assert!(forgive(Error::new(Kind::Write, "no").with_code(26, None)).is_err());
    }
}
