//! How handles are derived from others: the same methods for connections, databases and
//! collections.

/// The methods. The handle is `Clone` and has a field `handle`.
macro_rules! derived {
    ($name:ident<$item:ident>) => {
        impl<$item> $name<$item> {
            /// The same, with another place to read from for all calls made through the new
            /// handle and what is made from it. A preference that contradicts itself is the
            /// error of each read.
            #[must_use]
            pub fn with_read_preference(&self, preference: crate::topology::ReadPreference) -> Self {
                self.scoped(|scope| scope.read_preference = preference)
            }

            /// The same, with another read concern for all calls made through the new handle
            /// and what is made from it.
            #[must_use]
            pub fn with_read_concern(&self, concern: crate::command::ReadConcern) -> Self {
                self.scoped(|scope| scope.read_concern = concern)
            }

            /// The same, with another write concern for all calls made through the new handle
            /// and what is made from it. One that contradicts itself is the error of each
            /// write.
            #[must_use]
            pub fn with_write_concern(&self, concern: crate::command::WriteConcern) -> Self {
                self.scoped(|scope| scope.write_concern = concern)
            }

            /// The same, with this session for all calls made through the new handle and what
            /// is made from it.
            #[must_use]
            pub fn bound_to(&self, session: &crate::dispatch::ClientSession) -> Self {
                self.scoped(|scope| scope.session = Some(session.clone()))
            }

            fn scoped(&self, change: impl FnOnce(&mut crate::dispatch::Scope)) -> Self {
                Self { handle: self.handle.with_scope(change), ..self.clone() }
            }
        }
    };
}

pub(crate) use derived;
