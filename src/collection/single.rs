//! The commands `update` and `delete` with one statement, which six verbs share.

use std::sync::Arc;

use bson::RawDocumentBuf;

use super::draft::{Draft, Running};
use super::statement::{
    Change, DELETE_OPTIONS, DeleteStatement, UPDATE_OPTIONS, UpdateStatement, check_hint,
};
use super::{DeleteResult, UpdateResult};
use crate::dispatch::{Plan, Retry};
use crate::pool::Namespace;

/// `update`, of the first that matches, or of all.
pub fn update(
    mut draft: Draft,
    namespace: Arc<Namespace>,
    filter: RawDocumentBuf,
    change: Change,
    many: bool,
) -> Running<UpdateResult> {
    let options = draft.options.split_off(&UPDATE_OPTIONS);
    let statement = UpdateStatement { filter, change, many, options };
    let plan = of_many(draft.writing(&namespace, statement.size()), many);
    let acknowledged = plan.acknowledged;
    let options = draft.take_options();
    draft.run(
        "update",
        plan,
        move |command, limits| {
            let mut elements = command.elements();
            elements.str("update", &namespace.collection).bool("ordered", true).array_with(
                "updates",
                |updates| {
                    updates.document_with("0", |update| statement.write(update));
                },
            );
            options.write_for(limits, &mut elements);
            Ok(())
        },
        move |answer, _| match acknowledged {
            true => UpdateResult::parse(&answer.body, &answer.server),
            false => Ok(UpdateResult::default()),
        },
    )
}

/// `delete`, of the first that matches, or of all.
pub fn delete(
    mut draft: Draft,
    namespace: Arc<Namespace>,
    filter: RawDocumentBuf,
    many: bool,
) -> Running<DeleteResult> {
    let options = draft.options.split_off(&DELETE_OPTIONS);
    let hinted = options.get("hint").is_some();
    let statement = DeleteStatement { filter, many, options };
    let plan = of_many(draft.writing(&namespace, statement.size()), many);
    let acknowledged = plan.acknowledged;
    let options = draft.take_options();
    draft.run(
        "delete",
        plan,
        move |command, limits| {
            check_hint(hinted, acknowledged, limits)?;
            let mut elements = command.elements();
            elements.str("delete", &namespace.collection).bool("ordered", true).array_with(
                "deletes",
                |deletes| {
                    deletes.document_with("0", |delete| statement.write(delete));
                },
            );
            options.write_for(limits, &mut elements);
            Ok(())
        },
        move |answer, _| match acknowledged {
            true => Ok(DeleteResult::parse(&answer.body)),
            false => Ok(DeleteResult::default()),
        },
    )
}

/// Servers take a number for writes of single documents only (retryable writes
/// specification), so one of many has no second attempt.
fn of_many(plan: Plan, many: bool) -> Plan {
    match many {
        true => Plan { retry: Retry::Never, ..plan },
        false => plan,
    }
}
