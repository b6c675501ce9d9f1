//! From an operation to a message, without what only a socket knows.

use super::handle::Scope;
use super::operation::{Operation, Plan, SessionTimes};
use crate::command::ServerApi;
use crate::error::{Error, Kind, Result};
use crate::pool::Limits;
use crate::session::ReadTime;
use crate::topology::ReadPreference;
use crate::wire::{ElementWriter, Frame, FrameBuilder, MORE_TO_COME};

/// Room for the header and the envelope, when a message is held against its limit.
const OVERHEAD: usize = 16 * 1024;

/// Servers know snapshot reads from this wire version on (5.0).
const KNOWS_SNAPSHOTS: i32 = 13;

/// The message of one attempt, for a server of these limits.
pub fn encode<O: Operation>(
    operation: &mut O,
    scope: Option<&Scope>,
    limits: &Limits,
    preference: Option<&ReadPreference>,
    server_api: Option<&ServerApi>,
) -> Result<Frame> {
    let mut command = FrameBuilder::new(operation.plan().capacity);
    operation.write(&mut command, limits)?;
    let plan = operation.plan();
    if !plan.acknowledged {
        command.set_flags(MORE_TO_COME);
    }
    let mut elements = command.elements();
    if let Some(scope) = scope {
        write_read_concern(plan, scope, limits, &mut elements)?;
    }
    if let Some(api) = server_api {
        api.write(&mut elements);
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

/// The scope's read concern, merged with what its session adds.
fn write_read_concern(
    plan: &Plan,
    scope: &Scope,
    limits: &Limits,
    elements: &mut ElementWriter<'_>,
) -> Result<()> {
    let concern = Some(&scope.read_concern).filter(|concern| plan.read_concern && !concern.is_default());
    let time = scope.session.as_ref().map_or(ReadTime::Any, |session| session.state().read_time());
    match (time, plan.times) {
        (ReadTime::Snapshot(at), SessionTimes::Snapshot | SessionTimes::All) => {
            if limits.max_wire_version < KNOWS_SNAPSHOTS {
                return Err(Error::new(Kind::Unsupported, "Snapshot reads require MongoDB 5.0 or later"));
            }
            elements.document_with("readConcern", |fields| {
                fields.str("level", "snapshot");
                if let Some(at) = at {
                    fields.timestamp("atClusterTime", at);
                }
            });
        }
        // A server that stands alone has no cluster times, and is the last word by itself.
        (ReadTime::After(time), SessionTimes::All) if limits.retryable_writes => {
            elements.document_with("readConcern", |fields| {
                if let Some(concern) = concern {
                    concern.write(fields);
                }
                fields.timestamp("afterClusterTime", time);
            });
        }
        _ => {
            if let Some(concern) = concern {
                elements.document_with("readConcern", |fields| concern.write(fields));
            }
        }
    }
    Ok(())
}

fn too_large(what: &str, size: usize, limit: usize) -> Error {
    Error::new(Kind::TooLarge, format!("the {what} has {size} bytes, the server takes at most {limit}"))
}
