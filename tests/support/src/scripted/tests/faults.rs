//! What rules do, one by one.

use super::*;
use crate::wire::Header;

/// Sends one ping to a server with this rule and returns the bytes of the reply
/// with what came after them.
fn bytes_of(rule: Rule) -> std::io::Result<Vec<u8>> {
    let server = ScriptedServer::builder().rule(rule.then_close()).start();
    let mut client = Client::connect(server.address());
    client.send(Message::new(ping())).expect("sent");
    client.rest()
}

fn header_of(rule: Rule) -> Header {
    let bytes = bytes_of(rule).expect("a reply");
    Header::read(bytes.first_chunk().expect("a header"))
}

#[test]
fn the_first_rule_that_is_left_wins() {
    let server = ScriptedServer::start();
    server.rule(Rule::on("PING").nth(2).reply(doc! { "rule": 1 }));
    server.rule(Rule::any().on_connection(2).once().reply(doc! { "rule": 2 }));
    server.rule(Rule::any().when(|it| it.body.contains_key("x")).fail(11600, "Shutdown"));
    let mut client = Client::connect(server.address());
    assert!(client.run(ping()).expect("a reply").contains_key("ok"));
    assert_eq!(client.run(ping()).expect("a reply"), doc! { "rule": 1 });
    assert!(client.run(ping()).expect("a reply").contains_key("ok"));
    let failed = client.run(doc! { "ping": 1, "x": 1, "$db": "d" });
    assert_eq!(failed.expect("a reply").get("code"), Some(&Bson::from(11600)));
    let mut second = Client::connect(server.address());
    assert_eq!(second.run(ping()).expect("a reply"), doc! { "rule": 2 });
    assert!(second.run(ping()).expect("a reply").contains_key("ok"));
    server.rule(Rule::any().reply_with(|it| doc! { "echo": &it.name }));
    assert_eq!(second.run(ping()).expect("a reply"), doc! { "echo": "ping" });
    server.clear_rules();
    assert!(second.run(ping()).expect("a reply").contains_key("ok"));
}

#[test]
fn a_gate_holds_its_connection_only() {
    let server = ScriptedServer::start();
    let gate = Gate::new();
    server.rule(Rule::on("find").after(&gate));
    let mut held = Client::connect(server.address());
    held.send(Message::new(doc! { "find": "c", "$db": "d" })).expect("sent");
    held.send(Message::new(ping())).expect("sent");
    Client::connect(server.address()).run(ping()).expect("a reply");
    server.wait_for(|log| log.commands.len() == 3, SOON);
    assert_eq!(server.log().commands.iter().filter(|it| it.answered).count(), 1);
    gate.open();
    assert!(held.receive().expect("the find").1.body.contains_key("cursor"));
    held.receive().expect("the ping");
    server.wait_for(|log| log.commands.iter().all(|it| it.answered), SOON);
}

#[test]
fn connections_end_as_asked() {
    let server = ScriptedServer::start();
    server.rule(Rule::on("close").close());
    server.rule(Rule::on("reset").reset());
    server.rule(Rule::on("half").cut_after(20).then_close());
    let mut client = Client::connect(server.address());
    let closed = client.run(doc! { "close": 1, "$db": "d" });
    assert_eq!(lost(closed), ErrorKind::UnexpectedEof);
    let mut client = Client::connect(server.address());
    let reset = client.run(doc! { "reset": 1, "$db": "d" });
    assert_eq!(lost(reset), ErrorKind::ConnectionReset);
    let mut client = Client::connect(server.address());
    let half = Message::new(doc! { "half": 1, "$db": "d" });
    client.send(half).expect("sent");
    assert_eq!(client.rest().expect("a clean end").len(), 20);
    let mut client = Client::connect(server.address());
    client.run(ping()).expect("a reply");
    assert!(server.reset_connection(4));
    assert_eq!(client.rest().expect_err("reset").kind(), ErrorKind::ConnectionReset);
    server.wait_for(|log| log.open_connections() == 0, SOON);
    assert!(!server.close_connection(4));
}

#[test]
fn never_answered_is_not_the_end() {
    let server = ScriptedServer::start();
    server.rule(Rule::on("ping").once().never_answer());
    let mut client = Client::connect(server.address());
    client.send(Message::new(ping())).expect("sent");
    let second = client.run(ping()).expect("the second is answered");
    assert_eq!(second.get("ok"), Some(&Bson::from(1.0)));
    let answered: Vec<_> = server.log().commands.iter().map(|it| it.answered).collect();
    assert!(!answered[0]);
}

#[test]
fn headers_are_bent() {
    assert_eq!(header_of(Rule::any()).response_to, 1);
    assert_eq!(header_of(Rule::any().response_to(77)).response_to, 77);
    assert_eq!(header_of(Rule::any().op_code(1)).op_code, 1);
    assert_eq!(header_of(Rule::any().length(i32::MAX)).length, i32::MAX);
    assert_eq!(header_of(Rule::any().length(-5)).length, -5);
    assert_eq!(bytes_of(Rule::any().raw(vec![1, 2])).expect("bytes"), [1, 2]);
    assert_eq!(bytes_of(Rule::any().cut_after(7)).expect("bytes").len(), 7);
}

#[test]
fn checksums_and_sections_come_as_asked() {
    let reply = |rule: Rule| {
        let server = ScriptedServer::builder().rule(rule).start();
        let mut client = Client::connect(server.address());
        client.send(Message::new(ping())).expect("sent");
        client.receive().map(|(_, message)| message)
    };
    let good = reply(Rule::any().checksum(Checksum::Good)).expect("it holds");
    assert!(good.has(CHECKSUM_PRESENT));
    match reply(Rule::any().checksum(Checksum::Bad)) {
        Err(Lost::Malformed(what)) => assert_eq!(what, "the checksum differs"),
        other => panic!("{other:?}"),
    }
    let more = reply(Rule::any().more_to_come().sequence("s", vec![doc! { "a": 1 }]));
    let more = more.expect("it holds");
    assert!(more.has(MORE_TO_COME));
    assert_eq!(more.sequences, [("s".to_owned(), vec![doc! { "a": 1 }])]);
    let slow = reply(Rule::any().byte_by_byte().delay(Duration::from_millis(1)));
    assert_eq!(slow.expect("whole").body.get("ok"), Some(&Bson::from(1.0)));
}

#[test]
fn a_stream_is_chained() {
    let documents = vec![doc! { "n": 1 }, doc! { "n": 2 }, doc! { "n": 3 }];
    let server = ScriptedServer::builder().rule(Rule::on("getMore").reply_stream(documents)).start();
    let mut client = Client::connect(server.address());
    let message = Message::new(doc! { "getMore": 1_i64, "$db": "d" });
    let mut answered = client.send(message).expect("sent");
    for n in 1..=3 {
        let (header, reply) = client.receive().expect("a reply");
        assert_eq!(header.response_to, answered);
        assert_eq!(reply.has(MORE_TO_COME), n < 3);
        assert_eq!(reply.body.get("n"), Some(&Bson::from(n)));
        answered = header.request_id;
    }
}

#[test]
fn new_connections_get_what_was_set() {
    let server = ScriptedServer::builder().accept(Accept::Refuse).start();
    let refused = || {
        let error = Client::try_connect(server.address()).err();
        error.expect("no server seems to run").kind()
    };
    assert_eq!(refused(), ErrorKind::ConnectionRefused);
    server.accept(Accept::Serve);
    let mut served = Client::connect(server.address());
    served.run(ping()).expect("a reply");
    server.accept(Accept::Close);
    assert!(Client::connect(server.address()).run(ping()).is_err());
    server.accept(Accept::Silent);
    let mut silent = Client::connect(server.address());
    silent.set_patience(Duration::from_millis(20)).expect("set");
    assert_eq!(lost(silent.run(ping())), ErrorKind::WouldBlock);
    assert!(server.close_connection(3), "a silent one can be ended too");
    server.accept(Accept::Refuse);
    assert_eq!(refused(), ErrorKind::ConnectionRefused);
    served.run(ping()).expect("what is open stays open");
    server.accept(Accept::Serve);
    Client::connect(server.address()).run(ping()).expect("a reply");
    assert_eq!(server.log().count("ping"), 3);
}
