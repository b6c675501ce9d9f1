//! One pass over a request's top-level keys: which command it is, and what rides with it.
//! Nothing is decoded; a length that does not fit makes the request malformed.

use super::scans::Place;

/// What the reply depends on, and what is counted.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Request {
    pub id: i32,
    pub command: Command,
    /// `moreToCome`: the client does not wait for a reply
    pub silent: bool,
    pub session: bool,
    pub cluster_time: bool,
    pub txn_number: bool,
    /// An awaitable hello: how long nothing is to be said while nothing changes
    pub await_millis: Option<u64>,
    /// Of a scan, if there is such a cursor
    pub place: Option<Place>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    Hello,
    /// One document
    Find,
    /// `find` in a collection for scans, and `getMore`
    Scan,
    Insert,
    Ping,
    /// `endSessions`, `killCursors`, `buildInfo`: answered, not measured
    Housekeeping,
    #[default]
    Unknown,
}

pub const HEADER: usize = 16;
const OP_MSG: i32 = 2013;
const CHECKSUM: i32 = 1;
const MORE_TO_COME: i32 = 2;

/// Reads a whole frame. `None`: not an OP_MSG, or malformed.
pub fn parse(frame: &[u8]) -> Option<Request> {
    if int32(frame, 12)? != OP_MSG {
        return None;
    }
    let flags = int32(frame, HEADER)?;
    let mut request =
        Request { id: int32(frame, 4)?, silent: flags & MORE_TO_COME != 0, ..Request::default() };
    let checksum = if flags & CHECKSUM == 0 { 0 } else { 4 };
    let mut sections = frame.get(HEADER + 4..frame.len().checked_sub(checksum)?)?;
    while let Some((kind, rest)) = sections.split_first() {
        let length = length(rest, 0)?;
        let section = rest.get(..length)?;
        if *kind == 0 {
            read_body(section, &mut request)?;
        }
        sections = &rest[length..];
    }
    Some(request)
}

fn read_body(document: &[u8], request: &mut Request) -> Option<()> {
    let mut at = 4;
    let mut first_value = None;
    let mut await_millis = None;
    let mut batch = None;
    let mut knows_topology = false;
    while *document.get(at)? != 0 {
        let kind = document[at];
        let key = c_string(document, at + 1)?;
        let value = at + 1 + key.len() + 1;
        if first_value.is_none() {
            request.command = command(key);
            first_value = Some(value);
        }
        match key {
            b"lsid" => request.session = true,
            b"$clusterTime" => request.cluster_time = true,
            b"txnNumber" => request.txn_number = true,
            b"topologyVersion" => knows_topology = true,
            b"batchSize" => batch = integer(kind, document, value),
            b"maxAwaitTimeMS" => await_millis = integer(kind, document, value),
            _ => {}
        }
        at = value.checked_add(size(kind, document, value)?)?;
    }
    request.await_millis = await_millis.filter(|_| knows_topology);
    match request.command {
        Command::Find => {
            let batch = u32::try_from(batch.unwrap_or_default()).ok()?;
            request.place = first_value.and_then(|value| Place::start(string(document, value)?, batch));
            if request.place.is_some() {
                request.command = Command::Scan;
            }
        }
        Command::Scan => {
            let id = first_value.and_then(|value| integer(0x12, document, value));
            request.place = id.and_then(|id| Place::of(i64::try_from(id).ok()?));
        }
        _ => {}
    }
    Some(())
}

fn command(name: &[u8]) -> Command {
    match name {
        b"find" => Command::Find,
        b"getMore" => Command::Scan,
        b"insert" => Command::Insert,
        b"ping" => Command::Ping,
        b"hello" | b"isMaster" | b"ismaster" => Command::Hello,
        b"endSessions" | b"killCursors" | b"buildInfo" => Command::Housekeeping,
        _ => Command::Unknown,
    }
}

/// How many bytes the value takes.
fn size(kind: u8, bytes: &[u8], at: usize) -> Option<usize> {
    Some(match kind {
        0x06 | 0x0A | 0x7F | 0xFF => 0,
        0x08 => 1,
        0x10 => 4,
        0x01 | 0x09 | 0x11 | 0x12 => 8,
        0x07 => 12,
        0x13 => 16,
        0x03 | 0x04 | 0x0F => length(bytes, at)?,
        0x02 | 0x0D | 0x0E => length(bytes, at)?.checked_add(4)?,
        0x05 => length(bytes, at)?.checked_add(5)?,
        0x0B => {
            let pattern = c_string(bytes, at)?.len() + 1;
            pattern + c_string(bytes, at + pattern)?.len() + 1
        }
        _ => return None,
    })
}

fn integer(kind: u8, bytes: &[u8], at: usize) -> Option<u64> {
    match kind {
        0x10 => int32(bytes, at).and_then(|value| u64::try_from(value).ok()),
        0x12 => {
            let value = bytes.get(at..)?.first_chunk()?;
            u64::try_from(i64::from_le_bytes(*value)).ok()
        }
        _ => None,
    }
}

fn string(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let length = length(bytes, at)?.checked_sub(1)?;
    bytes.get(at + 4..)?.get(..length)
}

fn c_string(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let rest = bytes.get(at..)?;
    let end = rest.iter().position(|byte| *byte == 0)?;
    Some(&rest[..end])
}

/// A length that a frame states of itself or of a part; never less than its own four bytes,
/// except for a binary's, which may be empty.
fn length(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(int32(bytes, at)?).ok()
}

pub fn int32(bytes: &[u8], at: usize) -> Option<i32> {
    let value = bytes.get(at..)?.first_chunk()?;
    Some(i32::from_le_bytes(*value))
}

#[cfg(test)]
mod tests {
    use bson::{Bson, Document, Timestamp, doc};

    use super::*;

    fn frame(flags: i32, body: &Document, sequence: &[u8]) -> Vec<u8> {
        let body = body.to_vec().unwrap();
        let mut frame = vec![0; 4];
        for number in [77, 0, OP_MSG, flags] {
            frame.extend_from_slice(&i32::to_le_bytes(number));
        }
        if !sequence.is_empty() {
            frame.push(1);
            frame.extend_from_slice(sequence);
        }
        frame.push(0);
        frame.extend_from_slice(&body);
        let length = i32::try_from(frame.len()).unwrap();
        frame[..4].copy_from_slice(&length.to_le_bytes());
        frame
    }

    #[test]
    fn what_rides_with_a_command_is_seen_behind_every_kind_of_value() {
        let body = doc! {
            "insert": "things", "null": Bson::Null, "flag": true, "number": 1_i32, "long": 1_i64,
            "float": 0.5, "array": [1, 2], "binary": bson::Binary { subtype: bson::spec::BinarySubtype::Generic, bytes: vec![] },
            "regex": bson::Regex { pattern: bson::cstr!("a.*").to_owned(), options: bson::cstr!("i").to_owned() },
            "id": bson::oid::ObjectId::new(), "text": "lsid", "nested": { "lsid": 1 },
            "lsid": { "id": 1 }, "$clusterTime": Timestamp { time: 1, increment: 1 }, "txnNumber": 4_i64,
        };
        let request = parse(&frame(0, &body, &[5, 0, 0, 0, 9])).unwrap();
        let expected = Request {
            id: 77,
            command: Command::Insert,
            session: true,
            cluster_time: true,
            txn_number: true,
            ..Request::default()
        };
        assert_eq!(request, expected);
        let bare = doc! { "ping": 1, "comment": { "lsid": 1, "$clusterTime": 2 } };
        let request = parse(&frame(MORE_TO_COME, &bare, &[])).unwrap();
        let expected = Request { id: 77, command: Command::Ping, silent: true, ..Request::default() };
        assert_eq!(request, expected);
    }

    #[test]
    fn a_scan_is_known_by_its_collection_and_then_by_its_cursor() {
        let find = parse(&frame(0, &doc! { "find": "scan_1KiB", "batchSize": 1000 }, &[])).unwrap();
        assert_eq!((find.command, find.place), (Command::Scan, Place::start(b"scan_1KiB", 1000)));
        let id = (1_i64 << 48) | 101;
        let more = parse(&frame(0, &doc! { "getMore": id, "collection": "scan_200B" }, &[])).unwrap();
        assert_eq!((more.command, more.place), (Command::Scan, Place::of(id)));
        assert!(more.place.is_some());
        let one = parse(&frame(0, &doc! { "find": "things", "limit": 1 }, &[])).unwrap();
        assert_eq!((one.command, one.place), (Command::Find, None));
    }

    #[test]
    fn a_hello_awaits_only_when_it_knows_a_topology_version() {
        let plain = doc! { "hello": 1, "maxAwaitTimeMS": 10_000_i64 };
        assert_eq!(parse(&frame(0, &plain, &[])).unwrap().await_millis, None);
        let awaiting = doc! { "hello": 1, "maxAwaitTimeMS": 500_i32, "topologyVersion": {} };
        assert_eq!(parse(&frame(0, &awaiting, &[])).unwrap().await_millis, Some(500));
    }

    #[test]
    fn every_cut_and_every_spoiled_length_is_refused_without_a_panic() {
        let whole = frame(0, &doc! { "find": "things", "filter": { "_id": 1 } }, &[]);
        for end in 0..whole.len() {
            let cut = parse(&whole[..end]);
            assert!(cut.is_none() || end == HEADER + 4, "{end} of {}", whole.len());
        }
        for at in HEADER + 4..whole.len() {
            let mut spoiled = whole.clone();
            spoiled[at] = 0xF5;
            let _ = parse(&spoiled);
        }
        let mut other = whole;
        other[12] = 1;
        assert_eq!(parse(&other), None);
    }
}
