//! Cursors by their ids: how they are named, where they are, and who decides when they are
//! killed.

use std::fmt;
use std::sync::Arc;

use super::Connection;
use super::kill_cursors::KillCursors;
use crate::collection::Running;
use crate::command::name::check_database;
use crate::cursor_policy::{CursorManager, NamedManager};
use crate::dispatch::{Core, Handle, OpenCursor, SetCursorManager, closed};
use crate::error::{Error, Kind, Result};
use crate::pool::Namespace;
use crate::topology::ServerAddress;

/// Names a cursor on a server, for [`Connection::close_cursor`] and
/// [`Connection::kill_cursors`]. Made of
/// - its id, if this connection opened it and holds it open;
/// - its namespace and id (`("hotel.rooms", id)`), if another connection opened it, and the
///   deployment has one server that holds data;
/// - its server, namespace and id (`("db.example:27017", "hotel.rooms", id)`) else.
///
/// The namespace is the one that the server gave with the cursor: that of lists and of
/// pipelines over a database is `database.$cmd.something`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CursorId {
    id: i64,
    namespace: Option<String>,
    server: Option<String>,
}

impl From<i64> for CursorId {
    fn from(id: i64) -> Self {
        Self { id, namespace: None, server: None }
    }
}

impl<N: AsRef<str>> From<(N, i64)> for CursorId {
    fn from((namespace, id): (N, i64)) -> Self {
        Self { id, namespace: Some(namespace.as_ref().to_owned()), server: None }
    }
}

impl<S: ToString, N: AsRef<str>> From<(S, N, i64)> for CursorId {
    fn from((server, namespace, id): (S, N, i64)) -> Self {
        Self { server: Some(server.to_string()), ..Self::from((namespace, id)) }
    }
}

impl fmt::Display for CursorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id)?;
        if let Some(namespace) = &self.namespace {
            write!(f, " of {namespace}")?;
        }
        self.server.as_ref().map_or(Ok(()), |server| write!(f, " on {server}"))
    }
}

impl CursorId {
    /// The server's name for it.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// The connection that has it open, of a master and its slaves; the one asked, if none has.
    pub(super) fn home<'a>(&self, handle: &'a Handle) -> &'a Handle {
        let has = |member: &&Handle| {
            let open = member.core().open_cursors.find(self.id);
            open.iter().any(|open| self.is_named(open))
        };
        handle.members().find(has).unwrap_or(handle)
    }

    /// Whether what was said of it besides its id is true of this one.
    fn is_named(&self, open: &OpenCursor) -> bool {
        let OpenCursor { server, namespace, .. } = open;
        let own = |named: &String| split(named).is_ok_and(|named| named == **namespace);
        let there = |named: &String| parse(named).is_some_and(|named| named == *server);
        self.namespace.as_ref().is_none_or(own) && self.server.as_ref().is_none_or(there)
    }

    /// Where the cursor is, as far as this connection knows; `None` if it knows no such cursor,
    /// and was not told its namespace.
    pub(super) fn locate(&self, core: &Core) -> Result<Option<OpenCursor>> {
        if self.id == 0 {
            return Err(refused("0 is no cursor: servers use it for one that they have closed"));
        }
        let namespace = self.namespace.as_deref().map(split).transpose()?;
        let server = self.server.as_deref().map(|server| known(core, server)).transpose()?;
        let mut own = core.open_cursors.find(self.id);
        own.retain(|own| self.is_named(own));
        let namespace = match (own.pop(), namespace) {
            (Some(one), _) if own.is_empty() => return Ok(Some(one)),
            (Some(_), _) => return Err(refused(format!("two servers have a cursor {self}: say on which"))),
            (None, None) => return Ok(None),
            (None, Some(namespace)) => Arc::new(namespace),
        };
        let server = server.map_or_else(|| the_one(core, self), Ok)?;
        Ok(Some(OpenCursor { server, namespace, id: self.id, lease: None }))
    }

    /// The error for a cursor that nobody here knows.
    #[cold]
    pub(super) fn unknown(&self) -> Error {
        let id = self.id;
        refused(format!(
            "this connection has no cursor {id} open: if it was opened by it, it was read to its end, closed or \
             killed since; if by another one, name its namespace as well, (\"database.collection\", {id})"
        ))
    }
}

fn refused(sentence: impl Into<String>) -> Error {
    Error::new(Kind::InvalidArgument, sentence)
}

/// Servers give cursors namespaces that no collection may have, so these are not looked at.
fn split(namespace: &str) -> Result<Namespace> {
    let parts = namespace.split_once('.').filter(|(_, rest)| !rest.is_empty() && !rest.contains('\0'));
    let (database, collection) = parts.ok_or_else(|| {
        let sentence = format!("{namespace:?} is no namespace: it has to be \"database.collection\"");
        Error::new(Kind::InvalidName, sentence)
    })?;
    check_database(database)?;
    Ok(Namespace { database: database.into(), collection: collection.into() })
}

fn parse(server: &str) -> Option<ServerAddress> {
    ServerAddress::unix(server).or_else(|| ServerAddress::parse(server))
}

/// A server of the deployment's by its address.
fn known(core: &Core, server: &str) -> Result<ServerAddress> {
    let address = parse(server).ok_or_else(|| refused(format!("{server:?} is no server's address")))?;
    let snapshot = core.snapshots.borrow();
    let servers = &snapshot.topology.servers;
    match servers.contains_key(&address) {
        true => Ok(address),
        false => Err(refused(format!("{address} is not in the deployment, but {}", list(servers.keys())))),
    }
}

/// The server to ask where none is named.
fn the_one(core: &Core, cursor: &CursorId) -> Result<ServerAddress> {
    let snapshot = core.snapshots.borrow();
    let servers = &snapshot.topology.servers;
    let with_data = servers.values().filter(|server| server.kind.is_data_bearing());
    let mut candidates: Vec<&ServerAddress> = with_data.map(|server| &server.address).collect();
    if candidates.is_empty() {
        // It will turn out to be one, or the call fails.
        candidates.extend(servers.keys());
    }
    match candidates[..] {
        [one] => Ok(one.clone()),
        _ => Err(refused(format!(
            "the cursor {cursor} may be on any of {}: name its server as well",
            list(candidates)
        ))),
    }
}

fn list<'a>(servers: impl IntoIterator<Item = &'a ServerAddress>) -> String {
    let names: Vec<String> = servers.into_iter().map(ToString::to_string).collect();
    if names.is_empty() { "no server".to_owned() } else { names.join(", ") }
}

impl<D> Connection<D> {
    /// Closes a cursor by its id. What that means is for the
    /// [cursor manager](crate::CursorManager) to decide: by default it is killed within 50 ms,
    /// together with others. Neither waits nor sends anything itself; see
    /// [`kill_cursors`](Self::kill_cursors) for what does.
    ///
    /// A [`Cursor`](crate::Cursor) that is still held fails with the server's `CursorNotFound`
    /// when it asks for a further batch after that.
    ///
    /// Fails with [`Kind::InvalidArgument`] if this connection has no such cursor open and its
    /// namespace is not named, if it could be on several servers and none is named, or if the
    /// one that is named is not part of the deployment; with [`Kind::InvalidName`] if the
    /// namespace is none; with [`Kind::Closed`] once the connection is closed.
    ///
    /// ```no_run
    /// # use actix_mongo::bson::doc;
    /// # async fn example(connection: actix_mongo::Connection) -> actix_mongo::Result<()> {
    /// let rooms: actix_mongo::Collection = connection.database("hotel")?.collection("rooms")?;
    /// let cursor = rooms.find(doc! {}).batch_size(10).await?;
    /// connection.close_cursor(cursor.id())?;
    /// // One that another connection opened.
    /// connection.close_cursor(("hotel.rooms", 4242))?;
    /// # Ok(()) }
    /// ```
    pub fn close_cursor(&self, cursor: impl Into<CursorId>) -> Result<()> {
        let cursor = cursor.into();
        self.handle.core().snapshot()?;
        let core = cursor.home(&self.handle).core();
        let found = cursor.locate(core)?.ok_or_else(|| cursor.unknown())?;
        let OpenCursor { server, namespace, id, lease } = found;
        core.retire_pinned(server, namespace, id, lease);
        Ok(())
    }

    /// Kills cursors by their ids now, whatever the [cursor manager](crate::CursorManager)
    /// thinks of it, and says what the server answers: in one command for each server and
    /// collection. What the manager keeps is found as well.
    ///
    /// A `getMore` that is under way on such a cursor fails, with the server's error.
    ///
    /// ```no_run
    /// # async fn example(connection: actix_mongo::Connection) -> actix_mongo::Result<()> {
    /// let killed = connection.kill_cursors([("hotel.rooms", 4242), ("hotel.guests", 4243)]).await?;
    /// println!("killed {:?}, not there {:?}", killed.killed, killed.not_found);
    /// # Ok(()) }
    /// ```
    pub fn kill_cursors(&self, cursors: impl IntoIterator<Item: Into<CursorId>>) -> KillCursors {
        KillCursors::new(&self.handle, cursors.into_iter().map(Into::into).collect())
    }

    /// Sets who decides when closed cursors are killed, for the whole connection; see
    /// [`CursorManager`]. Ready once it does: cursors that are closed after that are its own,
    /// and those that the one before left as well. None is lost.
    ///
    /// Fails with [`Kind::Closed`] once the connection is closed.
    ///
    /// Cancel safety: dropped before it is ready, the manager is set or not.
    ///
    /// ```no_run
    /// # async fn example(connection: actix_mongo::Connection) -> actix_mongo::Result<()> {
    /// connection.set_cursor_manager(actix_mongo::ImmediateCursorManager::new()).await?;
    /// # Ok(()) }
    /// ```
    pub fn set_cursor_manager(&self, manager: impl CursorManager) -> Running<()> {
        let (handle, manager) = (self.handle.clone(), NamedManager::new(manager));
        Box::pin(async move {
            let core = handle.core();
            core.snapshot()?;
            match core.desk.set.send(SetCursorManager(manager)).await {
                Ok(true) => Ok(()),
                Ok(false) | Err(_) => Err(closed()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_named_by_more_or_less() {
        let names = [CursorId::from(7), ("d.c", 7).into(), ("h:1", "d.c".to_owned(), 7).into()];
        assert_eq!(names.map(|name| name.to_string()), ["7", "7 of d.c", "7 of d.c on h:1"]);
        let server = ServerAddress::new("h", 1);
        assert_eq!(CursorId::from((server, "d.c", 7)), CursorId::from(("h:1", "d.c", 7)));
    }

    #[test]
    fn servers_own_namespaces_are_such_and_halves_of_one_are_not() {
        let namespace = split("d.$cmd.aggregate").unwrap();
        assert_eq!((&*namespace.database, &*namespace.collection), ("d", "$cmd.aggregate"));
        for bad in ["", "d", "d.", ".c", "a b.c", "d.c\0"] {
            assert_eq!(split(bad).unwrap_err().kind(), Kind::InvalidName, "{bad:?}");
        }
    }
}
