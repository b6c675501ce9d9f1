//! The connection as an actor.

use actix::Addr;

use super::Connection;
use crate::actors::gateway::{self, Gateway, GatewayOptions};

impl<D> Connection<D> {
    /// Starts an actor that runs calls for other actors: each verb is a message
    /// ([`messages`](crate::messages); not [`copy_database`](Self::copy_database), whose progress
    /// an actor follows as a stream, nor [`kill_cursors`](Self::kill_cursors), whose cursors are
    /// a connection's and no actor's), and its answer is the verb's result. It has the
    /// handle's timeout, concerns and read preference, and not its session: messages name
    /// their own. Nor does it go over the socket of a [`Request`](crate::Request). Neither blocks nor waits, and works from any thread; there may be several.
    ///
    /// - **It is bounded**: what exceeds a [count and a size](GatewayOptions) of requests
    ///   under way is answered with [`Kind::Busy`](crate::Kind::Busy) at once. Requests do
    ///   not wait for each other. A mailbox itself has no bound in actix; it holds what came
    ///   since its arbiter's last turn.
    /// - **It does not keep the connection alive**: neither does an `Addr` or a `Recipient`
    ///   of it, but a message under way does, and a cursor that it gave. Once the connection
    ///   has closed, what is in the mailbox is answered with
    ///   [`Kind::Closed`](crate::Kind::Closed) and the actor stops by itself; from then on
    ///   actix answers with `MailboxError::Closed`, as for every actor that has stopped.
    ///   It also stops with its last address.
    /// - **User code runs on its thread**, which is one of the connection's own for all such
    ///   actors, or [another](GatewayOptions::arbiter): what it blocks there is these actors, and
    ///   nothing else of the connection. If no thread can be had, the address is closed from
    ///   the start.
    /// - **Dropping a `Request` drops the call**, as dropping the verb's future does.
    /// - **A panic of user's code** while it is encoded or decoded is that message's error.
    ///
    /// An actor that needs one message only holds a `Recipient` of that one:
    ///
    /// ```no_run
    /// use actix::{Actor, Context, Handler, Message, Recipient, ResponseFuture};
    /// use actix_mongo::bson::doc;
    /// use actix_mongo::messages::RunCommand;
    ///
    /// struct Doctor {
    ///     server: Recipient<RunCommand>,
    /// }
    ///
    /// impl Actor for Doctor {
    ///     type Context = Context<Self>;
    /// }
    ///
    /// struct IsWell;
    ///
    /// impl Message for IsWell {
    ///     type Result = bool;
    /// }
    ///
    /// impl Handler<IsWell> for Doctor {
    ///     type Result = ResponseFuture<bool>;
    ///
    ///     fn handle(&mut self, _: IsWell, _: &mut Context<Self>) -> Self::Result {
    ///         let ping = self.server.send(RunCommand::new("admin", doc! { "ping": 1 }));
    ///         Box::pin(async { matches!(ping.await, Ok(Ok(_))) })
    ///     }
    /// }
    ///
    /// # async fn example() -> actix_mongo::Result<()> {
    /// let connection = actix_mongo::Connection::connect("mongodb://localhost:27017").await?;
    /// let doctor = Doctor { server: connection.start_actor().recipient() }.start();
    /// # Ok(()) }
    /// ```
    pub fn start_actor(&self) -> Addr<Gateway> {
        self.start_actor_with(GatewayOptions::default())
    }

    /// The same, with other limits or on another arbiter.
    pub fn start_actor_with(&self, options: GatewayOptions) -> Addr<Gateway> {
        gateway::start(&self.handle, options)
    }
}
