//! Cases of discovery's events: replies in, events out. No actor takes part; the events are
//! made of the state machine's changes, as the supervisor has them made.

use std::time::{Duration, Instant};

use actix_mongo::events::{
    self, Event, ServerDescription, TopologyDescription, TopologyDescriptionChanged, TopologyId,
};
use actix_mongo::topology::{HelloReply, Outcome, ServerAddress, Topology};
use serde_json::{Map, Value, json};

use crate::case::Case;
use crate::cmap::matches;
use crate::corpus::TestFile;
use crate::{json, uri};

/// One case a file.
pub fn cases(file: &TestFile, content: &Value) -> Vec<Case> {
    let content = content.clone();
    let description = content.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
    vec![Case::new(file, &description, move |_| run(&content))]
}

fn run(case: &Value) -> Result<(), String> {
    let settings = uri::settings(json::text(case, "uri")?)?;
    let mut topology = Topology::new(settings).map_err(|error| error.to_string())?;
    let id = TopologyId::new();
    let mut told = events::opening(id, &topology.start().current);
    for (index, phase) in json::array(case, "phases")?.iter().enumerate() {
        for response in json::array(phase, "responses")? {
            let change = topology.apply(outcome(response)?);
            told.extend(events::changed(id, &change.previous, &change.current));
        }
        let expected = json::array(json::field(phase, "outcome")?, "events")?;
        compare(expected, &told).map_err(|reason| format!("phase {}: {reason}", index + 1))?;
        told.clear();
    }
    Ok(())
}

/// Exactly these, in this order.
fn compare(expected: &[Value], told: &[Event]) -> Result<(), String> {
    let actual: Vec<Value> = told.iter().map(value).collect::<Result<_, _>>()?;
    if expected.len() != actual.len() {
        return Err(format!("{} events, not {}: {actual:#?}", actual.len(), expected.len()));
    }
    for (index, (expected, actual)) in expected.iter().zip(&actual).enumerate() {
        matches(&normal(expected), actual).map_err(|reason| format!("event {}: {reason}", index + 1))?;
    }
    Ok(())
}

/// A server that is taken for the primary unasked is none of ours: those are unknown.
fn normal(expected: &Value) -> Value {
    match expected {
        Value::String(text) if text == "PossiblePrimary" => Value::from("Unknown"),
        Value::Array(items) => items.iter().map(normal).collect(),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(key, value)| (key.clone(), normal(value))).collect())
        }
        other => other.clone(),
    }
}

fn outcome(response: &Value) -> Result<Outcome, String> {
    let (Some(address), Some(reply)) = (response.get(0).and_then(Value::as_str), response.get(1)) else {
        return Err(format!("not a response: {response}"));
    };
    let address = ServerAddress::parse(address).ok_or_else(|| format!("not an address: {address}"))?;
    let reply = HelloReply::parse(&json::raw_document(reply)?).map_err(|error| error.to_string())?;
    let rtt = Some(Duration::from_millis(1));
    Ok(Outcome::Hello { address, reply: reply.into(), rtt, now: Instant::now() })
}

fn value(event: &Event) -> Result<Value, String> {
    Ok(match event {
        Event::TopologyOpening(event) => {
            json!({ "topology_opening_event": { "topologyId": event.topology_id.to_string() } })
        }
        Event::TopologyDescriptionChanged(event) => {
            let TopologyDescriptionChanged { topology_id, previous_description, new_description, .. } = event;
            json!({ "topology_description_changed_event": {
                "topologyId": topology_id.to_string(),
                "previousDescription": topology(previous_description),
                "newDescription": topology(new_description),
            } })
        }
        Event::ServerOpening(event) => json!({ "server_opening_event": {
            "topologyId": event.topology_id.to_string(), "address": event.address.to_string(),
        } }),
        Event::ServerClosed(event) => json!({ "server_closed_event": {
            "topologyId": event.topology_id.to_string(), "address": event.address.to_string(),
        } }),
        Event::ServerDescriptionChanged(event) => json!({ "server_description_changed_event": {
            "topologyId": event.topology_id.to_string(),
            "address": event.address.to_string(),
            "previousDescription": server(&event.previous_description),
            "newDescription": server(&event.new_description),
        } }),
        other => return Err(format!("an event that no case knows: {other:?}")),
    })
}

fn topology(description: &TopologyDescription) -> Value {
    let mut fields = Map::new();
    fields.insert("topologyType".into(), description.kind().to_string().into());
    if let Some(name) = description.set_name() {
        fields.insert("setName".into(), name.into());
    }
    let servers: Vec<Value> = description.servers().map(|it| server(&it)).collect();
    fields.insert("servers".into(), servers.into());
    Value::Object(fields)
}

fn server(description: &ServerDescription) -> Value {
    let list = |hosts: Vec<&ServerAddress>| hosts.iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut fields = json!({
        "address": description.address().to_string(),
        "arbiters": list(description.arbiters().collect()),
        "hosts": list(description.hosts().collect()),
        "passives": list(description.passives().collect()),
        "type": description.kind().to_string(),
    });
    if let Some(primary) = description.primary() {
        fields["primary"] = primary.to_string().into();
    }
    if let Some(name) = description.set_name() {
        fields["setName"] = name.into();
    }
    fields
}
