//! From a command that is sent to the events of its beginning and its end: each that began
//! ends, whatever happens to the socket it was sent on.

use std::sync::Arc;
use std::time::Instant;

use bson::oid::ObjectId;
use bson::{RawDocument, RawDocumentBuf, rawdoc};

use super::command::{CommandFailed, CommandStarted, CommandSucceeded};
use super::emitter::Emitter;
use super::kinds::EventKinds;
use super::sensitive;
use crate::error::{Error, Kind};
use crate::topology::ServerAddress;
use crate::wire::Frame;
use crate::wire::walk::Walk;

/// What one socket tells of its commands. The default tells nobody.
#[derive(Clone, Debug, Default)]
pub struct CommandTeller {
    events: Emitter,
    socket: Option<Arc<Socket>>,
    names: Names,
}

#[derive(Debug)]
struct Socket {
    address: ServerAddress,
    connection_id: u64,
    server_connection_id: Option<i64>,
    service_id: Option<ObjectId>,
}

/// A command under way. Dropped without an end, it failed.
#[derive(Debug)]
pub struct CommandWatch {
    events: Emitter,
    socket: Arc<Socket>,
    /// `None` once its end is told.
    open: Option<Open>,
}

/// What both events have in common, but for the socket.
#[derive(Debug)]
struct Open {
    command_name: Arc<str>,
    database_name: Arc<str>,
    request_id: i32,
    operation_id: i64,
    sensitive: bool,
    started: Instant,
}

/// Names that this socket told last: most commands have the name and the database of another
/// one, and need not have them copied.
#[derive(Clone, Debug, Default)]
struct Names {
    kept: Vec<Arc<str>>,
    oldest: usize,
}

impl CommandTeller {
    /// The teller of this connection.
    pub fn new(
        events: Emitter,
        address: ServerAddress,
        connection_id: u64,
        server_connection_id: Option<i64>,
        service_id: Option<ObjectId>,
    ) -> Self {
        let socket = Socket { address, connection_id, server_connection_id, service_id };
        Self { events, socket: Some(Arc::new(socket)), names: Names::default() }
    }

    /// This sealed frame is about to be written; `None` if nobody listens.
    #[inline]
    pub fn start(&mut self, frame: &Frame, operation_id: i64) -> Option<Box<CommandWatch>> {
        if !self.events.is_on(EventKinds::COMMANDS) {
            return None;
        }
        self.tell_frame(frame, operation_id)
    }

    /// The next reply of a stream is awaited, which is told as one more of the command that
    /// it answers; `None` if nobody listens.
    pub fn start_again(
        &mut self,
        command: &RawDocument,
        request_id: i32,
        operation_id: i64,
    ) -> Option<Box<CommandWatch>> {
        if !self.events.is_on(EventKinds::COMMANDS) {
            return None;
        }
        self.tell(command.to_owned(), request_id, operation_id)
    }

    #[cold]
    fn tell_frame(&mut self, frame: &Frame, operation_id: i64) -> Option<Box<CommandWatch>> {
        // A frame that holds no document is no command, and the server will say so.
        self.tell(frame.whole_command()?, frame.request_id(), operation_id)
    }

    fn tell(
        &mut self,
        command: RawDocumentBuf,
        request_id: i32,
        operation_id: i64,
    ) -> Option<Box<CommandWatch>> {
        let socket = self.socket.clone()?;
        let mut elements = Walk::over(&command).map_while(Result::ok);
        let name = str::from_utf8(elements.next()?.key).ok()?;
        let database = elements.find(|element| element.key == b"$db");
        let database = database.and_then(|database| str::from_utf8(database.as_string_bytes()?).ok());
        let sensitive = sensitive::is_sensitive(name, &command);
        let open = Open {
            command_name: self.names.of(name),
            database_name: self.names.of(database.unwrap_or_default()),
            request_id,
            operation_id,
            sensitive,
            started: Instant::now(),
        };
        self.events.emit(|| CommandStarted {
            command: if sensitive { RawDocumentBuf::new() } else { command },
            command_name: open.command_name.clone(),
            database_name: open.database_name.clone(),
            request_id: open.request_id,
            operation_id,
            address: socket.address.clone(),
            connection_id: socket.connection_id,
            server_connection_id: socket.server_connection_id,
            service_id: socket.service_id,
        });
        Some(Box::new(CommandWatch { events: self.events.clone(), socket, open: Some(open) }))
    }
}

impl Names {
    /// How many are kept.
    const ROOM: usize = 8;

    fn of(&mut self, name: &str) -> Arc<str> {
        if let Some(kept) = self.kept.iter().find(|kept| ***kept == *name) {
            return kept.clone();
        }
        let new: Arc<str> = name.into();
        if self.kept.len() < Self::ROOM {
            self.kept.push(new.clone());
        } else if let Some(place) = self.kept.get_mut(self.oldest) {
            *place = new.clone();
            self.oldest = (self.oldest + 1) % Self::ROOM;
        }
        new
    }
}

impl CommandWatch {
    /// The server answered with success.
    #[allow(clippy::boxed_local, reason = "it arrives in its box")]
    pub fn succeeded(mut self: Box<Self>, reply: &RawDocument) {
        let Self { events, socket, open } = &mut *self;
        let Some(open) = open.take() else { return };
        events.emit(|| CommandSucceeded {
            duration: open.started.elapsed(),
            reply: if open.sensitive { RawDocumentBuf::new() } else { reply.to_owned() },
            command_name: open.command_name,
            database_name: open.database_name,
            request_id: open.request_id,
            operation_id: open.operation_id,
            address: socket.address.clone(),
            connection_id: socket.connection_id,
            server_connection_id: socket.server_connection_id,
            service_id: socket.service_id,
        });
    }

    /// It is written, and the server will not answer.
    pub fn written(self: Box<Self>) {
        self.succeeded(&rawdoc! { "ok": 1 });
    }

    /// It got this error.
    #[allow(clippy::boxed_local, reason = "it arrives in its box")]
    pub fn failed(mut self: Box<Self>, error: &Error) {
        self.fail(|| error.clone());
    }

    fn fail(&mut self, error: impl FnOnce() -> Error) {
        let Self { events, socket, open } = self;
        let Some(open) = open.take() else { return };
        events.emit(|| CommandFailed {
            duration: open.started.elapsed(),
            failure: if open.sensitive { sensitive::redacted(&error()) } else { error() },
            command_name: open.command_name,
            database_name: open.database_name,
            request_id: open.request_id,
            operation_id: open.operation_id,
            address: socket.address.clone(),
            connection_id: socket.connection_id,
            server_connection_id: socket.server_connection_id,
            service_id: socket.service_id,
        });
    }
}

impl Drop for CommandWatch {
    /// The socket's actor panicked, or its arbiter was stopped.
    fn drop(&mut self) {
        self.fail(|| Error::new(Kind::AutoReconnect, "the socket was lost before the reply came").network());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_allocated_once_while_it_is_among_the_last() {
        let mut names = Names::default();
        let first = names.of("find");
        assert!(Arc::ptr_eq(&first, &names.of("find")));
        let others = ["a", "b", "c", "d", "e", "f", "g"].map(|name| names.of(name));
        assert!(Arc::ptr_eq(&first, &names.of("find")), "the eighth still has room");
        assert_eq!(&*names.of("h"), "h");
        let again = names.of("find");
        assert!(*again == *first && !Arc::ptr_eq(&first, &again), "the oldest made room");
        assert!(Arc::ptr_eq(&others[1], &names.of("b")));
    }
}
