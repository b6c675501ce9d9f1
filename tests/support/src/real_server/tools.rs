//! What building the server takes: CMake, make and a C compiler.

use super::{Error, errand};
use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Oldest CMake that the server's storage engine takes.
const CMAKE: (u32, u32) = (3, 10);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tool {
    CMake,
    Make,
    Compiler,
}

/// A package manager and what it calls the tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Manager {
    program: &'static str,
    /// Run before the installation.
    update: &'static [&'static str],
    install: &'static [&'static str],
    compiler: &'static [&'static str],
    needs_root: bool,
}

const MANAGERS: &[Manager] = &[
    Manager {
        program: "apt-get",
        update: &["update", "-q"],
        install: &["install", "-q", "-y", "--no-install-recommends"],
        compiler: &["gcc", "libc6-dev"],
        needs_root: true,
    },
    Manager {
        program: "dnf",
        update: &[],
        install: &["install", "-y"],
        compiler: &["gcc"],
        needs_root: true,
    },
    Manager {
        program: "apk",
        update: &[],
        install: &["add"],
        compiler: &["gcc", "musl-dev"],
        needs_root: true,
    },
    Manager { program: "brew", update: &[], install: &["install"], compiler: &["gcc"], needs_root: false },
];

/// Makes sure that everything is there, with the package manager's help if it
/// can be had without a question.
pub(super) fn ensure(interrupted: &dyn Fn() -> bool) -> Result<(), Error> {
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    let manager = MANAGERS.iter().find(|it| find(it.program).is_some());
    let Some(manager) = manager else {
        return Err(refusal(&missing, None));
    };
    let Some(prefix) = privilege(*manager) else {
        return Err(refusal(&missing, Some(*manager)));
    };
    let packages = manager.packages(&missing);
    eprintln!("Installing {} with {} ...", packages.join(" "), manager.program);
    if !manager.update.is_empty() {
        // An outdated list may still do.
        match run(prefix, manager.program, manager.update, interrupted) {
            Err(error) if error.is_interrupted() => return Err(error),
            _ => {}
        }
    }
    let install = [manager.install, &packages].concat();
    run(prefix, manager.program, &install, interrupted)?;
    let missing = self::missing();
    if missing.is_empty() {
        return Ok(());
    }
    Err(refusal(&missing, Some(*manager)))
}

/// The generator that CMake must be told, if its usual one cannot run.
pub(super) fn generator() -> Option<&'static str> {
    let told = env::var_os("CMAKE_GENERATOR").is_some();
    (!told && find("make").is_none() && find("ninja").is_some()).then_some("Ninja")
}

fn missing() -> Vec<Tool> {
    let mut missing = Vec::new();
    let cmake = find("cmake").and_then(|_| output("cmake", &["--version"]));
    if !cmake.is_some_and(|text| new_enough(&text)) {
        missing.push(Tool::CMake);
    }
    if find("make").is_none() && find("ninja").is_none() {
        missing.push(Tool::Make);
    }
    let named = env::var("CC").ok();
    let compilers = named.as_deref().into_iter().chain(["cc", "gcc", "clang"]);
    if !compilers.into_iter().any(|program| find(program).is_some()) {
        missing.push(Tool::Compiler);
    }
    missing
}

/// Whether `cmake --version` tells of a version that will do.
fn new_enough(text: &str) -> bool {
    let Some(version) = text.split_whitespace().nth(2) else {
        return false;
    };
    let mut numbers = version.split('.').map(|number| number.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= CMAKE
}

impl Manager {
    fn packages(&self, tools: &[Tool]) -> Vec<&'static str> {
        tools
            .iter()
            .flat_map(|tool| match tool {
                Tool::CMake => &["cmake"],
                Tool::Make => &["make"],
                Tool::Compiler => self.compiler,
            })
            .copied()
            .collect()
    }
}

/// What is missing, and how to get it by hand.
fn refusal(missing: &[Tool], manager: Option<Manager>) -> Error {
    let names: Vec<_> = missing
        .iter()
        .map(|tool| match tool {
            Tool::CMake => "CMake (3.10 or newer)",
            Tool::Make => "make",
            Tool::Compiler => "a C compiler",
        })
        .collect();
    let names = names.join(", ");
    Error::new(match manager {
        Some(manager) => format!(
            "building the server needs {names}, which cannot be installed from here; \
             please run: {}{} {} {}",
            if manager.needs_root { "sudo " } else { "" },
            manager.program,
            manager.install.join(" "),
            manager.packages(missing).join(" ")
        ),
        None => format!(
            "building the server needs {names}; \
             please install the packages that your system has for them"
        ),
    })
}

/// What to put before the manager's command: nothing, or `sudo` if it asks for
/// no password.
fn privilege(manager: Manager) -> Option<&'static [&'static str]> {
    let root = || output("id", &["-u"]).is_some_and(|id| id.trim() == "0");
    if !manager.needs_root || root() {
        return Some(&[]);
    }
    let sudo = find("sudo").is_some() && output("sudo", &["-n", "true"]).is_some();
    sudo.then_some(&["sudo", "-n"])
}

fn run(
    prefix: &[&str],
    program: &str,
    arguments: &[&str],
    interrupted: &dyn Fn() -> bool,
) -> Result<(), Error> {
    let line = [prefix, &[program], arguments].concat();
    let mut command = Command::new(line[0]);
    command.args(&line[1..]).env("DEBIAN_FRONTEND", "noninteractive");
    match errand::run(&command, interrupted)? {
        0 => Ok(()),
        code => Err(Error::new(format!("`{}` ended with exit code {code}", line.join(" ")))),
    }
}

/// The standard output of a command that succeeds.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    output.status.success().then_some(text)
}

fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    // `CC` may carry arguments.
    let program = program.split_whitespace().next()?;
    env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_cmake_are_compared_as_numbers() {
        for (text, enough) in [
            ("cmake version 3.31.6\n\nCMake suite", true),
            ("cmake version 3.10.0", true),
            ("cmake version 4.0.0-rc1", true),
            ("cmake version 3.9.6", false),
            ("cmake version 2.8.12", false),
            ("", false),
        ] {
            assert_eq!(new_enough(text), enough, "{text}");
        }
    }

    #[test]
    fn a_refusal_names_the_packages() {
        let missing = [Tool::CMake, Tool::Compiler];
        let sentence = refusal(&missing, Some(MANAGERS[0])).to_string();
        assert!(
            sentence.ends_with("sudo apt-get install -q -y --no-install-recommends cmake gcc libc6-dev"),
            "{sentence}"
        );
        let sentence = refusal(&[Tool::Make], None).to_string();
        assert!(sentence.contains("needs make;"), "{sentence}");
    }
}
