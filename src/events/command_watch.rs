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

/// What one socket tells of its commands. The default tells nobody.
#[derive(Clone, Debug, Default)]
pub struct CommandTeller {
    events: Emitter,
    socket: Option<Arc<Socket>>,
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
    command_name: Arc<str>,
    database_name: Arc<str>,
    request_id: i32,
    operation_id: i64,
    sensitive: bool,
    started: Instant,
    over: bool,
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
        Self { events, socket: Some(Arc::new(socket)) }
    }

    /// This sealed frame is about to be written; `None` if nobody listens.
    #[inline]
    pub fn start(&self, frame: &Frame, operation_id: i64) -> Option<Box<CommandWatch>> {
        if !self.events.is_on(EventKinds::COMMANDS) {
            return None;
        }
        self.tell_frame(frame, operation_id)
    }

    /// The next reply of a stream is awaited, which is told as one more of the command that
    /// it answers; `None` if nobody listens.
    pub fn start_again(
        &self,
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
    fn tell_frame(&self, frame: &Frame, operation_id: i64) -> Option<Box<CommandWatch>> {
        // A frame that holds no document is no command, and the server will say so.
        self.tell(frame.whole_command()?, frame.request_id(), operation_id)
    }

    fn tell(&self, command: RawDocumentBuf, request_id: i32, operation_id: i64) -> Option<Box<CommandWatch>> {
        let socket = self.socket.clone()?;
        let command_name: Arc<str> = command.iter().next()?.ok()?.0.as_str().into();
        let database_name: Arc<str> = command.get_str("$db").unwrap_or_default().into();
        let sensitive = sensitive::is_sensitive(&command_name, &command);
        self.events.emit(|| CommandStarted {
            command: if sensitive { RawDocumentBuf::new() } else { command },
            command_name: command_name.clone(),
            database_name: database_name.clone(),
            request_id,
            operation_id,
            address: socket.address.clone(),
            connection_id: socket.connection_id,
            server_connection_id: socket.server_connection_id,
            service_id: socket.service_id,
        });
        Some(Box::new(CommandWatch {
            events: self.events.clone(),
            socket,
            command_name,
            database_name,
            request_id,
            operation_id,
            sensitive,
            started: Instant::now(),
            over: false,
        }))
    }
}

impl CommandWatch {
    /// The server answered with success.
    #[allow(clippy::boxed_local, reason = "it arrives in its box")]
    pub fn succeeded(mut self: Box<Self>, reply: &RawDocument) {
        self.over = true;
        let Self { socket, .. } = &*self;
        self.events.emit(|| CommandSucceeded {
            duration: self.started.elapsed(),
            reply: if self.sensitive { RawDocumentBuf::new() } else { reply.to_owned() },
            command_name: self.command_name.clone(),
            database_name: self.database_name.clone(),
            request_id: self.request_id,
            operation_id: self.operation_id,
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
        self.fail(error);
    }

    fn fail(&mut self, error: &Error) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        let socket = &self.socket;
        self.events.emit(|| CommandFailed {
            duration: self.started.elapsed(),
            failure: if self.sensitive { sensitive::redacted(error) } else { error.clone() },
            command_name: self.command_name.clone(),
            database_name: self.database_name.clone(),
            request_id: self.request_id,
            operation_id: self.operation_id,
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
        if !self.over {
            self.fail(
                &Error::new(Kind::AutoReconnect, "the socket was lost before the reply came").network(),
            );
        }
    }
}
