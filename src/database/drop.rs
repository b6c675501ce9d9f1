//! `dropDatabase`.

use std::sync::Arc;

use super::Database;
use crate::collection::{Draft, Running, concerns, gone_is_well, options, verb};
use crate::command::name;
use crate::dispatch::Handle;

/// Drops a database; see [`Database::drop`](crate::Database::drop) and
/// [`Connection::drop_database`](crate::Connection::drop_database).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct DropDatabase {
    draft: Draft,
    database: Arc<str>,
}

options! { DropDatabase {} shared comment }

verb!(DropDatabase -> ());
concerns!(writes DropDatabase);

impl DropDatabase {
    pub(super) fn new(handle: &Handle, database: &Arc<str>) -> Self {
        Self { draft: Draft::new(handle), database: database.clone() }
    }

    /// The database of this name. One that no database can have is the call's error.
    pub(crate) fn named(handle: &Handle, database: impl DatabaseName) -> Self {
        let mut draft = Draft::new(handle);
        let database: Arc<str> = database.as_name().into();
        draft.keep(name::check_database(&database), "database");
        Self { draft, database }
    }

    fn start(self) -> Running<()> {
        let Self { mut draft, database } = self;
        let plan = draft.changing(&database, 0);
        let options = draft.take_options();
        gone_is_well(draft.run(
            "dropDatabase",
            plan,
            move |command, _| {
                let mut elements = command.elements();
                elements.i32("dropDatabase", 1);
                options.write(&mut elements);
                Ok(())
            },
            |_, _| Ok(()),
        ))
    }
}

/// What says which database is meant: its name, or a handle of it, of whatever connection.
///
/// It is sealed: these are all there are.
pub trait DatabaseName: sealed::Sealed {
    #[doc(hidden)]
    fn as_name(&self) -> &str;
}

impl DatabaseName for str {
    fn as_name(&self) -> &str {
        self
    }
}

impl DatabaseName for String {
    fn as_name(&self) -> &str {
        self
    }
}

impl<D> DatabaseName for Database<D> {
    fn as_name(&self) -> &str {
        self.name()
    }
}

impl<N: DatabaseName + ?Sized> DatabaseName for &N {
    fn as_name(&self) -> &str {
        (**self).as_name()
    }
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for str {}
    impl Sealed for String {}
    impl<D> Sealed for super::Database<D> {}
    impl<N: Sealed + ?Sized> Sealed for &N {}
}
