//! Codes of the form of governed files and of inventory lines.

super::code::codes! {
    Error "byte-order-mark":
        "The file begins with a byte order mark."
        "Run `tenure fmt FILE`.";
    Error "carriage-return":
        "A line has a carriage return."
        "Run `tenure fmt FILE`; lines end in LF only.";
    Warning "comment-dropped":
        "A comment was removed."
        "No action is needed: a governed file has no comments.";
    Error "comment-not-allowed":
        "The file has comments, which formatting would remove."
        "Move them elsewhere, or allow their removal with `tenure fmt --drop-comments`.";
    Error "duplicate-key":
        "A key occurs twice."
        "Remove one of the two.";
    Error "hidden-text":
        "A text contains a character that is invisible or changes the direction of text."
        "Remove the character.";
    Error "invalid-line":
        "A line is not JSON with the fields of its kind."
        "Collect the system again.";
    Error "invalid-value":
        "A value is not permitted."
        "Print the permitted values with `tenure schema KIND`.";
    Error "long-line":
        "A line is too long."
        "Shorten the text, or keep it elsewhere and refer to it.";
    Error "look-alike":
        "A text mixes characters that look like those of another script."
        "Write the text in one script.";
    Error "malformed":
        "The file cannot be parsed."
        "Run `tenure fmt FILE` for the reason.";
    Error "merge-conflict":
        "A merge of the file was not finished."
        "Keep the correct lines, and remove the conflict markers.";
    Error "missing-key":
        "A required key is missing."
        "Add the key; `tenure schema KIND` describes it.";
    Error "no-final-newline":
        "The last line has no line end."
        "Run `tenure fmt FILE`.";
    Error "not-canonical":
        "The file or line is not in canonical form."
        "Run `tenure fmt FILE`, then sign again.";
    Error "not-sorted":
        "The lines of an inventory are not sorted by key, or contain a duplicate."
        "Collect the system again.";
    Error "not-utf8":
        "The file is not UTF-8."
        "Save the file as UTF-8.";
    Error "schema-mismatch":
        "The file is of another kind than its path requires."
        "Move it to the folder of its kind, or write the expected schema.";
    Error "schema-missing":
        "The key `schema` is missing."
        "Begin the file with its `schema`.";
    Error "schema-unknown":
        "The `schema` of the file is unknown."
        "Write a schema that `tenure schema` lists.";
    Error "toml-syntax":
        "The file is not TOML."
        "Correct the text; the format is TOML 1.0.";
    Error "too-deep":
        "Tables and lists are nested too deep."
        "Put the values on fewer levels.";
    Error "too-large":
        "The file is larger than a governed file may be."
        "Split the file.";
    Error "unknown-key":
        "A table has an unknown key."
        "Remove it, or write one of the permitted keys.";
    Error "unknown-value":
        "A value is not one of the permitted ones."
        "Write one of the permitted values.";
    Error "wrong-type":
        "A value has the wrong type."
        "Print the types with `tenure schema KIND`.";
}
