//! `killCursors`, by a caller who wants to know what came of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::cursors::CursorId;
use crate::actors::cursor_manager::{Fates, Kill, KillCommand};
use crate::collection::Running;
use crate::dispatch::{Core, CursorsKilled, FindClosed, Handle, OpenCursor, Scope, closed, execute};
use crate::error::{Error, Kind, Result};
use crate::pool::Namespace;
use crate::topology::ServerAddress;

/// Kills cursors by their ids; see [`Connection::kill_cursors`](crate::Connection::kill_cursors).
///
/// With an error nothing was sent if its kind is [`Kind::InvalidArgument`] or
/// [`Kind::InvalidName`], because of a cursor that can't be found (as for
/// [`close_cursor`](crate::Connection::close_cursor)). Other errors are those of a command that
/// failed; where there were several commands, all were tried. To kill a cursor once more does no
/// harm.
///
/// Cancel safety: what was sent is done.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct KillCursors {
    handle: Handle,
    cursors: Vec<CursorId>,
    timeout: Option<Duration>,
}

/// What servers answered to [`kill_cursors`](crate::Connection::kill_cursors): each id is in one
/// of these lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct KilledCursors {
    /// They were open, and are not any more.
    pub killed: Vec<i64>,
    /// The server has no such cursors: they were closed before, or never were.
    pub not_found: Vec<i64>,
    /// They are open still, for the server could not kill them now.
    pub alive: Vec<i64>,
    /// The server does not say what is with these.
    pub unknown: Vec<i64>,
}

/// Ids in one command, at most: a message has room for many more.
const MOST: usize = 10_000;

impl KillCursors {
    pub(super) fn new(handle: &Handle, cursors: Vec<CursorId>) -> Self {
        Self { handle: handle.clone(), cursors, timeout: None }
    }

    /// The time that this call may take as a whole. Wins over the handle's; zero is no limit.
    /// Afterwards it fails with [`Kind::Timeout`].
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    async fn run(self) -> Result<KilledCursors> {
        let Self { handle, cursors, timeout } = self;
        let limit = timeout.or_else(|| handle.scope().timeout).filter(|limit| !limit.is_zero());
        let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
        let mut kills = Vec::new();
        for (member, cursors) in by_home(&handle, cursors) {
            let located = locate(member.core(), cursors, deadline).await?;
            // Kills are in no session, and in no line for a socket that somebody else holds.
            let member = Handle::new(member.shared().clone(), Scope::default());
            kills.extend(commands(located).into_iter().map(|kill| (member.clone(), kill)));
        }
        let (mut all, mut failure) = (KilledCursors::default(), None);
        for (handle, kill) in kills {
            let (server, namespace) = (kill.server.clone(), kill.namespace.clone());
            let asked = kill.ids.clone();
            let killed = match left(deadline) {
                Ok(left) => execute(handle.clone(), KillCommand::new(kill), Some(left)).await,
                Err(late) => Err(late),
            };
            match killed {
                Ok(fates) => {
                    let ids = [&fates.killed[..], &fates.not_found].concat();
                    handle.core().open_cursors.killed(&server, &namespace, &ids);
                    handle.core().desk.killed.do_send(CursorsKilled { server, namespace, ids });
                    all.add(&asked, fates);
                }
                Err(error) => _ = failure.get_or_insert(error),
            }
        }
        failure.map_or(Ok(all), Err)
    }
}

impl IntoFuture for KillCursors {
    type Output = Result<KilledCursors>;
    type IntoFuture = Running<KilledCursors>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async { self.run().await.map_err(|error| error.with_operation("killCursors")) })
    }
}

impl KilledCursors {
    /// Adds what a server answered about these.
    fn add(&mut self, asked: &[i64], fates: Fates) {
        let Fates { killed, not_found, alive, unknown } = fates;
        let told = [&killed[..], &not_found, &alive, &unknown].concat();
        self.unknown.extend(asked.iter().filter(|id| !told.contains(id)));
        self.killed.extend(killed);
        self.not_found.extend(not_found);
        self.alive.extend(alive);
        self.unknown.extend(unknown);
    }
}

/// These, by the connections that have them open.
fn by_home(handle: &Handle, cursors: Vec<CursorId>) -> Vec<(&Handle, Vec<CursorId>)> {
    // The one asked comes first, and says so if it is closed, also where there is nothing to kill.
    let mut homes: Vec<(&Handle, Vec<CursorId>)> = vec![(handle, Vec::new())];
    for cursor in cursors {
        let home = cursor.home(handle);
        match homes.iter_mut().find(|(other, _)| Arc::ptr_eq(other.shared(), home.shared())) {
            Some((_, there)) => there.push(cursor),
            None => homes.push((home, vec![cursor])),
        }
    }
    homes
}

/// Where all these are. The cursor manager is asked only for those that nobody holds.
async fn locate(core: &Core, cursors: Vec<CursorId>, deadline: Option<Instant>) -> Result<Vec<OpenCursor>> {
    core.snapshot()?;
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for cursor in cursors {
        match cursor.locate(core)? {
            Some(open) => found.push(open),
            None => missing.push(cursor),
        }
    }
    if missing.is_empty() {
        return Ok(found);
    }
    let asking = core.desk.find.send(FindClosed(missing.iter().map(CursorId::id).collect()));
    let answer = match deadline {
        Some(deadline) => core.within(deadline, asking, late).await?,
        None => asking.await,
    };
    let kept = answer.map_err(|_| closed())?;
    if let Some(unknown) = missing.iter().find(|cursor| !kept.iter().any(|kept| kept.id == cursor.id())) {
        return Err(unknown.unknown());
    }
    let kept = kept.into_iter();
    found.extend(kept.map(|it| OpenCursor {
        server: it.server,
        namespace: it.namespace,
        id: it.id,
        lease: None,
    }));
    Ok(found)
}

/// One command for each server and collection, and for each socket that alone leads to a cursor.
fn commands(cursors: Vec<OpenCursor>) -> Vec<Kill> {
    let mut kills = Vec::new();
    let mut ids: BTreeMap<(ServerAddress, Arc<Namespace>), Vec<i64>> = BTreeMap::new();
    for OpenCursor { server, namespace, id, lease } in cursors {
        match lease {
            Some(_) => kills.push(Kill::new(server, namespace, vec![id], lease)),
            None => {
                let ids = ids.entry((server, namespace)).or_default();
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
        }
    }
    for ((server, namespace), ids) in ids {
        let some = ids.chunks(MOST);
        kills.extend(some.map(|ids| Kill::new(server.clone(), namespace.clone(), ids.to_vec(), None)));
    }
    kills
}

/// What is left for one command; zero is no limit.
fn left(deadline: Option<Instant>) -> Result<Duration> {
    let Some(deadline) = deadline else { return Ok(Duration::ZERO) };
    let left = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero());
    left.ok_or_else(late)
}

fn late() -> Error {
    Error::new(Kind::Timeout, "the time ran out before all cursors were killed")
}
