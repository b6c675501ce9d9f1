//! What the server does without rules.

use super::*;

#[test]
fn a_cursor_is_read_to_its_end() {
    let server = ScriptedServer::builder().documents((0..5).map(|n| doc! { "_id": n })).start();
    let mut client = Client::connect(server.address());
    let first = client.run(doc! { "find": "c", "batchSize": 2, "$db": "d" }).expect("a reply");
    let cursor = first.get_document("cursor").expect("a cursor");
    assert_eq!(cursor.get("ns"), Some(&Bson::from("d.c")));
    assert_eq!(cursor.get_array("firstBatch").expect("a batch").len(), 2);
    let id = cursor.get_i64("id").expect("an id");
    assert_ne!(id, 0);
    assert_eq!(server.open_cursors(), 1);
    let second = client.run(doc! { "getMore": id, "collection": "c", "$db": "d" }).expect("a reply");
    let cursor = second.get_document("cursor").expect("a cursor");
    let batch = cursor.get_array("nextBatch").expect("a batch");
    assert_eq!(batch.len(), 3);
    assert_eq!(batch[2], Bson::Document(doc! { "_id": 4 }));
    assert_eq!(cursor.get("id"), Some(&Bson::from(0_i64)));
    assert_eq!(server.open_cursors(), 0);
    let gone = client.run(doc! { "getMore": id, "collection": "c", "$db": "d" });
    assert_eq!(gone.expect("a reply").get("code"), Some(&Bson::from(43)));
}

#[test]
fn kills_are_told_apart() {
    let server = ScriptedServer::start();
    server.set_documents((0..5).map(|n| doc! { "_id": n }));
    let mut client = Client::connect(server.address());
    let opened =
        client.run(doc! { "aggregate": "c", "cursor": { "batchSize": 0 }, "$db": "d" }).expect("a reply");
    let id = opened.get_document("cursor").expect("a cursor").get_i64("id");
    let id = id.expect("an id");
    let reply = client.run(doc! { "killCursors": "c", "cursors": [id, 1_i64], "$db": "d" }).expect("a reply");
    assert_eq!(reply.get("cursorsKilled"), Some(&Bson::from(vec![id])));
    assert_eq!(reply.get("cursorsNotFound"), Some(&Bson::from(vec![1_i64])));
    assert_eq!(server.open_cursors(), 0);
}

#[test]
fn sequences_are_recorded_in_the_body() {
    let server = ScriptedServer::start();
    let mut client = Client::connect(server.address());
    let mut message = Message::new(doc! { "insert": "c", "$db": "d" });
    let documents = vec![doc! { "_id": 1 }, doc! { "_id": 2 }];
    message.sequences.push(("documents".into(), documents));
    client.send(message).expect("sent");
    let (_, reply) = client.receive().expect("a reply");
    assert_eq!(reply.body.get("n"), Some(&Bson::from(2)));
    let log = server.stop();
    let command = log.commands_named("insert").next().expect("the insert");
    assert_eq!(command.body.get_array("documents").expect("there").len(), 2);
    assert!(command.answered);
}

#[test]
fn an_unacknowledged_command_gets_no_reply() {
    let server = ScriptedServer::start();
    let mut client = Client::connect(server.address());
    let mut message = Message::new(doc! { "endSessions": [], "$db": "admin" });
    message.flags = MORE_TO_COME;
    client.send(message).expect("sent");
    assert_eq!(client.run(ping()).expect("its own reply").get("ok"), Some(&Bson::from(1.0)));
    assert_eq!(server.log().names(), ["endSessions", "ping"]);
}

#[test]
fn the_log_tells_how_connections_ended() {
    let server = ScriptedServer::start();
    let mut first = Client::connect(server.address());
    first.run(ping()).expect("a reply");
    let mut second = Client::connect(server.address());
    second.run(ping()).expect("a reply");
    let mut third = Client::connect(server.address());
    third.run(ping()).expect("a reply");
    drop(first);
    second.send_bytes(&[1, 2, 3]).expect("sent");
    drop(second);
    server.wait_for(|log| log.open_connections() == 1, SOON);
    assert_eq!(server.log().used_connections(), [1, 2, 3]);
    let ends: Vec<_> = server.stop().connections.iter().map(|it| it.end).collect();
    let expected = [End::ByClient, End::BrokenByClient, End::ByServer];
    assert_eq!(ends, expected.map(Some));
}

#[test]
fn a_breach_of_the_protocol_closes_and_is_recorded() {
    let server = ScriptedServer::start();
    for bytes in [
        Message::new(doc! {}).to_bytes(1, 0),
        Message::new(doc! { "ping": 1 }).to_bytes(1, 0),
        vec![0xff; 16],
    ] {
        let mut client = Client::connect(server.address());
        client.send_bytes(&bytes).expect("sent");
        assert!(client.rest().expect("a clean end").is_empty());
    }
    let log = server.stop();
    assert_eq!(
        log.protocol_errors,
        [
            "connection 1: an empty command",
            "connection 2: ping without $db",
            "connection 3: message length -1",
        ]
    );
}

#[test]
fn a_task_can_wait_too() {
    let server = ScriptedServer::start();
    let address = server.address();
    let other = std::thread::spawn(move || Client::connect(address).run(ping()).is_ok());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(server.until(|log| log.count("PING") == 1, SOON));
    assert!(other.join().expect("no panic"));
}

#[test]
#[should_panic(expected = "commands 1:ping")]
fn a_wait_in_vain_tells_what_came() {
    let server = ScriptedServer::start();
    Client::connect(server.address()).run(ping()).expect("a reply");
    server.wait_for(|log| log.count("find") > 0, Duration::ZERO);
}
