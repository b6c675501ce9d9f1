//! Certificates that are refused, with a sentence that says which is wrong and how, and taken
//! by the matching option alone.

use actix_mongo::{Kind, TlsOptions};
use test_support::block_on;

use super::authority::{Authority, Identity};
use super::door::Door;
use super::scene::{assert_says, builder, connect, ping, refused};

type Relax = (&'static str, fn(TlsOptions) -> TlsOptions);

const INSECURE: Relax = ("tlsInsecure", |tls| tls.insecure(true));
const CERTIFICATES: Relax = ("tlsAllowInvalidCertificates", |tls| tls.allow_invalid_certificates(true));
const HOSTNAMES: Relax = ("tlsAllowInvalidHostnames", |tls| tls.allow_invalid_hostnames(true));
const REVOCATION: Relax =
    ("tlsDisableCertificateRevocationCheck", |tls| tls.disable_certificate_revocation_check(true));
const OCSP: Relax = ("tlsDisableOCSPEndpointCheck", |tls| tls.disable_ocsp_endpoint_check(true));

/// Refused with these words, whatever is relaxed, but for `taken_with`; by the builder as by the
/// connection string.
fn told_apart(trusted: &Authority, identity: &Identity, says: &[&str], taken_with: &[Relax]) {
    let door = Door::open(identity);
    let plain = door.uri("localhost", "");
    let trusting = || TlsOptions::new().ca_pem(trusted.pem.as_str());
    let error = refused(builder(&plain, trusting()), says);
    assert!(error.to_string().contains("localhost"), "{error}");
    for (name, relax) in [INSECURE, CERTIFICATES, HOSTNAMES, REVOCATION, OCSP] {
        let by_name = builder(&plain, relax(trusting()));
        let by_string = builder(&door.uri("localhost", &format!("{name}=true")), trusting());
        if taken_with.iter().any(|(taken, _)| *taken == name) {
            connect(by_name);
            connect(by_string);
        } else {
            refused(by_name, says);
            refused(by_string, says);
        }
    }
    assert_eq!(door.server.log().protocol_errors, Vec::<String>::new());
}

#[test]
fn one_that_expired() {
    let authority = Authority::new();
    let says = ["the server's certificate expired", "days ago", "clock"];
    told_apart(&authority, &authority.expired_server(), &says, &[INSECURE, CERTIFICATES]);
}

#[test]
fn one_of_an_authority_that_is_not_trusted() {
    let identity = Authority::new().server();
    let says = ["issued by an authority that is not trusted", "tlsCAFile"];
    told_apart(&Authority::new(), &identity, &says, &[INSECURE, CERTIFICATES]);
}

#[test]
fn one_of_another_authority_with_the_same_name() {
    let identity = Authority::called("twin").server();
    let says = ["not trusted, though one of the same name is", "tlsCAFile"];
    told_apart(&Authority::called("twin"), &identity, &says, &[INSECURE, CERTIFICATES]);
}

/// A server that was trusted, and has a new certificate.
#[test]
fn one_that_is_new() {
    let authority = Authority::new();
    let door = Door::open(&authority.server());
    let options = TlsOptions::new().ca_pem(authority.pem.as_str());
    // Its monitor is connected, and no other socket is.
    let connection = block_on(builder(&door.uri("localhost", ""), options).connect()).unwrap();
    door.change(&Authority::new().server());
    let error = ping(&connection).unwrap_err();
    assert_eq!(error.kind(), Kind::ConnectionFailure, "{error:?}");
    assert_says(&error, &["not trusted", "localhost"]);
    // A busy server does not do that, so the pool is cleared.
    assert!(error.labels().is_empty() && error.is_network() && !error.may_have_run(), "{error:?}");
    assert_eq!(connection.state().servers[0].pool.clone().unwrap().generation, 1);
}

#[test]
fn one_of_another_host() {
    let authority = Authority::new();
    let identity = authority.server_of(&["db.example", "127.0.0.1"]);
    let says = ["for other hosts", "localhost", "db.example"];
    told_apart(&authority, &identity, &says, &[INSECURE, HOSTNAMES]);
}

/// Each option relaxes its own check, and no other.
#[test]
fn one_that_is_wrong_in_two_ways() {
    let identity = Authority::new().server_of(&["db.example"]);
    let door = Door::open(&identity);
    let uri = door.uri("localhost", "");
    let trusting = || TlsOptions::new().ca_pem(Authority::new().pem);
    refused(builder(&uri, trusting().allow_invalid_certificates(true)), &["for other hosts"]);
    refused(builder(&uri, trusting().allow_invalid_hostnames(true)), &["not trusted"]);
    connect(builder(&uri, trusting().allow_invalid_hostnames(true).allow_invalid_certificates(true)));
    connect(builder(&uri, trusting().insecure(true)));
}

#[test]
fn one_without_the_address_that_the_server_was_called_by() {
    let authority = Authority::new();
    let door = Door::open(&authority.server_of(&["localhost"]));
    let trusting = || TlsOptions::new().ca_pem(authority.pem.as_str());
    refused(builder(&door.uri("127.0.0.1", ""), trusting()), &["for other hosts", "127.0.0.1"]);
    connect(builder(&door.uri("localhost", ""), trusting()));
    let door = Door::open(&authority.server_of(&["127.0.0.1"]));
    connect(builder(&door.uri("127.0.0.1", ""), trusting()));
    refused(builder(&door.uri("localhost", ""), trusting()), &["for other hosts"]);
}

#[test]
fn one_that_was_revoked() {
    let authority = Authority::new();
    let (good, bad) = (authority.server(), authority.server());
    let (good_door, bad_door) = (Door::open(&good), Door::open(&bad));
    let listing = |list: String| TlsOptions::new().ca_pem(authority.pem.as_str()).crl_pem(list);
    let try_good = |list: String| builder(&good_door.uri("localhost", ""), listing(list));
    let try_bad = |list: String| builder(&bad_door.uri("localhost", ""), listing(list));
    connect(try_good(authority.revoke(&[&bad])));
    refused(try_bad(authority.revoke(&[&bad])), &["was revoked"]);
    // Without a list nobody knows.
    connect(builder(&bad_door.uri("localhost", ""), TlsOptions::new().ca_pem(authority.pem.as_str())));
    refused(try_good(authority.revoke_until(&[], 2021)), &["list of revoked certificates has expired"]);
    let other = Authority::new();
    refused(try_good(other.revoke(&[])), &["list of revoked certificates"]);
    // A relaxed name leaves the rest as it is.
    let relaxed = listing(authority.revoke(&[&bad])).allow_invalid_hostnames(true);
    refused(builder(&bad_door.uri("localhost", ""), relaxed), &["was revoked"]);
}

#[test]
fn one_whose_issuer_is_not_shown() {
    let root = Authority::new();
    let intermediate = root.intermediate();
    let trusting = || TlsOptions::new().ca_pem(root.pem.as_str());
    let alone = Door::open(&intermediate.server());
    refused(builder(&alone.uri("localhost", ""), trusting()), &["not trusted"]);
    let chained = Door::open(&intermediate.server().below(&intermediate));
    connect(builder(&chained.uri("localhost", ""), trusting()));
    // With lists, there must be one for each issuer.
    let lists = |lists: String| builder(&chained.uri("localhost", ""), trusting().crl_pem(lists));
    refused(lists(intermediate.revoke(&[])), &["no list of revoked certificates was given"]);
    connect(lists(intermediate.revoke(&[]) + &root.revoke(&[])));
}
