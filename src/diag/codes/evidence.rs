//! Codes of defects of the evidence branch.

super::code::codes! {
    Critical "blob-digest":
        "The bytes of a blob do not match the digest in its name."
        "Compare with an earlier clone, and find who had push access.";
    Critical "chain-broken":
        "The `prev` of a record is not the digest of the previous line."
        "Compare with an earlier clone, and find who had push access.";
    Critical "checkpoint-malformed":
        "The checkpoint is missing, or is not a signed note with a checkpoint."
        "Compare with an earlier clone, and find who had push access.";
    Critical "checkpoint-root":
        "The root of the checkpoint is not the root over the records."
        "Compare with an earlier clone, and find who had push access.";
    Critical "checkpoint-signature":
        "The checkpoint is not signed by a log key in force, or is of another log."
        "Compare with an earlier clone, and find who had push access.";
    Critical "checkpoint-size":
        "The size of the checkpoint is not the number of records."
        "Compare with an earlier clone, and find who had push access.";
    Critical "commit-signature":
        "The signature of an evidence commit does not match the commit."
        "Compare with an earlier clone, and find who had push access.";
    Critical "commit-signer":
        "An evidence commit is signed by a key that was not a key of the engine at that time."
        "Compare with an earlier clone, and find who had push access.";
    Critical "commit-unsigned":
        "An evidence commit is not signed."
        "Compare with an earlier clone, and find who had push access.";
    Critical "cosignature-malformed":
        "A cosignature is not a signed note with a checkpoint."
        "Compare with an earlier clone, and find who had push access.";
    Critical "cosignature-mismatch":
        "A cosignature is of another log, another size, or a root that this log never had."
        "Compare with an earlier clone, and find who had push access.";
    Critical "cosignature-signature":
        "A cosignature is not signed by as many witnesses as the root of trust requires."
        "Compare with an earlier clone, and find who had push access.";
    Critical "evidence-behind":
        "The evidence branch is shorter than a checkpoint that was kept elsewhere."
        "Compare with an earlier clone, and find who had push access.";
    Critical "evidence-deleted":
        "The evidence branch was deleted."
        "Compare with an earlier clone, and find who had push access.";
    Critical "evidence-rewritten":
        "The evidence branch lacks a commit that it contained before."
        "Compare with an earlier clone, and find who had push access.";
    Critical "file-changed":
        "A blob or an anchor was changed after it was added."
        "Compare with an earlier clone, and find who had push access.";
    Critical "file-deleted":
        "A file of the evidence branch was deleted."
        "Compare with an earlier clone, and find who had push access.";
    Critical "file-mode":
        "A file of the evidence branch is executable, a symbolic link or a submodule."
        "Compare with an earlier clone, and find who had push access.";
    Critical "file-unexpected":
        "A file is unexpected on the evidence branch, or has an unsafe name."
        "Compare with an earlier clone, and find who had push access.";
    Critical "genesis-invalid":
        "The first record is not the genesis, or names another log."
        "Compare with an earlier clone, and find who had push access.";
    Critical "history-branched":
        "An evidence commit has two parents: histories were joined."
        "Compare with an earlier clone, and find who had push access.";
    Critical "key-rotation":
        "A record announces engine keys that no root of trust names."
        "Compare with an earlier clone, and find who had push access.";
    Critical "record-kind":
        "A record has an unknown kind."
        "Compare with an earlier clone, and find who had push access.";
    Critical "record-malformed":
        "A record is not in canonical form, or names no valid commit of main."
        "Compare with an earlier clone, and find who had push access.";
    Critical "record-number":
        "A record contains a float or an integer beyond 2^53."
        "Compare with an earlier clone, and find who had push access.";
    Critical "record-run":
        "The run of a record is not the run of its segment."
        "Compare with an earlier clone, and find who had push access.";
    Critical "record-schema":
        "A record does not have the fields of its kind."
        "Compare with an earlier clone, and find who had push access.";
    Critical "record-signer":
        "A record is signed by a key that may not sign its kind: a read-back key signs looks, and no changes."
        "Compare with an earlier clone, and find out who has the key.";
    Critical "record-size":
        "A line of the evidence, or a string in it, is too long."
        "Compare with an earlier clone, and find who had push access.";
    Critical "record-version":
        "A record has an unknown version."
        "Compare with an earlier clone, and find who had push access.";
    Critical "segment-changed":
        "A segment was changed after it was added."
        "Compare with an earlier clone, and find who had push access.";
    Critical "segment-deleted":
        "A segment was deleted."
        "Compare with an earlier clone, and find who had push access.";
    Critical "segment-digest":
        "The digest of a segment differs from `segments.sha256`."
        "Compare with an earlier clone, and find who had push access.";
    Critical "segment-list-malformed":
        "`segments.sha256` is missing, or its lines are not in canonical form and order."
        "Compare with an earlier clone, and find who had push access.";
    Critical "segment-list-signature":
        "`segments.sha256` is not signed by a commit key in force."
        "Compare with an earlier clone, and find who had push access.";
    Critical "segment-malformed":
        "A segment is empty, too large, or has no final line end."
        "Compare with an earlier clone, and find who had push access.";
    Critical "segment-missing":
        "`segments.sha256` lists a segment that does not exist."
        "Compare with an earlier clone, and find who had push access.";
    Critical "segment-name":
        "The name of a segment does not match its first record."
        "Compare with an earlier clone, and find who had push access.";
    Critical "segment-unlisted":
        "A segment is missing in `segments.sha256`."
        "Compare with an earlier clone, and find who had push access.";
    Critical "sequence-duplicate":
        "A sequence number occurs twice, or out of order."
        "Compare with an earlier clone, and find who had push access.";
    Critical "sequence-gap":
        "A sequence number is missing."
        "Compare with an earlier clone, and find who had push access.";
}
