//! A command that is told by how it is written and how its reply is read.

use crate::dispatch::{Handle, Operation, Plan};
use crate::error::Result;
use crate::pool::{Answer, Limits};
use crate::wire::FrameBuilder;

/// The operation of nearly every verb.
pub struct Command<W, R> {
    /// Its name, for errors and events.
    pub name: &'static str,
    /// Where and how it may run.
    pub plan: Plan,
    /// Writes the command, for a server of these limits.
    pub write: W,
    /// Reads the reply.
    pub read: R,
}

impl<W, R, T> Operation for Command<W, R>
where
    W: FnMut(&mut FrameBuilder, &Limits) -> Result<()> + Send + 'static,
    R: FnMut(&mut Answer, &Handle) -> Result<T> + Send + 'static,
    T: Send + 'static,
{
    type Output = T;

    fn name(&self) -> &'static str {
        self.name
    }

    fn plan(&mut self) -> &mut Plan {
        &mut self.plan
    }

    fn write(&mut self, command: &mut FrameBuilder, limits: &Limits) -> Result<()> {
        (self.write)(command, limits)
    }

    fn read(&mut self, answer: &mut Answer, handle: &Handle) -> Result<T> {
        (self.read)(answer, handle)
    }
}
