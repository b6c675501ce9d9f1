//! The real server, with certificates made here.

use std::path::PathBuf;
use std::time::Duration;

use actix_mongo::bson::{Document, doc};
use actix_mongo::{Connection, TlsOptions};
use test_support::real_server::{Options, installed};
use test_support::{RealServer, block_on};

use super::authority::{Authority, Identity};
use super::scene::{Folder, SOON, assert_says, builder, connect, refused};

pub struct Real {
    pub server: RealServer,
    pub folder: Folder,
    /// The certificate of whom to trust.
    pub authority: PathBuf,
}

impl Real {
    /// A server with this certificate. `None` if there is none to be had; that was said.
    pub fn start(
        authority: &Authority,
        identity: &Identity,
        more: impl FnOnce(Options, &Folder) -> Options,
    ) -> Option<Self> {
        if installed().is_none() {
            eprintln!("SKIPPED: the real server is not installed (`cargo xtask test` does it)");
            return None;
        }
        let folder = Folder::new();
        let certificate = folder.file("server.pem", &identity.certificate);
        let key = folder.file("server.key", identity.key.serialize_pem());
        let options = more(Options::new().standalone().tls(certificate, key), &folder);
        let server = RealServer::start(options).unwrap_or_else(|error| panic!("{error}"));
        Some(Self { server, authority: folder.file("ca.pem", &authority.pem), folder })
    }

    fn uri(&self, options: &str) -> String {
        format!("mongodb://localhost:{}/?{options}", self.server.port())
    }

    fn trusting(&self) -> TlsOptions {
        TlsOptions::new().ca_file(&self.authority)
    }
}

/// Documents of all sizes come back as they went, by many callers at once.
fn works(connection: &Connection) {
    let things = connection.database("trust").unwrap().collection("things").unwrap();
    let text = "x".repeat(10_000);
    let large = "y".repeat(5_000_000);
    let documents: Vec<Document> = (0..200).map(|n| doc! { "_id": n, "text": &text }).collect();
    block_on(things.insert_many(&documents).into_future()).unwrap();
    block_on(things.insert_one(doc! { "_id": 1000, "text": &large }).into_future()).unwrap();
    let readers: Vec<_> = (0..8)
        .map(|_| {
            let things = things.clone();
            std::thread::spawn(move || {
                let found = block_on(async {
                    things.find(doc! {}).sort(doc! { "_id": 1 }).await?.collect_all().await
                });
                found.unwrap()
            })
        })
        .collect();
    for reader in readers {
        let found = reader.join().unwrap();
        assert_eq!(found.len(), 201);
        assert_eq!(found[..200], documents[..]);
        assert_eq!(found[200].get_str("text").unwrap(), large);
    }
}

#[test]
fn a_good_connection() {
    let authority = Authority::new();
    let Some(real) = Real::start(&authority, &authority.server(), |options, _| options) else { return };
    let connection = connect(builder(&real.uri(""), real.trusting()).pipeline_depth(4));
    works(&connection);
    block_on(connection.close(Duration::ZERO));
    let query = format!("tls=true&tlsCAFile={}", real.authority.display());
    connect(Connection::builder().uri(real.uri(&query)).unwrap());
    let by_address = format!("mongodb://127.0.0.1:{}", real.server.port());
    connect(builder(&by_address, TlsOptions::new().ca_pem(authority.pem)));
}

#[test]
fn a_wrong_one_of_each_kind() {
    let authority = Authority::new();
    let Some(real) = Real::start(&authority, &authority.server(), |options, _| options) else { return };
    refused(builder(&real.uri(""), TlsOptions::new().ca_pem(Authority::new().pem)), &["not trusted"]);
    refused(Connection::builder().uri(real.uri("")).unwrap(), &["localhost"]);
    let expired = authority.expired_server();
    let Some(real) = Real::start(&authority, &expired, |options, _| options) else { return };
    refused(builder(&real.uri(""), real.trusting()), &["expired"]);
    connect(builder(&real.uri(""), real.trusting().allow_invalid_certificates(true)));
    let elsewhere = authority.server_of(&["db.example"]);
    let Some(real) = Real::start(&authority, &elsewhere, |options, _| options) else { return };
    refused(builder(&real.uri(""), real.trusting()), &["for other hosts"]);
    connect(builder(&real.uri(""), real.trusting().allow_invalid_hostnames(true)));
}

#[test]
fn client_certificates() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let require = |options: Options, folder: &Folder| {
        options.tls_clients(folder.file("clients.pem", &clients.pem)).require_client_certificate()
    };
    let Some(real) = Real::start(&authority, &authority.server(), require) else { return };
    let right = real.folder.file("right.pem", clients.client().both());
    let wrong = real.folder.file("wrong.pem", Authority::new().client().both());
    connect(builder(&real.uri(""), real.trusting().certificate_key_file(&right)));
    let query = format!("tlsCAFile={}&tlsCertificateKeyFile={}", real.authority.display(), right.display());
    connect(Connection::builder().uri(real.uri(&query)).unwrap());
    refused(builder(&real.uri(""), real.trusting()), &["tlsCertificateKeyFile"]);
    refused(builder(&real.uri(""), real.trusting().certificate_key_file(&wrong)), &["tlsCertificateKeyFile"]);
}

/// Its first user was created before it spoke TLS.
#[test]
fn one_with_users() {
    let authority = Authority::new();
    let Some(real) = Real::start(&authority, &authority.server(), |options, _| options.auth()) else {
        return;
    };
    let connection = block_on(builder(&real.uri(""), real.trusting()).connect()).unwrap();
    let find = connection.database("d").unwrap().run_command(doc! { "find": "c" });
    assert_eq!(block_on(find.into_future()).unwrap_err().code(), Some(13));
}

#[test]
fn tls_against_plain_text() {
    if installed().is_none() {
        eprintln!("SKIPPED: the real server is not installed (`cargo xtask test` does it)");
        return;
    }
    let server = RealServer::start(Options::new().standalone()).unwrap_or_else(|error| panic!("{error}"));
    let limit = Duration::from_millis(300);
    let begun = std::time::Instant::now();
    let error = refused(builder(&server.uri(), TlsOptions::new().insecure(true)).connect_timeout(limit), &[]);
    assert!(begun.elapsed() < SOON);
    assert_says(&error, &["TLS"]);
}
