//! `copy_database` from another host, with credentials of its own.

use std::time::{Duration, Instant};

use actix_mongo::bson::doc;
use actix_mongo::{Connection, CopySource, Credential, ExistingTarget, Kind};
use test_support::real_server::{Options, PASSWORD, USER};
use test_support::{RealServer, block_on, poll_until};

use crate::copying_scene::{Pair, assert_same, count, everything, fill, picture};
use crate::support::SOON;

/// Another host that wants a user, and its connection as that user.
fn guarded() -> (RealServer, Connection) {
    let server = RealServer::start(Options::new().auth()).unwrap();
    let connection = block_on(Connection::connect(server.uri())).unwrap();
    (server, connection)
}

#[test]
fn it_copies_from_another_host_as_its_own_user() {
    let (pair, (server, owner)) = (Pair::new(), guarded());
    let source = owner.database("hotel").unwrap();
    everything(&source);
    let reader =
        doc! { "createUser": "reader", "pwd": "pencil", "roles": [{ "role": "read", "db": "hotel" }] };
    block_on(owner.database("admin").unwrap().run_command(reader).into_future()).unwrap();

    let copy = pair.connection().copy_database("hotel", &pair.to);
    let copy = copy.from_host(server.address().to_string()).credential(Credential::new("reader", "pencil"));
    let report = block_on(copy.into_future()).unwrap();
    assert_same(&picture(&source), &picture(&pair.target()));
    assert!(report.documents() > 900, "{report}");
}

#[test]
fn a_wrong_password_is_told_before_anything_is_changed() {
    let (pair, (server, owner)) = (Pair::new(), guarded());
    fill(&owner.database("hotel").unwrap().collection("rooms").unwrap(), 0..10);
    fill(&pair.target().collection("precious").unwrap(), 0..1);
    let copy = || {
        let copy = pair.connection().copy_database("hotel", &pair.to).existing(ExistingTarget::Drop);
        copy.from_host(server.address().to_string())
    };
    let wrong = copy().credential(Credential::new(USER, "wrong"));
    let error = block_on(wrong.into_future()).unwrap_err();
    assert_eq!(error.kind(), Kind::Authentication, "{error}");
    let nobody = block_on(copy().into_future()).unwrap_err();
    assert_eq!(nobody.code(), Some(13), "{nobody}");
    assert_eq!(count(&pair.target(), "precious"), 1);
    block_on(copy().credential(Credential::new(USER, PASSWORD)).into_future()).unwrap();
    assert_eq!(count(&pair.target(), "rooms"), 10);
}

#[test]
fn a_host_may_be_given_in_any_way() {
    let (pair, (server, owner)) = (Pair::new(), guarded());
    fill(&owner.database("hotel").unwrap().collection("rooms").unwrap(), 0..10);
    let builder = Connection::builder().uri(server.uri()).unwrap().max_pool_size(1);
    let sources: [(&str, CopySource); 4] = [
        ("a connection string", server.uri().into()),
        ("a connection", (&owner).into()),
        ("a connection of another document type", owner.with_document_type::<()>().into()),
        ("a builder", builder.into()),
    ];
    for (what, source) in sources {
        let copy = pair.connection().copy_database("hotel", &pair.to).existing(ExistingTarget::Drop);
        let report = block_on(copy.from_host(source).into_future()).unwrap();
        assert_eq!(report.documents(), 10, "{what}");
    }
    let both = pair.connection().copy_database("hotel", &pair.to).from_host(&owner);
    let error = block_on(both.credential(Credential::new(USER, PASSWORD)).into_future()).unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidArgument, "{error}");
}

#[test]
fn the_connection_that_is_made_for_it_ends_with_it() {
    let (pair, (server, owner)) = (Pair::new(), guarded());
    fill(&owner.database("hotel").unwrap().collection("rooms").unwrap(), 0..10);
    let status = || {
        let status = owner.database("admin").unwrap().run_command(doc! { "serverStatus": 1 });
        let status = block_on(status.into_future()).unwrap();
        let now = status.get_document("connections").unwrap().get("current").cloned();
        crate::support::whole(now.as_ref())
    };
    let before = status();
    block_on(pair.connection().copy_database("hotel", &pair.to).from_host(server.uri()).into_future())
        .unwrap();
    poll_until(SOON, "its sockets to be gone", || status() <= before);
}

#[test]
fn it_is_never_copied_onto_itself_by_another_name_of_the_host() {
    let pair = Pair::new();
    let address = pair.connection().state().servers[0].address.to_string();
    let port = address.rsplit(':').next().unwrap();
    pair.fill("rooms", 10);
    for host in [address.clone(), format!("mongodb://localhost:{port}/?directConnection=true")] {
        let copy = pair.connection().copy_database(&pair.from, &pair.from).from_host(&host);
        let error = block_on(copy.existing(ExistingTarget::Drop).into_future()).unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidArgument, "{host}: {error}");
        assert_eq!(count(pair.source(), "rooms"), 10, "{host}");
        let other = pair.connection().copy_database(&pair.from, &pair.to).from_host(&host);
        block_on(other.existing(ExistingTarget::Drop).into_future()).unwrap();
        assert_eq!(count(&pair.target(), "rooms"), 10, "{host}");
    }
}

#[test]
fn a_host_that_is_not_there_is_waited_for_within_the_timeout() {
    let pair = Pair::new();
    let copy = pair.connection().copy_database("hotel", &pair.to).from_host("127.0.0.1:1");
    let begin = Instant::now();
    let error = block_on(copy.timeout(Duration::from_millis(300)).into_future()).unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
    let report = error.copy_report().expect("it had begun");
    assert_eq!(report.documents(), 0);
}
