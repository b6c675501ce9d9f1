//! The first message on every stream of a connection. It may change while the connection
//! lives: libraries add to the client metadata, and sockets opened afterwards tell it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::command::{ClientMetadata, DriverInfo, Handshake, ServerApi, Surroundings};
use crate::error::Result;
use crate::wire::{Accepted, Compressor, Frame, Offer};

/// See the module. Written by callers, read by whoever opens a stream.
#[derive(Debug)]
pub struct Greeting {
    app_name: Option<String>,
    surroundings: Surroundings,
    server_api: Option<ServerApi>,
    offer: Offer,
    said: Mutex<Said>,
}

#[derive(Debug)]
struct Said {
    load_balanced: bool,
    libraries: Vec<DriverInfo>,
    frame: Frame,
}

impl Greeting {
    /// The greeting of an application and the libraries between. Fails if that is more than
    /// servers take.
    pub fn new(
        app_name: Option<String>,
        libraries: Vec<DriverInfo>,
        surroundings: Surroundings,
        load_balanced: bool,
        server_api: Option<ServerApi>,
    ) -> Result<Self> {
        let said = Said { load_balanced, libraries: Vec::new(), frame: Frame::default() };
        let said = Mutex::new(said);
        let greeting = Self { app_name, surroundings, server_api, offer: Offer::default(), said };
        let frame = greeting.write(&[], load_balanced)?;
        greeting.lock().frame = frame;
        libraries.into_iter().try_for_each(|library| greeting.append(library))?;
        Ok(greeting)
    }

    /// The same with an offer to compress.
    pub fn offering(mut self, offer: Offer) -> Result<Self> {
        self.offer = offer;
        let load_balanced = self.load_balanced();
        self.balance(load_balanced)?;
        Ok(self)
    }

    /// What messages to a server are compressed with that answered with these names.
    pub fn choose(&self, server: &[String]) -> Option<Compressor> {
        self.offer.choose(server)
    }

    /// What a server that was greeted may compress its replies with, this one's included.
    pub fn accepted(&self) -> Accepted {
        self.offer.accepted()
    }

    /// Adds a library, unless it was added before. On an error nothing has changed.
    pub fn append(&self, library: DriverInfo) -> Result<()> {
        library.check()?;
        let mut said = self.lock();
        if said.libraries.contains(&library) {
            return Ok(());
        }
        said.libraries.push(library);
        match self.write(&said.libraries, said.load_balanced) {
            Ok(frame) => said.frame = frame,
            Err(error) => {
                said.libraries.pop();
                return Err(error);
            }
        }
        Ok(())
    }

    /// The address turns out to be a load balancer's, or not to be: DNS can tell so before the
    /// first stream is opened.
    pub fn balance(&self, load_balanced: bool) -> Result<()> {
        let mut said = self.lock();
        said.frame = self.write(&said.libraries, load_balanced)?;
        said.load_balanced = load_balanced;
        Ok(())
    }

    /// The message, as it is now.
    pub fn frame(&self) -> Frame {
        self.lock().frame.clone()
    }

    /// The API version that each command declares.
    pub fn server_api(&self) -> Option<&ServerApi> {
        self.server_api.as_ref()
    }

    /// The address is a load balancer's.
    pub fn load_balanced(&self) -> bool {
        self.lock().load_balanced
    }

    fn write(&self, libraries: &[DriverInfo], load_balanced: bool) -> Result<Frame> {
        let metadata = ClientMetadata::new(self.app_name.as_deref(), libraries, &self.surroundings)?;
        let compressors: Vec<&str> = self.offer.names().collect();
        let handshake = Handshake {
            client: metadata.document(),
            compressors: &compressors,
            load_balanced,
            server_api: self.server_api.as_ref(),
        };
        Ok(handshake.frame())
    }

    fn lock(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
