//! The replies: built once, then copied with `responseTo` and the cluster time written in.

use bson::oid::ObjectId;
use bson::spec::BinarySubtype;
use bson::{Binary, DateTime, Document, Timestamp, doc};

use super::request::{Command, Request};
use super::scans::Scans;
use crate::cases::Size;
use crate::things::stored;

/// A whole OP_MSG frame and where its cluster times are.
pub struct Template {
    bytes: Vec<u8>,
    times: Vec<usize>,
}

pub struct Replies {
    hello: Template,
    find: Template,
    insert: Template,
    ok: Template,
    unknown: Template,
    scans: Scans,
    /// The cluster's time, second half. Every insert moves it, as on a real server.
    increment: u32,
}

impl Replies {
    pub fn new(port: u16) -> anyhow::Result<Self> {
        let first_batch = vec![stored(Size::Small, 0)];
        let cursor = doc! { "firstBatch": first_batch, "id": 0_i64, "ns": "bench.things" };
        Ok(Self {
            hello: Template::new(hello(port))?,
            find: Template::new(doc! { "cursor": cursor, "ok": 1.0 })?,
            insert: Template::new(insert())?,
            ok: Template::new(doc! { "ok": 1.0 })?,
            unknown: Template::new(unknown())?,
            scans: Scans::default(),
            increment: 1,
        })
    }

    /// Appends the reply to `output`. False if there is none but an error.
    pub fn answer(&mut self, request: &Request, output: &mut Vec<u8>) -> anyhow::Result<bool> {
        if request.command == Command::Insert {
            self.increment = self.increment.wrapping_add(1).max(1);
        }
        let template = match request.command {
            Command::Hello => Some(&self.hello),
            Command::Find => Some(&self.find),
            Command::Scan => request.place.map_or(Ok(None), |place| self.scans.reply(place))?,
            Command::Insert => Some(&self.insert),
            Command::Ping | Command::Housekeeping => Some(&self.ok),
            Command::Unknown => None,
        };
        let known = template.is_some();
        let template = template.unwrap_or(&self.unknown);
        let start = output.len();
        output.extend_from_slice(&template.bytes);
        let reply = &mut output[start..];
        reply[RESPONSE_TO..RESPONSE_TO + 4].copy_from_slice(&request.id.to_le_bytes());
        for &at in &template.times {
            reply[at..at + 4].copy_from_slice(&self.increment.to_le_bytes());
        }
        Ok(known)
    }
}

impl Template {
    pub fn new(mut body: Document) -> anyhow::Result<Self> {
        let signature = Binary { subtype: BinarySubtype::Generic, bytes: vec![0; 20] };
        body.insert(
            "$clusterTime",
            doc! { "clusterTime": MARK, "signature": { "hash": signature, "keyId": 0_i64 } },
        );
        body.insert("operationTime", MARK);
        let body = body.to_vec()?;
        let mut bytes = Vec::with_capacity(body.len() + 21);
        for number in [i32::try_from(body.len() + 21)?, 1, 0, 2013, 0] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.push(0);
        bytes.extend_from_slice(&body);
        // A BSON timestamp is its increment and then its time, both little-endian.
        let mut mark = MARK.increment.to_le_bytes().to_vec();
        mark.extend_from_slice(&MARK.time.to_le_bytes());
        let is_mark = |at: &usize| bytes[*at..].starts_with(&mark);
        let times = (0..bytes.len()).filter(is_mark).collect();
        Ok(Self { bytes, times })
    }
}

fn hello(port: u16) -> Document {
    let me = format!("127.0.0.1:{port}");
    doc! {
        "helloOk": true,
        "ismaster": true,
        "isWritablePrimary": true,
        "secondary": false,
        "readOnly": false,
        "topologyVersion": { "processId": ObjectId::new(), "counter": 0_i64 },
        "hosts": [me.as_str()],
        "setName": "bench",
        "setVersion": 1,
        "electionId": ObjectId::new(),
        "primary": me.as_str(),
        "me": me.as_str(),
        "maxBsonObjectSize": 16 * 1024 * 1024,
        "maxMessageSizeBytes": 48_000_000,
        "maxWriteBatchSize": 100_000,
        "localTime": DateTime::now(),
        "logicalSessionTimeoutMinutes": 30,
        "connectionId": 1,
        "minWireVersion": 0,
        "maxWireVersion": 25,
        "ok": 1.0,
    }
}

/// As a replica set answers a write: with the place of it in the log.
fn insert() -> Document {
    doc! {
        "n": 1,
        "electionId": ObjectId::new(),
        "opTime": { "ts": MARK, "t": 1_i64 },
        "ok": 1.0,
    }
}

fn unknown() -> Document {
    doc! {
        "ok": 0.0,
        "errmsg": "this server has no reply for such a command",
        "code": 59,
        "codeName": "CommandNotFound",
    }
}

const RESPONSE_TO: usize = 8;
/// Stands where the cluster time belongs; its time part stays in the replies.
const MARK: Timestamp = Timestamp { time: 1_767_225_601, increment: 0xB0A7_C10C };

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(replies: &mut Replies, command: Command, id: i32) -> (Vec<u8>, Document) {
        let mut output = b"before".to_vec();
        replies.answer(&Request { id, command, ..Request::default() }, &mut output).unwrap();
        let frame = output.split_off(b"before".len());
        let body = Document::from_reader(&frame[21..]).unwrap();
        (frame, body)
    }

    fn increment(body: &Document) -> u32 {
        let time = body.get_document("$clusterTime").unwrap().get_timestamp("clusterTime").unwrap();
        assert_eq!(body.get_timestamp("operationTime").unwrap(), time);
        time.increment
    }

    #[test]
    fn a_reply_is_a_whole_frame_for_its_request() {
        let mut replies = Replies::new(27017).unwrap();
        let (frame, body) = ask(&mut replies, Command::Find, 0x0102_0304);
        assert_eq!(i32::from_le_bytes(frame[..4].try_into().unwrap()) as usize, frame.len());
        assert_eq!(frame[8..12], [4, 3, 2, 1]);
        let cursor = body.get_document("cursor").unwrap();
        assert_eq!(cursor.get_i64("id").unwrap(), 0);
        let document = cursor.get_array("firstBatch").unwrap()[0].as_document().unwrap();
        let size = document.to_vec().unwrap().len();
        assert!((180..=220).contains(&size), "{size}");
    }

    #[test]
    fn inserts_move_the_cluster_time_and_nothing_else_does() {
        let mut replies = Replies::new(27017).unwrap();
        assert_eq!(increment(&ask(&mut replies, Command::Ping, 1).1), 1);
        let inserted = ask(&mut replies, Command::Insert, 2).1;
        assert_eq!(increment(&inserted), 2);
        let logged = inserted.get_document("opTime").unwrap().get_timestamp("ts").unwrap();
        assert_eq!(logged.increment, 2);
        assert_eq!(increment(&ask(&mut replies, Command::Hello, 3).1), 2);
    }
}
