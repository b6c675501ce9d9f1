//! Whether the events of a client are those that a case expects.

use bson::{Bson, Document};

use super::client::Client;
use super::failure::{Checked, Failure};
use super::plain::matching::{Matcher, shown};
use super::recorder::{Group, Seen};
use super::world::{PATIENCE, World, text};

/// Compares all lists of a case.
pub async fn check(world: &World, lists: &[Bson]) -> Checked {
    for list in lists.iter().filter_map(Bson::as_document) {
        let name = text(list, "client")?;
        let client = world.entities.client(name)?;
        one(world, list, &client).await.map_err(|failure| failure.at(format!("events of {name}")))?;
    }
    Ok(())
}

async fn one(world: &World, list: &Document, client: &Client) -> Checked {
    let group = match list.get_str("eventType") {
        Ok("cmap") => Group::Cmap,
        Ok("sdam") => Group::Sdam,
        _ => Group::Command,
    };
    let expected = list.get_array("events").map_err(|error| error.to_string())?;
    let expected: Vec<_> = expected.iter().filter_map(Bson::as_document).collect();
    let extra_allowed = list.get_bool("ignoreExtraEvents").unwrap_or(false);
    let of_group = |events: &[Seen]| {
        let mut visible = client.visible(events);
        visible.retain(|event| event.group == group);
        visible
    };
    client.recorder().wait(PATIENCE, |events| of_group(events).len() >= expected.len());
    // What is too much may have happened already, without having been told.
    client.connection.flush_events(PATIENCE).await.map_err(|error| error.to_string())?;
    let actual = of_group(&client.recorder().events());
    let matcher = world.matcher();
    for (index, expected) in expected.iter().enumerate() {
        let Some(event) = actual.get(index) else {
            return Err(Failure::Case(format!(
                "event {}, {expected}, did not come; {}",
                index + 1,
                names(&actual)
            )));
        };
        let differs = |reason| {
            format!("event {}: {reason}\nexpected {expected}\ngot {} {}", index + 1, event.name, event.fields)
        };
        agrees(&matcher, expected, event).map_err(|reason| Failure::Case(differs(reason)))?;
    }
    match actual.get(expected.len()) {
        Some(extra) if !extra_allowed => {
            let (fields, count) = (&extra.fields, expected.len());
            Err(Failure::Case(format!(
                "one more than {count} events: {} {fields}; {}",
                extra.name,
                names(&actual)
            )))
        }
        _ => Ok(()),
    }
}

fn names(events: &[Seen]) -> String {
    let names: Vec<_> = events.iter().map(|event| event.name).collect();
    format!("all events: {names:?}")
}

/// Whether an event is the one that is described by `{name: {field: ..}}`.
pub fn agrees(matcher: &Matcher<'_>, expected: &Document, event: &Seen) -> Result<(), String> {
    let Some((name, Bson::Document(fields))) = expected.iter().next() else {
        return Err(format!("not an event: {expected}"));
    };
    if name != event.name {
        return Err(format!("expected {name}, got {}", event.name));
    }
    for (key, value) in fields {
        let actual = event.fields.get(key);
        match (key.as_str(), value) {
            ("hasServiceId", Bson::Boolean(has)) => {
                let id = event.fields.get("serviceId");
                if *has != id.is_some() {
                    return Err(format!("expected hasServiceId {has}, got {}", shown(id)));
                }
            }
            ("hasServerConnectionId", Bson::Boolean(has)) => {
                let id = event.fields.get("serverConnectionId");
                let positive = id.and_then(Bson::as_i64).is_some_and(|id| id > 0);
                if *has != positive {
                    return Err(format!("expected hasServerConnectionId {has}, got {}", shown(id)));
                }
            }
            // Documents, and descriptions, of which the case names what it cares for.
            _ => matcher.root(value, actual).map_err(|reason| format!("{key}: {reason}"))?,
        }
    }
    Ok(())
}
