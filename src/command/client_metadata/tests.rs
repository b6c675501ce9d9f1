use bson::{Document, doc};

use super::*;

fn surroundings(variables: &[(&str, &str)]) -> Surroundings {
    Surroundings::with_variables(|name| {
        variables.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned())
    })
}

fn client(app_name: Option<&str>, surroundings: &Surroundings) -> Document {
    let metadata = ClientMetadata::new(app_name, &[], surroundings).unwrap();
    assert!(metadata.document().as_bytes().len() <= 512);
    Document::try_from(metadata.document()).unwrap()
}

fn env(variables: &[(&str, &str)]) -> Option<Document> {
    client(None, &surroundings(variables)).get_document("env").ok().cloned()
}

const LAMBDA: (&str, &str) = ("AWS_EXECUTION_ENV", "AWS_Lambda_java8");

#[test]
fn a_bare_machine_has_driver_os_and_platform() {
    let client = client(None, &Surroundings::default());
    assert_eq!(client.keys().collect::<Vec<_>>(), ["driver", "os", "platform"]);
    let driver = doc! { "name": "actix-mongo", "version": env!("CARGO_PKG_VERSION") };
    assert_eq!(client.get_document("driver").unwrap(), &driver);
    let os = client.get_document("os").unwrap();
    assert_eq!(os.get_str("architecture").unwrap(), std::env::consts::ARCH);
    assert!(!os.get_str("type").unwrap().is_empty());
    let platform = client.get_str("platform").unwrap();
    assert!(platform.contains("rust") && platform.contains("actix"), "{platform}");
}

#[test]
fn the_application_and_system_are_named() {
    let mut here = surroundings(&[]);
    here.os_name = Some("Some Linux 12".into());
    here.os_version = Some("12".into());
    let client = client(Some("shop"), &here);
    assert_eq!(client.get_document("application").unwrap(), &doc! { "name": "shop" });
    let os = client.get_document("os").unwrap();
    assert_eq!(os.get_str("name").unwrap(), "Some Linux 12");
    assert_eq!(os.get_str("version").unwrap(), "12");
    assert!(self::client(Some(""), &here).get("application").is_none());
}

#[test]
fn a_name_of_more_than_128_bytes_is_refused() {
    let here = Surroundings::default();
    assert!(ClientMetadata::new(Some(&"x".repeat(128)), &[], &here).is_ok());
    let error = ClientMetadata::new(Some(&"é".repeat(65)), &[], &here).unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidArgument);
    assert!(error.to_string().contains("130 bytes"), "{error}");
}

#[test]
fn prose_1_aws() {
    let seen = env(&[LAMBDA, ("AWS_REGION", "us-east-2"), ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024")]);
    assert_eq!(seen, Some(doc! { "name": "aws.lambda", "memory_mb": 1024, "region": "us-east-2" }));
    assert_eq!(env(&[("AWS_LAMBDA_RUNTIME_API", "x")]), Some(doc! { "name": "aws.lambda" }));
}

#[test]
fn prose_2_azure() {
    assert_eq!(env(&[("FUNCTIONS_WORKER_RUNTIME", "node")]), Some(doc! { "name": "azure.func" }));
}

#[test]
fn prose_3_gcp() {
    let variables = [
        ("K_SERVICE", "servicename"),
        ("FUNCTION_MEMORY_MB", "1024"),
        ("FUNCTION_TIMEOUT_SEC", "60"),
        ("FUNCTION_REGION", "us-central1"),
    ];
    let expected = doc! {
        "name": "gcp.func",
        "timeout_sec": 60,
        "memory_mb": 1024,
        "region": "us-central1",
    };
    assert_eq!(env(&variables), Some(expected));
}

#[test]
fn prose_4_vercel() {
    let expected = Some(doc! { "name": "vercel", "region": "cdg1" });
    let vercel = [("VERCEL", "1"), ("VERCEL_REGION", "cdg1")];
    assert_eq!(env(&vercel), expected);
    assert_eq!(env(&[vercel[0], vercel[1], LAMBDA]), expected);
}

#[test]
fn prose_5_two_providers() {
    let two = [LAMBDA, ("FUNCTIONS_WORKER_RUNTIME", "node")];
    assert_eq!(env(&two), None);
    let three = [two[0], two[1], ("VERCEL", "1")];
    assert_eq!(env(&three), None);
}

#[test]
fn prose_6_a_long_value() {
    let long = "a".repeat(512);
    assert_eq!(env(&[LAMBDA, ("AWS_REGION", &long)]), Some(doc! { "name": "aws.lambda" }));
}

#[test]
fn prose_7_a_wrong_type() {
    let seen = env(&[LAMBDA, ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "big")]);
    assert_eq!(seen, Some(doc! { "name": "aws.lambda" }));
}

#[test]
fn prose_8_aws_but_not_lambda() {
    assert_eq!(env(&[("AWS_EXECUTION_ENV", "EC2")]), None);
}

#[test]
fn prose_9_container_and_provider() {
    let variables = [
        LAMBDA,
        ("AWS_REGION", "us-east-2"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024"),
        ("KUBERNETES_SERVICE_HOST", "1"),
    ];
    let mut expected = doc! {
        "name": "aws.lambda",
        "memory_mb": 1024,
        "region": "us-east-2",
        "container": { "orchestrator": "kubernetes" },
    };
    assert_eq!(env(&variables), Some(expected.clone()));
    let mut here = surroundings(&variables);
    here.docker = true;
    let container = doc! { "runtime": "docker", "orchestrator": "kubernetes" };
    expected.insert("container", container);
    assert_eq!(client(None, &here).get_document("env").unwrap(), &expected);
}

#[test]
fn fields_go_in_the_order_of_the_specification() {
    let keys = |document: &Document, key: &str| -> Vec<String> {
        document.get_document(key).map(|d| d.keys().cloned().collect()).unwrap_or_default()
    };
    // What `env` adds beyond its name is too much: only that goes.
    let long = "a".repeat(400);
    let lambda = surroundings(&[LAMBDA, ("AWS_REGION", &long)]);
    let seen = client(None, &lambda);
    assert_eq!(keys(&seen, "env"), ["name"]);
    assert!(keys(&seen, "os").contains(&"architecture".to_owned()));

    // A container without a provider leaves nothing of `env`; then `os` shrinks.
    let mut here = surroundings(&[("KUBERNETES_SERVICE_HOST", "1")]);
    here.os_name = Some("x".repeat(400));
    let seen = client(None, &here);
    assert_eq!(keys(&seen, "os"), ["type"]);
    assert!(seen.get("env").is_none());
    assert_eq!(seen.get_str("platform").unwrap(), PLATFORM);

    let mut here = surroundings(&[LAMBDA]);
    here.os_name = Some("x".repeat(400));
    let seen = client(Some(&"n".repeat(128)), &here);
    assert_eq!((keys(&seen, "env"), keys(&seen, "os")), (vec!["name".into()], vec!["type".into()]));
}

#[test]
fn the_platform_is_cut_last_and_between_characters() {
    let here = surroundings(&[LAMBDA]);
    let platform = "é".repeat(300);
    let mut parts = Parts {
        app_name: None,
        driver: ["d", "1"],
        surroundings: &here,
        env: Env::Left,
        full_os: false,
        platform: &platform,
    };
    let without = parts.document().unwrap().as_bytes().len() - platform.len();
    assert!(without < 200);
    let mut fitted = parts.document().unwrap();
    fit_platform(&mut parts, &mut fitted).unwrap();
    let length = fitted.as_bytes().len();
    assert!((511..=512).contains(&length), "{length}");
    assert!(parts.platform.chars().all(|c| c == 'é'));
}
