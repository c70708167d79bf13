//! Codes of rejected files: signatures, trust changes, reviews, stages and exceptions.

super::code::codes! {
    Medium "allowed-signers-differ":
        "`trust/allowed_signers` differs from the registry and the root."
        "Sign the newest registry: `tenure sign` rewrites the file.";
    High "assignment-mismatch":
        "The assignments of the review files differ from the signed campaign."
        "Restore all files that `tenure campaign open` wrote.";
    High "below-threshold":
        "A file has fewer signatures than required."
        "Get the missing signatures: `tenure sign FILE`.";
    Critical "campaign-field-differs":
        "A field of a campaign contradicts what it describes at its base."
        "Open the campaign again at the head of main: `tenure campaign open`.";
    High "campaign-mismatch":
        "A file belongs to another campaign, or to another version of it."
        "Restore the file that `tenure campaign open` wrote, and sign it.";
    High "campaign-missing":
        "A file belongs to a campaign that is not on main."
        "Merge the campaign first, or correct `campaign` in the file.";
    High "certify-against-policy":
        "A decision keeps access with a finding that requires an exception."
        "Revoke the access, or sign an exception for it.";
    Error "change-conflicts":
        "Git cannot merge the change into its base."
        "Merge main into the branch, resolve the conflicts, and push.";
    Error "change-too-large":
        "A change touches more governed files than permitted; a warning before it is proposed."
        "Split the change, or raise the limit in the next mandate.";
    High "cosigner-not-assigned":
        "A review has a cosigner whom the campaign did not assign."
        "Restore the cosigners of the published worklist; a fallback of the campaign may cosign.";
    High "decided-at-opening":
        "The merge that opens a campaign brings decisions of it."
        "Merge the campaign first, and decide afterwards.";
    Medium "decision-incomplete":
        "A decision lacks a value that it needs."
        "Fill it in and sign again.";
    High "decision-late":
        "A decision was merged after its stage was closed."
        "Remove it; a fallback or the next campaign decides open items.";
    High "decision-not-own":
        "A reviewer decided an item that is not assigned to them."
        "Let an assigned reviewer decide, delegate or reassign the item.";
    High "delegation-ineligible":
        "A delegation names a person who may not review, or a wrong period."
        "Name a delegate with an active key and an end within the campaign.";
    Critical "duplicate-decision":
        "An item is already decided in a file that is not named in `supersedes`."
        "Name the decision in force in `supersedes`.";
    Critical "duplicate-name":
        "A name or id occurs twice in a registry or root."
        "List each name once.";
    High "duplicate-response":
        "One person would answer for two reviewers of an item."
        "Let another reviewer or a fallback answer one of them.";
    Critical "duplicate-signing-key":
        "A key occurs twice in a registry or root."
        "List each key once: a key belongs to one principal.";
    Critical "engine-not-permitted":
        "`governance.toml` names a release of the engine that the mandate does not permit."
        "Add its digest to `engine_releases` of the next mandate, and merge that first.";
    Critical "evidence-branch-changed":
        "A root of trust names another branch of the evidence than its predecessor."
        "Restore `evidence` in the root.";
    High "exception-mismatch":
        "An exception describes another item than the campaign published."
        "Create the exception again for this item.";
    High "exception-no-response":
        "An exception for an item without a response breaks the terms of the mandate."
        "Let a fallback decide, or follow the terms.";
    High "exception-terms":
        "An exception breaks the terms of the mandate for its rating."
        "Follow the terms that `tenure exception requirements` lists.";
    Critical "file-not-regular":
        "A governed file is executable, a symbolic link or a submodule."
        "Replace it by a regular file with mode 100644.";
    High "governance-missing":
        "`governance.toml` was deleted, without which no command works."
        "Restore it from an earlier commit.";
    Warning "grant-changed":
        "A decision concerns a grant that changed or disappeared since the campaign was opened."
        "Review the current grant in a new campaign.";
    High "item-altered":
        "An item of a review differs from the one that the campaign published."
        "Change only the decision and its reason; restore all other keys.";
    High "item-not-in-campaign":
        "An item of a review is not part of the campaign."
        "Remove the item.";
    Critical "key-history":
        "A registry removes, reassigns or reactivates a key."
        "Keep every key; set `state` to retired or revoked.";
    Critical "key-unreadable":
        "A key cannot be read or parsed."
        "Create a key with `ssh-keygen -t ed25519`.";
    Critical "log-origin-changed":
        "The root of trust names another log origin than before."
        "Restore `log_origin`.";
    Critical "main-rolled-back":
        "A former head of main is no longer an ancestor of main."
        "Restore the branch from a clone that has the commit.";
    Critical "name-unsafe":
        "A name in the tree is unsafe."
        "Remove the entry from the tree.";
    High "no-response-limit":
        "A stage close would disable more unanswered items than permitted."
        "Obtain decisions, or open the campaign with a higher limit.";
    High "not-by-reviewer":
        "The reviewer has not signed their review."
        "The reviewer signs it: `tenure sign FILE`.";
    High "not-in-group":
        "The signer is not in the group that may sign the file."
        "A member of the group signs it.";
    High "octopus-merge":
        "A merge with more than two parents introduced a governed file."
        "Merge one branch at a time.";
    Medium "path-not-allowed":
        "A governed folder contains a file that is of no kind."
        "Move the file out of the governed folders.";
    High "place-mismatch":
        "The content of a file belongs to another path."
        "Move the file to the path that its content requires.";
    Critical "prev-mismatch":
        "The `prev` of a trust file is not the digest of the version before."
        "Write the next version with the digest of the one in force.";
    High "reassignment-invalid":
        "An item cannot be reassigned to the named person."
        "Abstain without `to`; a fallback then decides the item.";
    Critical "retired-key":
        "A file is signed with a key that is not active."
        "Sign with an active key of the registry in force.";
    Critical "revoked-key":
        "A file is signed with a revoked key."
        "Sign with an active key of the registry in force.";
    Critical "root-pin-mismatch":
        "The first root of trust differs from the pin."
        "Compare the pin with the one that `tenure init` printed.";
    High "same-person":
        "Enough names have signed a file, but some of them are one person, who counts once."
        "Have another person sign. `tenure principals check` names the common account.";
    High "sample-mismatch":
        "The sample of a stage differs from the signed campaign."
        "Restore all files that `tenure campaign open` wrote.";
    High "self-review":
        "A signer reviewed their own access."
        "Reassign the item to another reviewer.";
    Error "severity-not-raised":
        "A mandate names a severity for a code that is not higher than the usual one."
        "Raise the severity, or remove it: a mandate never lowers a severity.";
    Critical "signature-malformed":
        "A signature file is not an SSH signature."
        "Sign again: `tenure sign FILE`.";
    Critical "signature-mismatch":
        "A signature does not match the bytes of the file."
        "Sign again: `tenure sign FILE`.";
    Critical "signed-file-deleted":
        "A signed file was deleted."
        "Restore the file.";
    Critical "signed-file-edited":
        "A signed file was edited."
        "Restore the file; a new decision goes into a new file.";
    Critical "signed-file-renamed":
        "A signed file was moved."
        "Restore the file at its path.";
    High "signer-not-named":
        "A signature is by a person who may not sign the file."
        "Remove the signature, or name its signer in the file.";
    High "stage-close-place":
        "A stage close was computed at a commit that is not on main."
        "Compute the close again at the head of main.";
    High "stage-close-stale":
        "A stage close lists an item as unanswered that has an answer."
        "Compute the close again at the head of main.";
    High "stage-close-wrong":
        "A stage close has wrong content."
        "Compute the close again at the head of main.";
    High "stage-not-open":
        "An item is not open in the stage of the decision."
        "Wait until a campaign owner closes the stage before.";
    High "stage-out-of-order":
        "A file closes another stage than the next one."
        "Compute the close again at the head of main.";
    Critical "stale-supersedes":
        "The `supersedes` of an item does not name the decision in force."
        "Name the decision in force in `supersedes`.";
    Critical "system-identity-taken":
        "Two systems in use have the same target."
        "Retire one of them: `tenure system retire ID`.";
    Critical "system-retired":
        "A version follows the last version of a retired system."
        "Describe the target under a new id: `tenure system add ID`.";
    Critical "threshold-unreachable":
        "A threshold is zero, or larger than the number of keys."
        "Set a threshold between 1 and the number of keys.";
    High "trust-change-not-isolated":
        "One merge changes trust and other governed files."
        "Merge trust changes separately.";
    Critical "trust-not-established":
        "The pin leads to no valid root, registry and mandate."
        "Compare the pin; in a new repository, merge the files of `tenure init`.";
    Error "unknown-code":
        "A mandate names a severity for a code that is not the code of a finding."
        "Write the code of a finding.";
    Critical "unknown-signer":
        "The signer has no registered key."
        "Register a key in the next registry.";
    High "unknown-stage":
        "A file belongs to a stage that the campaign does not have."
        "Restore the file that `tenure campaign open` wrote.";
    Error "unrelated-history":
        "The change has no common ancestor with its base."
        "Start a branch from main.";
    Critical "version-skipped":
        "A trust file has another version than the next one."
        "Write the next version with the digest of the one in force.";
    Critical "weak-key":
        "A key is weak."
        "Create a key with `ssh-keygen -t ed25519`.";
    High "worklists-differ":
        "The worklists of a campaign differ from those that its owners signed."
        "Restore all files that `tenure campaign open` wrote.";
    Critical "wrong-hash":
        "A signature uses a hash function that is not permitted."
        "Sign again: `tenure sign FILE`.";
    Critical "wrong-key":
        "A signature named after a person was made with another key."
        "Sign again: `tenure sign FILE`.";
    Critical "wrong-namespace":
        "A signature has the namespace of another kind of file."
        "Sign again: `tenure sign FILE`.";
    Critical "wrong-repository":
        "A signed file belongs to another repository."
        "Create the file in this repository.";
}
