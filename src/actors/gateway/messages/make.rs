//! How messages are written down: macros for what all of them have.

/// A message: its struct, and the methods that all have. `$builder` is what its options are
/// set on.
macro_rules! message {
    (
        $(#[$doc:meta])*
        $name:ident $(<$item:ident = $default:ty>)? by $builder:ty {
            $($field:ident: $type:ty,)*
        }
    ) => {
        $(#[$doc])*
        #[must_use = "nothing happens before it is sent"]
        pub struct $name $(<$item = $default>)? {
            errand: crate::actors::gateway::messages::common::Errand<$builder>,
            $($field: $type,)*
            $(read_as: std::marker::PhantomData<fn() -> $item>,)?
        }

        impl $(<$item>)? $name $(<$item>)? {
            /// Sets the verb's options, on its builder. The closure runs on the gateway's
            /// thread; a panic in it is the answer's error.
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
            pub fn session(mut self, session: &crate::dispatch::ClientSession) -> Self {
                self.errand.set_session(session);
                self
            }
        }

        impl $(<$item>)? std::fmt::Debug for $name $(<$item>)? {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({:?})", stringify!($name), self.errand)
            }
        }
    };
}

/// Messages whose answer may be read as another type, each with its fields.
macro_rules! typed {
    ($($name:ident { $($field:ident),* })+) => { $(
        impl<T> $name<T> {
            /// Reads what comes back as another type.
            pub fn of<U>(self) -> $name<U> {
                let Self { errand, $($field,)* .. } = self;
                $name { errand, $($field,)* read_as: std::marker::PhantomData }
            }
        }
    )+ };
}

/// How a message becomes a call: `|message, handle| expression`.
macro_rules! ask {
    (
        $name:ident $(<$item:ident>)? -> $output:ty, $operation:literal,
        |$message:ident, $handle:ident| $prepare:expr
    ) => {
        impl $(<$item: serde::de::DeserializeOwned + Send + 'static>)?
            crate::actors::gateway::messages::Ask for $name $(<$item>)?
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
                $handle: crate::dispatch::Handle,
            ) -> crate::error::Result<crate::collection::Running<$output>> {
                let mut $message = self;
                $prepare
            }
        }
    };
}

pub(super) use {ask, message, typed};
