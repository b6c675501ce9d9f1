//! The server's binary: where it is, and how it gets there.

use super::{BINARY_VARIABLE, Error, because, errand, tools};
use std::env;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

const CRATE: &str = "secantus-mdb";
/// A pre-release, so cargo must be told the exact one.
const VERSION: &str = "0.5.3-beta.196";
const BINARY: &str = "bin/secantusd-rs";

/// What would make cargo build something else, somewhere else, or in a way that
/// was meant for this project.
const FOREIGN_VARIABLES: &[&str] = &[
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_INSTALL_ROOT",
    "CARGO_MAKEFLAGS",
    "CARGO_TARGET_DIR",
    "MAKEFLAGS",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTFLAGS",
];

/// The binary, if there is one: the one that [`BINARY_VARIABLE`] names, else the
/// one in the cache folder. Installs nothing.
pub fn installed() -> Option<PathBuf> {
    let named = named();
    let cached = || Some(root(&cache_folder()?).join(BINARY));
    named.or_else(cached).filter(|binary| binary.is_file())
}

/// The binary, installed first if there is none. Takes minutes then, with
/// cargo's progress on standard error; ends soon after `interrupted` says so, and
/// if this process is killed, cargo is too.
pub fn ensure_installed(interrupted: impl Fn() -> bool) -> Result<PathBuf, Error> {
    if let Some(binary) = named() {
        if binary.is_file() {
            return Ok(binary);
        }
        return Err(Error::new(format!("{BINARY_VARIABLE} names {}, which is not there", binary.display())));
    }
    let Some(cache) = cache_folder() else {
        return Err(Error::new("no cache folder for the server: set HOME or XDG_CACHE_HOME"));
    };
    let binary = root(&cache).join(BINARY);
    if binary.is_file() {
        return Ok(binary);
    }
    fs::create_dir_all(&cache).map_err(because(format!("creating {}", cache.display())))?;
    let _lock = lock(&cache.join(format!("{CRATE}-{VERSION}.lock")), &interrupted)?;
    // Whoever held the lock may have installed it.
    if !binary.is_file() {
        tools::ensure(&interrupted)?;
        install(&cache, &interrupted)?;
        eprintln!("The server is installed: {}", binary.display());
    }
    Ok(binary)
}

/// The binary that the variable names; empty is not set.
fn named() -> Option<PathBuf> {
    env::var_os(BINARY_VARIABLE).filter(|name| !name.is_empty()).map(PathBuf::from)
}

fn cache_folder() -> Option<PathBuf> {
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|it| it.is_absolute());
    let base = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    Some(base.join("actix-mongo"))
}

fn root(cache: &Path) -> PathBuf {
    cache.join(format!("{CRATE}-{VERSION}"))
}

/// Held until dropped; the system lets go of it when the process dies.
fn lock(path: &Path, interrupted: &dyn Fn() -> bool) -> Result<File, Error> {
    let failed = || format!("locking {}", path.display());
    let file = File::create(path).map_err(because(failed()))?;
    let mut told = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if interrupted() => return Err(Error::interrupted()),
            Err(TryLockError::WouldBlock) => {
                if !told {
                    eprintln!("Another process installs the server; waiting for it ...");
                    told = true;
                }
                thread::sleep(errand::PAUSE);
            }
            Err(TryLockError::Error(error)) => return Err(because(failed())(error)),
        }
    }
}

fn install(cache: &Path, interrupted: &dyn Fn() -> bool) -> Result<(), Error> {
    let root = root(cache);
    let beside = |end: &str| cache.join(format!("{CRATE}-{VERSION}.{end}"));
    // Left over if an installation was killed or interrupted: cargo goes on in `build`.
    let (build, partial) = (beside("build"), beside("partial"));
    eprintln!("Installing the server ({CRATE} {VERSION}) into {}, once; some minutes ...", root.display());
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["install", CRATE, "--version", VERSION, "--locked"])
        // It declares a newer Rust than it needs.
        .arg("--ignore-rust-version")
        .args(["--force", "--root"])
        .arg(&partial)
        .arg("--target-dir")
        .arg(&build)
        // Away from this project's own .cargo/config.toml.
        .current_dir(cache);
    for variable in FOREIGN_VARIABLES {
        cargo.env_remove(variable);
    }
    // Else cargo's last words are the advice to add a folder that is renamed.
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::split_paths(&path).chain([partial.join("bin")]);
    if let Ok(path) = env::join_paths(path) {
        cargo.env("PATH", path);
    }
    if let Some(generator) = tools::generator() {
        cargo.env("CMAKE_GENERATOR", generator);
    }
    let code = errand::run(&cargo, interrupted)?;
    // A folder that stays costs disk, nothing else.
    let _ = fs::remove_dir_all(&build);
    if code != 0 {
        return Err(Error::new(format!(
            "the server could not be built: `cargo install {CRATE}` ended with exit code {code}; \
             its messages are above"
        )));
    }
    // There may be one without a binary in it.
    let _ = fs::remove_dir_all(&root);
    // In one step, so that a binary which is there is whole.
    fs::rename(&partial, &root).map_err(because(format!("renaming {}", partial.display())))
}
