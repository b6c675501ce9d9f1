//! What all calls of a connection read and write by, unless a handle or a call says otherwise.

use super::Builder;
use crate::command::{ReadConcern, WriteConcern};
use crate::topology::ReadPreference;

impl<D> Builder<D> {
    /// Where reads may go (`readPreference` and its companions; default: the primary). One that
    /// contradicts itself is the error of connecting.
    pub fn read_preference(self, preference: ReadPreference) -> Self {
        self.set(move |options| options.scope.read_preference = preference.clone())
    }

    /// How current what reads see must be (`readConcernLevel`; default: the server's own).
    pub fn read_concern(self, concern: ReadConcern) -> Self {
        self.set(move |options| options.scope.read_concern = concern.clone())
    }

    /// How durable writes must be before they count as done (`w`, `journal`, `wtimeoutMS`;
    /// default: the server's own). With `w: 0` writes end once they are sent, and their results
    /// say that nobody [answered](crate::InsertOneResult::is_acknowledged). One that contradicts
    /// itself is the error of connecting.
    pub fn write_concern(self, concern: WriteConcern) -> Self {
        self.set(move |options| options.scope.write_concern = concern.clone())
    }
}
