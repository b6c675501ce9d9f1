//! What the scripted server saw, and the waiting for it.

use bson::Document;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Everything the server saw so far, in order.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// Every connection accepted; number `n` stands at `n - 1`.
    pub connections: Vec<ConnectionRecord>,
    /// Every command read, whole messages only.
    pub commands: Vec<CommandRecord>,
    /// What clients did against the protocol. Each of these closed its
    /// connection.
    pub protocol_errors: Vec<String>,
}

/// A connection that was accepted.
#[derive(Clone, Debug)]
pub struct ConnectionRecord {
    /// The first accepted is 1.
    pub number: usize,
    /// The client's end.
    pub peer: SocketAddr,
    /// How it ended; `None` while it is open.
    pub end: Option<End>,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The client closed it.
    ByClient,
    /// The client closed it within a message, or reset it.
    BrokenByClient,
    /// The server closed it: a rule, a protocol error or the server's stop.
    ByServer,
}

/// A command that was read.
#[derive(Clone, Debug)]
pub struct CommandRecord {
    /// Its place among all commands of the server, from 0.
    pub order: usize,
    /// The connection it came on; the first accepted is 1.
    pub connection: usize,
    /// The command's name, as sent.
    pub name: String,
    /// Its `$db`.
    pub database: String,
    /// The body, with sections of kind 1 put in as arrays.
    pub body: Document,
    /// The flag bits as sent.
    pub flags: u32,
    /// The client's number for the message.
    pub request_id: i32,
    /// The number of the compressor it came with.
    pub compressor: Option<u8>,
    /// Bytes of the whole message, as it came.
    pub length: usize,
    /// Whether the server has begun to write its answer.
    pub answered: bool,
}

impl CommandRecord {
    /// Whether this is a handshake or a monitor's question.
    pub fn is_hello(&self) -> bool {
        ["hello", "ismaster"].contains(&self.name.to_ascii_lowercase().as_str())
    }
}

impl Log {
    /// The commands of this name (any case), in order.
    pub fn commands_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a CommandRecord> {
        self.commands.iter().filter(move |command| command.name.eq_ignore_ascii_case(name))
    }

    /// How many commands of this name (any case) came.
    pub fn count(&self, name: &str) -> usize {
        self.commands_named(name).count()
    }

    /// How many connections are open now.
    pub fn open_connections(&self) -> usize {
        self.connections.iter().filter(|it| it.end.is_none()).count()
    }

    /// The numbers of the connections that carried anything but handshakes, in
    /// the order of their first such command: those of the pool, not the
    /// monitor's.
    pub fn used_connections(&self) -> Vec<usize> {
        let mut numbers = Vec::new();
        for command in self.commands.iter().filter(|command| !command.is_hello()) {
            if !numbers.contains(&command.connection) {
                numbers.push(command.connection);
            }
        }
        numbers
    }

    /// The names of all commands but handshakes, in order.
    pub fn names(&self) -> Vec<&str> {
        self.commands
            .iter()
            .filter(|command| !command.is_hello())
            .map(|command| command.name.as_str())
            .collect()
    }

    /// A few lines for the message of a failed wait.
    fn summary(&self) -> String {
        let ends: Vec<_> = self.connections.iter().map(|it| (it.number, it.end)).collect();
        let commands: Vec<_> = self
            .commands
            .iter()
            .map(|it| format!("{}:{}{}", it.connection, it.name, if it.answered { "" } else { "?" }))
            .collect();
        format!(
            "connections {ends:?}\ncommands {}\nprotocol errors {:?}",
            commands.join(" "),
            self.protocol_errors
        )
    }
}

/// The log behind its lock, shared by the server's thread and the test's.
#[derive(Clone, Default)]
pub(super) struct SharedLog(Arc<State>);

#[derive(Default)]
struct State {
    log: Mutex<Log>,
    /// Wakes waiting threads.
    changed: Condvar,
    /// Wakes waiting tasks.
    notify: Notify,
}

impl SharedLog {
    pub fn lock(&self) -> MutexGuard<'_, Log> {
        // A test's closure may panic under the lock; the log is still whole.
        self.0.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn change<T>(&self, change: impl FnOnce(&mut Log) -> T) -> T {
        let result = change(&mut self.lock());
        self.0.changed.notify_all();
        self.0.notify.notify_waiters();
        result
    }

    /// Blocks this thread until `find` finds something.
    pub fn wait<T>(&self, find: impl Fn(&Log) -> Option<T>, within: Duration) -> Result<T, String> {
        let end = Instant::now() + within;
        let mut log = self.lock();
        loop {
            if let Some(found) = find(&log) {
                return Ok(found);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(log.summary());
            }
            let woken = self.0.changed.wait_timeout(log, left);
            log = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The same for a task.
    pub async fn until<T>(&self, find: impl Fn(&Log) -> Option<T>, within: Duration) -> Result<T, String> {
        let found = async {
            loop {
                // Registered before the look, so that no change between the look
                // and the wait is missed.
                let mut notified = std::pin::pin!(self.0.notify.notified());
                notified.as_mut().enable();
                if let Some(found) = find(&self.lock()) {
                    return found;
                }
                notified.await;
            }
        };
        match tokio::time::timeout(within, found).await {
            Ok(found) => Ok(found),
            Err(_) => Err(self.lock().summary()),
        }
    }
}
