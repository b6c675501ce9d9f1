//! What a connection reads documents as.

use super::Connection;
use crate::dates::Dates;

impl<D> Connection<D> {
    /// The name of the type of documents in collections that name no other, as
    /// [`type_name`](std::any::type_name) has it: for people. See
    /// [`Builder::document_class`](crate::Builder::document_class) and
    /// [`with_document_type`](Self::with_document_type).
    pub fn document_class(&self) -> &'static str {
        std::any::type_name::<D>()
    }

    /// Whether [`dates`](Self::dates) makes dates that know that they are in UTC;
    /// see [`Builder::tz_aware`](crate::Builder::tz_aware).
    pub fn tz_aware(&self) -> bool {
        self.dates().are_aware()
    }

    /// Turns dates of documents into zone-aware or naive ones, as
    /// [`Builder::tz_aware`](crate::Builder::tz_aware) says.
    pub fn dates(&self) -> Dates {
        self.handle.scope().dates
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bson::{Document, RawDocumentBuf};

    use super::*;

    #[test]
    fn a_handle_of_another_type_is_the_same_connection() {
        let typed: Connection<RawDocumentBuf> =
            Connection::builder().tz_aware(false).document_class().connect_lazy().unwrap();
        assert!(typed.document_class().ends_with("RawDocumentBuf"), "{}", typed.document_class());
        let other = typed.with_document_type::<Document>();
        assert!(other.document_class().ends_with("::Document"), "{}", other.document_class());
        assert!(Arc::ptr_eq(typed.handle.shared(), other.handle.shared()));
        assert!(!typed.tz_aware() && !other.tz_aware());
        assert!(Connection::builder().connect_lazy().unwrap().tz_aware());
    }
}
