//! The `stagebook` program.

fn main() -> std::process::ExitCode {
    stagebook::cli::main()
}
