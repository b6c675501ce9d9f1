//! From two pictures of the deployment to the events between them, in the order of the
//! specification. Plain; the supervisor emits what comes out.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Event;
use super::topology::{
    ServerClosed, ServerDescription, ServerDescriptionChanged, ServerOpening, TopologyClosed,
    TopologyDescription, TopologyDescriptionChanged, TopologyId, TopologyOpening,
};
use crate::topology::{self, ServerAddress};

/// The events at the start, up to this first picture.
pub fn opening(topology_id: TopologyId, first: &Arc<topology::TopologyDescription>) -> Vec<Event> {
    let unknown = |address: &ServerAddress| {
        (address.clone(), Arc::new(topology::ServerDescription::unknown(address.clone())))
    };
    let servers: BTreeMap<_, _> = first.servers.keys().map(unknown).collect();
    let seeded = Arc::new(topology::TopologyDescription { servers, ..(**first).clone() });
    let mut events = vec![TopologyOpening { topology_id }.into()];
    events.push(picture(topology_id, &Arc::default(), &seeded));
    events.extend(seeded.servers.keys().map(|server| opened(topology_id, server)));
    // A load balancer is known for what it is without being asked.
    events.extend(changed(topology_id, &seeded, first));
    events
}

/// The events from one picture to the next.
pub fn changed(
    topology_id: TopologyId,
    previous: &Arc<topology::TopologyDescription>,
    current: &Arc<topology::TopologyDescription>,
) -> Vec<Event> {
    let mut events = Vec::new();
    if Arc::ptr_eq(previous, current) || previous == current {
        return events;
    }
    for (address, new) in &current.servers {
        if let Some(old) = previous.servers.get(address).filter(|old| *old != new) {
            events.push(
                ServerDescriptionChanged {
                    topology_id,
                    address: address.clone(),
                    previous_description: ServerDescription(old.clone()),
                    new_description: ServerDescription(new.clone()),
                }
                .into(),
            );
        }
    }
    let missing = |from: &Arc<topology::TopologyDescription>, other: &Arc<topology::TopologyDescription>| {
        let servers = from.servers.keys().filter(|server| !other.servers.contains_key(*server));
        servers.cloned().collect::<Vec<_>>()
    };
    for server in missing(current, previous) {
        events.push(opened(topology_id, &server));
        events.extend(became_known(topology_id, &current.servers[&server]));
    }
    events.extend(missing(previous, current).iter().map(|server| closed(topology_id, server)));
    events.push(picture(topology_id, previous, current));
    events
}

/// The events at the end, after this last picture.
pub fn closing(topology_id: TopologyId, last: &Arc<topology::TopologyDescription>) -> Vec<Event> {
    let mut events: Vec<Event> = last.servers.keys().map(|server| closed(topology_id, server)).collect();
    events.push(picture(topology_id, last, &Arc::default()));
    events.push(TopologyClosed { topology_id }.into());
    events
}

/// A server that joins and is known at once has changed from a server of which nothing is.
fn became_known(topology_id: TopologyId, new: &Arc<topology::ServerDescription>) -> Option<Event> {
    let unknown = Arc::new(topology::ServerDescription::unknown(new.address.clone()));
    (unknown != *new).then(|| {
        let address = new.address.clone();
        let (previous_description, new_description) =
            (ServerDescription(unknown), ServerDescription(new.clone()));
        ServerDescriptionChanged { topology_id, address, previous_description, new_description }.into()
    })
}

fn opened(topology_id: TopologyId, address: &ServerAddress) -> Event {
    ServerOpening { topology_id, address: address.clone() }.into()
}

fn closed(topology_id: TopologyId, address: &ServerAddress) -> Event {
    ServerClosed { topology_id, address: address.clone() }.into()
}

fn picture(
    topology_id: TopologyId,
    previous: &Arc<topology::TopologyDescription>,
    current: &Arc<topology::TopologyDescription>,
) -> Event {
    let (previous_description, new_description) =
        (TopologyDescription(previous.clone()), TopologyDescription(current.clone()));
    TopologyDescriptionChanged { topology_id, previous_description, new_description }.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::TopologyKind;

    fn servers(ports: &[u16]) -> Arc<topology::TopologyDescription> {
        let unknown = |port: &u16| topology::ServerDescription::unknown(ServerAddress::new("h", *port));
        Arc::new(topology::TopologyDescription::new(TopologyKind::Unknown, ports.iter().map(unknown)))
    }

    fn names(events: &[Event]) -> Vec<String> {
        let name = |event: &Event| match event {
            Event::ServerOpening(event) => format!("+{}", event.address.port()),
            Event::ServerClosed(event) => format!("-{}", event.address.port()),
            Event::TopologyDescriptionChanged(event) => {
                format!(
                    "{} to {}",
                    event.previous_description.servers().count(),
                    event.new_description.servers().count()
                )
            }
            Event::TopologyOpening(_) => "opening".to_owned(),
            Event::TopologyClosed(_) => "closed".to_owned(),
            other => panic!("{other:?}"),
        };
        events.iter().map(name).collect()
    }

    #[test]
    fn a_topology_lives_from_opening_to_closed() {
        let id = TopologyId::new();
        assert_eq!(names(&opening(id, &servers(&[1, 2]))), ["opening", "0 to 2", "+1", "+2"]);
        assert_eq!(
            names(&changed(id, &servers(&[1, 2]), &servers(&[2, 3, 4]))),
            ["+3", "+4", "-1", "2 to 3"]
        );
        assert!(changed(id, &servers(&[1]), &servers(&[1])).is_empty(), "equal pictures are no event");
        assert_eq!(names(&closing(id, &servers(&[2, 3]))), ["-2", "-3", "2 to 0", "closed"]);
        assert_ne!(id, TopologyId::new());
    }
}
