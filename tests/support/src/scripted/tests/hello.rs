//! Handshakes: once, polled and streamed.

use super::*;

fn hello() -> Document {
    doc! { "hello": 1, "$db": "admin" }
}

fn awaitable(first: &Document, millis: i32) -> Document {
    let version = first.get_document("topologyVersion").expect("a version");
    doc! { "hello": 1, "topologyVersion": version, "maxAwaitTimeMS": millis, "$db": "admin" }
}

fn counter(reply: &Document) -> i64 {
    let version = reply.get_document("topologyVersion").expect("a version");
    version.get_i64("counter").expect("a counter")
}

#[test]
fn roles_say_what_they_are() {
    let server = ScriptedServer::start();
    let mut client = Client::connect(server.address());
    let reply = client.run(hello()).expect("a reply");
    assert_eq!(reply.get("isWritablePrimary"), Some(&Bson::from(true)));
    assert_eq!(reply.get("maxWireVersion"), Some(&Bson::from(25)));
    assert!(!reply.contains_key("topologyVersion"));
    assert!(!reply.contains_key("$clusterTime"));
    let old = client.run(doc! { "isMaster": 1, "$db": "admin" });
    assert_eq!(old.expect("a reply").get("ismaster"), Some(&Bson::from(true)));

    server.set_hello(Hello::primary("rs").without_sessions().with("maxWireVersion", 7));
    let reply = client.run(hello()).expect("a reply");
    let address = server.address().to_string();
    assert_eq!(reply.get("me"), Some(&Bson::from(address.as_str())));
    assert_eq!(reply.get("maxWireVersion"), Some(&Bson::from(7)));
    assert!(!reply.contains_key("logicalSessionTimeoutMinutes"));
    assert!(reply.contains_key("$clusterTime"));

    server.set_hello(Hello::secondary("rs").hosts(["a:1", "b:2"]).streaming(false));
    let reply = client.run(hello()).expect("a reply");
    assert_eq!(reply.get("secondary"), Some(&Bson::from(true)));
    assert_eq!(reply.get_array("hosts").expect("hosts").len(), 2);
    assert!(!reply.contains_key("topologyVersion"));
}

#[test]
fn a_polled_hello_is_held_until_something_changes() {
    let server = ScriptedServer::start_primary("rs");
    let mut client = Client::connect(server.address());
    let first = client.run(hello()).expect("a reply");
    let timed_out = client.run(awaitable(&first, 1)).expect("a reply");
    assert_eq!(counter(&timed_out), counter(&first));
    client.send(Message::new(awaitable(&first, 600_000))).expect("sent");
    server.wait_for(|log| log.count("hello") == 3, SOON);
    server.set_hello(Hello::secondary("rs"));
    let (_, reply) = client.receive().expect("the change");
    assert_eq!(counter(&reply.body), counter(&first) + 1);
    assert!(!reply.has(MORE_TO_COME));
    client.run(ping()).expect("the connection is free again");
}

#[test]
fn a_streamed_hello_goes_on_until_streaming_ends() {
    let server = ScriptedServer::start_primary("rs");
    let mut client = Client::connect(server.address());
    let first = client.run(hello()).expect("a reply");
    let mut message = Message::new(awaitable(&first, 600_000));
    message.flags = EXHAUST_ALLOWED;
    let mut answered = client.send(message).expect("sent");
    server.wait_for(|log| log.count("hello") == 2, SOON);
    for change in 1..=3 {
        server.set_hello(Hello::primary("rs").with("setVersion", change));
        let (header, reply) = client.receive().expect("a change");
        assert_eq!(header.response_to, answered);
        assert!(reply.has(MORE_TO_COME));
        assert_eq!(reply.body.get("setVersion"), Some(&Bson::from(change)));
        answered = header.request_id;
    }
    server.set_hello(Hello::standalone());
    let (header, reply) = client.receive().expect("the last");
    assert_eq!(header.response_to, answered);
    assert!(!reply.has(MORE_TO_COME));
    assert_eq!(server.stop().count("hello"), 2);
}
