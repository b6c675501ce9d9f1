//! The document `client` of a handshake: which program, driver and platform this is
//! (handshake specification). Made once per connection, and again for each library that adds to
//! it, and sent by each of its sockets.

use bson::{RawDocument, RawDocumentBuf};

use super::driver_info::DriverInfo;
use super::surroundings::Surroundings;
use crate::error::{Error, Kind, Result};
use crate::wire::ElementWriter;

/// The most that a server takes, all BSON overhead included.
const MOST: usize = 512;
/// The most that a server takes of `application.name`.
const LONGEST_NAME: usize = 128;

const PLATFORM: &str =
    concat!("rust ", env!("CARGO_PKG_RUST_VERSION"), " or newer, edition 2024 / actix 0.13 / tokio 1");

/// The finished document; at most 512 bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientMetadata {
    document: RawDocumentBuf,
}

impl ClientMetadata {
    /// Metadata of an application that may have a name, and of libraries between it and this
    /// crate. Fails if these are more than servers take.
    pub fn new(
        app_name: Option<&str>,
        libraries: &[DriverInfo],
        surroundings: &Surroundings,
    ) -> Result<Self> {
        if let Some(length) = app_name.map(str::len).filter(|length| *length > LONGEST_NAME) {
            let message = format!(
                "the application's name (appName) has {length} bytes; servers take at most {LONGEST_NAME}"
            );
            return Err(Error::new(Kind::InvalidArgument, message));
        }
        let [mut name, mut version, mut platform] =
            ["actix-mongo", env!("CARGO_PKG_VERSION"), PLATFORM].map(ToOwned::to_owned);
        libraries.iter().for_each(|library| library.append(&mut name, &mut version, &mut platform));
        let (driver, platform) = ([name.as_str(), version.as_str()], platform.as_str());
        let mut parts = Parts { app_name, driver, surroundings, env: Env::Whole, full_os: true, platform };
        // Fields go one after the other, in the specification's order, until it fits.
        let shrink: [fn(&mut Parts<'_>); 3] =
            [|p| p.env = Env::NameOnly, |p| p.full_os = false, |p| p.env = Env::Left];
        let mut document = parts.document()?;
        for step in shrink {
            if document.as_bytes().len() <= MOST {
                break;
            }
            step(&mut parts);
            document = parts.document()?;
        }
        fit_platform(&mut parts, &mut document)?;
        if document.as_bytes().len() > MOST {
            let message = format!(
                "the names and versions in the client metadata have {} bytes; servers take at most {MOST}",
                document.as_bytes().len()
            );
            return Err(Error::new(Kind::InvalidArgument, message));
        }
        Ok(Self { document })
    }

    /// Whether this is a function-as-a-service platform, by the rules of `client.env`.
    pub fn is_faas(here: &Surroundings) -> bool {
        Provider::find(here).is_some()
    }

    /// The document to send.
    pub fn document(&self) -> &RawDocument {
        &self.document
    }
}

/// Cuts `platform` down until the document fits.
fn fit_platform(parts: &mut Parts<'_>, document: &mut RawDocumentBuf) -> Result<()> {
    while document.as_bytes().len() > MOST && !parts.platform.is_empty() {
        let room = (parts.platform.len() + MOST).saturating_sub(document.as_bytes().len());
        parts.platform = &parts.platform[..parts.platform.floor_char_boundary(room)];
        *document = parts.document()?;
    }
    Ok(())
}

/// How much of `env` is told.
#[derive(Clone, Copy, PartialEq)]
enum Env {
    Whole,
    NameOnly,
    Left,
}

struct Parts<'a> {
    app_name: Option<&'a str>,
    /// Name and version.
    driver: [&'a str; 2],
    surroundings: &'a Surroundings,
    env: Env,
    full_os: bool,
    platform: &'a str,
}

impl Parts<'_> {
    fn document(&self) -> Result<RawDocumentBuf> {
        let mut bytes = vec![0; 4];
        let mut client = ElementWriter::new(&mut bytes);
        if let Some(name) = self.app_name.filter(|name| !name.is_empty()) {
            client.document_with("application", |application| {
                application.str("name", name);
            });
        }
        client.document_with("driver", |driver| {
            let [name, version] = self.driver;
            driver.str("name", name).str("version", version);
        });
        client.document_with("os", |os| self.write_os(os));
        if !self.platform.is_empty() {
            client.str("platform", self.platform);
        }
        let mut env = vec![0; 4];
        self.write_env(&mut ElementWriter::new(&mut env));
        if env.len() > 4 {
            client.document("env", &finish(env)?);
        }
        finish(bytes)
    }

    fn write_os(&self, os: &mut ElementWriter<'_>) {
        os.str("type", os_type(std::env::consts::OS));
        if self.full_os {
            let here = self.surroundings;
            let details = [
                ("name", here.os_name.as_deref()),
                ("architecture", Some(std::env::consts::ARCH)),
                ("version", here.os_version.as_deref()),
            ];
            for (key, value) in details {
                if let Some(value) = value {
                    os.str(key, value);
                }
            }
        }
    }

    fn write_env(&self, env: &mut ElementWriter<'_>) {
        if self.env == Env::Left {
            return;
        }
        let here = self.surroundings;
        let provider = Provider::find(here);
        if let Some(provider) = provider {
            env.str("name", provider.name());
        }
        if self.env == Env::NameOnly {
            return;
        }
        let [timeout, memory, region] = provider.map(Provider::variables).unwrap_or_default();
        let number = |name: &str| here.variable(name)?.parse::<i32>().ok();
        if let Some(seconds) = number(timeout) {
            env.i32("timeout_sec", seconds);
        }
        if let Some(megabytes) = number(memory) {
            env.i32("memory_mb", megabytes);
        }
        if let Some(region) = here.variable(region) {
            env.str("region", region);
        }
        let kubernetes = here.variable("KUBERNETES_SERVICE_HOST").is_some();
        if here.docker || kubernetes {
            env.document_with("container", |container| {
                if here.docker {
                    container.str("runtime", "docker");
                }
                if kubernetes {
                    container.str("orchestrator", "kubernetes");
                }
            });
        }
    }
}

/// A provider of functions as a service.
#[derive(Clone, Copy, PartialEq)]
enum Provider {
    Aws,
    Azure,
    Gcp,
    Vercel,
}

impl Provider {
    /// The one whose variables are set. Two at once mean nothing, but for Vercel, which
    /// runs on AWS.
    fn find(here: &Surroundings) -> Option<Self> {
        let is_set = |name| here.variable(name).is_some();
        let lambda = here.variable("AWS_EXECUTION_ENV").is_some_and(|name| name.starts_with("AWS_Lambda_"));
        let found = [
            (Self::Aws, lambda || is_set("AWS_LAMBDA_RUNTIME_API")),
            (Self::Azure, is_set("FUNCTIONS_WORKER_RUNTIME")),
            (Self::Gcp, is_set("K_SERVICE") || is_set("FUNCTION_NAME")),
            (Self::Vercel, is_set("VERCEL")),
        ];
        let found: Vec<Self> =
            found.into_iter().filter(|(_, set)| *set).map(|(provider, _)| provider).collect();
        match found[..] {
            [one] => Some(one),
            [Self::Aws, Self::Vercel] => Some(Self::Vercel),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Aws => "aws.lambda",
            Self::Azure => "azure.func",
            Self::Gcp => "gcp.func",
            Self::Vercel => "vercel",
        }
    }

    /// Where it tells its timeout, memory and region; empty where it does not.
    fn variables(self) -> [&'static str; 3] {
        match self {
            Self::Aws => ["", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_REGION"],
            Self::Azure => ["", "", ""],
            Self::Gcp => ["FUNCTION_TIMEOUT_SEC", "FUNCTION_MEMORY_MB", "FUNCTION_REGION"],
            Self::Vercel => ["", "", "VERCEL_REGION"],
        }
    }
}

/// The name that `uname -s` gives, where this build's name for the system differs.
fn os_type(os: &'static str) -> &'static str {
    match os {
        "linux" => "Linux",
        "macos" | "ios" => "Darwin",
        "windows" => "Windows",
        "freebsd" => "FreeBSD",
        "netbsd" => "NetBSD",
        "openbsd" => "OpenBSD",
        "" => "unknown",
        other => other,
    }
}

/// Closes a document whose first four bytes were left for its length.
fn finish(mut bytes: Vec<u8>) -> Result<RawDocumentBuf> {
    bytes.push(0);
    let length = bytes.len() as i32;
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    let broken =
        |e| Error::new(Kind::Internal, "client metadata came out as a broken document").with_source(e);
    RawDocumentBuf::from_bytes(bytes).map_err(broken)
}

#[cfg(test)]
mod tests;
