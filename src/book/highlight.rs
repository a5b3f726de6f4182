//! Code becomes coloured HTML when the book is built; light and dark share the markup.
//!
//! Code is read from its begin to its end by rules that look at words and what stands around them, not by a
//! parser: what readers are shown is often half of a program, and each byte is read once. A book has thousands
//! of blocks, and parsing them took as long as all the rest of it.
//!
//! What makes no difference to a reader has no element: signs and names of one's own stay plain.

mod build;
mod console;
mod containerfile;
mod data;
mod languages;
mod lexer;
mod markup;
mod shell;
mod words;
mod yaml;

use super::escape::escaped;
use lexer::Lexer;

/// How code in a language is read: from where a lexer stands to its end.
type Rules = fn(&mut Lexer<'_>);

/// Returns code as HTML, coloured where its language is known. Its text is the code, to the letter.
///
/// `language` is the first word of an info string. No element goes over the end of a line.
pub(super) fn painted(language: &str, code: &str) -> String {
    let Some(rules) = rules(language) else { return escaped(code) };
    let mut lexer = Lexer::new(code);
    rules(&mut lexer);
    lexer.finish()
}

/// Returns the rules for a language, by the names that it has after fences.
fn rules(language: &str) -> Option<Rules> {
    use languages as of;
    Some(match language.to_ascii_lowercase().as_str() {
        "bash" | "ksh" | "sh" | "shell" | "zsh" => console::commands,
        "c" | "h" => |lexer| of::C.read(lexer),
        "c++" | "cc" | "cpp" | "hpp" => |lexer| of::CPP.read(lexer),
        "cmake" => |lexer| of::CMAKE.read(lexer),
        "console" | "shell-session" | "shellsession" => console::console,
        "containerfile" | "docker" | "dockerfile" => containerfile::containerfile,
        "cs" | "csharp" => |lexer| of::CSHARP.read(lexer),
        "css" | "less" | "scss" => markup::css,
        "dart" => |lexer| of::DART.read(lexer),
        "diff" | "patch" => data::diff,
        "elixir" | "ex" | "exs" => |lexer| of::ELIXIR.read(lexer),
        "go" | "golang" => |lexer| of::GO.read(lexer),
        "haskell" | "hs" => |lexer| of::HASKELL.read(lexer),
        "hcl" | "terraform" | "tf" => |lexer| of::HCL.read(lexer),
        "htm" | "html" | "svg" | "xhtml" | "xml" => markup::html,
        "cfg" | "conf" | "desktop" | "ini" | "properties" | "service" | "systemd" => data::ini,
        "java" => |lexer| of::JAVA.read(lexer),
        "cjs" | "javascript" | "js" | "jsx" | "mjs" => |lexer| of::JAVASCRIPT.read(lexer),
        "json" | "json5" | "jsonc" => data::json,
        "jl" | "julia" => |lexer| of::JULIA.read(lexer),
        "kotlin" | "kt" => |lexer| of::KOTLIN.read(lexer),
        "lua" => |lexer| of::LUA.read(lexer),
        "make" | "makefile" => build::makefile,
        "markdown" | "md" => markup::markdown,
        "nix" => |lexer| of::NIX.read(lexer),
        "perl" | "pl" => |lexer| of::PERL.read(lexer),
        "php" => |lexer| of::PHP.read(lexer),
        "powershell" | "ps1" | "pwsh" => |lexer| of::POWERSHELL.read(lexer),
        "proto" | "protobuf" => |lexer| of::PROTOBUF.read(lexer),
        "py" | "python" | "python3" => |lexer| of::PYTHON.read(lexer),
        "r" => |lexer| of::R.read(lexer),
        "rego" => |lexer| of::REGO.read(lexer),
        "rb" | "ruby" => |lexer| of::RUBY.read(lexer),
        "rs" | "rust" => |lexer| of::RUST.read(lexer),
        "rpmspec" | "spec" => build::spec,
        "scala" => |lexer| of::SCALA.read(lexer),
        "sql" => |lexer| of::SQL.read(lexer),
        "swift" => |lexer| of::SWIFT.read(lexer),
        "toml" => data::toml,
        "ts" | "tsx" | "typescript" => |lexer| of::TYPESCRIPT.read(lexer),
        "yaml" | "yml" => yaml::yaml,
        "zig" => |lexer| of::ZIG.read(lexer),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
