//! Users whom a certificate names, on the real server; and a password that is sent over TLS.

use actix_mongo::bson::doc;
use actix_mongo::{Connection, Credential, Error, TlsOptions};
use test_support::real_server::{Options, installed};
use test_support::{RealServer, Rule, block_on};

use super::scram_server::{reply, text};
use super::support::{SOON, refused, try_it};
use crate::tls::authority::{Authority, Identity};
use crate::tls::door::Door;
use crate::tls::scene::{Folder, builder};

/// A server that knows who `CN=client` is.
struct Real {
    server: RealServer,
    authority: Authority,
    clients: Authority,
    folder: Folder,
}

impl Real {
    /// `None` if there is no server to be had; that was said.
    fn start() -> Option<Self> {
        if installed().is_none() {
            eprintln!("SKIPPED: the real server is not installed (`cargo xtask test` does it)");
            return None;
        }
        let (authority, clients, folder) = (Authority::new(), Authority::new(), Folder::new());
        let identity = authority.server();
        let certificate = folder.file("server.pem", &identity.certificate);
        let key = folder.file("server.key", identity.key.serialize_pem());
        let trusted = folder.file("clients.pem", &clients.pem);
        let options = Options::new().auth().tls(certificate, key).tls_clients(trusted);
        let server = RealServer::start(options).unwrap_or_else(|error| panic!("{error}"));
        let real = Self { server, authority, clients, folder };
        let admin = real.uri(&format!(
            "{}:{}@",
            test_support::real_server::USER,
            test_support::real_server::PASSWORD
        ));
        let admin = block_on(builder(&admin, real.trusting()).connect()).unwrap();
        let create = doc! { "createUser": "CN=client", "roles": [{ "role": "root", "db": "admin" }] };
        block_on(admin.database("$external").unwrap().run_command(create).into_future()).unwrap();
        Some(real)
    }

    fn uri(&self, user: &str) -> String {
        format!("mongodb://{user}localhost:{}/", self.server.port())
    }

    fn trusting(&self) -> TlsOptions {
        TlsOptions::new().ca_pem(self.authority.pem.clone())
    }

    fn as_client(&self, identity: &Identity, credential: Credential) -> actix_mongo::Result<Connection> {
        let tls = self.trusting().certificate_key_pem(identity.both());
        block_on(builder(&self.uri(""), tls).server_selection_timeout(SOON).credential(credential).connect())
    }
}

#[test]
fn a_certificate_proves_its_user() {
    let Some(real) = Real::start() else { return };
    let client = real.clients.client();
    for credential in [Credential::x509(), Credential::x509().username("CN=client")] {
        try_it(&real.as_client(&client, credential).unwrap()).unwrap();
    }
    let file = real.folder.file("client.pem", client.both());
    let query =
        format!("{}?authMechanism=MONGODB-X509&tlsCertificateKeyFile={}", real.uri(""), file.display(),);
    try_it(&block_on(builder(&query, real.trusting().certificate_key_file(&file)).connect()).unwrap())
        .unwrap();
    // Without asking for it, it proves nothing.
    let tls = real.trusting().certificate_key_pem(client.both());
    let error = try_it(&block_on(builder(&real.uri(""), tls).connect()).unwrap()).unwrap_err();
    assert_eq!(error.code(), Some(13));
    let why = |result: actix_mongo::Result<Connection>| -> Error { refused(try_it(&result.unwrap())) };
    let wrong = why(real.as_client(&client, Credential::x509().username("CN=somebody")));
    assert_eq!(wrong.authentication_failure().unwrap().user.as_deref(), Some("CN=somebody"));
    // Trusted, but nobody whom the server knows.
    let stranger = real.clients.client_called("stranger");
    let unknown = why(real.as_client(&stranger, Credential::x509()));
    assert_eq!(unknown.authentication_failure().unwrap().source, "$external");
    let without = builder(&real.uri(""), real.trusting()).credential(Credential::x509());
    let error = why(block_on(without.connect()));
    assert!(error.to_string().starts_with("runCommand: MONGODB-X509 authentication"), "{error}");
}

#[test]
fn a_password_may_be_sent_where_nobody_can_read_it() {
    let authority = Authority::new();
    let door = Door::open(&authority.server());
    door.server.rule(Rule::on("saslStart").reply(reply(true, b"")));
    door.server.rule(Rule::on("dbStats").reply(doc! { "ok": 1.0 }));
    let uri = door.uri("localhost", "authMechanism=PLAIN").replace("mongodb://", "mongodb://user:pencil@");
    let connection = block_on(builder(&uri, TlsOptions::new().ca_pem(authority.pem)).connect()).unwrap();
    try_it(&connection).unwrap();
    let log = door.server.log();
    assert_eq!(text(&log.commands_named("saslStart").next().unwrap().body), "\0user\0pencil");
}
