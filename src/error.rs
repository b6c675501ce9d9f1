//! The one error of this crate, and the questions a caller can ask it.
//!
//! Every layer makes this type; it imports nothing but `std` and `bson`, so that no
//! module needs another one only to be able to fail.

mod authentication;
mod bulk_write;
mod call;
mod copy;

use std::fmt;
use std::sync::Arc;

use bson::RawDocumentBuf;

pub use authentication::AuthenticationFailure;
pub use bulk_write::{BulkWriteFailure, BulkWriteResult, OperationResult};
pub use copy::{CollectionCopy, CopyReport};

/// What every fallible call of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Error labels that the driver specifications define and this driver acts upon.
pub mod label {
    /// The server or driver found that this write may be tried once more.
    pub const RETRYABLE_WRITE: &str = "RetryableWriteError";
    /// The operation may be tried once more (client back-pressure specification).
    pub const RETRYABLE: &str = "RetryableError";
    /// The server sheds load; its pool is not cleared for this.
    pub const SYSTEM_OVERLOADED: &str = "SystemOverloadedError";
    /// The write was refused before it did anything.
    pub const NO_WRITES_PERFORMED: &str = "NoWritesPerformed";
    /// The whole transaction may be tried again.
    pub const TRANSIENT_TRANSACTION: &str = "TransientTransactionError";
    /// The outcome of `commitTransaction` is not known.
    pub const UNKNOWN_COMMIT_RESULT: &str = "UnknownTransactionCommitResult";
    /// The change stream can be resumed.
    pub const RESUMABLE_CHANGE_STREAM: &str = "ResumableChangeStreamError";
}

/// The family an [`Error`] belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// The connection string can't be read, or an option in it has a bad value.
    InvalidUri,
    /// An argument or option is out of its range, or contradicts another one.
    InvalidArgument,
    /// A database or collection name that no server accepts.
    InvalidName,
    /// What was to be made is there already: the target of a copy.
    AlreadyExists,
    /// Something was asked for that this build or this server does not have.
    Unsupported,
    /// A value could not be turned into BSON.
    Encode,
    /// A document from the server could not be turned into the type asked for.
    Decode,
    /// A document or message is larger than the server takes.
    TooLarge,
    /// No connection to the server could be made.
    ConnectionFailure,
    /// The server did not accept the user, or could not prove that it knows the password.
    Authentication,
    /// An established connection broke. The pool opens new sockets by itself; whether
    /// the operation may be sent again is what [`Error::may_have_run`] says.
    AutoReconnect,
    /// No suitable server was found within `serverSelectionTimeoutMS`.
    ServerSelection,
    /// The server's pool was cleared while the call waited, or is paused.
    PoolCleared,
    /// No socket came free within `waitQueueTimeoutMS`.
    WaitQueueTimeout,
    /// The server's queue holds as many requests, or bytes, as it may.
    QueueFull,
    /// The [`Gateway`](crate::Gateway) has as many requests, or bytes, under way as it may.
    Busy,
    /// The operation's own timeout ran out.
    Timeout,
    /// The server sent bytes that break the wire protocol; that socket was closed.
    Protocol,
    /// The server answered the command with an error.
    Command,
    /// The server refused some or all documents of a write, or its write concern failed.
    Write,
    /// This connection was closed, or its runtime is gone.
    Closed,
    /// An invariant of the driver did not hold; please report it.
    Internal,
}

/// Why a call failed.
///
/// The sentence it prints names the server and what to check; the methods answer what
/// a program wants to know. It is `Clone`, since one event (a cleared pool, say) can
/// fail many calls at once.
#[derive(Clone)]
pub struct Error {
    inner: Box<Inner>,
}

#[derive(Clone, Debug)]
struct Inner {
    kind: Kind,
    message: String,
    code: Option<i32>,
    code_name: Option<String>,
    labels: Vec<String>,
    server: Option<String>,
    operation: Option<&'static str>,
    network: bool,
    retryable: bool,
    may_have_run: bool,
    /// The topology version a retry must select from; set by the pool and supervisor,
    /// read by the dispatcher.
    seen_version: Option<u64>,
    response: Option<RawDocumentBuf>,
    write: Option<Arc<WriteFailure>>,
    bulk: Option<Arc<BulkWriteFailure>>,
    copy: Option<Arc<CopyReport>>,
    call: Option<Box<call::CallInfo>>,
    authentication: Option<Arc<AuthenticationFailure>>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// What a write command's reply says of the documents it refused.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct WriteFailure {
    /// One entry per refused document, in the order of the reply.
    pub write_errors: Vec<WriteError>,
    /// The write concern that could not be met, if any.
    pub write_concern_error: Option<WriteConcernError>,
    /// How many documents the server did insert, match or delete before or beside these.
    pub completed: u64,
}

/// One document that a write command refused.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WriteError {
    /// Its index in the list that the caller gave.
    pub index: usize,
    /// The server's code, for instance 11000 for a duplicate key.
    pub code: i32,
    /// The server's sentence.
    pub message: String,
    /// The server's details (`errInfo`), such as the failed validation rule.
    pub details: Option<RawDocumentBuf>,
}

/// The writes were done, but not acknowledged as the write concern asks.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WriteConcernError {
    /// The server's code.
    pub code: i32,
    /// The code's name.
    pub code_name: String,
    /// The server's sentence.
    pub message: String,
    /// The server's details (`errInfo`).
    pub details: Option<RawDocumentBuf>,
}

impl WriteError {
    /// An entry of `writeErrors`.
    pub fn new(index: usize, code: i32, message: impl Into<String>) -> Self {
        Self { index, code, message: message.into(), details: None }
    }
}

impl WriteConcernError {
    /// The reply's `writeConcernError`.
    pub fn new(code: i32, code_name: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code, code_name: code_name.into(), message: message.into(), details: None }
    }
}

impl Error {
    /// An error of this kind with a sentence for people. Everything else is off.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            inner: Box::new(Inner {
                kind,
                message: message.into(),
                code: None,
                code_name: None,
                labels: Vec::new(),
                server: None,
                operation: None,
                network: false,
                retryable: false,
                may_have_run: false,
                seen_version: None,
                response: None,
                write: None,
                bulk: None,
                copy: None,
                call: None,
                authentication: None,
                source: None,
            }),
        }
    }

    /// The family of this error.
    pub fn kind(&self) -> Kind {
        self.inner.kind
    }

    /// The server's error code: of the command, else of the first refused document,
    /// else of the write concern. `None` if the error is not the server's.
    pub fn code(&self) -> Option<i32> {
        let write = self.inner.write.as_deref();
        self.inner
            .code
            .or_else(|| write?.write_errors.first().map(|e| e.code))
            .or_else(|| write?.write_concern_error.as_ref().map(|e| e.code))
    }

    /// The name that goes with [`code`](Self::code), where the server gave one.
    pub fn code_name(&self) -> Option<&str> {
        self.inner.code_name.as_deref()
    }

    /// The error labels, those of the server and those this driver added.
    pub fn labels(&self) -> &[String] {
        &self.inner.labels
    }

    /// Whether this error carries that label (see [`label`]).
    pub fn has_label(&self, label: &str) -> bool {
        self.inner.labels.iter().any(|l| l == label)
    }

    /// A unique index refused the document (codes 11000, 11001 and 12582).
    pub fn is_duplicate_key(&self) -> bool {
        let duplicate = |code: i32| matches!(code, 11000 | 11001 | 12582);
        self.inner.code.is_some_and(duplicate)
            || self.write_failure().is_some_and(|w| w.write_errors.iter().any(|e| duplicate(e.code)))
    }

    /// A time limit ran out: of the operation, of the wait for a socket or a server, or
    /// on the server (`MaxTimeMSExpired`).
    pub fn is_timeout(&self) -> bool {
        matches!(self.inner.kind, Kind::Timeout | Kind::WaitQueueTimeout | Kind::ServerSelection)
            || self.code() == Some(50)
    }

    /// A socket failed: it could not be opened, broke, or carried nonsense.
    pub fn is_network(&self) -> bool {
        self.inner.network
    }

    /// This driver would have tried the operation again, had it had an attempt left. For
    /// commands that it never repeats by itself (`run_command`, `getMore`) it says whether
    /// the error carries a label by which they may be repeated.
    pub fn is_retryable(&self) -> bool {
        self.inner.retryable || self.has_label(label::RETRYABLE) || self.has_label(label::RETRYABLE_WRITE)
    }

    /// Bytes of the request may have reached a server and its outcome is unknown. If
    /// `false`, the operation did nothing, or what it did is in the error.
    pub fn may_have_run(&self) -> bool {
        self.inner.may_have_run
    }

    /// The server (`host:port`) the error came from or concerns.
    pub fn server(&self) -> Option<&str> {
        self.inner.server.as_deref()
    }

    /// The server's whole answer, when it answered with an error.
    pub fn server_response(&self) -> Option<&RawDocumentBuf> {
        self.inner.response.as_ref()
    }

    /// The refused documents of a [`Kind::Write`] error.
    pub fn write_failure(&self) -> Option<&WriteFailure> {
        self.inner.write.as_deref()
    }
}

/// Building an error, step by step. Of use to this crate only.
#[doc(hidden)]
impl Error {
    pub fn with_server(mut self, server: impl fmt::Display) -> Self {
        self.inner.server.get_or_insert_with(|| server.to_string());
        self
    }

    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.inner.message = message.into();
        self
    }

    pub fn with_operation(mut self, name: &'static str) -> Self {
        self.inner.operation = Some(name);
        self
    }

    pub fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.inner.source = Some(Arc::new(source));
        self
    }

    pub fn with_code(mut self, code: i32, name: Option<String>) -> Self {
        self.inner.code = Some(code);
        self.inner.code_name = name;
        self
    }

    pub fn with_label(mut self, label: &str) -> Self {
        if !self.has_label(label) {
            self.inner.labels.push(label.to_owned());
        }
        self
    }

    pub fn with_response(mut self, response: RawDocumentBuf) -> Self {
        self.inner.response = Some(response);
        self
    }

    pub fn with_write_failure(mut self, failure: WriteFailure) -> Self {
        self.inner.write = Some(Arc::new(failure));
        self
    }

    pub fn network(mut self) -> Self {
        self.inner.network = true;
        self
    }

    pub fn retryable(mut self) -> Self {
        self.inner.retryable = true;
        self
    }

    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.inner.retryable = retryable;
        self
    }

    pub fn ran(mut self, may_have_run: bool) -> Self {
        self.inner.may_have_run = may_have_run;
        self
    }

    pub fn with_seen_version(mut self, version: u64) -> Self {
        self.inner.seen_version = Some(version);
        self
    }

    pub fn seen_version(&self) -> Option<u64> {
        self.inner.seen_version
    }

    /// The sentence alone, without server, operation or code.
    pub fn message(&self) -> &str {
        &self.inner.message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(operation) = self.inner.operation {
            write!(f, "{operation}: ")?;
        }
        f.write_str(&self.inner.message)?;
        if let Some(code) = self.inner.code {
            match &self.inner.code_name {
                Some(name) => write!(f, " (code {code}, {name})")?,
                None => write!(f, " (code {code})")?,
            }
        }
        self.write_place(f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.inner.kind)
            .field("message", &self.to_string())
            .field("labels", &self.inner.labels)
            .field("may_have_run", &self.inner.may_have_run)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.inner.source.as_deref().map(|s| s as &(dyn std::error::Error + 'static))
    }
}
