//! The `call-import` program.

fn main() -> std::process::ExitCode {
    call_import_engine::cli::main()
}
