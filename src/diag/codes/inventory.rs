//! Codes of the inventory: collection, tables and correlation of identities.

super::code::codes! {
    High "account-multiply-correlated":
        "Several principals claim one account."
        "Keep the account at one principal.";
    Error "control-total":
        "A listing differs from the independent count of the target, also when listed again."
        "Run `tenure collect SYSTEM` again.";
    Error "cursor-repeated":
        "A page of a listing leads back to a page that was read."
        "Report a bug of the connector.";
    Error "duplicate-grant":
        "A listing contains two grants with one key."
        "Report a bug of the connector.";
    High "duplicate-principal":
        "A principal is defined twice."
        "Keep one entry and merge the accounts.";
    Error "empty-inventory":
        "A listing has no grants, not even one of the identity that reads the system."
        "Report a bug of the connector.";
    Error "empty-table":
        "An imported table has no rows."
        "Export the table again: an empty one would mark every principal as departed.";
    Error "grant-of-other-system":
        "A listing contains a grant of another system or kind."
        "Report a bug of the connector.";
    Error "grant-unwritable":
        "A grant has no canonical form."
        "Report a bug of the connector.";
    Error "inventory-inconsistent":
        "The files of an inventory contradict each other."
        "Collect the system again.";
    Error "inventory-malformed":
        "A file of an inventory is not acceptable in form."
        "Collect the system again.";
    Error "inventory-missing":
        "A system has no inventory."
        "Collect the system: `tenure collect SYSTEM`.";
    Error "inventory-unreadable":
        "A file of an inventory cannot be read."
        "Collect the system again.";
    Error "listing-too-long":
        "A listing exceeds a limit."
        "Report a bug of the connector.";
    Error "table-malformed":
        "A cell of an imported table is not acceptable."
        "Correct the table, and import it again.";
    Error "target-unreadable":
        "A read of a target failed."
        "Check the credential and its permissions, then collect again.";
    Error "uncollected-kind":
        "A connector reports a count of a kind that it does not list."
        "Report a bug of the connector.";
    Medium "unknown-owner":
        "The owner of a principal is in no principals file."
        "Add the owner, or name another one.";
    Error "usage-without-grant":
        "A connector reports a last use of a grant that it did not list."
        "Report a bug of the connector.";
}
