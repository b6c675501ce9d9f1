//! How messages are written down.

/// A message: its struct, how it is made, the methods that all have, and how it becomes a
/// call.
///
/// ```text
/// impl Message for Distinct<V = Bson> {
///     /// The documentation of `new`.
///     new(collection, field: name, filter: document);
///     "distinct", collection::Distinct => Vec<V>;
///     |it, place: Collection| place.distinct(&it.field, &it.filter)
/// }
/// ```
///
/// `new` names the place that it is about (`connection`, `database`, `collection`, or `either`
/// of the last two) and the arguments (see `argument!`). Then come the operation's name for
/// errors, the builder that options are set on, and what the call gives; last, how the place
/// (for a collection, the type of what it is a collection of) gives the builder. With `collect`
/// in front, the documents of the builder's cursor are read to the end.
macro_rules! message {
    (
        $(#[$doc:meta])*
        impl $message:ident for $name:ident $(<$item:ident = $default:ty>)? {
            $(#[$new:meta])*
            new($place:ident $(, $field:ident: $kind:ident)*);
            $operation:literal, $builder:ty => $output:ty;
            $($collect:ident)? |$it:ident, $on:ident $(: $document:ty)?| $call:expr
        }
    ) => {
        $(#[$doc])*
        #[must_use = "nothing happens before it is sent"]
        pub struct $name $(<$item = $default>)? {
            errand: $crate::actors::gateway::messages::common::Errand<$builder>,
            $($field: argument!(kept $kind),)*
            $(read_as: std::marker::PhantomData<fn() -> $item>,)?
        }

        constructor! {
            $place $name [$($default)?] { $(#[$new])* } ($($field: $kind),*)
        }

        impl $(<$item>)? $name $(<$item>)? {
            /// Sets the verb's options, on its builder. The closure runs on the gateway's
            /// thread; a panic in it is the answer's error. A timeout that it sets can be
            /// shorter than the message's own, and does not lift that.
            pub fn with(mut self, options: impl FnOnce($builder) -> $builder + Send + 'static) -> Self {
                self.errand.add_options(options);
                self
            }

            /// The time for the whole, from now on, so the wait in the mailbox counts.
            /// Wins over the connection's; zero is no limit.
            pub fn timeout(mut self, timeout: std::time::Duration) -> Self {
                self.errand.set_timeout(timeout);
                self
            }

            /// When it must be done. With a timeout as well, the sooner one counts.
            pub fn deadline(mut self, deadline: std::time::Instant) -> Self {
                self.errand.set_deadline(deadline);
                self
            }

            /// The session that it runs in. It holds the connection alive.
            pub fn session(mut self, session: &$crate::dispatch::ClientSession) -> Self {
                self.errand.set_session(session);
                self
            }
        }

        read_as! { $name [$($item)?] { $($field),* } }

        impl $(<$item>)? std::fmt::Debug for $name $(<$item>)? {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({:?})", stringify!($name), self.errand)
            }
        }

        impl $(<$item: 'static>)? actix::$message for $name $(<$item>)? {
            type Result = $crate::error::Result<$output>;
        }

        impl $(<$item: serde::de::DeserializeOwned + Send + 'static>)?
            $crate::actors::gateway::messages::Ask for $name $(<$item>)?
        {
            type Output = $output;

            const OPERATION: &'static str = $operation;

            fn deadline(&self) -> Option<std::time::Instant> {
                self.errand.deadline()
            }

            fn bytes(&self) -> usize {
                self.errand.bytes()
            }

            fn prepare(
                self,
                handle: $crate::dispatch::Handle,
            ) -> $crate::error::Result<$crate::collection::Running<$output>> {
                let mut $it = self;
                let $on = $it.errand.$place $(::<$document>)? (handle)?;
                let builder = $call;
                let builder = $it.errand.configure(builder);
                Ok(running!([$($item)?] $($collect)? builder))
            }
        }
    };
}

/// An argument of a message: what `new` takes, what the message keeps, and how the one becomes
/// the other.
macro_rules! argument {
    (kept document) => { bson::RawDocumentBuf };
    (kept field) => { bson::RawDocumentBuf };
    (kept list) => { Vec<bson::RawDocumentBuf> };
    (kept name) => { Box<str> };
    (kept writes) => { Vec<$crate::collection::WriteModel> };
    (kept index) => { $crate::collection::IndexModel };
    (kept indexes) => { Vec<$crate::collection::IndexModel> };
    (kept named_writes) => { Vec<(String, $crate::collection::WriteModel)> };
    (kept search_indexes) => { Vec<$crate::collection::SearchIndexModel> };
    (given document) => { impl serde::Serialize };
    (given field) => { impl serde::Serialize };
    (given list) => { impl IntoIterator<Item: serde::Serialize> };
    (given name) => { &str };
    (given writes) => { impl IntoIterator<Item = $crate::collection::WriteModel> };
    (given index) => { impl Into<$crate::collection::IndexModel> };
    (given indexes) => { impl IntoIterator<Item: Into<$crate::collection::IndexModel>> };
    (given named_writes) => { impl IntoIterator<Item = (impl AsRef<str>, $crate::collection::WriteModel)> };
    (given search_indexes) => { impl IntoIterator<Item = $crate::collection::SearchIndexModel> };
    ($errand:ident $field:ident document) => { $errand.encode(stringify!($field), &$field) };
    ($errand:ident $field:ident field) => { $errand.encode_field(concat!("the ", stringify!($field)), &$field) };
    ($errand:ident $field:ident list) => { $errand.encode_list(stringify!($field), $field) };
    ($errand:ident $field:ident name) => { $errand.name($field) };
    ($errand:ident $field:ident index) => { $errand.take($field.into()) };
    ($errand:ident $field:ident indexes) => { $errand.take_all($field.into_iter().map(Into::into)) };
    ($errand:ident $field:ident named_writes) => {
        $errand.take_all($field.into_iter().map(|(namespace, model)| (namespace.as_ref().to_owned(), model)))
    };
    ($errand:ident $field:ident $kind:ident) => { $errand.take_all($field) };
}

/// `new`, for what the message is about.
macro_rules! constructor {
    (connection $name:ident [$($default:ty)?] { $(#[$new:meta])* } ($($field:ident: $kind:ident),*)) => {
        impl $name {
            $(#[$new])*
            #[allow(clippy::new_without_default, reason = "no message has a default")]
            pub fn new($($field: argument!(given $kind)),*) -> Self {
                constructor!(@of_connection() [$($default)?] ($($field: $kind),*))
            }
        }
    };
    (database $name:ident [$($default:ty)?] { $(#[$new:meta])* } ($($field:ident: $kind:ident),*)) => {
        impl $name {
            $(#[$new])*
            pub fn new(database: &str $(, $field: argument!(given $kind))*) -> Self {
                constructor!(@of_database(database) [$($default)?] ($($field: $kind),*))
            }
        }
    };
    ($place:ident $name:ident [$($default:ty)?] { $(#[$new:meta])* } ($($field:ident: $kind:ident),*)) => {
        impl $name {
            $(#[$new])*
            pub fn new(database: &str, collection: &str $(, $field: argument!(given $kind))*) -> Self {
                constructor!(@of_collection(database, collection) [$($default)?] ($($field: $kind),*))
            }
        }
    };
    (@$errand:ident($($names:ident),*) [$($default:ty)?] ($($field:ident: $kind:ident),*)) => {{
        #[allow(unused_mut, reason = "some messages have no arguments")]
        let mut errand = $crate::actors::gateway::messages::common::Errand::$errand($($names),*);
        $(let $field = argument!(errand $field $kind);)*
        Self { errand, $($field,)* $(read_as: std::marker::PhantomData::<fn() -> $default>,)? }
    }};
}

/// `of`, for messages whose answer has a type.
macro_rules! read_as {
    ($name:ident [] $fields:tt) => {};
    ($name:ident [$item:ident] { $($field:ident),* }) => {
        impl<$item> $name<$item> {
            /// Reads what comes back as another type.
            pub fn of<U>(self) -> $name<U> {
                let Self { errand, $($field,)* .. } = self;
                $name { errand, $($field,)* read_as: std::marker::PhantomData }
            }
        }
    };
}

/// A builder's call, which reads what it gives as the message says.
macro_rules! running {
    ([] $builder:ident) => {
        $builder.into_future()
    };
    ([$item:ident] $builder:ident) => {
        $builder.of::<$item>().into_future()
    };
    ([$item:ident] collect $builder:ident) => {{
        let call = $builder.of::<$item>().into_future();
        Box::pin(async move { call.await?.collect_all().await })
    }};
}

pub(super) use {argument, constructor, message, read_as, running};
