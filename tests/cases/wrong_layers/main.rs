fn main() { tenure::cli::run() }
