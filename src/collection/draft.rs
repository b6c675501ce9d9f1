//! What the builders of all verbs share: the handle, the time limit, the options, and the
//! first value that could not be encoded.

use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::time::{Duration, Instant};

use super::command::Command;
use super::fields::Fields;
pub use super::options::Options;
pub use super::place::Place;
use crate::dispatch::{CommandKind, Handle, Plan, Retry, Scope, SessionPlan, SessionTimes, execute};
use crate::error::Result;
use crate::pool::{Answer, Limits};
use crate::topology::Criteria;
use crate::wire::FrameBuilder;

/// A verb's builder, for whoever has one and does not know which.
pub trait Verb {
    /// Its call takes no longer than this, whatever else was set.
    fn cap(&mut self, limit: Duration);
}

/// A call under way. It is `'static`: nothing of the caller's is borrowed any more.
pub type Running<T> = Pin<Box<dyn Future<Output = Result<T>> + Send>>;

/// A call that is being put together.
#[derive(Clone, Debug)]
pub struct Draft {
    handle: Handle,
    /// The call's own limit.
    pub timeout: Option<Duration>,
    /// The command's optional elements, and the first argument that was refused.
    fields: Fields,
}

impl Deref for Draft {
    type Target = Fields;

    fn deref(&self) -> &Fields {
        &self.fields
    }
}

impl DerefMut for Draft {
    fn deref_mut(&mut self) -> &mut Fields {
        &mut self.fields
    }
}

impl Draft {
    /// A call through this handle.
    pub fn new(handle: &Handle) -> Self {
        Self { handle: handle.clone(), timeout: None, fields: Fields::default() }
    }

    /// The handle that the call goes through.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Lowers the limit, be it the call's own, the handle's, or none.
    pub fn cap(&mut self, limit: Duration) {
        let own = self.timeout.filter(|own| !own.is_zero());
        self.timeout = Some(own.map_or(limit, |own| own.min(limit)));
    }

    /// Sends a command, unless an argument was refused. `write` writes it for a server of
    /// given limits, `read` reads its reply.
    pub fn run<W, R, T>(mut self, name: &'static str, plan: Plan, write: W, read: R) -> Running<T>
    where
        W: FnMut(&mut FrameBuilder, &Limits) -> Result<()> + Send + 'static,
        R: FnMut(&mut Answer, &Handle) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        match self.check() {
            Ok(()) => Box::pin(execute(self.handle, Command { name, plan, write, read }, self.timeout)),
            Err(error) => Box::pin(std::future::ready(Err(error.with_operation(name)))),
        }
    }

    /// Changes what was set for all calls, for this one.
    pub fn scoped(&mut self, change: impl FnOnce(&mut Scope)) {
        self.handle = self.handle.with_scope(change);
    }

    /// The plan of a command that reads, by the handle's read preference and read concern.
    /// `size` is what the arguments need.
    pub fn reading(&mut self, place: &impl Place, size: usize) -> Plan {
        let preference = self.handle.scope().read_preference.clone();
        let valid = preference.validate();
        self.admit(valid, "read preference");
        let target = Criteria::Read(preference);
        Plan { read_concern: true, times: SessionTimes::All, ..self.plan(place, target, size) }
    }

    /// The plan of a command that writes; the handle's write concern joins the options.
    /// With one that asks for no answer, the call ends once the command is sent.
    pub fn writing(&mut self, place: &impl Place, size: usize) -> Plan {
        let concern = &self.handle.scope().write_concern;
        if !concern.is_default() {
            self.fields.options.add_with("writeConcern", |fields| concern.write(fields));
        }
        let (acknowledged, valid) = (concern.is_acknowledged(), concern.validate());
        self.admit(valid, "write concern");
        let plan = Plan { kind: CommandKind::Write, ..self.plan(place, Criteria::Write, size) };
        match acknowledged {
            true => Plan { retry: Retry::Write, writes: true, times: SessionTimes::All, ..plan },
            false => Plan { retry: Retry::Never, session: SessionPlan::None, acknowledged, ..plan },
        }
    }

    /// A plan with the usual policy of reads, that leaves concerns alone.
    pub fn plan(&self, place: &impl Place, target: Criteria, size: usize) -> Plan {
        let capacity = NAMES + size + self.options.size();
        Plan {
            retry: Retry::Read,
            session: SessionPlan::Implicit,
            // The caller's own limit stays as it is.
            max_time: self.options.get("maxTimeMS").is_none(),
            kind: CommandKind::Read,
            times: SessionTimes::Snapshot,
            collection: place.collection(),
            ..Plan::plain(place.database(), target, capacity)
        }
    }

    /// When a call of several commands has to be over.
    pub fn deadline(&self) -> Option<Instant> {
        let limit = self.timeout.or_else(|| self.handle.scope().timeout).filter(|limit| !limit.is_zero());
        limit.and_then(|limit| Instant::now().checked_add(limit))
    }

    /// Takes the options out, to be moved into the command.
    pub fn take_options(&mut self) -> Options {
        std::mem::take(&mut self.options)
    }
}

/// What names of commands, collections and databases usually need.
const NAMES: usize = 128;

/// What is left until the deadline of several commands, for one of them. Zero is no limit.
pub fn left_until(deadline: Option<Instant>) -> Duration {
    let left = |deadline: Instant| deadline.saturating_duration_since(Instant::now()).max(LEAST);
    deadline.map_or(Duration::ZERO, left)
}

/// So that a limit that is used up does not become none.
const LEAST: Duration = Duration::from_nanos(1);

/// The methods that the builders of all verbs have, and how they become futures. The
/// builder has a field `draft` and a method `start`.
macro_rules! verb {
    ($builder:ident $(<$item:ident>)? -> $output:ty) => {
        impl $(<$item>)? $builder $(<$item>)? {
            /// The time that this call may take as a whole: finding a server, waiting for
            /// a socket, the server's work, and a second attempt where there is one. Wins
            /// over the handle's; zero is no limit.
            pub fn timeout(mut self, timeout: std::time::Duration) -> Self {
                self.draft.timeout = Some(timeout);
                self
            }

            /// The session that this call runs in. Wins over the handle's.
            pub fn session(mut self, session: &crate::dispatch::ClientSession) -> Self {
                self.draft.scoped(|scope| scope.session = Some(session.clone()));
                self
            }
        }

        impl $(<$item>)? crate::collection::Verb for $builder $(<$item>)? {
            fn cap(&mut self, limit: std::time::Duration) {
                self.draft.cap(limit);
            }
        }

        impl $(<$item: serde::de::DeserializeOwned + Send + 'static>)? IntoFuture for $builder $(<$item>)? {
            type Output = crate::error::Result<$output>;
            type IntoFuture = crate::collection::Running<$output>;

            fn into_future(self) -> Self::IntoFuture {
                self.start()
            }
        }
    };
}

/// The concerns of a verb's builder: what `reads` takes a read preference and a read
/// concern for this call, what `writes` a write concern.
macro_rules! concerns {
    (reads $builder:ident $(<$item:ident>)?) => {
        impl $(<$item>)? $builder $(<$item>)? {
            /// Where this call may go. Wins over the handle's.
            pub fn read_preference(mut self, preference: crate::topology::ReadPreference) -> Self {
                self.draft.scoped(|scope| scope.read_preference = preference);
                self
            }

            /// How current what this call sees must be. Wins over the handle's.
            pub fn read_concern(mut self, concern: crate::command::ReadConcern) -> Self {
                self.draft.scoped(|scope| scope.read_concern = concern);
                self
            }
        }
    };
    (writes $builder:ident $(<$item:ident>)?) => {
        impl $(<$item>)? $builder $(<$item>)? {
            /// How durable the write must be before it counts as done. Wins over the
            /// handle's. With `w: 0` the call ends once the command is sent.
            pub fn write_concern(mut self, concern: crate::command::WriteConcern) -> Self {
                self.draft.scoped(|scope| scope.write_concern = concern);
                self
            }
        }
    };
}

/// Methods that set one option each. `any`: of any type; `document`: must be a document;
/// `millis`: a duration, sent in milliseconds; the rest take the type that is named. Behind
/// `shared` stand the names of options that mean the same for several verbs.
macro_rules! options {
    ($builder:ident $(<$item:ident>)? {
        $( $(#[doc = $doc:literal])+ $method:ident($kind:tt) => $key:literal, )*
    } $(shared $($shared:ident),+)?) => {
        impl $(<$item>)? $builder $(<$item>)? {
            $( options!(@method [$(#[doc = $doc])+] $method $kind $key); )*
            $($( options!(@shared $shared); )+)?
        }
    };
    (@method [$($doc:tt)+] $method:ident any $key:literal) => {
        $($doc)+
        pub fn $method(mut self, value: impl serde::Serialize) -> Self {
            self.draft.set($key, value);
            self
        }
    };
    (@method [$($doc:tt)+] $method:ident document $key:literal) => {
        $($doc)+
        pub fn $method(mut self, value: impl serde::Serialize) -> Self {
            self.draft.set_document($key, value);
            self
        }
    };
    (@method [$($doc:tt)+] $method:ident millis $key:literal) => {
        $($doc)+
        pub fn $method(mut self, value: std::time::Duration) -> Self {
            self.draft.set($key, crate::collection::options::whole_millis(value));
            self
        }
    };
    (@method [$($doc:tt)+] $method:ident $kind:ident $key:literal) => {
        $($doc)+
        pub fn $method(mut self, value: $kind) -> Self {
            self.draft.set($key, value);
            self
        }
    };
    (@shared upsert) => {
        options!(@method [#[doc = "Whether a document is inserted if none matches."]] upsert bool "upsert");
    };
    (@shared array_filters) => {
        options!(@method [
            #[doc = "Which array elements the update's `$[name]` refer to: a list of filters."]
        ] array_filters any "arrayFilters");
    };
    (@shared skip) => {
        options!(@method [#[doc = "So many documents are passed over."]] skip i64 "skip");
    };
    (@shared hint) => {
        options!(@method [#[doc = "The index to use: its name, or its keys."]] hint any "hint");
    };
    (@shared min) => {
        options!(@method [
            #[doc = "The inclusive lower bound of the index that `hint` names."]
        ] min document "min");
    };
    (@shared max) => {
        options!(@method [
            #[doc = "The exclusive upper bound of the index that `hint` names."]
        ] max document "max");
    };
    (@shared collation) => {
        options!(@method [#[doc = "How strings are compared."]] collation document "collation");
    };
    (@shared let_vars) => {
        options!(@method [
            #[doc = "Values for variables that the filter refers to as `$$name`."]
        ] let_vars document "let");
    };
    (@shared allow_disk_use) => {
        options!(@method [
            #[doc = "Whether the server may use temporary files, to sort what exceeds its memory."]
        ] allow_disk_use bool "allowDiskUse");
    };
    (@shared allow_partial_results) => {
        options!(@method [
            #[doc = "On sharded clusters: whether what can be reached is enough."]
        ] allow_partial_results bool "allowPartialResults");
    };
    (@shared return_key) => {
        options!(@method [
            #[doc = "Only the keys of the index in use come back."]
        ] return_key bool "returnKey");
    };
    (@shared bypass_document_validation) => {
        options!(@method [
            #[doc = "Whether the collection's validation rules are passed over."]
        ] bypass_document_validation bool "bypassDocumentValidation");
    };
    (@shared max_time) => {
        options!(@method [
            #[doc = "How long the server may work on it (`maxTimeMS`); zero is no limit. Deprecated by the"]
            #[doc = "specifications in favour of [`timeout`](Self::timeout), from which it is derived"]
            #[doc = "otherwise; it wins over that."]
        ] max_time millis "maxTimeMS");
    };
    (@shared comment) => {
        options!(@method [#[doc = "Shown in the server's logs and profiles."]] comment any "comment");
    };
}

/// The option `rawData`, which looks below time series. It is meant for MongoDB's own tools,
/// so the documentation has nothing of it.
macro_rules! raw_data {
    ($($builder:ident $(<$item:ident>)?),+) => { $(
        impl $(<$item>)? $builder $(<$item>)? {
            #[doc(hidden)]
            pub fn raw_data(mut self, raw: bool) -> Self {
                self.draft.set("rawData", raw);
                self
            }
        }
    )+ };
}

pub(crate) use {concerns, options, raw_data, verb};
