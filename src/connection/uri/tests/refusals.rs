//! What is refused, and that no refusal shows a secret.

use super::*;

#[test]
fn contradictions_are_refused() {
    let refused = |text: &str, part: &str| {
        let error = refused(text);
        assert!(error.contains(part), "{text}: {error}");
    };
    refused("mongodb://a,b/?directConnection=true", "exactly one host");
    refused("mongodb+srv://a/?directConnection=true", "mongodb+srv");
    refused("mongodb://a,b/?loadBalanced=true", "exactly one host");
    refused("mongodb://a/?loadBalanced=true&replicaSet=r", "replicaSet");
    refused("mongodb://a/?loadBalanced=true&directConnection=true", "directConnection");
    refused("mongodb+srv://a/?loadBalanced=true&srvMaxHosts=2", "srvMaxHosts");
    refused("mongodb+srv://a/?replicaSet=r&srvMaxHosts=2", "srvMaxHosts");
    refused("mongodb://a/?srvMaxHosts=2", "mongodb+srv:// only");
    refused("mongodb://a/?srvServiceName=x", "mongodb+srv:// only");
    refused("mongodb://a/?minPoolSize=6&maxPoolSize=5", "minPoolSize");
    refused("mongodb://a/?tlsInsecure=false&tlsAllowInvalidHostnames=false", "can't be given both");
    refused("mongodb://a/?tls=true&ssl=false", "different values");
    refused("mongodb://a/?tls=true&tls=false", "different values");
    refused("mongodb://a/?tls=true&ssl=maybe", "different values");
    refused("mongodb://a/?authSource=", "authSource is empty");
    refused("mongodb://a/?proxyPort=1", "without a proxyHost");
    refused("mongodb://a/?proxyHost=p&proxyHost=q", "more than once");
    refused("mongodb://a/?proxyHost=p&proxyUsername=u", "together");
    assert_eq!(options("minPoolSize=6&maxPoolSize=0").min_pool_size, Some(6));
}

#[test]
fn tls_and_ssl_agree_by_what_they_mean() {
    let enabled = |query: &str| read(&format!("mongodb://a/?{query}")).options.tls.enabled;
    assert_eq!(enabled("tls=true&ssl=1&tls=true"), Some(true));
    assert_eq!(enabled("ssl=&tls=false"), Some(false));
    for query in ["tls=maybe", "ssl=", "tls=maybe&ssl=maybe"] {
        assert_eq!(enabled(query), None, "{query}");
        assert!(unchecked(query).contains("takes true or false"), "{query}");
    }
}

#[test]
fn what_this_build_does_not_have_is_refused_by_name() {
    let cases = [
        #[cfg(not(feature = "dns-resolver"))]
        ("mongodb+srv://a/?tls=false", "mongodb+srv:// asks for a DNS lookup of the hosts"),
        #[cfg(all(feature = "dns-resolver", not(feature = "rustls-tls")))]
        ("mongodb+srv://a", "mongodb+srv:// without tls=false asks for TLS"),
        ("mongodb://a/?authMechanism=MONGODB-AWS", "authMechanism=MONGODB-AWS asks for a mechanism"),
        ("mongodb://me:pw@a/?authMechanism=GSSAPI", "authMechanism=GSSAPI asks for a mechanism"),
        (
            "mongodb://a/?authMechanism=MONGODB-OIDC&authMechanismProperties=ENVIRONMENT:k8s",
            "authMechanism=MONGODB-OIDC asks for a mechanism",
        ),
        ("mongodb://a/?proxyHost=p", "proxyHost asks for a SOCKS5 proxy"),
    ];
    for (text, message) in cases {
        let error = unsupported(text);
        assert!(error.contains(message), "{error}");
    }
}

#[cfg(not(feature = "rustls-tls"))]
#[test]
fn tls_is_refused_by_name_without_its_feature() {
    let cases = [
        ("tls=true", "tls=true asks for TLS, which this build does not have;"),
        ("ssl=1", "ssl=true asks for TLS"),
        ("TLSCAFile=x", "tlsCAFile asks for TLS"),
        ("tlsInsecure=nonsense", "tlsInsecure asks for TLS"),
        ("ssl=true&tlsCAFile=x", "ssl=true asks for TLS"),
    ];
    for (query, message) in cases {
        let error = unsupported(&format!("mongodb://a/?{query}"));
        assert!(error.contains(message) && error.contains("rustls-tls"), "{error}");
    }
    for name in KNOWN.iter().filter(|name| name.starts_with("tls") && **name != "tls") {
        assert!(unsupported(&format!("mongodb://a/?{name}=true")).contains(name));
        ConnectionString::parse(&format!("mongodb://a/?tls=false&{name}=true")).unwrap();
    }
}

#[test]
fn no_error_or_debug_shows_a_password() {
    let bad = [
        "mongodb://me:pass:hunter2@a",
        "mongodb://me:pass@hunter2@a",
        "mongodb://me:pass%hunter2@a",
        "mongodb://me:pass/hunter2@a",
        "mongodb://me:pass?hunter2@a",
        "mongodb://me:p@ss?hunter2@a",
        "mongodb://me:hunter2?x=1@a",
        "mongodb://me:hunter2",
        "mongodb://me:hunter2]x",
        "mongodb://me:hunter2%2Fx",
        "mongodb://me:hunter2%",
        "mongodb://me:hunter2@",
        "me:hunter2@a",
        "x+me:hunter2://a",
        "mongodb://me:hunter2@a:1x",
        "mongodb://me:hunter2@a/?w",
        "mongodb://me:hunter2@a/?w=-1",
    ];
    for text in bad {
        let error = ConnectionString::parse(text).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
    assert!(refused(bad[3]).contains("must be percent-encoded"));
    let good = "mongodb://me:hunter2@a/?proxyHost=p&proxyUsername=u&proxyPassword=hunter2\
                &tlsCertificateKeyFilePassword=hunter2&authMechanismProperties=AWS_SESSION_TOKEN:hunter2,hunter2";
    let shown = format!("{:?} {:?}", read(good), ConnectionString::parse(good).unwrap_err());
    assert!(!shown.contains("hunter2") && shown.contains("***"), "{shown}");
}

/// A '&' or a '?' in a secret ends it, and the rest reads as options.
#[test]
fn no_piece_of_a_secret_is_named() {
    let bearers = [
        "tlsCertificateKeyFilePassword=x",
        "TLScertificatekeyfilepasswrd=x",
        "proxyHost=p&proxyUsername=u&proxyPassword=x",
        "authMechanism=MONGODB-AWS&authMechanismProperties=AWS_SESSION_TOKEN:x",
    ];
    for bearer in bearers {
        for piece in ["hunter2=1", "w=1&hunter2=1", "hunter2=1&hunter2=2", "hunter2=a%40b"] {
            let text = format!("mongodb://me:pw@a/?{bearer}&{piece}");
            let read = read(&text);
            assert!(
                read.warnings.iter().any(|it| it.contains("write its '&' as %26")),
                "{:?}",
                read.warnings
            );
            let shown = format!("{read} {read:?} {:?} {:?}", read.warnings, read.options);
            assert!(!shown.contains("hunter2"), "{shown}");
        }
        for piece in ["hunter2", "hun%ter2=1", "hunter2=%1", "hun%20ter2=1", "w=1&hunter2"] {
            let error = refused(&format!("mongodb://me:pw@a/?{bearer}&{piece}"));
            assert!(!error.contains("ter2") && error.contains("write its '&' as %26"), "{error}");
        }
        let typo = format!("mongodb://me:pw@a/?{bearer}&maxPolSize=1");
        let warnings = read(&typo).warnings;
        assert!(warnings.iter().any(|it| it.ends_with("did you mean maxPoolSize?")), "{warnings:?}");
    }
}

/// Such a string must not even be tried: it names a host `me`, and a port `12`.
#[test]
fn a_password_with_a_question_mark_is_no_host() {
    for text in [
        "mongodb://me:12?er2=x@host",
        "mongodb://me:12?hunter2@host",
        "mongodb://me:12?w=1@host",
        "mongodb://me:12/?er2=x@host",
        "mongodb://me:12/?w=1&er2=x@host/db?w=1",
        "mongodb://me:p@ss?er2=x@host",
        "mongodb+srv://me?er2=x@host",
    ] {
        let error = refused(text);
        assert!(error.contains("must be percent-encoded") && !error.contains("er2"), "{text}: {error}");
    }
    // Which is not to say that values have none.
    assert_eq!(options("appName=me@work").app_name.as_deref(), Some("me@work"));
}

#[test]
fn an_option_is_not_hidden_by_a_space_in_its_name() {
    for query in ["%20tls=true", "tls%20=true", "tls%0A=true"] {
        assert!(refused_options(query).contains("has a space in it"), "{query}");
    }
}
