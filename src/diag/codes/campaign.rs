//! Codes of campaigns: definitions, openings, assignments, review quality and exceptions.

super::code::codes! {
    Medium "bulk-decisions":
        "Many similar or flagged items were decided together; low as a finding of an audit."
        "Review the role or group that grants the access, or review the items again.";
    Error "campaign-closed":
        "The campaign is closed."
        "Open a new campaign to review items again.";
    Error "campaign-suspended":
        "A signed file of the campaign is rejected, or was changed or removed on main. Its decisions are held."
        "Restore the file, or correct and sign the definition.";
    Medium "campaigns-missed":
        "A reviewer did not answer two or more campaigns in a row."
        "Assign another reviewer, or ask the reviewer for the reason.";
    Critical "closed-campaign-differs":
        "The verdicts in force in a closed campaign differ from those that its close sealed."
        "Find the change with `git log -- campaigns/ID`, and open a new campaign.";
    High "contradictory-decisions":
        "Decisions on one item contradict each other."
        "Decide again in a new review file that names the decision in force in `supersedes`.";
    Error "contradictory-stage":
        "A stage both stops and advances on the same result."
        "List the result in `stop_on` or in `advance_on`.";
    Warning "coverage-gap":
        "An inventory does not contain all access of a system."
        "Mention in the campaign report that this access is not reviewed.";
    High "decision-after-close":
        "A decision or stage close reached main after its campaign was closed. It is not in force."
        "Open a new campaign to decide again.";
    Error "default-unsupported":
        "No response would disable access that its connector cannot disable."
        "Write `on_no_response = \"remove\"` or `\"open\"` in the definition.";
    High "delegation-ended":
        "A delegate decided after the end of the delegation. The decision is not in force."
        "An assigned reviewer or a new delegate decides.";
    Medium "duplicate-reasons":
        "Many kept items of a reviewer have the same reason."
        "State for each item why the access is needed.";
    Error "empty-group":
        "A group that a definition names has no members."
        "Add a member in the next registry, or name another group.";
    Medium "empty-reasons":
        "A reviewer keeps most items with a reason that only repeats the verdict."
        "Ask the reviewer to state for each item why the access is needed.";
    Error "evidence-position":
        "A campaign or inventory carries a position of the evidence log that is missing, wrong or older than one that main carries."
        "Run `git fetch`; open the campaign, or collect the inventory, again.";
    Medium "excepted-undecided":
        "An item without a response is excepted and still undecided."
        "Let a fallback decide in a new review file: `tenure review`.";
    High "exception-control-failed":
        "The compensating control of an exception failed a test; the rating sets the severity."
        "Revoke the access, or repair the control and request a new exception.";
    Low "exception-ends-soon":
        "An exception ends within two weeks."
        "Revoke the access by then, or renew the exception.";
    High "exception-lapsed":
        "An exception has ended, and its access remains; the rating sets the severity."
        "Revoke the access, or renew the exception.";
    High "exception-unproven":
        "The compensating control of an exception was not tested in time; the rating sets the severity."
        "Test the control, and record it with `tenure exception record-test`.";
    Error "fallback-duplicate":
        "The second fallback of a definition equals the first."
        "Name a second person for items that the fallback may not review.";
    Error "fallback-ineligible":
        "A fallback of a definition may not review."
        "Name another person, or add a key for them in the next registry.";
    Medium "flagged-items-certified":
        "A reviewer keeps an unusual number of items with a policy violation."
        "Have a sample of the decisions reviewed by another person.";
    Error "inventory-partial":
        "The inventory of a system in scope is not complete."
        "Collect the system again: `tenure collect SYSTEM`.";
    Error "inventory-stale":
        "The inventory of a system in scope is older than the definition allows."
        "Collect the system again: `tenure collect SYSTEM`.";
    Error "inventory-timestamp-future":
        "The inventory of a system is dated in the future."
        "Check the clocks of this machine and of the collecting machine.";
    Error "inventory-uncommitted":
        "The inventory of a system is not committed."
        "Commit and merge it.";
    Error "item-unconfirmed":
        "A campaign cannot be closed, because a decided change is not confirmed."
        "Follow the next step that the message names for the item.";
    Error "item-undecided":
        "A campaign cannot be closed, because an item is undecided."
        "Decide the item: `tenure review`.";
    Error "no-reviewer":
        "No eligible reviewer exists for items in scope."
        "Add reviewers, raise their limit, or narrow the selection.";
    Error "no-rules":
        "The repository has no policy rules; a warning when a campaign is opened."
        "Install the built-in rules with `tenure policy init` and merge them.";
    Error "no-selector":
        "A definition selects nothing."
        "Add a `[[select]]`; an empty one selects everything.";
    Error "no-window":
        "A review window or a stage has no days."
        "Write a number of days greater than zero.";
    Warning "one-acceptance":
        "One acceptance decides an item; the other reviewers are then asked no longer."
        "Use `all-must-accept` if each reviewer must decide.";
    Error "percent-out-of-range":
        "A percentage of a definition is outside its range."
        "Write a percentage within the range that the message names.";
    Error "population-changed":
        "Access in the scope of an open campaign changed and is not reviewed."
        "Open a review of it: `tenure campaign supplement ID`.";
    Error "population-empty":
        "No grant matches the selectors, at all or on one system."
        "Widen the selectors, collect again, or list the system in `allow_empty`.";
    Error "recurrence-too-short":
        "A campaign would recur before its window ends."
        "Write at least as many days in `recurrence_days` as in `window_days`.";
    Error "reminders-out-of-order":
        "The reminders of a definition are not in ascending order, or contain a duplicate."
        "Sort them in ascending order, without duplicates.";
    Error "sampled-first-stage":
        "The first stage of a definition covers only a sample."
        "Remove `sample_percent`, or add a stage before this one.";
    Medium "signed-too-quickly":
        "Decisions were accepted sooner after assignment than reading them takes."
        "Have a sample of the decisions reviewed by another person.";
    High "signer-left":
        "A signer had left when the signature was accepted. The file is not in force."
        "Another person decides and signs.";
    High "stage-close-early":
        "A stage close before the end of its window, while responses are missing."
        "Wait for the end of the window or for the responses.";
    High "stage-close-future":
        "A stage close with a time in the future. It is not in force before that time."
        "Close the stage again with a correct clock: `tenure campaign close-stage ID`.";
    Error "stage-without-reviewers":
        "A stage of a definition names or requires no reviewers."
        "Name at least one reviewer.";
    Error "stages-too-long":
        "The stages of a definition take longer than its window."
        "Write a larger `window_days`, or give the stages fewer days.";
    Error "target-missing":
        "The target of a verdict does not exist: a replacement, an entitlement of a role, or a new owner."
        "Create the target and collect again, or name an existing one in `to`.";
    Error "unknown-campaign":
        "No campaign with this id is signed on main."
        "Run `git pull`, or name an existing campaign.";
    Error "unknown-reviewer":
        "A definition names a reviewer that does not exist."
        "Name a registered person, a group with members, or one of the permitted values.";
    Error "unknown-subject":
        "A selector names a subject that is not `<system>:<id>`."
        "Write the subject as `<system>:<id>`.";
    Error "verdict-unsupported":
        "The connector cannot carry out a verdict."
        "Choose another verdict: the message names one.";
}
