//! The arguments of an operation. Each is taken out once; one that is left is an error, so
//! that nothing a case asks for is passed over in silence.

use std::time::Duration;

use actix_mongo::{ClientSession, ReadConcern, ReadPreference, WriteConcern};
use bson::{Bson, Document};

use super::failure::{Checked, Failure};
use super::options;

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Arguments {
    rest: Document,
    session: Option<ClientSession>,
}

/// Arguments that some operations know and others do not, as the driver has it.
const NOT_BUILT: [(&str, &str); 2] =
    [("rawData", "rawData of some calls"), ("maxTimeMS", "maxTimeMS of some calls")];

impl Arguments {
    /// The session that they name was looked up.
    pub fn new(mut arguments: Document, session: Option<ClientSession>) -> Self {
        if session.is_some() {
            arguments.remove("session");
        }
        Self { rest: arguments, session }
    }

    /// The session to run in.
    pub fn session(&mut self) -> Option<ClientSession> {
        self.session.take()
    }

    /// Any value.
    pub fn any(&mut self, key: &str) -> Checked<Option<Bson>> {
        Ok(self.rest.remove(key))
    }

    pub fn document(&mut self, key: &str) -> Checked<Option<Document>> {
        self.typed(key, "a document", |value| match value {
            Bson::Document(document) => Ok(document),
            other => Err(other),
        })
    }

    pub fn list(&mut self, key: &str) -> Checked<Option<Vec<Bson>>> {
        self.typed(key, "a list", |value| match value {
            Bson::Array(list) => Ok(list),
            other => Err(other),
        })
    }

    pub fn text(&mut self, key: &str) -> Checked<Option<String>> {
        self.typed(key, "a string", |value| match value {
            Bson::String(text) => Ok(text),
            other => Err(other),
        })
    }

    pub fn boolean(&mut self, key: &str) -> Checked<Option<bool>> {
        self.typed(key, "a boolean", |value| value.as_bool().ok_or(value))
    }

    pub fn long(&mut self, key: &str) -> Checked<Option<i64>> {
        self.typed(key, "a whole number", |value| {
            value.as_i64().or_else(|| value.as_i32().map(i64::from)).ok_or(value)
        })
    }

    pub fn size(&mut self, key: &str) -> Checked<Option<u32>> {
        let number = self.long(key)?;
        let size = number.map(|number| u32::try_from(number).map_err(|_| format!("{key} is {number}")));
        Ok(size.transpose()?)
    }

    pub fn milliseconds(&mut self, key: &str) -> Checked<Option<Duration>> {
        Ok(self.size(key)?.map(|number| Duration::from_millis(number.into())))
    }

    pub fn natural(&mut self, key: &str) -> Checked<Option<u64>> {
        Ok(self.size(key)?.map(u64::from))
    }

    pub fn read_concern(&mut self, key: &str) -> Checked<Option<ReadConcern>> {
        self.document(key)?.as_ref().map(options::read_concern).transpose()
    }

    pub fn write_concern(&mut self, key: &str) -> Checked<Option<WriteConcern>> {
        self.document(key)?.as_ref().map(options::write_concern).transpose()
    }

    pub fn read_preference(&mut self, key: &str) -> Checked<Option<ReadPreference>> {
        self.document(key)?.as_ref().map(options::read_preference).transpose()
    }

    pub fn seconds(&mut self, key: &str) -> Checked<Option<Duration>> {
        Ok(self.natural(key)?.map(Duration::from_secs))
    }

    /// Fails if the argument was not given.
    pub fn needed<T>(key: &str, value: Option<T>) -> Checked<T> {
        value.ok_or_else(|| Failure::Case(format!("the argument '{key}' is missing")))
    }

    pub fn needed_document(&mut self, key: &str) -> Checked<Document> {
        Self::needed(key, self.document(key)?)
    }

    pub fn needed_text(&mut self, key: &str) -> Checked<String> {
        Self::needed(key, self.text(key)?)
    }

    pub fn needed_list(&mut self, key: &str) -> Checked<Vec<Bson>> {
        Self::needed(key, self.list(key)?)
    }

    /// A list of documents.
    pub fn needed_documents(&mut self, key: &str) -> Checked<Vec<Document>> {
        let list = self.needed_list(key)?;
        let document = |item| match item {
            Bson::Document(document) => Ok(document),
            other => Err(Failure::Case(format!("'{key}' holds {other}, which is no document"))),
        };
        list.into_iter().map(document).collect()
    }

    /// Called when all that an operation knows was taken.
    pub fn finish(&self) -> Checked {
        if self.session.is_some() {
            return Err(Failure::NotBuilt("a session of some calls".to_owned()));
        }
        let Some(left) = self.rest.keys().next() else { return Ok(()) };
        match NOT_BUILT.iter().find(|(key, _)| key == left) {
            Some((_, what)) => Err(Failure::NotBuilt((*what).to_owned())),
            None => Err(Failure::Case(format!("an argument that the runner does not know: '{left}'"))),
        }
    }

    fn typed<T>(
        &mut self,
        key: &str,
        what: &str,
        read: impl FnOnce(Bson) -> Result<T, Bson>,
    ) -> Checked<Option<T>> {
        let Some(value) = self.rest.remove(key) else { return Ok(None) };
        let bad = |value| Failure::Case(format!("the argument '{key}' is {value}, not {what}"));
        read(value).map(Some).map_err(bad)
    }
}

/// Sets those options that were given.
macro_rules! set {
    ($arguments:expr, $builder:ident { $( $key:literal => $method:ident($kind:ident) ),* $(,)? }) => {
        $( if let Some(value) = $arguments.$kind($key)? { $builder = $builder.$method(value); } )*
    };
}
pub(crate) use set;

/// Sets those options of a call that were given; all calls have a session and a timeout.
macro_rules! apply {
    ($arguments:expr, $builder:ident { $($options:tt)* }) => {
        if let Some(session) = $arguments.session() { $builder = $builder.session(&session); }
        if let Some(limit) = $arguments.milliseconds("timeoutMS")? { $builder = $builder.timeout(limit); }
        $crate::unified::arguments::set!($arguments, $builder { $($options)* });
    };
}
pub(crate) use apply;
