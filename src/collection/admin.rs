//! What the builders have in common that make, change, drop or list things other than
//! documents.

use std::sync::Arc;
use std::time::Duration;

use super::Draft;
use super::draft::{Options, Running};
use crate::dispatch::{CommandKind, Plan, Retry};
use crate::error::{Error, Kind, Result};
use crate::pool::Limits;
use crate::topology::{Criteria, ReadPreference};
use crate::wire::ElementWriter;

/// `NamespaceNotFound`
const NAMESPACE_NOT_FOUND: i32 = 26;
/// Servers know `rawData` from this wire version on (8.2), and must not see it before.
const KNOWS_RAW_DATA: i32 = 27;

impl Draft {
    /// The plan of a command that makes, changes or drops something: it goes to a server
    /// that takes writes, with the handle's write concern, and is never repeated.
    pub fn changing(&mut self, database: &Arc<str>, size: usize) -> Plan {
        let plan = self.writing(database, size);
        self.with_own_limit(Plan { retry: Retry::Never, ..plan })
    }

    /// The plan of a search index command: as any other that changes something, but
    /// without concerns, which such commands must not have (index management
    /// specification).
    pub fn searching(&self, database: &Arc<str>, size: usize) -> Plan {
        let plan = self.plan(database, Criteria::Write, size);
        self.with_own_limit(Plan { retry: Retry::Never, kind: CommandKind::Write, ..plan })
    }

    /// The plan of a command that lists something: it goes to the primary whatever the
    /// handle prefers (enumerate collections and databases specifications), and is repeated
    /// as a read.
    pub fn listing(&self, database: &Arc<str>, size: usize) -> Plan {
        self.with_own_limit(self.plan(database, Criteria::Read(ReadPreference::default()), size))
    }

    /// The server's own limit for the command.
    pub fn max_time(&mut self, limit: Duration) {
        self.set("maxTimeMS", i64::try_from(limit.as_millis()).unwrap_or(i64::MAX));
    }

    /// A limit that the caller gave the server wins over what is left of the timeout.
    fn with_own_limit(&self, plan: Plan) -> Plan {
        Plan { max_time: plan.max_time && self.options.get("maxTimeMS").is_none(), ..plan }
    }
}

/// The option `rawData`, apart from the others since not all servers may see it.
#[derive(Clone, Debug)]
pub struct RawData(Options);

impl RawData {
    /// Takes it out of the others.
    pub fn split_off(options: &mut Options) -> Self {
        Self(options.split_off(&["rawData"]))
    }

    /// Appends it for a server that knows it.
    pub fn write(&self, command: &mut ElementWriter<'_>, limits: &Limits) {
        if limits.max_wire_version >= KNOWS_RAW_DATA {
            self.0.write(command);
        }
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
