//! From an operation to a message, without what only a socket knows.

use super::handle::Scope;
use super::operation::Operation;
use crate::error::{Error, Kind, Result};
use crate::pool::Limits;
use crate::topology::ReadPreference;
use crate::wire::{ElementWriter, Frame, FrameBuilder, MORE_TO_COME};

/// Room for the header and the envelope, when a message is held against its limit.
const OVERHEAD: usize = 16 * 1024;

/// The message of one attempt, for a server of these limits.
pub fn encode<O: Operation>(
    operation: &mut O,
    scope: Option<&Scope>,
    limits: &Limits,
    preference: Option<&ReadPreference>,
) -> Result<Frame> {
    let mut command = FrameBuilder::new(operation.plan().capacity);
    operation.write(&mut command, limits)?;
    let plan = operation.plan();
    if !plan.acknowledged {
        command.set_flags(MORE_TO_COME);
    }
    let mut elements = command.elements();
    if plan.read_concern {
        write_read_concern(scope, &mut elements);
    }
    elements.str("$db", &plan.database);
    if let Some(preference) = preference {
        preference.write(&mut elements);
    }
    let frame = command.finish();
    if frame.len() > limits.max_message {
        return Err(too_large("message", frame.len(), limits.max_message));
    }
    if frame.command().len() > limits.max_document + OVERHEAD {
        return Err(too_large("command", frame.command().len(), limits.max_document));
    }
    Ok(frame)
}

fn write_read_concern(scope: Option<&Scope>, elements: &mut ElementWriter<'_>) {
    let concern = scope.map(|scope| &scope.read_concern);
    if let Some(concern) = concern.filter(|concern| !concern.is_default()) {
        elements.document_with("readConcern", |fields| concern.write(fields));
    }
}

fn too_large(what: &str, size: usize, limit: usize) -> Error {
    Error::new(Kind::TooLarge, format!("the {what} has {size} bytes, the server takes at most {limit}"))
}
