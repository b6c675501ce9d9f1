use super::*;

fn refused(options: &TlsOptions, part: &str) {
    let error = options.check().unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidArgument);
    assert!(error.to_string().contains(part), "{error}");
}

/// All that can be relaxed, by the names of connection strings.
fn with(options: TlsOptions, name: &str, value: bool) -> TlsOptions {
    match name {
        "tlsInsecure" => options.insecure(value),
        "tlsAllowInvalidCertificates" => options.allow_invalid_certificates(value),
        "tlsAllowInvalidHostnames" => options.allow_invalid_hostnames(value),
        "tlsDisableOCSPEndpointCheck" => options.disable_ocsp_endpoint_check(value),
        "tlsDisableCertificateRevocationCheck" => options.disable_certificate_revocation_check(value),
        other => panic!("{other}"),
    }
}

#[test]
fn pairs_that_exclude_each_other_are_refused_whatever_their_values() {
    let names = [
        "tlsInsecure",
        "tlsAllowInvalidCertificates",
        "tlsAllowInvalidHostnames",
        "tlsDisableOCSPEndpointCheck",
        "tlsDisableCertificateRevocationCheck",
    ];
    let mut exclusive = 0;
    for a in names {
        with(TlsOptions::new(), a, true).check().unwrap();
        for b in names.into_iter().filter(|b| *b != a) {
            let pair = EXCLUSIVE.contains(&(a, b)) || EXCLUSIVE.contains(&(b, a));
            for (x, y) in [(true, true), (true, false), (false, false)] {
                let both = with(with(TlsOptions::new(), a, x), b, y);
                assert_eq!(both.check().is_err(), pair, "{a}={x} {b}={y}");
            }
            exclusive += usize::from(pair);
        }
    }
    assert_eq!(exclusive, 2 * EXCLUSIVE.len());
}

#[test]
fn lists_of_revoked_certificates_contradict_what_turns_them_off() {
    let with_list = || TlsOptions::new().crl_pem("x");
    with_list().check().unwrap();
    with_list().insecure(false).check().unwrap();
    with_list().allow_invalid_hostnames(true).check().unwrap();
    with_list().disable_ocsp_endpoint_check(true).check().unwrap();
    refused(&with_list().insecure(true), "tlsInsecure turns off");
    refused(&with_list().allow_invalid_certificates(true), "tlsAllowInvalidCertificates turns off");
    refused(&with_list().disable_certificate_revocation_check(true), "turns off");
}

#[test]
fn a_password_or_a_certificate_needs_a_key() {
    refused(&TlsOptions::new().certificate_key_file_password("x"), "without a tlsCertificateKeyFile");
    refused(&TlsOptions::new().certificate_file("x"), "without its key");
    TlsOptions::new().certificate_key_file("k").certificate_key_file_password("x").check().unwrap();
    TlsOptions::new().certificate_key_file("k").certificate_pem("x").check().unwrap();
}

#[cfg(feature = "rustls-tls")]
#[test]
fn a_ready_configuration_stands_alone() {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let ready = || TlsOptions::new().rustls_config(Arc::new(config.clone()));
    ready().enabled(true).check().unwrap();
    refused(&ready().ca_file("x"), "tlsCAFile has no effect beside");
    refused(&ready().insecure(false), "tlsInsecure has no effect beside");
}

#[test]
fn what_is_set_later_wins_and_nothing_else_changes() {
    let mut options = TlsOptions::new().ca_file("a").insecure(true).enabled(false);
    options.overlay(&TlsOptions::new().ca_pem("b").enabled(true));
    assert!(matches!(&options.ca, Some(Source::Memory(pem)) if pem.as_slice() == b"b"));
    assert!(options.is_enabled() && options.takes_any_certificate() && options.takes_any_hostname());
    assert!(!TlsOptions::new().is_enabled());
}

#[test]
fn debug_shows_no_value() {
    let options = TlsOptions::new()
        .certificate_key_pem("hunter2")
        .certificate_key_file_password("hunter2")
        .ca_file("hunter2");
    let shown = format!("{options:?}");
    assert!(!shown.contains("hunter2") && shown.contains("tlsCertificateKeyFilePassword"), "{shown}");
}
