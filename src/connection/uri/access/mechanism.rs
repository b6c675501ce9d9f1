//! The name of a mechanism in a connection string.

use super::super::parts::invalid;
use super::super::values::shown;
use crate::auth::Mechanism;
use crate::error::Result;

/// The mechanism of that name, which has one spelling.
pub fn parse(name: &str) -> Result<Mechanism> {
    Mechanism::named(name).ok_or_else(|| {
        let known = Mechanism::ALL.map(Mechanism::name).join(", ");
        invalid(format!("{} is no authMechanism; there are {known}", shown(name)))
    })
}
