//! `examples/actix_web_api.rs`, over HTTP.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::process::{ChildStdout, Command};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use actix_mongo::bson::doc;
use serde_json::{Value, json};
use test_support::real_server::Options;
use test_support::{Gate, RealServer, Rule, ScriptedServer, poll_until};

use crate::http::{Answer, ask};
use crate::support::{Ended, Example, Running, server};

/// For what happens in the background.
const SOON: Duration = Duration::from_secs(20);
/// What the service has for its end.
const GRACE: Duration = Duration::from_secs(25);

struct Service {
    process: Running,
    stdout: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Service {
    /// Starts it, and waits until it listens.
    fn start(uri: &str, options: &str) -> Self {
        let uri = format!("{uri}?{options}");
        let (process, stdout) = Example::new("actix_web_api").uri(&uri).env("LISTEN", "127.0.0.1:0").start();
        let (mut stdout, mut line) = (BufReader::new(stdout), String::new());
        stdout.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("Listening on http://");
        let address = address.unwrap_or_else(|| panic!("{line:?}")).parse().unwrap();
        Self { process, stdout, address }
    }

    #[track_caller]
    fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        read(&ask(self.address, method, path, &text).unwrap())
    }

    #[track_caller]
    fn get(&self, path: &str) -> (u16, Value) {
        self.ask("GET", path, &Value::Null)
    }

    /// `-TERM` is what an orchestrator sends, `-INT` what Ctrl-C does.
    fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    #[track_caller]
    fn ended(mut self) -> Ended {
        let mut ended = self.process.end_within(GRACE);
        self.stdout.read_to_string(&mut ended.stdout).unwrap();
        ended
    }
}

/// The status, and the body if it is JSON.
fn read(answer: &Answer) -> (u16, Value) {
    (answer.status, serde_json::from_str(&answer.body).unwrap_or_default())
}

#[test]
fn rooms_come_change_and_go_and_pages_have_all_of_them() {
    let server = server();
    let service = Service::start(&server.uri(), "");
    let room = |number: i32, beds: i32| json!({ "number": number, "beds": beds });
    let missing = (404, json!({ "error": "there is no such room" }));

    assert_eq!(service.ask("POST", "/rooms", &room(7, 2)), (201, room(7, 2)));
    let exists = json!({ "error": "an entry with this key exists already" });
    assert_eq!(service.ask("POST", "/rooms", &room(7, 9)), (409, exists));
    assert_eq!(service.get("/rooms/7"), (200, room(7, 2)));
    assert_eq!(service.ask("PUT", "/rooms/7", &json!({ "beds": 3 })), (200, room(7, 3)));
    assert_eq!(service.get("/rooms/7"), (200, room(7, 3)));
    assert_eq!(service.ask("DELETE", "/rooms/7", &Value::Null), (204, Value::Null));
    assert_eq!(service.ask("DELETE", "/rooms/7", &Value::Null), missing);
    assert_eq!(service.get("/rooms/7"), missing);
    assert_eq!(service.ask("PUT", "/rooms/7", &json!({ "beds": 3 })), missing);
    let told = |(status, body): (u16, Value)| (status, body["error"].is_string());
    assert_eq!(told(service.ask("POST", "/rooms", &json!({ "number": "seven" }))), (400, true));
    assert_eq!(told(service.ask("PUT", "/rooms/7", &json!({ "beds": -2 }))), (400, true));
    assert_eq!(told(service.get("/rooms?limit=some")), (400, true));
    assert_eq!(told(service.get("/rooms/seven")), (404, true));

    assert_eq!(service.get("/rooms"), (200, json!({ "rooms": [], "next": null })));
    for number in 0..45 {
        assert_eq!(service.ask("POST", "/rooms", &room(number, 1)).0, 201);
    }
    let (mut pages, mut numbers, mut next) = (0, Vec::new(), json!(-1));
    while !next.is_null() {
        let (status, page) = service.get(&format!("/rooms?limit=15&after={next}"));
        assert_eq!(status, 200);
        numbers.extend(page["rooms"].as_array().unwrap().iter().map(|room| room["number"].as_i64().unwrap()));
        (pages, next) = (pages + 1, page["next"].clone());
    }
    assert_eq!((pages, numbers), (3, (0..45).collect::<Vec<i64>>()));

    assert_eq!(service.get("/health/live"), (200, json!({ "status": "alive" })));
    assert_eq!(service.get("/health/ready"), (200, json!({ "status": "ready" })));
    service.signal("-TERM");
    let ended = service.ended();
    assert!(ended.success && ended.stdout.contains("Stopped."), "{ended}");
}

/// One visitor's rooms, as far as he can know: the number of beds, or that there is none.
/// After an answer that leaves it open whether something was done, a room is not in it.
struct Visitor<'a> {
    address: SocketAddr,
    first: i64,
    known: BTreeMap<i64, Option<i64>>,
    counts: &'a Counts,
}

#[derive(Default)]
struct Counts {
    done: AtomicUsize,
    away: AtomicUsize,
    enough: AtomicBool,
}

impl Visitor<'_> {
    /// The answer, or `None` if the service could give none.
    fn ask(&self, method: &str, number: i64, body: &Value) -> Option<(u16, Value)> {
        let path = if method == "POST" { "/rooms".to_owned() } else { format!("/rooms/{number}") };
        let text = if body.is_null() { String::new() } else { body.to_string() };
        // The service itself is always there.
        let answer = ask(self.address, method, &path, &text).unwrap();
        match read(&answer) {
            (503 | 504, body) => {
                self.counts.away.fetch_add(1, Relaxed);
                assert!(body["error"].as_str().unwrap().starts_with("the database "), "{body}");
                assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
                None
            }
            it => {
                self.counts.done.fetch_add(1, Relaxed);
                Some(it)
            }
        }
    }

    /// Does something to a room, and holds the answer against what is known.
    fn visit(&mut self, turn: i64) {
        let number = self.first + turn % 10;
        let before = self.known.remove(&number);
        let beds = turn;
        let change = json!({ "number": number, "beds": beds });
        let (method, after) = match turn / 10 % 4 {
            0 => ("POST", Some(beds)),
            1 => ("GET", None),
            2 => ("PUT", Some(beds)),
            _ => ("DELETE", None),
        };
        let body = if after.is_some() { &change } else { &Value::Null };
        let Some((status, answer)) = self.ask(method, number, body) else { return };
        let now = match (method, status) {
            ("POST", 201) | ("PUT", 200) => after,
            ("GET", 200) => answer["beds"].as_i64(),
            ("DELETE", 204 | 404) | ("GET" | "PUT", 404) => None,
            // As before, which is not known if the last answer left it open.
            ("POST", 409) => match before {
                None => return,
                Some(there) => {
                    assert!(there.is_some(), "{number} was not there, and could not be created");
                    there
                }
            },
            other => panic!("{other:?}: {answer}"),
        };
        if let Some(before) = before {
            let wrong = format!("{method} {number}: {status}, {answer}, known was {before:?}");
            match (method, status) {
                ("POST", 201) | ("PUT" | "DELETE", 404) => assert_eq!(before, None, "{wrong}"),
                ("PUT", 200) | ("DELETE", 204) => assert!(before.is_some(), "{wrong}"),
                ("GET", _) => assert_eq!(before, now, "{wrong}"),
                _ => {}
            }
        }
        self.known.insert(number, now);
    }
}

#[test]
fn a_restart_of_the_server_under_load_is_seen_as_503_and_504_and_nothing_else() {
    const VISITORS: i64 = 4;
    // What it has acknowledged outlives being killed.
    let durable = Options::new().argument("--sync-on-commit");
    let mut server = RealServer::start(durable).unwrap_or_else(|error| panic!("{error}"));
    let service = Service::start(&server.uri(), "serverSelectionTimeoutMS=1000");
    let (address, counts) = (service.address, Counts::default());
    thread::scope(|scope| {
        let visitors: Vec<_> = (0..VISITORS)
            .map(|place| {
                let counts = &counts;
                let mut visitor = Visitor { address, first: place * 100, known: BTreeMap::new(), counts };
                scope.spawn(move || {
                    let mut turn = 0;
                    while !counts.enough.load(Relaxed) {
                        visitor.visit(turn);
                        turn += 1;
                    }
                    visitor.known
                })
            })
            .collect();
        let done = || counts.done.load(Relaxed);
        poll_until(SOON, "some work", || done() > 200);
        for _ in 0..2 {
            let away = counts.away.load(Relaxed);
            server.kill().unwrap();
            poll_until(SOON, "visitors to be sent away", || counts.away.load(Relaxed) > away + 4);
            let begin = Instant::now();
            assert_eq!(service.get("/health/ready"), (503, json!({ "status": "unavailable" })));
            // Its budget is 0.9 s; the rest is for a busy machine.
            assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
            assert_eq!(service.get("/health/live").0, 200);
            server.restart().unwrap();
            let before = done();
            poll_until(SOON, "work as before", || done() > before + 200);
            poll_until(SOON, "readiness", || service.get("/health/ready").0 == 200);
        }
        counts.enough.store(true, Relaxed);
        for visitor in visitors {
            for (number, beds) in visitor.join().unwrap() {
                let expected = match beds {
                    Some(beds) => (200, json!({ "number": number, "beds": beds })),
                    None => (404, json!({ "error": "there is no such room" })),
                };
                assert_eq!(service.get(&format!("/rooms/{number}")), expected);
            }
        }
    });
    service.signal("-TERM");
    let ended = service.ended();
    assert_eq!(ended.code, Some(0), "{ended}");
}

/// A server that holds finds back, and a service with one such request under way.
fn held_up(gate: &Gate) -> (ScriptedServer, Service, JoinHandle<io::Result<Answer>>) {
    let server = ScriptedServer::builder().documents([doc! { "number": 7, "beds": 2 }]).start();
    server.rule(Rule::on("createIndexes").reply(doc! { "ok": 1 }));
    server.rule(Rule::on("find").after(gate));
    let service = Service::start(&server.uri(), "");
    let address = service.address;
    let slow = thread::spawn(move || ask(address, "GET", "/rooms/7", ""));
    server.wait_for(|log| log.count("find") == 1, SOON);
    (server, service, slow)
}

#[test]
fn a_request_under_way_is_finished_although_the_end_has_begun() {
    let gate = Gate::new();
    let (server, service, slow) = held_up(&gate);
    let begin = Instant::now();
    service.signal("-TERM");
    let refused = || TcpStream::connect(service.address).is_err();
    poll_until(SOON, "new requests to be refused", refused);
    gate.open();
    assert_eq!(read(&slow.join().unwrap().unwrap()), (200, json!({ "number": 7, "beds": 2 })));
    let ended = service.ended();
    assert_eq!(ended.code, Some(0), "{ended}");
    assert!(ended.stdout.contains("Stopped."), "{ended}");
    assert!(begin.elapsed() < GRACE, "{:?}", begin.elapsed());
    server.wait_for(|log| log.open_connections() == 0, SOON);
    assert_eq!(server.log().protocol_errors, [""; 0]);
}

#[test]
fn ctrl_c_waits_for_no_request() {
    let (_server, service, slow) = held_up(&Gate::new());
    let begin = Instant::now();
    service.signal("-INT");
    let ended = service.ended();
    assert_eq!(ended.code, Some(0), "{ended}");
    assert!(begin.elapsed() < Duration::from_secs(6), "{:?}", begin.elapsed());
    assert!(slow.join().unwrap().is_err(), "it was broken off");
}

/// As it is started without any option.
#[test]
fn where_there_is_no_server_any_more_it_says_so_and_not_that_one_is_late() {
    let mut server = server();
    let service = Service::start(&server.uri(), "");
    assert_eq!(service.get("/rooms").0, 200);
    server.kill().unwrap();
    let missing = json!({ "error": "the database is not available at the moment" });
    poll_until(SOON, "the loss to be seen", || service.get("/health/ready").0 == 503);
    assert_eq!(service.get("/rooms"), (503, missing));
    service.signal("-TERM");
    assert!(service.ended().success);
}

#[test]
fn without_a_database_it_says_so_and_does_not_start() {
    let example = Example::new("actix_web_api").env("LISTEN", "127.0.0.1:0");
    let uri = "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=300";
    let ended = example.uri(uri).run_within(SOON);
    assert_eq!(ended.code, Some(1), "{ended}");
    assert!(ended.stderr.starts_with("error: "), "{ended}");
}
