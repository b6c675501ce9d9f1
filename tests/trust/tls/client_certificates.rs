//! Servers that ask who the client is.

use actix_mongo::{TlsOptions, rustls};
use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};

use super::authority::Authority;
use super::door::{Door, Plan};
use super::scene::{builder, connect, refused};

fn asks_for_a_certificate(version: &'static SupportedProtocolVersion) {
    let (servers, clients) = (Authority::new(), Authority::new());
    let identity = servers.server();
    let door = Door::with(Plan { identity: &identity, clients: Some(&clients), versions: &[version] });
    let uri = door.uri("localhost", "");
    let trusting = || TlsOptions::new().ca_pem(servers.pem.as_str());
    let shown = |by: &Authority| builder(&uri, trusting().certificate_key_pem(by.client().both()));
    connect(shown(&clients));
    refused(builder(&uri, trusting()), &["client certificate", "tlsCertificateKeyFile"]);
    refused(shown(&Authority::new()), &["refused this client's certificate", "tlsCertificateKeyFile"]);
    // The certificate in a text of its own, and of an authority between.
    let between = clients.intermediate();
    let client = between.client().below(&between);
    let apart =
        trusting().certificate_key_pem(client.key.serialize_pem()).certificate_pem(client.certificate);
    connect(builder(&uri, apart));
}

/// The server's verdict is part of the handshake.
#[test]
fn in_tls_1_2() {
    asks_for_a_certificate(&TLS12);
}

/// The server's verdict comes when the client believes the handshake over.
#[test]
fn in_tls_1_3() {
    asks_for_a_certificate(&TLS13);
}
