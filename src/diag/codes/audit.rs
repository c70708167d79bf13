//! Codes of findings of an audit.

super::code::codes! {
    High "acceptance-changed":
        "A file or signature on main differs from the one that a record accepted."
        "Restore the recorded file from a clone that still has it.";
    High "acceptance-missing":
        "A record accepts a file that is not on main, or is no longer valid there."
        "Restore the recorded file from a clone that still has it.";
    Medium "access-lingering":
        "A right is removed, but an object that was opened under it remains."
        "End the sessions that the message names, then run `tenure verify`.";
    Critical "access-reappeared":
        "Access whose removal was confirmed exists again."
        "Find who restored it, and review it in a new campaign.";
    High "access-still-present":
        "A read of the target shows that the access still exists."
        "Decide on the remaining path that the message names, then run `tenure enforce`.";
    High "action-failed":
        "The target refused an action, or could not be reached."
        "Correct the cause that the message names, then run `tenure enforce` again.";
    High "approval-stale":
        "A merge with decisions was approved for an earlier commit than the merged one."
        "Require an approval of the last push, and have the decisions reviewed again.";
    Medium "checks-missing":
        "The required checks had not passed when decisions were merged."
        "Require the checks to pass before a merge.";
    High "decision-not-enforced":
        "A decision requires a change, but no run has recorded an intent for it."
        "Run `tenure enforce`.";
    Medium "decision-not-recorded":
        "A review on main is valid, but no run has recorded it."
        "Run `tenure enforce`.";
    High "decision-suspect":
        "A signature of a recorded decision is not valid by the current registry."
        "Have its items reviewed again, in a file that names the old one in `supersedes`.";
    High "evidence-stale":
        "The newest evidence or cosignature is older than `--max-age` allows, or no witness has cosigned."
        "Run `git fetch`, and compare with another clone.";
    High "grant-drifted":
        "A grant differs from the reviewed one, so it was not changed."
        "Collect the system and review the current grant in a new campaign.";
    Critical "intent-without-decision":
        "A record permits a change for which no valid decision exists."
        "Find who had access to the keys of the engine, and review the access that changed.";
    High "intent-without-outcome":
        "A run recorded the intent of an action, but no outcome."
        "Run `tenure enforce`, which reads the target first.";
    High "inventory-not-compared":
        "The inventories of main cannot be compared with the changes that were confirmed."
        "Correct the file that the message names: `tenure check`.";
    Critical "inventory-not-sealed":
        "The inventory of a campaign is not the one that the collecting job recorded last."
        "Find who changed it with `git log -- inventory/SYSTEM`; merge the inventory that the job collected, and open the campaign again.";
    High "items-not-assigned":
        "Items of a campaign are in no review file."
        "Open a campaign for the missing items.";
    Critical "main-behind":
        "The clone lacks a commit of main that was seen before."
        "Run `git fetch`, and compare with another clone.";
    Critical "manifest-mismatch":
        "The governed files that a run recorded are not those of its commit."
        "Compare with an earlier clone, and find who had push access.";
    Low "merge-by-unknown-user":
        "The person behind an account that merged or approved decisions is unknown."
        "Add the account to `accounts` of its person in the principals files.";
    High "merge-bypassed":
        "Decisions were merged by bypassing the rules of the branch."
        "Find who may bypass the rules, and why.";
    High "merge-not-approved":
        "A merge with decisions has no approval."
        "Require an approval by another person, and have the decisions reviewed again.";
    High "merge-self-approved":
        "A merge with decisions was approved only by its author."
        "Require an approval by another person, and have the decisions reviewed again.";
    Medium "merge-unknown":
        "The Git host did not report all data about a merge with decisions."
        "Grant the enforcing job read access to pull requests and checks.";
    High "merge-without-pull-request":
        "Decisions were pushed to main without a pull request."
        "Protect main, and have the decisions reviewed again.";
    High "model-disagrees":
        "The target permits a request by a path that the connector did not find."
        "Find the path on the target and remove it, then run `tenure verify`.";
    Medium "not-reviewed":
        "Access of the only person who could review it was not reviewed."
        "Register a second person, who reviews it in the next campaign.";
    High "out-of-band-change":
        "A grant changed at the target without a decision."
        "Find the author of the change, collect the system, and review the change or undo it.";
    High "outcome-unknown":
        "The result of an action is unknown, because the target could not be read."
        "Run `tenure verify` when the target can be read.";
    Critical "outcome-without-intent":
        "A record has the outcome of an action without an open intent."
        "Compare with an earlier clone, and find who had access to the keys of the engine.";
    Critical "plan-mismatch":
        "The plan that a run recorded differs from the one recomputed from its inputs."
        "Compare with an earlier clone, and find who had access to the keys of the engine.";
    Critical "plan-not-repeatable":
        "The plan of a run cannot be recomputed."
        "Compare with an earlier clone that has the inputs of the run.";
    Critical "population-mismatch":
        "The items of a campaign differ from those that its signed file or pinned inventories give."
        "Restore the files that `tenure campaign open` wrote.";
    Critical "population-not-repeatable":
        "The items of a campaign cannot be recomputed from its pinned inventories."
        "Compare with an earlier clone that has the pinned inventories.";
    High "removal-overdue":
        "A removal takes or took longer than its tier allows; medium once it is done."
        "Find the cause of the delay with `tenure campaign status`.";
    High "run-not-ended":
        "The lease of a run has expired, but the run has no end record."
        "Run `tenure enforce` to recover it.";
    Critical "second-evidence-log":
        "Another ref has a log with the same origin that the evidence does not contain."
        "Find out who began it; its records prove nothing.";
    High "self-review-as-approver":
        "A person approved a merge that decides on their own access."
        "Have another reviewer decide the item again, and another person approve it.";
    High "self-review-as-merger":
        "A person merged a decision on their own access."
        "Have another reviewer decide the item again, and another person merge it.";
    Low "single-signer":
        "The repository has one person, so one signature is enough for a version of a system."
        "Add a second person to the registry.";
    High "sod-violation-remains":
        "A principal has both sides of a separation-of-duties rule without an exception."
        "Revoke one side, or accept the combination by an exception, then run `tenure verify`.";
    Medium "stage-close-not-recorded":
        "A stage close on main is valid, but no run has recorded it."
        "Run `tenure enforce`.";
    Medium "system-changed-in-campaign":
        "A version of a system took effect while a campaign with its items was open."
        "Confirm the change with the owner of the campaign.";
    Medium "verification-level-too-low":
        "An action was confirmed at a lower verification level than its tier needs."
        "Run `tenure verify` with a separate credential.";
    Critical "verification-level-unproven":
        "A record claims a level that needs a read-back key, but its commit is not signed with one."
        "Let `tenure verify` sign with the key `engine-readback`, and find who wrote the record.";
    High "work-order-open":
        "A manual change has not been made."
        "Make the change, then run `tenure attest`.";
}
