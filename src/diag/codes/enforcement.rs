//! Codes of enforcement: guardrails, locks and the push of evidence.

super::code::codes! {
    Error "break-glass-access":
        "The plan would change break-glass access."
        "Change it by hand, and attest the change.";
    Error "disk-full":
        "The disk of this machine is full."
        "Free disk space, then run the command again.";
    Error "engine-access":
        "The plan would change access of the engine itself."
        "Change it by hand, and attest the change.";
    Error "engine-key":
        "A key of the engine cannot be used, or is not the one that the root of trust names."
        "Use the keys that `tenure init` wrote.";
    Error "engine-keys":
        "The root of trust names engine keys that cannot be used."
        "Correct the keys in the next root.";
    Warning "evidence-unpublished":
        "Changes were made, but their records could not be pushed."
        "Run `tenure enforce` again: it reads the results from the targets.";
    Error "evidence-unreachable":
        "The remote with the evidence branch cannot be reached."
        "Try again: each run first checks the results of the previous one.";
    Error "evidence-unusable":
        "The clone cannot store or read its evidence."
        "Check the clone with `tenure audit`.";
    Error "freeze-window":
        "Enforcement is frozen now, or a freeze window cannot be parsed."
        "Wait until the window ends, or correct it in the next mandate.";
    Error "inventory-shrank":
        "The inventory of a system is much smaller than the reviewed one."
        "Find the cause, and collect the system again.";
    Error "last-administrator":
        "The plan would remove the last administrator of a system."
        "Add another administrator first, then collect again.";
    Error "lease-not-expired":
        "The run that locks the system may still be working."
        "Wait until its lease has expired, or name it with `tenure unlock SYSTEM --run RUN-ID`.";
    Note "no-evidence":
        "The clone has no evidence branch, so every decision appears as not enforced."
        "Fetch the evidence branch if the engine has run before.";
    Error "percent-per-system":
        "The plan removes a larger part of the grants of a system than the mandate allows."
        "Enforce fewer decisions at once, or raise the limit in the next mandate.";
    Error "plan-unreadable":
        "A recorded plan cannot be read."
        "Run `tenure audit`.";
    Error "principal-protected":
        "The plan would change access of a protected principal."
        "Remove the principal from the protected ones in the next mandate.";
    Error "push-contended":
        "Another writer of the evidence branch was faster."
        "Try again.";
    Error "push-declined":
        "The remote declined the push of evidence."
        "Allow only the engine to push the evidence branch.";
    Error "record-refused":
        "A record would contain a value that no record may contain."
        "Report it to the maintainers; no record was pushed.";
    Error "removals-per-owner":
        "The plan removes more grants of one owner than the mandate allows."
        "Enforce fewer decisions at once, or raise the limit in the next mandate.";
    Error "removals-per-run":
        "The plan removes more grants than the mandate allows in one run."
        "Enforce fewer decisions at once, or raise the limit in the next mandate.";
    Error "removals-per-system":
        "The plan removes more grants of one system than the mandate allows."
        "Enforce fewer decisions at once, or raise the limit in the next mandate.";
    Error "run-fenced":
        "Another run took over the lease of this run."
        "No action is needed: the other run continues.";
    Error "run-holds-no-lock":
        "The named run does not lock the system."
        "Run `tenure unlock SYSTEM` to see the run that locks it.";
    Error "run-interrupted":
        "The run was interrupted. The action in progress was finished, and the lock of its systems released."
        "Run `tenure enforce` to continue.";
    Note "run-waiting":
        "Another run is in progress, so the command waits and retries."
        "Wait, or end the command.";
    Error "system-busy":
        "Another run holds the lease of the system."
        "Try again when that run has ended or its lease has expired.";
}
