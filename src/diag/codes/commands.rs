//! Codes of commands: arguments, files of the work tree, keys, git and the Git host.

super::code::codes! {
    Warning "account-uncorrelated":
        "No principal claims an account of a system."
        "Add the account to `accounts` of its principal.";
    Error "agent-failed":
        "The ssh-agent refused a request."
        "List the keys of the agent with `ssh-add -l`.";
    Error "already-governed":
        "The folder is already a governed repository."
        "Run `tenure check`, or choose another folder.";
    Error "attestation-exists":
        "An attestation of the action already exists."
        "Sign it, or remove it if it has no signatures.";
    Warning "attribute-stale":
        "A declared attribute was verified too long ago."
        "Verify the attribute, and write the current day.";
    Error "campaign-ambiguous":
        "The reviewer has items in several campaigns."
        "Name one: `tenure review ID`.";
    Error "campaign-exists":
        "A campaign with this id already exists."
        "Choose another id: a campaign is opened only once.";
    Error "column-mapping-invalid":
        "A `--map` argument or a column of a mapping file is not usable."
        "Write `--map COLUMN=KEY`, such as `--map Employee=id`, or correct the mapping file.";
    Error "connector-not-allowed":
        "The mandate does not allow the connector of the system."
        "Add it to `connectors` in the next mandate.";
    Error "connector-unavailable":
        "The connector of a system cannot be opened."
        "Correct the settings or the variable that the message names.";
    Error "delegation-exists":
        "All names for this delegation are in use."
        "Check `delegations/` on main.";
    Error "demo-failed":
        "A step of the demo failed."
        "Report it with the text of the message.";
    Error "end-date-invalid":
        "The end date is neither a day nor a number of days."
        "Write `--until 2027-03-01` or `--until 90d`.";
    Error "exception-exists":
        "An exception with this name already exists."
        "Choose another name: `--id NAME`.";
    Warning "file-exists":
        "A file of the built-in pack exists with other content, and was kept."
        "Overwrite it with `tenure policy init --replace NAME`.";
    Error "file-link":
        "A file to be written, or a folder on its way, is a symbolic link or a special file. Nothing is written through it."
        "Look where it leads with `ls -l`, and remove it from the repository.";
    Error "file-misplaced":
        "The path is not that of a principals file."
        "Use `principals.toml` or `principals/NAME.toml`.";
    Error "file-missing":
        "A required file does not exist."
        "Run `git pull`, or write the file and merge it.";
    Error "file-not-generated":
        "A file to be generated exists and was not generated."
        "Remove it with `git rm`, then write again.";
    Error "file-outside-repository":
        "The file is outside of the repository."
        "Name a file below the top of the work tree.";
    Error "file-signed":
        "The file is signed, so its bytes cannot change."
        "Remove the signatures, format the file, and have it signed again.";
    Error "file-too-large":
        "The written file would be larger than a governed file may be."
        "Move some of its principals to another file, such as `principals/NAME.toml`.";
    Error "file-unreadable":
        "A file cannot be read."
        "Check the path and its permissions.";
    Error "file-unwritable":
        "A file cannot be written."
        "Check the permissions and the free disk space.";
    Error "folder-full":
        "A folder contains too many folders of earlier demos."
        "Remove them, or name another folder.";
    Error "folder-not-empty":
        "The folder is not empty."
        "Name a folder that does not exist yet.";
    Error "folder-unusable":
        "The folder cannot be created or read."
        "Name a folder that you may write to.";
    Error "folder-unwritable":
        "The folder cannot be written to."
        "Name another folder.";
    Error "forge-failed":
        "The Git host refused a request."
        "Follow the error message of the Git host.";
    Error "forge-file-missing":
        "A generated file does not exist."
        "Write it with the command that the message names.";
    Error "forge-file-removed":
        "A change removes a generated file."
        "Restore it.";
    Warning "forge-file-stale":
        "A generated file differs from the one that the governed files result in."
        "Write it again with the command that the message names.";
    Error "git-failed":
        "Git cannot read the repository, or finds no such revision."
        "Follow the message; `git fsck --full` checks the clone.";
    Error "grafted-history":
        "The clone replaces history by a grafts file."
        "Remove the file, then run `git fetch`.";
    Note "head-detached":
        "HEAD is detached, so origin/main is used."
        "Run `git switch main`.";
    Error "io-error":
        "The operating system cannot read or write."
        "Follow the message, then run the command again.";
    Error "key-ambiguous":
        "Several keys of the agent may sign the file."
        "Choose one: `--key FILE.pub` or `--signer NAME`.";
    Error "key-invalid":
        "A public key cannot be used."
        "Create one: `ssh-keygen -t ed25519`.";
    Error "key-missing":
        "A command needs a key, or names a key that the principal does not have."
        "Name a public key with `--key FILE`.";
    Error "key-not-written":
        "A new key cannot be written."
        "Name another folder: `--keys DIR`.";
    Note "main-not-pushed":
        "The local branch main has commits that origin/main lacks; origin/main is used."
        "Push main, or open a pull request.";
    Error "manager-cycle":
        "People manage each other in a cycle, or a person is their own manager."
        "Correct `owner` of one of them; the head of an organization has no owner.";
    Error "name-invalid":
        "The text is not a valid name."
        "Write lowercase letters, digits, dots and hyphens.";
    Error "no-approver":
        "An exception names no approver."
        "Name one: `--approver NAME`.";
    Error "no-artifact":
        "The file with the result of a test cannot be read."
        "Name it: `--artifact FILE`.";
    Error "no-engine":
        "`governance.toml` names no release of the engine for the jobs."
        "Add `[engine]` with version, url and digest of a release.";
    Error "no-forge":
        "The variables that describe the Git host are missing."
        "Run the command in a job of GitHub Actions.";
    Error "no-key":
        "No key can be used to sign."
        "Name one: `--key FILE`, or add it to the agent.";
    Error "no-main":
        "The repository has no commit on main."
        "Create a governed repository with `tenure init`.";
    Note "no-origin":
        "No remote is called `origin`, so the local main is used."
        "Rename the remote to `origin`, then run `git fetch origin`.";
    Error "no-proof":
        "The file that proves a manual change cannot be read."
        "Name it: `--proof FILE`.";
    Error "no-remote":
        "The remote does not exist."
        "Add it with `git remote add NAME URL`.";
    Error "no-review":
        "A path is not that of a review file."
        "Name files below `campaigns/ID/reviews`.";
    Error "no-terminal":
        "A review session needs a terminal."
        "Use line mode, `tenure review --next`, or list the files with `--list`.";
    Error "no-work-order":
        "The action is not an open work order."
        "List the open work orders with `tenure campaign status`.";
    Error "no-work-tree":
        "The repository is bare, so it has no files to write to."
        "Clone it without `--bare`.";
    Error "no-workflow":
        "No workflow can be generated, because a value cannot be written to it or there are too many systems."
        "Follow the next step that the message names.";
    Note "not-committed":
        "Governed files are not committed, so they are not checked."
        "Commit them, then check again.";
    Error "not-governed":
        "The repository has no root of trust on main."
        "Create a governed repository with `tenure init`.";
    Error "not-signed":
        "The file cannot be signed."
        "Follow the message; only files of signed kinds can be signed.";
    Error "nothing-to-change":
        "The next version of a file would be equal to the one in force."
        "Name another value.";
    Error "nothing-to-review":
        "The reviewer has no review file in this work tree."
        "Run `git pull`.";
    Error "notification-failed":
        "An issue for a reminder cannot be opened or read."
        "Give the step a token with the permission `issues: write`.";
    Error "owner-missing":
        "A principal that needs an owner has none who is an active person."
        "Name an active person as `owner`.";
    Error "plan-failed":
        "The plan cannot be built, because a value has no canonical form."
        "Collect the system again.";
    Error "private-key":
        "A private key was named where a public key is needed."
        "Name the public key, in the file with .pub.";
    Error "pull-request-failed":
        "A branch was pushed, but its pull request cannot be opened."
        "Open it by hand, and allow GitHub Actions to create pull requests.";
    Error "push-failed":
        "A branch cannot be pushed."
        "Check the permission `contents: write`.";
    Error "remote-unreachable":
        "The remote cannot be reached."
        "Run `git fetch` for the error message of git.";
    Error "replaced-history":
        "The clone replaces commits or trees of its history."
        "List them with `git replace --list`, and find who created them.";
    Error "reviewer-ambiguous":
        "The available keys determine no single reviewer."
        "Name the reviewer: `--signer NAME` or `--key FILE`.";
    Error "root-not-pinned":
        "No root pin is set; a warning or note where the root may be trusted on first use."
        "Set `TENURE_ROOT` to the pin that `tenure init` printed.";
    Error "shallow-history":
        "The clone is shallow, so its history cannot be verified."
        "Run `git fetch --unshallow`.";
    Warning "sod-violation":
        "A principal holds both sides of a separation-of-duties rule."
        "Remove one of the two sides.";
    Error "stage-open":
        "A stage cannot be closed yet."
        "Follow the next step that the message names.";
    Error "store-unreadable":
        "A governed file is not a plain file, or is unexpected at its path."
        "Run `tenure check`.";
    Error "unknown-action":
        "No run has recorded the action."
        "Run `git fetch`; `tenure campaign status` shows the open work orders.";
    Error "unknown-exception":
        "No exception with this id is accepted on main."
        "List all with `tenure exception list --all`.";
    Error "unknown-item":
        "No campaign on main contains the item."
        "List the items with `tenure campaign status`.";
    Error "unknown-name":
        "The built-in pack has no such file."
        "Choose one of the files that the message lists.";
    Error "unknown-principal":
        "No principal or account has this name."
        "Name the id of a principal, or an account `<system>:<immutable id>`.";
    Error "unknown-system":
        "No file describes the system."
        "Name a system of `systems/`, or add its file.";
    Error "witness-not-independent":
        "The executor of a change is also its witness."
        "Name another person: `--witness NAME`.";
    Error "workflow-uses-engine":
        "A workflow uses an environment or secret that belongs to the generated workflows."
        "Remove it from the workflow.";
    Error "write-failed":
        "The decisions of a session cannot be saved."
        "Inspect the review file, then run `tenure review` again.";
}
