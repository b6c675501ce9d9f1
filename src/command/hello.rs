//! The commands `hello` and `isMaster`: the first message on each socket, and the checks
//! that monitors send afterwards.

use std::time::Duration;

use bson::RawDocument;

use super::server_api::ServerApi;
use crate::wire::frame::EXHAUST_ALLOWED;
use crate::wire::{ElementWriter, Frame, FrameBuilder};

/// The version of the client back-pressure specification that is spoken here.
const BACKPRESSURE: &str = "2";

/// The first message on a socket.
#[derive(Clone, Copy, Debug)]
pub struct Handshake<'a> {
    /// The document [`ClientMetadata`](super::ClientMetadata).
    pub client: &'a RawDocument,
    /// The compressors to offer, the preferred one first.
    pub compressors: &'a [&'a str],
    /// The address is a load balancer's.
    pub load_balanced: bool,
    /// The declared API version.
    pub server_api: Option<&'a ServerApi>,
}

/// What makes a check wait on the server until something changes.
#[derive(Clone, Copy, Debug)]
pub struct Await<'a> {
    /// The server's `topologyVersion` as it was last seen.
    pub topology_version: &'a RawDocument,
    /// The longest wait (`maxAwaitTimeMS`).
    pub at_most: Duration,
    /// The server may go on answering without being asked (streaming).
    pub exhaust: bool,
}

impl Handshake<'_> {
    /// The command. It has no envelope to be sealed in beyond its number.
    pub fn frame(&self) -> Frame {
        let mut builder = FrameBuilder::new(128 + self.client.as_bytes().len());
        let mut command = builder.elements();
        // Only these two may greet a server with `hello`: any other may be too old for it.
        if self.server_api.is_some() || self.load_balanced {
            command.i32("hello", 1);
        } else {
            command.i32("isMaster", 1).bool("helloOk", true);
        }
        command.str("backpressure", BACKPRESSURE).document("client", self.client);
        // An empty list says that nothing is to be compressed.
        command.array_with("compression", |list| {
            for (index, name) in self.compressors.iter().enumerate() {
                list.str(&index.to_string(), name);
            }
        });
        if self.load_balanced {
            command.bool("loadBalanced", true);
        }
        end(&mut command, self.server_api);
        builder.finish()
    }
}

/// A monitor's check, after the handshake: `hello` if the server said `helloOk` (or an API
/// version is declared), else the legacy command. With `wait` the server holds its answer
/// back until something changes.
pub fn check(hello_ok: bool, wait: Option<Await<'_>>, server_api: Option<&ServerApi>) -> Frame {
    let mut builder = FrameBuilder::new(128);
    if wait.is_some_and(|wait| wait.exhaust) {
        builder.set_flags(EXHAUST_ALLOWED);
    }
    let mut command = builder.elements();
    let name = if hello_ok || server_api.is_some() { "hello" } else { "isMaster" };
    command.i32(name, 1).bool("helloOk", true);
    if let Some(wait) = wait {
        command.document("topologyVersion", wait.topology_version);
        command.i64("maxAwaitTimeMS", i64::try_from(wait.at_most.as_millis()).unwrap_or(i64::MAX));
    }
    end(&mut command, server_api);
    builder.finish()
}

fn end(command: &mut ElementWriter<'_>, server_api: Option<&ServerApi>) {
    if let Some(api) = server_api {
        api.write(command);
    }
    command.str("$db", "admin");
}

#[cfg(test)]
mod tests {
    use bson::{Document, doc, rawdoc};

    use super::*;
    use crate::command::ServerApiVersion;
    use crate::wire::{FrameSplitter, Reply};

    fn read(mut frame: Frame) -> (u32, Document) {
        frame.seal(1, |_| {});
        let (_, message) = FrameSplitter::default().feed(&frame.parts().concat()).unwrap();
        let message = Reply::parse(message.unwrap()).unwrap();
        (message.flags, Document::try_from(message.body).unwrap())
    }

    fn api() -> ServerApi {
        ServerApi::new(ServerApiVersion::V1).strict(true)
    }

    #[test]
    fn prose_9_an_unknown_server_is_greeted_with_the_legacy_command() {
        let client = rawdoc! { "driver": { "name": "x" } };
        let handshake =
            Handshake { client: &client, compressors: &[], load_balanced: false, server_api: None };
        let expected = doc! {
            "isMaster": 1,
            "helloOk": true,
            "backpressure": "2",
            "client": { "driver": { "name": "x" } },
            "compression": [],
            "$db": "admin",
        };
        assert_eq!(read(handshake.frame()), (0, expected));
    }

    #[test]
    fn an_api_version_or_load_balancer_asks_for_hello() {
        let (client, api) = (rawdoc! {}, api());
        let plain = Handshake { client: &client, compressors: &[], load_balanced: false, server_api: None };
        let expected = doc! {
            "hello": 1,
            "backpressure": "2",
            "client": {},
            "compression": [],
            "apiVersion": "1",
            "apiStrict": true,
            "$db": "admin",
        };
        assert_eq!(read(Handshake { server_api: Some(&api), ..plain }.frame()).1, expected);
        let expected = doc! {
            "hello": 1,
            "backpressure": "2",
            "client": {},
            "compression": ["zstd", "zlib"],
            "loadBalanced": true,
            "$db": "admin",
        };
        let balanced = Handshake { load_balanced: true, compressors: &["zstd", "zlib"], ..plain };
        assert_eq!(read(balanced.frame()).1, expected);
    }

    #[test]
    fn checks_carry_no_handshake_arguments() {
        assert_eq!(read(check(true, None, None)), (0, doc! { "hello": 1, "helloOk": true, "$db": "admin" }));
        let legacy = doc! { "isMaster": 1, "helloOk": true, "$db": "admin" };
        assert_eq!(read(check(false, None, None)), (0, legacy));
        let declared = read(check(false, None, Some(&api()))).1;
        assert_eq!(declared.keys().next().unwrap(), "hello");
    }

    #[test]
    fn an_awaited_check_tells_what_was_seen_and_how_long_to_wait() {
        let seen = rawdoc! { "processId": bson::oid::ObjectId::from_bytes([1; 12]), "counter": 6_i64 };
        let mut wait = Await { topology_version: &seen, at_most: Duration::from_secs(10), exhaust: true };
        let (flags, command) = read(check(true, Some(wait), None));
        assert_eq!(flags, EXHAUST_ALLOWED);
        let expected = doc! {
            "hello": 1,
            "helloOk": true,
            "topologyVersion": Document::try_from(seen.clone()).unwrap(),
            "maxAwaitTimeMS": 10_000_i64,
            "$db": "admin",
        };
        assert_eq!(command, expected);
        wait.exhaust = false;
        assert_eq!(read(check(true, Some(wait), None)), (0, expected));
    }
}
