//! Services behind a load balancer: one pool has sockets to several, and each has a
//! generation of its own (pooling specification, "Load Balancer Mode").
//!
//! Kept by [`State`](super::state::State). Without a load balancer there are none.

use std::sync::Arc;

use bson::oid::ObjectId;

use super::{Pool, Slot};

/// A service, and the generation in which a socket to it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Service {
    /// The `serviceId` of its hello.
    pub id: ObjectId,
    /// Counts the clears of its sockets.
    pub generation: u64,
}

/// Where a socket belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The pool's, when it was opened.
    pub generation: u64,
    /// Behind a load balancer, what its hello led to.
    pub service: Option<Service>,
}

impl Origin {
    /// The generation that counts.
    pub fn number(&self) -> u64 {
        self.service.map_or(self.generation, |service| service.generation)
    }

    /// The service, if there is one.
    pub fn service_id(&self) -> Option<ObjectId> {
        self.service.map(|service| service.id)
    }
}

/// One service that sockets lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ServiceInfo {
    /// The `serviceId` of its hello.
    pub id: ObjectId,
    /// How often its sockets were cleared since it became known.
    pub generation: u64,
    /// Sockets that lead there, from their hello until the supervisor knows of their end.
    pub sockets: usize,
}

/// Those that sockets lead to. Few, so that a list serves best; and with the last of its
/// sockets a service is forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Services {
    known: Vec<ServiceInfo>,
}

impl Services {
    /// One more socket leads there, and belongs to this generation.
    pub fn join(&mut self, id: ObjectId) -> Service {
        if let Some(info) = self.known.iter_mut().find(|info| info.id == id) {
            info.sockets += 1;
            return Service { id, generation: info.generation };
        }
        self.known.push(ServiceInfo { id, generation: 0, sockets: 1 });
        Service { id, generation: 0 }
    }

    /// A socket of those is gone, and all that it had to tell was heard.
    pub fn part(&mut self, id: ObjectId) {
        if let Some(at) = self.known.iter().position(|info| info.id == id) {
            self.known[at].sockets -= 1;
            if self.known[at].sockets == 0 {
                self.known.swap_remove(at);
            }
        }
    }

    /// Starts a new generation, and says which; `None` if no socket leads there.
    pub fn clear(&mut self, id: ObjectId) -> Option<u64> {
        let info = self.known.iter_mut().find(|info| info.id == id)?;
        info.generation += 1;
        Some(info.generation)
    }

    /// Starts a new generation of each.
    pub fn renew(&mut self) {
        self.known.iter_mut().for_each(|info| info.generation += 1);
    }

    /// The present generation of a service.
    pub fn generation(&self, id: ObjectId) -> u64 {
        self.known.iter().find(|info| info.id == id).map_or(0, |info| info.generation)
    }

    /// All of them.
    pub fn infos(&self) -> &[ServiceInfo] {
        &self.known
    }
}

impl Pool {
    /// Gives up the sockets that lead to this service behind a load balancer, and no others:
    /// takes the idle ones out, to be retired, and lets the others end with what they have in
    /// flight. The pool goes on serving, and nobody who waits is failed.
    pub fn clear_service(&self, id: ObjectId) -> Vec<Arc<Slot>> {
        let mut state = self.lock();
        let cleared = state.clear_service(id, |slot| slot.origin().service_id() == Some(id));
        self.tell_cleared(&cleared, Some(id), false);
        drop(state);
        cleared.idle
    }

    /// A socket's hello came from this service behind a load balancer; in its present
    /// generation the socket is. [`part`](Self::part) must follow.
    pub fn join(&self, id: ObjectId) -> Service {
        self.lock().services_mut().join(id)
    }

    /// A socket that [joined](Self::join) is gone. To be called when all that it had to tell
    /// was heard, for with the last of them the service's generation is forgotten.
    pub fn part(&self, service: Service) {
        self.lock().services_mut().part(service.id);
    }

    /// The generation that a socket of this origin would have, were it opened now.
    pub fn present(&self, origin: Origin) -> u64 {
        self.lock().present(origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_counts_for_itself_and_is_forgotten_with_its_last_socket() {
        let (a, b) = (ObjectId::from_bytes([1; 12]), ObjectId::from_bytes([2; 12]));
        let mut services = Services::default();
        assert_eq!(services.clear(a), None, "nobody leads there");
        assert_eq!((services.join(a).generation, services.join(a).generation), (0, 0));
        services.join(b);
        assert_eq!(services.clear(a), Some(1));
        assert_eq!((services.generation(a), services.generation(b)), (1, 0));
        assert_eq!(services.join(a), Service { id: a, generation: 1 });
        for _ in 0..2 {
            services.part(a);
            assert_eq!(services.generation(a), 1);
        }
        services.part(a);
        assert_eq!(services.infos(), [ServiceInfo { id: b, generation: 0, sockets: 1 }]);
        assert_eq!(services.join(a).generation, 0, "it starts anew");
        services.part(ObjectId::from_bytes([3; 12]));
        assert_eq!(services.infos().len(), 2);
        services.renew();
        assert_eq!((services.generation(a), services.generation(b)), (1, 1));
    }
}
