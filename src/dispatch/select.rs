//! From what an operation asks for to the pool of one server; waits if none suits.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::watch;

use super::shared::Core;
use crate::actors::snapshot::Snapshot;
use crate::error::{Error, Kind, Result};
use crate::events::SelectionWatch;
use crate::pool::Pool;
use crate::race::{Either, race};
use crate::topology::{Criteria, ReadMode, ReadPreference, ServerAddress, selection};

/// A server that was picked, and the picture it was picked from.
#[derive(Debug)]
pub struct Selected {
    /// Its pool.
    pub pool: Arc<Pool>,
    /// The picture.
    pub snapshot: Arc<Snapshot>,
}

/// For whom a server is wanted, as logs are told.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// The command's name.
    pub command: &'a str,
    /// See [`Core::operation_id`].
    pub operation_id: i64,
    /// `None` unless logs want every step.
    pub watch: Option<&'a SelectionWatch>,
}

impl Core {
    /// Picks a server for `target` from a picture of at least this version. Waits for
    /// one until `deadline`, then fails with a sentence about every server.
    ///
    /// Cancel safety: nothing is held while it waits.
    pub async fn select(
        &self,
        target: &Criteria,
        version: u64,
        avoid: &[ServerAddress],
        deadline: Instant,
        closing: bool,
        asking: Option<Asking<'_>>,
    ) -> Result<Selected> {
        // Apart and boxed: whoever finds a server at once need not have room for the wait.
        match self.select_now(target, version, avoid, closing)? {
            (_, Some(selected)) => Ok(selected),
            (_, None) => Box::pin(self.wait_for(target, version, avoid, deadline, closing, asking)).await,
        }
    }

    /// Logs hear that a server is wanted for this command, if they want to.
    #[inline]
    pub fn selection_starts(
        &self,
        command: &str,
        operation_id: i64,
        target: &Criteria,
    ) -> Option<Box<SelectionWatch>> {
        if !self.listeners.logs_selection() {
            return None;
        }
        let watch = SelectionWatch::of(&self.listeners, command, operation_id, target);
        watch.started(&self.snapshots.borrow().topology);
        Some(watch)
    }

    /// Logs hear that there is no server yet, be it all that they want to hear or not.
    fn tell_waiting(&self, asking: Asking<'_>, target: &Criteria, deadline: Instant) {
        let Asking { command, operation_id, watch } = asking;
        let topology = self.snapshots.borrow().topology.clone();
        match watch {
            Some(watch) => watch.waiting(&topology, deadline),
            None if self.listeners.logs_waiting() => {
                let operation_id = if operation_id == 0 { Self::next_operation_id() } else { operation_id };
                SelectionWatch::of(&self.listeners, command, operation_id, target)
                    .waiting(&topology, deadline);
            }
            None => {}
        }
    }

    /// Logs hear how that ended. The result goes through, so that a call keeps no room for it.
    pub fn selection_ends(
        &self,
        told: Option<Box<SelectionWatch>>,
        result: Result<Selected>,
    ) -> Result<Selected> {
        if let Some(told) = told {
            match &result {
                Ok(Selected { pool, snapshot }) => told.succeeded(&snapshot.topology, pool.address()),
                Err(error) => told.failed(&self.snapshots.borrow().topology, error),
            }
        }
        result
    }

    /// Picks a server from the present picture, if it is new enough and has one.
    fn select_now(
        &self,
        target: &Criteria,
        version: u64,
        avoid: &[ServerAddress],
        closing: bool,
    ) -> Result<(u64, Option<Selected>)> {
        let snapshot = if closing { self.any_snapshot()? } else { self.snapshot()? };
        let seen = snapshot.version;
        if seen < version {
            return Ok((seen, None));
        }
        let pool = self.pick(&snapshot, target, avoid)?;
        Ok((seen, pool.map(|pool| Selected { pool, snapshot })))
    }

    /// The server that a call for `target` would go to at this moment, if there is one.
    pub(super) fn server_now(&self, target: &Criteria) -> Option<ServerAddress> {
        let snapshot = self.snapshot().ok()?;
        let pool = self.pick(&snapshot, target, &[]).ok()??;
        Some(pool.address().clone())
    }

    async fn wait_for(
        &self,
        target: &Criteria,
        version: u64,
        avoid: &[ServerAddress],
        deadline: Instant,
        closing: bool,
        asking: Option<Asking<'_>>,
    ) -> Result<Selected> {
        let mut waiting: Option<Watch> = None;
        loop {
            let (seen, selected) = self.select_now(target, version, avoid, closing)?;
            if let Some(selected) = selected {
                return Ok(selected);
            }
            if closing {
                // Nothing is watched any more: waiting would bring no server.
                return Err(self.nothing_found(target));
            }
            if let Some(error) = self.snapshots.borrow().cannot_be_seeded() {
                return Err(error.clone());
            }
            let (changes, alarm) = waiting.get_or_insert_with(|| {
                if let Some(asking) = asking {
                    self.tell_waiting(asking, target, deadline);
                }
                let mut changes = self.snapshots.clone();
                changes.mark_unchanged();
                (changes, self.alarms.wake_at(deadline))
            });
            // The picture may have changed between the look at it and the clone above.
            if changes.borrow_and_update().version == seen {
                self.check_now();
                match race(Box::pin(changes.changed()), alarm).await {
                    Either::Left(Ok(())) => {}
                    Either::Left(Err(_)) => {
                        return Err(self.snapshot().err().unwrap_or_else(super::shared::closed));
                    }
                    Either::Right(_) => return Err(self.nothing_found(target)),
                }
            }
        }
    }

    fn pick(
        &self,
        snapshot: &Snapshot,
        target: &Criteria,
        avoid: &[ServerAddress],
    ) -> Result<Option<Arc<Pool>>> {
        let preference = target.preference(&snapshot.topology);
        match target {
            Criteria::Server(address) => {
                let Some(pool) = snapshot.pools.get(address) else {
                    let sentence = format!("the server {address} is no longer part of the deployment");
                    return Err(Error::new(Kind::ServerSelection, sentence).with_server(address));
                };
                return Ok(Some(pool.clone()));
            }
            _ if preference.is_some_and(|preference| preference.mode() != ReadMode::Primary) => {}
            _ => {
                if let Some(primary) = &snapshot.primary {
                    return Ok(Some(primary.clone()));
                }
            }
        }
        let suitable =
            selection::suitable(&snapshot.topology, target, avoid, self.options.heartbeat_frequency)?;
        let window = selection::in_window(suitable, self.options.local_threshold);
        let load = |address: &ServerAddress| snapshot.pools.get(address).map_or(0, |pool| pool.operations());
        let picked = selection::pick(&window, load, |count| fastrand::usize(..count));
        Ok(picked.and_then(|server| snapshot.pools.get(&server.address).cloned()))
    }

    fn nothing_found(&self, target: &Criteria) -> Error {
        let snapshot = self.snapshots.borrow().clone();
        let why = selection::why_none(&snapshot.topology, target, Instant::now());
        let pools: Vec<String> = snapshot
            .pools
            .values()
            .map(|pool| {
                let stats = pool.stats();
                format!(
                    "pool of {}: {}, {} sockets, {} waiting",
                    pool.address(),
                    stats.state,
                    stats.total,
                    stats.queued
                )
            })
            .collect();
        let error =
            |sentence| Error::new(Kind::ServerSelection, sentence).with_seen_version(snapshot.version);
        match &snapshot.seeding {
            Some(seeding) => error(format!("{why}: {}", seeding.message())).with_source(seeding.clone()),
            None => error(format!("{why}. {}", pools.join("; "))),
        }
    }
}

type Watch = (watch::Receiver<Arc<Snapshot>>, tokio::sync::oneshot::Receiver<()>);

/// The `$readPreference` to send (server selection specification, "Passing read
/// preference").
pub fn read_preference(snapshot: &Snapshot, pool: &Pool, target: &Criteria) -> Option<ReadPreference> {
    let server = snapshot.topology.servers.get(pool.address())?;
    let primary = ReadPreference::new(ReadMode::Primary);
    let preference = target.preference(&snapshot.topology).unwrap_or(&primary);
    preference.for_server(snapshot.topology.kind, server.kind)
}
