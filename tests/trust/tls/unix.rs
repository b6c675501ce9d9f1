//! TLS over Unix domain sockets: their servers are called `localhost`.

use actix_mongo::TlsOptions;
use test_support::unix_relay;

use super::authority::Authority;
use super::door::Door;
use super::scene::{Folder, builder, connect, refused};

#[test]
fn whoever_listens_at_a_path_must_be_localhost() {
    let (authority, folder) = (Authority::new(), Folder::new());
    let at = |name: &str, hosts: &[&str]| {
        let door = Door::open(&authority.server_of(hosts));
        let path = folder.file(name, "");
        std::fs::remove_file(&path).unwrap();
        unix_relay(&path, door.address());
        (format!("mongodb://{}", path.to_str().unwrap().replace('/', "%2F")), door)
    };
    let trusting = || TlsOptions::new().ca_pem(authority.pem.as_str());
    let (uri, door) = at("own.sock", &["localhost"]);
    connect(builder(&uri, trusting()));
    assert!(door.visits().iter().all(|visit| visit.name.as_deref() == Some("localhost")));

    let (uri, _door) = at("other.sock", &["db.example"]);
    refused(builder(&uri, trusting()), &["localhost", "db.example"]);
    connect(builder(&uri, trusting().allow_invalid_hostnames(true)));
}
