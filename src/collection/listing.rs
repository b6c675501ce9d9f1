//! What the builders have in common that list indexes or collections, through a cursor.

use std::sync::Arc;

use serde::Deserialize;

use super::draft::{Draft, Place, Running};
use crate::cursor::{Cursor, CursorOptions};
use crate::pool::Namespace;
use crate::wire::ElementWriter;

/// A builder: its place and type, and what it reads unless another type is named.
macro_rules! listing {
    ($(#[$doc:meta])* $builder:ident<T = $default:ty> over $place:ident: $type:ty) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        #[must_use = "nothing is sent before it is awaited"]
        pub struct $builder<T = $default> {
            draft: crate::collection::Draft,
            $place: std::sync::Arc<$type>,
            cursor: crate::cursor::CursorOptions,
            document: std::marker::PhantomData<fn() -> T>,
        }

        crate::collection::verb!($builder<T> -> crate::cursor::Cursor<T>);
        crate::collection::cursor_verb!($builder<T>);
        crate::collection::raw_data!($builder<T>);

        impl $builder {
            pub(super) fn new(handle: &crate::dispatch::Handle, $place: &std::sync::Arc<$type>) -> Self {
                Self::of_draft(crate::collection::Draft::new(handle), $place.clone())
            }
        }

        impl<T> $builder<T> {
            fn of_draft(draft: crate::collection::Draft, $place: std::sync::Arc<$type>) -> Self {
                let (cursor, document) = (crate::cursor::CursorOptions::default(), std::marker::PhantomData);
                Self { draft, $place, cursor, document }
            }

            /// Reads them as another type; [`Document`](bson::Document) is all that the server
            /// says.
            pub fn of<U>(self) -> $builder<U> {
                let Self { draft, $place, cursor, .. } = self;
                $builder { draft, $place, cursor, document: std::marker::PhantomData }
            }
        }
    };
}

pub(crate) use listing;

impl Draft {
    /// Runs a command that lists something. `begin` writes its name; `namespace` is what the
    /// cursor is over. Whether further batches have the comment as well is `repeats`.
    pub fn list<T: 'static>(
        mut self,
        name: &'static str,
        place: &impl Place,
        namespace: Arc<Namespace>,
        cursor: CursorOptions,
        repeats: bool,
        begin: impl Fn(&mut ElementWriter<'_>) + Send + 'static,
    ) -> Running<Cursor<T>> {
        let mut plan = self.listing(place, 0);
        cursor.shape(&mut plan);
        let options = self.take_options();
        let comment = options.get("comment").filter(|_| repeats).cloned();
        let opening = self.cursor(&cursor, &namespace, comment);
        self.open(name, plan, opening, move |command, limits| {
            let mut elements = command.elements();
            begin(&mut elements);
            elements.document_with("cursor", |fields| {
                if let Some(size) = cursor.batch_size {
                    fields.i32("batchSize", size);
                }
            });
            options.write_for(limits, &mut elements);
            Ok(())
        })
    }
}

/// One of what is listed, where names are all that is wanted.
#[derive(Deserialize)]
pub struct Named {
    name: String,
}

/// The names of all that a call lists.
pub fn names(list: Running<Cursor<Named>>) -> Running<Vec<String>> {
    Box::pin(async move {
        let named = list.await?.collect_all().await?;
        Ok(named.into_iter().map(|it| it.name).collect())
    })
}
