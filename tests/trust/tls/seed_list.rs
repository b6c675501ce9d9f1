//! `mongodb+srv://` to the real server, which has TLS on by itself.

use std::time::Duration;

use actix_mongo::bson::doc;
use actix_mongo::{Builder, Connection, Resolver};
use test_support::real_server::{PASSWORD, USER};
use test_support::{DnsServer, Zone, block_on};

use super::authority::Authority;
use super::real::Real;
use super::scene::{assert_says, connect, refused};

/// The name of the seed list.
const NAME: &str = "cluster.trust.example";
/// The host in its only record.
const HOST: &str = "db.trust.example";

/// A server with users and a certificate for these hosts, and a name server that leads to it.
struct Scene {
    real: Real,
    dns: DnsServer,
}

fn scene(hosts: &[&str]) -> Option<Scene> {
    let authority = Authority::new();
    let real = Real::start(&authority, &authority.server_of(hosts), |options, _| options.auth())?;
    let zone = Zone::new(60).address(HOST, "127.0.0.1").srv(NAME, real.server.port(), HOST);
    Some(Scene { dns: DnsServer::start(zone.txt(NAME, &["authSource=admin"])), real })
}

impl Scene {
    fn builder(&self, query: &str) -> Builder {
        let authority = self.real.authority.display();
        let uri = format!("mongodb+srv://{USER}:{PASSWORD}@{NAME}/?tlsCAFile={authority}{query}");
        let resolver = Resolver::name_servers([self.dns.address()]);
        Connection::builder().uri(uri).unwrap().resolver(resolver)
    }
}

#[test]
fn leads_to_an_encrypted_connection_of_a_user() {
    let Some(scene) = scene(&[HOST]) else { return };
    let connection = connect(scene.builder(""));
    let things = connection.database("trust").unwrap().collection("things").unwrap();
    block_on(things.insert_one(doc! { "_id": 1 }).into_future()).unwrap();
    let found = block_on(things.find_one(doc! {}).into_future()).unwrap();
    assert_eq!(found, Some(doc! { "_id": 1 }));
    let kinds: Vec<_> = scene.dns.questions().into_iter().map(|question| question.kind).collect();
    for kind in ["SRV", "TXT", "A"] {
        assert!(kinds.iter().any(|it| it == kind), "{kinds:?}");
    }
    block_on(connection.close(Duration::ZERO));
}

/// It is the host in the record whom the certificate must name, not the seed list.
#[test]
fn the_certificate_is_that_of_the_host_in_the_record() {
    let Some(scene) = scene(&[NAME, "127.0.0.1"]) else { return };
    refused(scene.builder(""), &["for other hosts", HOST]);
    connect(scene.builder("&tlsAllowInvalidHostnames=true"));
}

#[test]
fn the_authority_must_be_known_here_as_well() {
    let Some(scene) = scene(&[HOST]) else { return };
    let other = scene.real.folder.file("other.pem", Authority::new().pem);
    let uri = format!("mongodb+srv://{USER}:{PASSWORD}@{NAME}/?tlsCAFile={}", other.display());
    let builder = Connection::builder().uri(uri).unwrap();
    refused(builder.resolver(Resolver::name_servers([scene.dns.address()])), &["not trusted", HOST]);
}

/// Only a string that says so goes without.
#[test]
fn without_tls_there_is_no_connection() {
    let Some(scene) = scene(&[HOST]) else { return };
    let uri = format!("mongodb+srv://{NAME}/?tls=false");
    let builder = Connection::builder().uri(uri).unwrap();
    let error = refused(builder.resolver(Resolver::name_servers([scene.dns.address()])), &[]);
    assert_says(&error, &[HOST]);
}
