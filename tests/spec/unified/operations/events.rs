//! Waiting for events, and counting them.

use std::time::Duration;

use super::super::arguments::Arguments;
use super::super::expect_events::agrees;
use super::super::failure::{Checked, Failure};
use super::super::operation::{Call, Yield};
use super::super::recorder::Seen;
use super::super::world::{PATIENCE, World};
use super::unknown;

/// How long a connection that was used may take to be back in its pool.
const CHECK_IN: Duration = Duration::from_secs(1);

pub fn run(world: &World, call: &mut Call) -> Checked<Yield> {
    let arguments = &mut call.arguments;
    let client = world.entities.client(&arguments.needed_text("client")?)?;
    if call.name == "assertNumberConnectionsCheckedOut" {
        let expected = Arguments::needed("connections", arguments.long("connections")?)?;
        arguments.finish()?;
        return match client.recorder().checked_out(expected, CHECK_IN) {
            found if found == expected => Ok(Yield::Nothing),
            found => Err(Failure::Case(format!("{found} connections are checked out, not {expected}"))),
        };
    }
    let event = arguments.needed_document("event")?;
    let count = Arguments::needed("count", arguments.size("count")?)? as usize;
    arguments.finish()?;
    let matcher = world.matcher();
    let found = |events: &[Seen]| {
        client.visible(events).iter().filter(|seen| agrees(&matcher, &event, seen).is_ok()).count()
    };
    let (patience, enough): (_, fn(usize, usize) -> bool) = match call.name.as_str() {
        "waitForEvent" => (PATIENCE, |found, count| found >= count),
        "assertEventCount" => (CHECK_IN, |found, count| found == count),
        _ => return Err(unknown(call)),
    };
    match client.recorder().wait(patience, |events| enough(found(events), count)) {
        (true, _) => Ok(Yield::Nothing),
        (false, events) => {
            let names: Vec<_> = events.iter().map(|event| event.name).collect();
            Err(Failure::Case(format!("{} of {count} came of {event}; all: {names:?}", found(&events))))
        }
    }
}
