//! A program of one line that depends on one driver, with one choice of its features.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::machine;

pub struct Subject {
    pub name: &'static str,
    /// Of its folder
    id: &'static str,
    /// A line of its manifest
    dependency: String,
}

/// What cargo says would be compiled for this machine.
pub struct Crates {
    /// Different names and versions, the driver among them
    pub names: usize,
    /// The same with features: what is equal here takes equal time
    pub compiled: BTreeSet<String>,
}

/// How long a build took.
pub struct Built {
    pub time: Duration,
    /// Of cargo and all compilers: what a busy machine changes least
    pub processor: Duration,
}

/// Ours and the official driver, each with as little as it builds with and with its defaults.
pub fn subjects() -> Vec<Subject> {
    let library = workspace();
    let ours = |features: &str| format!("actix-mongo = {{ path = {library:?}{features} }}");
    // The version beside which ours is measured; it needs a TLS feature to compile.
    let official = |features: &str| format!("mongodb = {{ version = \"=3.9.1\"{features} }}");
    let least = r#", default-features = false, features = ["compat-3-3-0", "bson-3", "rustls-tls"]"#;
    vec![
        Subject {
            name: "actix-mongo, no features",
            id: "ours-least",
            dependency: ours(", default-features = false"),
        },
        Subject { name: "actix-mongo, default features", id: "ours-default", dependency: ours("") },
        Subject { name: "mongodb, least features", id: "official-least", dependency: official(least) },
        Subject { name: "mongodb, default features", id: "official-default", dependency: official("") },
    ]
}

impl Subject {
    /// Writes the program, with the workspace's versions where it has them, and downloads what
    /// is missing. Neither is part of a measurement.
    pub fn write(&self) -> Result<()> {
        let folder = self.folder();
        let source = folder.join("src");
        fs::create_dir_all(&source).with_context(|| format!("making {}", source.display()))?;
        let manifest = format!(
            "[package]\nname = \"dependent\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n{}\n",
            self.dependency
        );
        fs::write(folder.join("Cargo.toml"), manifest)?;
        fs::write(source.join("main.rs"), "fn main() {}\n")?;
        fs::copy(workspace().join("Cargo.lock"), folder.join("Cargo.lock")).context("copying Cargo.lock")?;
        self.cargo(&["fetch", "--quiet"])?;
        Ok(())
    }

    pub fn crates(&self) -> Result<Crates> {
        let tree = |format: &str| {
            let arguments =
                ["tree", "--offline", "--edges=normal,build", "--prefix=none", "--format", format];
            self.cargo(&arguments)
        };
        let lines = |text: String| -> BTreeSet<String> {
            let lines = text.lines().map(|line| line.trim_end_matches(" (*)").to_owned());
            lines.filter(|line| !line.is_empty() && !line.starts_with("dependent ")).collect()
        };
        // An empty `default` is a feature by name only.
        let features =
            |line: String| line.replace(" default,", " ").replace(" default", "").trim().to_owned();
        let compiled = lines(tree("{p} {f}")?).into_iter().map(features).collect();
        Ok(Crates { names: lines(tree("{p}")?).len(), compiled })
    }

    /// Into an empty target folder, which is removed again.
    pub fn build(&self) -> Result<Built> {
        let target = self.folder().join("target");
        let clear = || match fs::remove_dir_all(&target) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
        clear()?;
        let own_time = || machine::process_time_of(std::process::id()).unwrap_or_default();
        let (started, before) = (Instant::now(), own_time());
        let target_dir = target.to_string_lossy();
        self.cargo(&["build", "--release", "--offline", "--quiet", "-j2", "--target-dir", &target_dir])?;
        let built = Built { time: started.elapsed(), processor: own_time().saturating_sub(before) };
        clear()?;
        Ok(built)
    }

    fn cargo(&self, arguments: &[&str]) -> Result<String> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        // A wrapper or flags of whoever measures would be measured as well.
        for variable in ["RUSTC_WRAPPER", "RUSTFLAGS", "CARGO_TARGET_DIR", "CARGO_BUILD_JOBS"] {
            command.env_remove(variable);
        }
        let output = command.args(arguments).current_dir(self.folder()).output().context("running cargo")?;
        if !output.status.success() {
            let complaint = String::from_utf8_lossy(&output.stderr);
            bail!("cargo {} for {}: {}", arguments.join(" "), self.name, complaint.trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn folder(&self) -> PathBuf {
        workspace().join("target/bench/footprint").join(self.id)
    }
}

fn workspace() -> &'static Path {
    let benches = Path::new(env!("CARGO_MANIFEST_DIR"));
    benches.parent().unwrap_or(benches)
}
