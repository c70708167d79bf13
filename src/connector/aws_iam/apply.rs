//! Executes the calls of an action, exactly as planned.

use super::account::AwsIam;
use super::apply_errors::{after, not_as_planned};
use super::calls::MutatingCall;
use super::listing::PolicyHolder;
use super::observe::ResourceLookup;
use super::principal_access::PolicyReader;
use super::{removal, rotate};
use crate::connector::{ApplyReceipt, ConnectorError, Intent, SecretSink};
use crate::model::action::Planned;
use crate::model::{AccessChange, Action, Operation};
use std::collections::BTreeSet;

pub(super) fn apply(
    aws: &AwsIam,
    action: &Action<Planned>,
    intent: Intent,
    sink: &dyn SecretSink,
) -> Result<ApplyReceipt, ConnectorError> {
    if intent.action() != &action.id {
        return Err(ConnectorError::PreconditionFailed("the intent is for another action".to_owned()));
    }
    if matches!(action.change, AccessChange::Rotate {}) {
        return rotate::rotate(aws, action, sink);
    }
    if action.operations.iter().any(|operation| operation.call == "iam:DeleteUser") {
        match aws.find_user(&action.grant.principal.id, &action.grant.principal.name)? {
            ResourceLookup::Here(user) => removal::planned_whole(aws, &user, &action.operations)?,
            ResourceLookup::Gone(_) => return Ok(receipt(0, action.operations.len())),
            ResourceLookup::Nothing => return Err(not_as_planned("no user can be read")),
        }
    }
    run(aws, &action.operations)
}

/// Makes the calls in order. An object that no longer exists needs no call; one that differs from the plan gets none.
fn run(aws: &AwsIam, operations: &[Operation]) -> Result<ApplyReceipt, ConnectorError> {
    let mut ids = ActionIds { aws, holdings: PolicyReader::new(aws), hold: BTreeSet::new() };
    let mut made = 0;
    for operation in operations {
        match step(&mut ids, operation) {
            Ok(true) => made += 1,
            Ok(false) => {}
            Err(error) => return Err(after(made, operations.len(), error)),
        }
    }
    Ok(receipt(made, operations.len()))
}

/// Makes one call, and returns whether there was an object to change.
fn step(ids: &mut ActionIds<'_>, operation: &Operation) -> Result<bool, ConnectorError> {
    let call =
        MutatingCall::named(&operation.call).ok_or_else(|| ConnectorError::Unsupported(operation.call.clone()))?;
    let parameters = call.parameters(operation).ok_or_else(|| incomplete(operation))?;
    if call.action == "DeleteUser" {
        // The last call is irreversible, so the ids are checked again.
        ids.hold.clear();
    }
    for &(name, id) in call.bound {
        let text = |entry: &str| operation.with.get(entry).map(String::as_str).ok_or_else(|| incomplete(operation));
        if !ids.is_unchanged(operation, (name, text(name)?), (id, text(id)?))? {
            return Ok(false);
        }
    }
    match ids.aws.api.write(call.action, &parameters) {
        Ok(()) => Ok(true),
        Err(ConnectorError::NotFound(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The ids of an action that were verified to have their planned names.
struct ActionIds<'a> {
    aws: &'a AwsIam,
    holdings: PolicyReader<'a>,
    hold: BTreeSet<(String, String)>,
}

impl ActionIds<'_> {
    /// Returns whether the object with this id exists and has this name; an id that no longer exists needs no call.
    ///
    /// # Errors
    /// When the object has another name now, or the name belongs to another object.
    fn is_unchanged(
        &mut self,
        operation: &Operation,
        (parameter, name): (&str, &str),
        (entry, id): (&str, &str),
    ) -> Result<bool, ConnectorError> {
        if self.hold.contains(&(entry.to_owned(), id.to_owned())) {
            return Ok(true);
        }
        let holds = match entry {
            "Document" => return self.has_document(operation, name, id),
            "GroupId" => match self.aws.find_group(id)? {
                ResourceLookup::Here(group) if group.group_name == name => true,
                ResourceLookup::Here(_) => return Err(renamed("group", id)),
                ResourceLookup::Gone(_) => false,
                ResourceLookup::Nothing => return Err(not_as_planned("no group and no user can be read")),
            },
            // A policy must be detached everywhere before AWS deletes it: a new policy with the same name is another
            // object.
            "PolicyId" => self.holdings.managed(name)?.is_some_and(|held| held.place.id() == Some(id)),
            "UserId" => match self.aws.find_user(id, name)? {
                ResourceLookup::Here(user) if user.user_name == name => true,
                ResourceLookup::Here(_) => return Err(renamed("user", id)),
                ResourceLookup::Gone(_) => false,
                ResourceLookup::Nothing => return Err(not_as_planned("no user can be read")),
            },
            _ => return Err(ConnectorError::Unsupported(format!("{}: {parameter} by {entry}", operation.call))),
        };
        if holds {
            self.hold.insert((entry.to_owned(), id.to_owned()));
        }
        Ok(holds)
    }

    /// Returns whether the inline policy exists and has the reviewed content.
    fn has_document(&self, operation: &Operation, policy: &str, document: &str) -> Result<bool, ConnectorError> {
        let holder = if operation.with.contains_key("GroupName") { PolicyHolder::Group } else { PolicyHolder::User };
        let name = operation.with.get(holder.parameter()).ok_or_else(|| incomplete(operation))?;
        match self.holdings.inline(holder, name, policy)? {
            None => Ok(false),
            Some(held) if held.document.digest.to_string() == document => Ok(true),
            Some(_) => Err(not_as_planned("the content of the inline policy has changed")),
        }
    }
}

fn receipt(made: usize, of: usize) -> ApplyReceipt {
    let text = match made {
        0 => "no change was needed".to_owned(),
        made if made == of => format!("{made} of {of} calls made a change"),
        made => format!("{made} of {of} calls made a change; the others were already in effect"),
    };
    ApplyReceipt { text, already: made == 0, ..ApplyReceipt::default() }
}

fn renamed(what: &str, id: &str) -> ConnectorError {
    not_as_planned(&format!("the {what} {id} now has another name"))
}

fn incomplete(operation: &Operation) -> ConnectorError {
    ConnectorError::Permanent(format!("{}: a parameter of the call is missing in the plan", operation.call))
}
