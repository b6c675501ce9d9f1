//! What is counted: one driver on one arbiter, one caller, so many operations, one after the
//! other, and no window.

use std::time::Duration;

use anyhow::Result;

use crate::cli::{CountArguments, DriverKind};
use crate::driver::Driver;
use crate::driver::official::Official;
use crate::host::Host;
use crate::things::document;

pub fn run(arguments: &CountArguments) -> Result<()> {
    match arguments.connect.driver {
        DriverKind::Official => operate::<Official>(arguments)?,
        #[cfg(feature = "ours")]
        _ => operate::<crate::driver::ours::Ours>(arguments)?,
        #[cfg(not(feature = "ours"))]
        _ => anyhow::bail!("built without the feature `ours`"),
    }
    // As in other runs: no farewell.
    std::process::exit(0);
}

fn operate<D: Driver>(arguments: &CountArguments) -> Result<()> {
    let host = Host::start(arguments.connect.host)?;
    let CountArguments { connect, op, operations } = arguments.clone();
    host.wait_for(PATIENCE, async move {
        let driver = D::connect(&connect).await?;
        let document = document();
        for id in 0..i64::from(operations) {
            driver.one(op, id, &document).await?;
        }
        Ok(())
    })
}

/// Under valgrind all of it takes long.
const PATIENCE: Duration = Duration::from_secs(500);
