//! What the builders of all verbs have in common that change or delete what a filter matches:
//! they differ in their options, and in the command that they send.

/// A builder. In brackets stands what becomes of what matches, if it is not deleted: `update`,
/// or `replacement`. Then come the output, and how the parts become a call.
macro_rules! changing {
    (
        $(#[$doc:meta])*
        $builder:ident $(<$item:ident>)? [$($change:ident)?] -> $output:ty,
        |$($part:ident),+| $call:expr
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        #[must_use = "nothing is sent before it is awaited"]
        pub struct $builder $(<$item = bson::Document>)? {
            draft: crate::collection::Draft,
            namespace: std::sync::Arc<crate::pool::Namespace>,
            filter: bson::RawDocumentBuf,
            $($change: crate::collection::statement::Change,)?
            $(document: std::marker::PhantomData<fn() -> $item>,)?
        }

        crate::collection::verb!($builder $(<$item>)? -> $output);
        crate::collection::concerns!(writes $builder $(<$item>)?);
        crate::collection::raw_data!($builder $(<$item>)?);

        impl $(<$item>)? $builder $(<$item>)? {
            pub(super) fn new(
                handle: &crate::dispatch::Handle,
                namespace: &std::sync::Arc<crate::pool::Namespace>,
                filter: impl serde::Serialize,
                $($change: impl serde::Serialize,)?
            ) -> Self {
                let mut draft = crate::collection::Draft::new(handle);
                let filter = draft.encode("filter", filter);
                $(let $change = draft.$change(&$change);)?
                Self {
                    draft,
                    namespace: namespace.clone(),
                    filter,
                    $($change,)?
                    $(document: std::marker::PhantomData::<fn() -> $item>,)?
                }
            }
        }

        impl $(<$item: serde::de::DeserializeOwned + Send + 'static>)? $builder $(<$item>)? {
            fn start(self) -> crate::collection::Running<$output> {
                let Self { $($part,)+ .. } = self;
                $call
            }
        }

        changing!(@of $builder [$($item)?] $($change)?);
    };
    (@of $builder:ident [] $($change:ident)?) => {};
    (@of $builder:ident [$item:ident] $($change:ident)?) => {
        impl<$item> $builder<$item> {
            /// Reads the document as another type.
            pub fn of<U>(self) -> $builder<U> {
                let Self { draft, namespace, filter, $($change,)? .. } = self;
                $builder { draft, namespace, filter, $($change,)? document: std::marker::PhantomData }
            }
        }
    };
}

/// Which state of the document comes back, for verbs that leave one.
macro_rules! return_document {
    ($builder:ident<$item:ident>) => {
        impl<$item> $builder<$item> {
            /// Whether the document comes back as it was (the default), or as it became.
            pub fn return_document(mut self, which: crate::collection::ReturnDocument) -> Self {
                self.draft.set("new", which == crate::collection::ReturnDocument::After);
                self
            }
        }
    };
}

pub(super) use {changing, return_document};
