//! The `tenure` command; everything is in the library.

fn main() {}
