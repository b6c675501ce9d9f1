//! Where authorities and lists come from, and what is said if they can't be used.

use std::sync::Arc;

use actix_mongo::{Connection, Kind, TlsOptions, rustls};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use test_support::block_on;

use super::authority::Authority;
use super::door::Door;
use super::scene::{Folder, assert_says, builder, connect, refused, unusable};

#[test]
fn authorities_come_from_a_file_or_from_memory() {
    let (authority, other) = (Authority::new(), Authority::new());
    let door = Door::open(&authority.server());
    let uri = door.uri("localhost", "");
    let bundle = format!("# two of them\n{}{}", other.pem, authority.pem);
    let folder = Folder::new();
    let path = folder.file("ca.pem", &bundle);
    connect(builder(&uri, TlsOptions::new().ca_file(&path)));
    connect(builder(&uri, TlsOptions::new().ca_pem(bundle)));
    let by_string = door.uri("localhost", &format!("tls=true&tlsCAFile={}", path.display()));
    connect(Connection::builder().uri(&by_string).unwrap());
    // One of its options asks for TLS as well.
    let by_string = door.uri("localhost", &format!("tlsCAFile={}", path.display()));
    connect(Connection::builder().uri(by_string).unwrap());
    // What the builder sets wins, and the rest of the string stays.
    let misled = door.uri("localhost", "tlsCAFile=/nowhere/ca.pem&tlsAllowInvalidHostnames=true");
    connect(builder(&misled, TlsOptions::new().ca_file(&path)));
    // Files are read once.
    let connection = connect(builder(&uri, TlsOptions::new().ca_file(&path)));
    drop(folder);
    block_on(connection.close(std::time::Duration::ZERO));
}

#[test]
fn this_machine_does_not_trust_just_anybody() {
    let door = Door::open(&Authority::new().server());
    refused(builder(&door.uri("localhost", ""), TlsOptions::new()), &["not trusted", "trust store"]);
}

#[test]
fn a_ready_configuration_is_taken_as_it_is() {
    let authority = Authority::new();
    let door = Door::open(&authority.server());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.enable_sni = false;
    let ready = TlsOptions::new().rustls_config(Arc::new(config));
    connect(builder(&door.uri("localhost", ""), ready.clone()));
    assert!(door.visits().iter().all(|visit| visit.name.is_none()), "{:?}", door.visits());
    unusable(&builder(&door.uri("localhost", "tlsCAFile=x"), ready), &["tlsCAFile has no effect beside"]);
}

#[test]
fn files_that_can_not_be_used_are_named_with_what_is_wrong() {
    let authority = Authority::new();
    let folder = Folder::new();
    let nowhere = "/nowhere/at-all.pem";
    let options = || TlsOptions::new().ca_pem(authority.pem.as_str());
    let refuse = |tls: TlsOptions, says: &[&str]| unusable(&builder("mongodb://localhost", tls), says);
    let missing = ["/nowhere/at-all.pem", "can't be read", "check the path"];
    refuse(TlsOptions::new().ca_file(nowhere), &[&["tlsCAFile: "], &missing[..]].concat());
    refuse(options().certificate_key_file(nowhere), &[&["tlsCertificateKeyFile: "], &missing[..]].concat());
    refuse(options().crl_file(nowhere), &[&["revoked certificates: "], &missing[..]].concat());
    let key = authority.client().key.serialize_pem();
    let certificate = options().certificate_key_pem(key).certificate_file(nowhere);
    refuse(certificate, &[&["file of certificates: "], &missing[..]].concat());
    let empty = folder.file("empty.pem", "");
    refuse(TlsOptions::new().ca_file(&empty), &["empty.pem", "holds no certificate"]);
    // It would not be used, but somebody gave it.
    refuse(TlsOptions::new().ca_file(&empty).insecure(true), &["empty.pem", "holds no certificate"]);
    refuse(options().crl_file(&empty), &["empty.pem", "holds no list of revoked certificates"]);
    refuse(
        options().crl_pem(authority.pem.as_str()),
        &["in memory", "holds no list of revoked certificates"],
    );
    let torn = folder.file("torn.pem", authority.pem.replace("-----END", "-----ENDE"));
    refuse(TlsOptions::new().ca_file(&torn), &["torn.pem", "not well-formed PEM"]);
    let nonsense = "-----BEGIN CERTIFICATE-----\nYQ==\n-----END CERTIFICATE-----\n";
    let bundle = folder.file("bundle.pem", authority.pem.clone() + nonsense);
    refuse(TlsOptions::new().ca_file(&bundle), &["bundle.pem", "number 2"]);
    let list = nonsense.replace("CERTIFICATE", "X509 CRL");
    refuse(options().crl_pem(list), &["in memory", "can't be used"]);
}

#[test]
fn contradictions_are_refused_before_anything_is_read() {
    let error = Connection::builder()
        .uri("mongodb://localhost/?tlsInsecure=true")
        .unwrap()
        .tls(TlsOptions::new().allow_invalid_hostnames(false).ca_file("/nowhere"))
        .connect_lazy()
        .unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidArgument);
    assert_says(&error, &["tlsInsecure and tlsAllowInvalidHostnames can't be given both"]);
    let uri = "mongodb://localhost/?tlsInsecure=true&tlsAllowInvalidHostnames=false";
    assert_eq!(Connection::builder().uri(uri).unwrap_err().kind(), Kind::InvalidUri);
}
