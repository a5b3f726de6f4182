//! The `stagebook` program.

/// Books are made of many short texts, made in one thread and let go in another.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    stagebook::cli::main()
}
