//! One case, from its data to its outcome ("Executing a Test" of the format).

use std::sync::Arc;
use std::time::Duration;

use bson::{Bson, Document, doc};

use super::failure::{Checked, Failure};
use super::plain::matching::same_document;
use super::servers::{Server, contents, fill, namespace};
use super::world::World;
use super::{expect_events, expect_logs, operation};

/// What of a file all its cases share, and one of them.
pub struct UnifiedCase {
    pub entities: Vec<Bson>,
    pub initial_data: Vec<Bson>,
    pub test: Document,
}

impl UnifiedCase {
    fn list(&self, key: &str) -> &[Bson] {
        self.test.get_array(key).map(Vec::as_slice).unwrap_or_default()
    }

    /// Runs it on a server that it has for itself.
    pub async fn run(&self, server: &Arc<Server>) -> Checked {
        fill(server, &self.initial_data).map_err(Failure::Surroundings)?;
        let operations = self.list("operations");
        let text = self.test.to_string();
        let world = World::new(server, &text)?;
        let judged = self.judge(&world, operations).await;
        let cleaned = clean_up(&world, text.contains("Transaction")).await;
        judged.and(cleaned)
    }

    async fn judge(&self, world: &World, operations: &[Bson]) -> Checked {
        world.create(&self.entities)?;
        operation::run_all(world, operations).await?;
        // A fail point that is still on must not meet what looks at the result.
        world.turn_fail_points_off()?;
        self.outcome(&world.server)?;
        expect_events::check(world, self.list("expectEvents")).await?;
        expect_logs::check(world, self.list("expectLogMessages")).await
    }

    fn outcome(&self, server: &Server) -> Checked {
        for part in self.list("outcome").iter().filter_map(Bson::as_document) {
            let (database, collection) = namespace(part)?;
            let actual = contents(server, database, collection).map_err(Failure::Surroundings)?;
            let expected = part.get_array("documents").map_err(|error| error.to_string())?;
            let expected: Vec<_> = expected.iter().filter_map(Bson::as_document).collect();
            let equal =
                expected.iter().zip(&actual).all(|(expected, actual)| same_document(expected, actual));
            if expected.len() != actual.len() || !equal {
                let shown = |documents: Vec<String>| documents.join(", ");
                let expected = shown(expected.iter().map(ToString::to_string).collect());
                let actual = shown(actual.iter().map(ToString::to_string).collect());
                let place = format!("{database}.{collection}");
                return Err(Failure::Case(format!("{place} should hold [{expected}], but holds [{actual}]")));
            }
        }
        Ok(())
    }
}

/// Whatever came of the case, the server is as the next one wants it.
async fn clean_up(world: &World, transactions: bool) -> Checked {
    world.turn_fail_points_off()?;
    let clients = world.entities.clients();
    world.entities.clear();
    for client in clients {
        client.connection.close(Duration::ZERO).await;
    }
    if transactions {
        // Its answer does not matter: some servers refuse it while a transaction ends.
        world.server.ask("admin", doc! { "killAllSessions": [] }).map_err(Failure::Surroundings)?;
    }
    Ok(())
}
