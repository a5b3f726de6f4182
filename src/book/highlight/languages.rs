//! The languages that are made of words.

use super::lexer::{Class, Lexer, is_word};
use super::words::{Language, Last, PLAIN, Quote, bracketed};

pub(super) const C: Language = Language {
    keywords: "break case const continue default do else enum extern for goto if inline register restrict return \
        sizeof static struct switch typedef union volatile while",
    constants: "NULL false nullptr true",
    types: "bool char double float int int16_t int32_t int64_t int8_t long short signed size_t ssize_t \
        uint16_t uint32_t uint64_t uint8_t unsigned void",
    own: preprocessor,
    ..PLAIN
};

pub(super) const CMAKE: Language = Language {
    keywords: "break continue else elseif endforeach endfunction endif endmacro endwhile foreach function if macro \
        return while",
    constants: "FALSE OFF ON TRUE",
    comments: &["#"],
    long_comment: Some(("#[[", "]]")),
    quotes: &[Quote::long("\"")],
    any_case: true,
    ..PLAIN
};

pub(super) const CPP: Language = Language {
    keywords: "alignas auto break case catch class co_await co_return co_yield concept const constexpr continue \
        default delete do else enum explicit export extern final for friend goto if inline mutable \
        namespace new noexcept operator override private protected public requires return sizeof static \
        static_assert struct switch template this throw try typedef typename union using virtual volatile \
        while",
    ..C
};

pub(super) const CSHARP: Language = Language {
    keywords: "abstract as async await base break case catch class const continue default delegate do else enum \
        event explicit extern finally fixed for foreach get goto if implicit in init interface internal is \
        lock namespace new operator out override params private protected public readonly record ref \
        return sealed set sizeof static struct switch this throw try typeof using var virtual volatile \
        when where while with yield",
    types: "bool byte char decimal double dynamic float int long object short string uint ulong ushort void",
    own: preprocessor,
    ..PLAIN
};

pub(super) const DART: Language = Language {
    keywords: "abstract as assert async await base break case catch class const continue covariant default deferred \
        do else enum export extends extension external factory final finally for get if implements import in \
        interface is late library mixin new on operator part required rethrow return sealed set static super \
        switch sync this throw try typedef var when while with yield",
    types: "bool double dynamic int num void",
    quotes: &[Quote::long("\"\"\""), Quote::long("'''"), Quote::short("\""), Quote::short("'")],
    own: annotation,
    ..PLAIN
};

pub(super) const ELIXIR: Language = Language {
    keywords: "after and case catch cond def defdelegate defexception defguard defimpl defmacro defmodule defp \
        defprotocol defstruct do else end fn for if import in not or quote raise receive require rescue try \
        unless unquote use when with",
    constants: "false nil true",
    comments: &["#"],
    long_comment: None,
    quotes: &[Quote::long("\"\"\""), Quote::long("\""), Quote::long("'")],
    letters: "?!",
    sigils: "@:",
    definers: "def defp defmacro",
    ..PLAIN
};

pub(super) const GO: Language = Language {
    keywords: "break case chan const continue default defer else fallthrough for func go goto if import interface \
        map package range return select struct switch type var",
    constants: "false iota nil true",
    types: "any bool byte complex128 complex64 error float32 float64 int int16 int32 int64 int8 rune string \
        uint uint16 uint32 uint64 uint8 uintptr",
    quotes: &[Quote::short("\""), Quote::short("'"), Quote::raw("`", "`")],
    definers: "func",
    ..PLAIN
};

pub(super) const HASKELL: Language = Language {
    keywords: "case class data default deriving do else foreign forall if import in infix infixl infixr instance let \
        module newtype of qualified then type where",
    constants: "",
    comments: &["--"],
    long_comment: Some(("{-", "-}")),
    quotes: &[Quote::short("\"")],
    letters: "'",
    ..PLAIN
};

pub(super) const HCL: Language = Language {
    keywords: "data dynamic else endfor endif for if in locals module output provider resource terraform variable",
    comments: &["#", "//"],
    quotes: &[Quote::short("\"")],
    capitals: false,
    own: named_value,
    ..PLAIN
};

pub(super) const JAVA: Language = Language {
    keywords: "abstract assert break case catch class continue default do else enum extends final finally for if \
        implements import instanceof interface native new package permits private protected public record \
        return sealed static super switch synchronized this throw throws transient try var volatile while \
        yield",
    types: "boolean byte char double float int long short void",
    quotes: &[Quote::long("\"\"\""), Quote::short("\""), Quote::short("'")],
    own: annotation,
    ..PLAIN
};

pub(super) const JAVASCRIPT: Language = Language {
    keywords: "as async await break case catch class const continue debugger default delete do else export \
        extends finally for from function get if import in instanceof let new of return set static super \
        switch this throw try typeof var void while with yield",
    constants: "Infinity NaN false null true undefined",
    letters: "$#",
    definers: "function",
    own: template_or_pattern,
    ..PLAIN
};

pub(super) const JULIA: Language = Language {
    keywords: "abstract baremodule begin break catch const continue do else elseif end export finally for function \
        global if import in isa let local macro module mutable primitive quote return struct try using where \
        while",
    constants: "Inf NaN false missing nothing true",
    comments: &["#"],
    long_comment: Some(("#=", "=#")),
    quotes: &[Quote::long("\"\"\""), Quote::long("\"")],
    letters: "!",
    definers: "function macro",
    own: annotation,
    ..PLAIN
};

pub(super) const KOTLIN: Language = Language {
    keywords: "abstract as break by catch class companion const constructor continue data do else enum finally \
        for fun if import in init inline interface internal is lateinit object open operator override \
        package private protected public return sealed super suspend this throw try typealias val var when \
        where while",
    quotes: &[Quote::raw("\"\"\"", "\"\"\""), Quote::short("\""), Quote::short("'")],
    definers: "fun",
    own: annotation,
    ..PLAIN
};

pub(super) const LUA: Language = Language {
    keywords: "and break do else elseif end for function goto if in local not or repeat return then until while",
    constants: "false nil true",
    comments: &["--"],
    long_comment: Some(("--[[", "]]")),
    quotes: &[Quote::short("\""), Quote::short("'"), Quote::raw("[[", "]]")],
    definers: "function",
    capitals: false,
    ..PLAIN
};

pub(super) const NIX: Language = Language {
    keywords: "assert else if import in inherit let or rec then with",
    comments: &["#"],
    quotes: &[Quote::raw("''", "''"), Quote::long("\"")],
    letters: "-",
    capitals: false,
    own: named_value,
    ..PLAIN
};

pub(super) const PERL: Language = Language {
    keywords: "and cmp continue do else elsif eq eval for foreach ge given gt if last le local lt my ne next no not \
        or our package redo require return sub unless until use when while xor",
    constants: "undef",
    comments: &["#"],
    long_comment: None,
    quotes: &[Quote::long("\""), Quote::long("'"), Quote::long("`")],
    sigils: "$@%",
    definers: "sub",
    capitals: false,
    ..PLAIN
};

pub(super) const PHP: Language = Language {
    keywords: "abstract as break case catch class clone const continue declare default do echo else elseif enum \
        extends final finally fn for foreach function global if implements include instanceof interface \
        match namespace new php print private protected public readonly require require_once return static \
        switch throw trait try use var while yield",
    types: "array bool callable float int iterable mixed object string void",
    comments: &["//", "#"],
    sigils: "$",
    quotes: &[Quote::long("\""), Quote::long("'")],
    definers: "function",
    ..PLAIN
};

pub(super) const POWERSHELL: Language = Language {
    keywords: "begin break catch class continue data do dynamicparam else elseif end enum exit filter finally for \
        foreach from function if in param process return switch throw trap try until using while",
    constants: "",
    comments: &["#"],
    long_comment: Some(("<#", "#>")),
    quotes: &[Quote::raw("@\"", "\"@"), Quote::raw("@'", "'@"), Quote::raw("\"", "\""), Quote::raw("'", "'")],
    letters: "-",
    sigils: "@",
    any_case: true,
    definers: "function filter",
    capitals: false,
    own: powershell,
    ..PLAIN
};

pub(super) const PROTOBUF: Language = Language {
    keywords: "edition enum extend extensions import map message oneof option optional package public repeated \
        required reserved returns rpc service stream syntax to",
    types: "bool bytes double fixed32 fixed64 float int32 int64 sfixed32 sfixed64 sint32 sint64 string uint32 uint64",
    definers: "rpc",
    ..PLAIN
};

pub(super) const PYTHON: Language = Language {
    keywords: "and as assert async await break case class continue def del elif else except finally for from \
        global if import in is lambda match nonlocal not or pass raise return try while with yield",
    constants: "Ellipsis False None NotImplemented True",
    types: "bool bytes dict float int list object set str tuple type",
    comments: &["#"],
    long_comment: None,
    quotes: &[Quote::long("\"\"\""), Quote::long("'''"), Quote::short("\""), Quote::short("'")],
    definers: "def",
    own: decorator_or_prefix,
    ..PLAIN
};

pub(super) const R: Language = Language {
    keywords: "break else for function if in next repeat return while",
    constants: "FALSE Inf NA NULL NaN TRUE",
    comments: &["#"],
    long_comment: None,
    quotes: &[Quote::long("\""), Quote::long("'"), Quote::raw("`", "`")],
    letters: ".",
    capitals: false,
    ..PLAIN
};

pub(super) const REGO: Language = Language {
    keywords: "as contains default else every if import in not package some with",
    comments: &["#"],
    long_comment: None,
    quotes: &[Quote::short("\""), Quote::raw("`", "`")],
    capitals: false,
    ..PLAIN
};

pub(super) const RUBY: Language = Language {
    keywords: "alias and begin break case class def defined? do else elsif end ensure for if in module next not \
        or redo require require_relative rescue retry return self super then undef unless until when while \
        yield",
    constants: "false nil true",
    comments: &["#"],
    long_comment: Some(("=begin", "=end")),
    quotes: &[Quote::long("\""), Quote::long("'")],
    letters: "?",
    sigils: "@:",
    definers: "def",
    ..PLAIN
};

pub(super) const RUST: Language = Language {
    keywords: "as async await break const continue crate dyn else enum extern fn for if impl in let loop match \
        mod move mut pub ref return self static struct super trait type unsafe use where while yield",
    constants: "false true",
    types: "Self bool char f32 f64 i128 i16 i32 i64 i8 isize str u128 u16 u32 u64 u8 usize",
    quotes: &[Quote::long("\"")],
    definers: "fn",
    own: rust,
    ..PLAIN
};

pub(super) const SCALA: Language = Language {
    keywords: "abstract as case catch class def derives do else end enum export extends extension final finally for \
        given if implicit import inline lazy match new object opaque open override package private protected \
        return sealed super then this throw trait try type using val var while with yield",
    quotes: &[Quote::raw("\"\"\"", "\"\"\""), Quote::short("\""), Quote::short("'")],
    definers: "def",
    own: annotation,
    ..PLAIN
};

pub(super) const SQL: Language = Language {
    keywords: "add all alter and as asc begin between by cascade case check column commit constraint create cross \
        database default delete desc distinct drop else end except exists foreign from full grant group \
        having if in index inner insert intersect into is join key left like limit not offset on or order \
        outer primary references replace returning revoke right rollback select set table then to \
        transaction union unique update using values view when where with",
    constants: "false null true",
    types: "bigint blob boolean bytea char date decimal float int integer json jsonb numeric real serial \
        smallint text time timestamp uuid varchar",
    comments: &["--"],
    quotes: &[Quote::raw("'", "'"), Quote::raw("\"", "\""), Quote::raw("`", "`")],
    any_case: true,
    capitals: false,
    ..PLAIN
};

pub(super) const SWIFT: Language = Language {
    keywords: "actor any as async await break case catch class continue default defer deinit do else enum \
        extension fallthrough fileprivate for func guard if import in init inout internal is let mutating \
        open operator override private protocol public repeat return self some static struct subscript \
        super switch throw throws try typealias var where while",
    constants: "false nil true",
    quotes: &[Quote::long("\"\"\""), Quote::short("\"")],
    definers: "func",
    own: annotation,
    ..PLAIN
};

pub(super) const TYPESCRIPT: Language = Language {
    keywords: "abstract as async await break case catch class const continue debugger declare default delete do \
        else enum export extends finally for from function get if implements import in infer instanceof \
        interface is keyof let namespace new of private protected public readonly return satisfies set \
        static super switch this throw try type typeof var void while with yield",
    types: "any bigint boolean never number object string symbol unknown",
    ..JAVASCRIPT
};

pub(super) const ZIG: Language = Language {
    keywords: "addrspace align allowzero and anyframe anytype asm break callconv catch comptime const continue defer \
        else enum errdefer error export extern fn for if inline linksection noalias noinline nosuspend opaque \
        or orelse packed pub resume return struct suspend switch test threadlocal try union unreachable var \
        volatile while",
    constants: "false null true undefined",
    types: "anyerror anyopaque bool comptime_float comptime_int f16 f32 f64 f80 f128 i8 i16 i32 i64 i128 isize \
        noreturn type u8 u16 u32 u64 u128 usize void",
    long_comment: None,
    definers: "fn",
    own: annotation,
    ..PLAIN
};

/// `#include <stdio.h>`
fn preprocessor(lexer: &mut Lexer<'_>, _: Last<'_>) -> bool {
    if lexer.byte(0) != b'#' || !lexer.begins_line() {
        return false;
    }
    let blanks = lexer.count_after(1, |byte| byte == b' ');
    let word = lexer.count_after(1 + blanks, is_word);
    let directive = &lexer.rest()[1 + blanks..1 + blanks + word];
    lexer.take(Class::Keyword, 1 + blanks + word);
    if directive == "include" {
        lexer.skip_blanks();
        if lexer.byte(0) == b'<' {
            lexer.take(Class::Text, lexer.through_on_line(">"));
        }
    }
    true
}

/// `@Override`
fn annotation(lexer: &mut Lexer<'_>, _: Last<'_>) -> bool {
    if lexer.byte(0) != b'@' || !is_word(lexer.byte(1)) {
        return false;
    }
    let name = lexer.count_after(1, |byte| is_word(byte) || byte == b'.');
    lexer.take(Class::Key, 1 + name);
    true
}

/// `Get-Item`, `-Path` and `$env:PATH`
fn powershell(lexer: &mut Lexer<'_>, last: Last<'_>) -> bool {
    let is_name = |byte: u8| is_word(byte) || byte == b'-';
    match lexer.byte(0) {
        b'$' if is_word(lexer.byte(1)) => {
            let name = lexer.count_after(1, |byte| is_word(byte) || byte == b':');
            lexer.take(Class::Variable, 1 + name);
        }
        b'-' if lexer.byte(1).is_ascii_alphabetic() && last.byte != b'.' => {
            lexer.take(Class::Constant, 1 + lexer.count_after(1, is_name));
        }
        // A verb and a noun, as all its own commands have them.
        byte if byte.is_ascii_alphabetic() && last.byte != b'.' => {
            let name = lexer.count(is_name);
            if !lexer.rest()[1..name].trim_end_matches('-').contains('-') {
                return false;
            }
            lexer.take(Class::Function, name);
        }
        _ => return false,
    }
    true
}

/// `name = value`
fn named_value(lexer: &mut Lexer<'_>, _: Last<'_>) -> bool {
    let length = lexer.count(|byte| is_word(byte) || matches!(byte, b'-' | b'.'));
    let after = lexer.rest()[length..].trim_start_matches([' ', '\t']);
    let is_named = after.starts_with('=') && !after.starts_with("==") && !after.starts_with("=>");
    if length == 0 || lexer.byte(0).is_ascii_digit() || !is_named {
        return false;
    }
    lexer.take(Class::Key, length);
    true
}

/// Templates with code in them, and regular expressions where no division can stand.
fn template_or_pattern(lexer: &mut Lexer<'_>, last: Last<'_>) -> bool {
    match lexer.byte(0) {
        b'`' => template(lexer),
        b'/' if begins_value(last) => lexer.take(Class::Text, pattern(lexer.rest())),
        b'@' => return annotation(lexer, last),
        _ => return false,
    }
    true
}

/// Returns whether a value begins after something, which no sign between two values can do.
fn begins_value(last: Last<'_>) -> bool {
    matches!(last.word, "case" | "return" | "typeof" | "yield")
        || b"\n(,=:[!&|?{};".contains(&last.byte) && last.word.is_empty()
}

/// Returns the bytes of a regular expression; in brackets a slash does not end it.
fn pattern(code: &str) -> usize {
    let mut in_brackets = false;
    let mut escaped = true;
    for (at, byte) in code.bytes().enumerate() {
        match byte {
            b'\n' => return at,
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'[' => in_brackets = true,
            b']' => in_brackets = false,
            b'/' if !in_brackets => {
                return at + 1 + code[at + 1..].bytes().take_while(u8::is_ascii_alphabetic).count();
            }
            _ => {}
        }
    }
    code.len()
}

fn template(lexer: &mut Lexer<'_>) {
    lexer.take(Class::Text, 1);
    while !lexer.is_done() {
        match lexer.byte(0) {
            b'`' => return lexer.take(Class::Text, 1),
            b'\\' => lexer.take(Class::Text, 2),
            b'$' if lexer.byte(1) == b'{' => {
                lexer.skip(2);
                lexer.deeper(|lexer| JAVASCRIPT.read_until(lexer, Some(b'}')));
                lexer.skip(1);
            }
            _ => lexer.take(Class::Text, 1),
        }
    }
}

/// `@decorator`, and texts with letters before them: `rb"..."`.
fn decorator_or_prefix(lexer: &mut Lexer<'_>, last: Last<'_>) -> bool {
    if lexer.byte(0) == b'@' {
        return lexer.begins_line() && annotation(lexer, last);
    }
    let prefix = lexer.word();
    let is_prefix =
        (1..=2).contains(&prefix.len()) && prefix.bytes().all(|byte| b"bfrtuBFRTU".contains(&byte));
    if is_prefix && matches!(lexer.byte(prefix.len()), b'"' | b'\'') {
        lexer.take(Class::Text, prefix.len());
    }
    false
}

/// Attributes, lifetimes and characters, raw texts, macros and calls with types.
fn rust(lexer: &mut Lexer<'_>, last: Last<'_>) -> bool {
    match lexer.byte(0) {
        b'#' if lexer.byte(1) == b'[' || lexer.starts_with("#![") => {
            lexer.take(Class::Key, bracketed(lexer, 1, b'[', b']'));
            return true;
        }
        b'\'' => {
            lifetime_or_character(lexer);
            return true;
        }
        _ => {}
    }
    let word = lexer.word();
    let after = &lexer.rest()[word.len()..];
    if word.is_empty() || word.as_bytes()[0].is_ascii_digit() {
        return false;
    }
    if let Some(length) = raw_text(word, after) {
        lexer.take(Class::Text, word.len() + length);
    } else if matches!(word, "b" | "c") && after.starts_with('"') {
        lexer.take(Class::Text, 1);
        return false;
    } else if word == "b" && after.starts_with('\'') {
        lexer.take(Class::Text, 1);
        lifetime_or_character(lexer);
    } else if after.starts_with('!') && !after.starts_with("!=") && last.byte != b'.' {
        lexer.take(Class::Function, word.len() + 1);
    } else if after.starts_with("::<") && word.starts_with(|letter: char| letter.is_lowercase()) {
        lexer.take(Class::Function, word.len());
    } else {
        return false;
    }
    true
}

fn lifetime_or_character(lexer: &mut Lexer<'_>) {
    let mut letters = lexer.rest()[1..].chars();
    match (letters.next(), letters.next()) {
        (Some('\\'), _) => lexer.take_quoted(Class::Text),
        (Some(letter), Some('\'')) => lexer.take(Class::Text, letter.len_utf8() + 2),
        _ => {
            let name = lexer.count_after(1, is_word);
            lexer.take(Class::Type, 1 + name);
        }
    }
}

/// Returns the bytes of a raw text after its letters.
fn raw_text(letters: &str, after: &str) -> Option<usize> {
    if !matches!(letters, "r" | "br" | "cr") {
        return None;
    }
    let signs = after.bytes().take_while(|byte| *byte == b'#').count();
    let text = after[signs..].strip_prefix('"')?;
    let close = format!("\"{}", &after[..signs]);
    Some(text.find(&close).map_or(after.len(), |at| signs + 1 + at + close.len()))
}
