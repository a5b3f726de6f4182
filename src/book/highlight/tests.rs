use super::*;

/// Returns the text of HTML that has no attributes in its elements but classes.
fn text(html: &str) -> String {
    let outside = html.split('<').enumerate();
    let text: String = outside
        .map(|(number, part)| if number == 0 { part } else { part.split_once('>').unwrap().1 })
        .collect();
    ["&lt;<", "&gt;>", "&quot;\"", "&#39;'", "&amp;&"].iter().fold(text, |text, pair| {
        let (entity, character) = pair.split_at(pair.len() - 1);
        text.replace(entity, character)
    })
}

/// Returns painted code in a form that is easy to read: `k(if)` is an element with its text.
fn short(language: &str, code: &str) -> String {
    let html = painted(language, code);
    let open = regex::Regex::new("<a-([a-z])>|<span class=\"([a-z]*)\">").unwrap();
    let html = open.replace_all(&html, "$1$2\u{2}");
    text(&regex::Regex::new("</[a-z-]+>").unwrap().replace_all(&html, "\u{3}"))
        .replace('\u{2}', "«")
        .replace('\u{3}', "»")
}

#[track_caller]
fn check(language: &str, code: &str, expected: &str) {
    assert_eq!(short(language, code), expected, "{language}");
}

/// One of each language, with the names that have rules of their own.
const SAMPLES: [(&str, &str); 42] = [
    ("bash", "f() { local a=\"$1\"; }\ncat <<E | x 2>&1 # c\n${a:-$(b `c`)}\nE\ncase $x in a|b) c;; esac\n"),
    ("c", "#include <a.h>\nint main(void) { return 0x1F + 'a'; } /* c */\n"),
    ("cmake", "project(a) # b\nif(C STREQUAL \"d\") #[[ e\n]]\nendif()\n"),
    ("console", "$ ls | wc\n1\n[a@b c]# x \"\n> y\n"),
    (
        "containerfile",
        "FROM a:1 AS b\nRUN <<E\nx\nE\nCOPY --from=b [\"a\", \"b\"]\nENV A=\"b c\" \\\n # c\n  D=$E\n",
    ),
    ("cpp", "template <typename T> auto f(T a) -> int;\n"),
    ("csharp", "public async Task<int> F() => await g(\"a\");\n"),
    ("css", "@media x { a:hover, #b { c: -1.5em url(d) !important; --e: #fff } } /* f */\n"),
    ("dart", "@a class B { final c = 'd'; int? e; } // f\n"),
    ("diff", "--- a\n+++ b\n@@ -1 +1 @@\n-c\n+d\n"),
    ("elixir", "defmodule A do\n  def b?(c), do: :d # \"e\"\nend\n"),
    ("go", "func (t *T) F(a int) error { return `a`, 'b' }\n"),
    ("haskell", "{- a -} b :: Int -> Maybe c'\nb d = Just \"e\" -- f\n"),
    ("hcl", "resource \"a\" \"b\" { c = 1 # d\n}\n"),
    ("html", "<!-- a --><p class=\"b\" c>&amp; <script>let d = `e${f}`</script><style>g { h: i }</style>\n"),
    ("ini", "[a]\nb = c \\\n d\n; e\n"),
    ("java", "@A class B { String c = \"\"\"\nd\"\"\"; }\n"),
    ("javascript", "const a = /[/]b/g.test(`c ${d(`e`)}`) / 2; // f\n"),
    ("json", "{\"a\": [1, null, \"b\\\"\"]} // c\n"),
    ("julia", "#= a =# function b!(c) @d \"e\" end # f\n"),
    ("kotlin", "fun a(b: Int): String = \"c\"\n"),
    ("lua", "--[[ a ]] local function b() return [[c]] end -- d\n"),
    ("make", "A := b\nall: $(C)\n\t@echo $@ \\\n  x\nifeq (a,b)\n"),
    ("markdown", "---\na: b\n---\n# C\n```sh\nd \"$e\"\n```\n- `f` [g](h) {{#i}} <!-- j -->\n"),
    ("nix", "{ a = ''b''; c-d = \"e\"; } # f\n"),
    ("perl", "my ($a, @b) = (1, 'c'); # d\nsub e { return undef }\n"),
    ("php", "<?php $a = 'b'; // c\n"),
    ("powershell", "<# a #> Get-Item -Path $env:B | foreach { \"c\" } # d\n"),
    ("proto", "message A { repeated string b = 1; } // c\n"),
    ("python", "@a\ndef b(c: int) -> str:\n    return f\"{d}\" + '''e\n''' # f\n"),
    ("r", "a.b <- function(c) NULL # \"d\"\n"),
    ("rego", "package a\nallow if { input.b == `c` } # d\n"),
    ("ruby", "def a(b) :c; @d = \"e\" end # f\n"),
    ("rust", "/// a\n#[b(c)]\nfn d<'e>(f: &'e str) -> G { h!(\"{}\", r#\"i\"#, 'j', b'k'); l::<M>(1..2) }\n"),
    ("scala", "@a def b[C](d: Int): String = \"\"\"e\"\"\" /* f */\n"),
    ("spec", "Name: a\n%build\nb %{?c} %d \"e\"\n# f\n"),
    ("sql", "SELECT a FROM b WHERE c = 'd''e' -- f\n"),
    ("swift", "@a func b() -> String { return \"c\" }\n"),
    ("toml", "[a]\nb.c = { d = [1, \"e\"], f = true } # g\n[[h]]\ni = '''\nj'''\n"),
    ("typescript", "interface A { b: string }\n"),
    (
        "yaml",
        "a: &b\n  - c: \"d\" # e\n    f: |\n      #!/bin/sh\n      g $(params.h)\n  - {i: [j, 'k'], l: 1.5}\n",
    ),
    ("zig", "const a = @import(\"b\"); // c\npub fn d() void {}\n"),
];

#[test]
fn code_is_kept_to_the_letter() {
    for (language, code) in SAMPLES {
        assert!(rules(language).is_some(), "{language}");
        let html = painted(language, code);
        assert_eq!(text(&html), code, "{language}");
        assert!(html.contains("<a-"), "{language} has colours");
    }
    assert_eq!(painted("text", "<plain> & 'simple'\n"), "&lt;plain&gt; &amp; &#39;simple&#39;\n");
}

/// Returns numbers that are the same in each run: see Marsaglia, "Xorshift RNGs".
fn numbers() -> impl FnMut(usize) -> usize {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    }
}

#[test]
fn half_a_program_is_kept_to_the_letter() {
    let mut number = numbers();
    let odd = [
        "\"", "'", "`", "${", "$(", "((", "\\", "<<E\n", "#", "/*", "é", "名", "\0", "\r\n", "|", ": ", "{{",
        "<!--",
    ];
    for (language, code) in SAMPLES {
        for _ in 0..300 {
            let mut mixed: String = code.chars().skip(number(20)).take(number(80)).collect();
            for _ in 0..number(4) {
                let places: Vec<usize> =
                    mixed.char_indices().map(|(at, _)| at).chain([mixed.len()]).collect();
                mixed.insert_str(places[number(places.len())], odd[number(odd.len())]);
            }
            assert_eq!(text(&painted(language, &mixed)), mixed, "{language}: {mixed:?}");
        }
    }
}

#[test]
fn no_element_goes_over_the_end_of_a_line() {
    for (language, code) in SAMPLES {
        for line in painted(language, code).split('\n') {
            let count = |tag: &str| line.matches(tag).count();
            assert_eq!(count("<a-") + count("<span"), count("</"), "{language}: {line}");
        }
    }
    assert_eq!(painted("c", "/* a\n\nb */"), "<a-c>/* a</a-c>\n\n<a-c>b */</a-c>");
}

#[test]
fn what_never_closes_is_kept_to_the_letter() {
    // So many that to read the rest of the code for each would not end soon.
    for sign in [
        "\"",
        "'",
        "`",
        "$(",
        "${",
        "((",
        "[",
        "#[",
        "{{",
        "<a ",
        "<script>",
        "/*",
        "a: ",
        "- ",
        "<<E ",
        "$(params.",
        "a::",
        "```\n",
        "\\\n",
    ] {
        let code = sign.repeat(20_000 / sign.len());
        for (language, _) in SAMPLES {
            let html = painted(language, &code);
            assert!(text(&html) == code, "{language}: {sign}");
        }
    }
}

#[test]
fn first_words_of_commands_are_called() {
    check(
        "bash",
        "a -x --y=1 b; LANG=C c && ! d | sudo e -n",
        "f«a» n«-x» n«--y»=1 b; v«LANG»=C f«c» && k«!» f«d» | f«sudo» f«e» n«-n»",
    );
    check("sh", "for i in $(seq 9); do x; done >y", "k«for» v«i» k«in» $(f«seq» 9); k«do» f«x»; k«done» >y");
    check(
        "bash",
        "f() { local a=1 b; }; function g { h; }",
        "f«f»() k«{» f«local» v«a»=1 v«b»; k«}»; k«function» f«g» k«{» f«h»; k«}»",
    );
    check(
        "bash",
        "case $1 in\n a|b) c ;;\n *) d ;;\nesac\ne",
        "k«case» v«$1» k«in»\n a|b) f«c» ;;\n *) f«d» ;;\nk«esac»\nf«e»",
    );
    check("bash", "a=(b \"c\") d; (e) && f", "v«a»=(b s«\"c\"») f«d»; (f«e») && f«f»");
    check("bash", "a <(b c) >d \\\n  -e", "f«a» <(f«b» c) >d \\\n  n«-e»");
    check(
        "bash",
        "if [[ -f $a && b == c* ]]; then d; fi",
        "k«if» k«[[» n«-f» v«$a» && b == c* k«]]»; k«then» f«d»; k«fi»",
    );
}

#[test]
fn quotes_and_substitutions_stand_in_each_other() {
    check(
        "bash",
        "a \"b $c ${d:-\"e\"} $(f 'g') `h`\"",
        "f«a» s«\"b »v«$c»s« »v«${d»s«:-\"e\"»v«}»s« »$(f«f» s«'g'»)s« »`f«h»`s«\"»",
    );
    check("bash", "a 'b\nc' $'d\\'e' f#g # h", "f«a» s«'b»\ns«c'» s«$'d\\'e'» f#g c«# h»");
    check("bash", "a $((1 + b * (2))) ((c++))", "f«a» $((n«1» + b * (2))) ((f«c++»))");
    check(
        "bash",
        "a <<'E' <<-F\n$b\nE\n$b\n\tF\nc",
        "f«a» <<k«'E'» <<-k«F»\ns«$b»\nk«E»\nv«$b»\nk«\tF»\nf«c»",
    );
    check("bash", "a $(params.image) $(date)", "f«a» v«$(params.image)» $(f«date»)");
}

#[test]
fn terminals_show_prompts_and_what_is_printed() {
    let expected = "prompt«$ »f«cat» <<k«E»\nprompt«> »f«a»\nprinted«b»\n";
    check("console", "$ cat <<E\n> a\nb\n", expected);
    check("bash", "$ cat <<E\n> a\nb\n", expected);
    check(
        "console",
        "[root@host ~]# a\nb@c:~$ d\n# e",
        "prompt«[root@host ~]# »f«a»\nprompt«b@c:~$ »f«d»\nprinted«# e»",
    );
    check("console", "# no prompt\na\n", "c«# no prompt»\nf«a»\n");
}

#[test]
fn containerfiles_hold_commands() {
    check("dockerfile", "FROM --platform=x a:1 AS b", "k«FROM» n«--platform»=x s«a:1» k«AS» s«b»");
    check(
        "dockerfile",
        "RUN a && \\\n  # b\n  c -d\nUSER e",
        "k«RUN» f«a» && \\\n  c«# b»\n  f«c» n«-d»\nk«USER» e",
    );
    check(
        "dockerfile",
        "RUN --mount=a <<E\nb $c\nE\nCMD [\"d\"]",
        "k«RUN» n«--mount»=a k«<<E»\nf«b» v«$c»\nk«E»\nk«CMD» [s«\"d\"»]",
    );
    check(
        "dockerfile",
        "ENV a=\"b $c\" \\\n  d=$e\nEXPOSE 80",
        "k«ENV» p«a»=s«\"b »v«$c»s«\"» \\\n  p«d»=v«$e»\nk«EXPOSE» n«80»",
    );
    check(
        "dockerfile",
        "COPY <<E /a\nb\nE\nHEALTHCHECK --x=1 CMD c",
        "k«COPY» <<k«E» /a\ns«b»\nk«E»\nk«HEALTHCHECK» n«--x»=1 k«CMD» f«c»",
    );
}

#[test]
fn yaml_has_keys_and_values() {
    check(
        "yaml",
        "a: b # c\n\"d\": ['e', 1, f: {g: null}]",
        "p«a»: s«b» c«# c»\np«\"d\"»: [s«'e'», n«1», p«f»: {p«g»: n«null»}]",
    );
    check(
        "yaml",
        "- a: &b !c d\n  e: *b\n- http://x:80/#y",
        "- p«a»: t«&b» t«!c» s«d»\n  p«e»: t«*b»\n- s«http://x:80/#y»",
    );
    check(
        "yaml",
        "a: >-\n  b: c\n  $(params.d)\ne: f",
        "p«a»: k«>-»\ns«  b: c»\ns«  »v«$(params.d)»\np«e»: s«f»",
    );
    check(
        "yaml",
        "- a: |\n    #!/usr/bin/env bash\n    b -c\n  d: 2\n---\n|\ne",
        "- p«a»: k«|»\n    c«#!/usr/bin/env bash»\n    f«b» n«-c»\n  p«d»: n«2»\nk«---»\nk«|»\ns«e»",
    );
    check("yaml", "a: 'b ''c'\nd: \"e\\\"f\": g", "p«a»: s«'b ''c'»\np«d»: p«\"e\\\"f\"»: s«g»");
}

#[test]
fn data_has_keys_and_values() {
    check(
        "json",
        "{\"a\": [1, -2.5e3, true], \"b\" : \"c: \\\"d\"}",
        "{p«\"a\"»: [n«1», n«-2.5e3», n«true»], p«\"b\"» : s«\"c: \\\"d\"»}",
    );
    check(
        "toml",
        "[[a]]\nb.c = [\n 1, # d\n 'e']\nf = {g = true}",
        "t«[[a]]»\np«b.c» = [\n n«1», c«# d»\n s«'e'»]\np«f» = {p«g» = n«true»}",
    );
    check("ini", "[A]\n# b\nc=d \\\n  e; f\ng: h", "t«[A]»\nc«# b»\np«c»=s«d \\»\ns«  e; f»\np«g»: s«h»");
    check("diff", "--- a\n+++ b\n@@ -1 @@\n-c\n+d\n e", "k«--- a»\nk«+++ b»\nk«@@ -1 @@»\nd«-c»\ni«+d»\n e");
}

#[test]
fn words_are_what_stands_around_them() {
    check(
        "rust",
        "let a: &'b str = x.c::<D>('e', b'f', r#\"g\"h\"#)?;",
        "k«let» a: &t«'b» t«str» = x.f«c»::<t«D»>(s«'e'», s«b'f'», s«r#\"g\"h\"#»)?;",
    );
    check(
        "rust",
        "#[a(b)]\nfn c<T>() { d!(1..2, MAX, 0x1F_u8); e.match }",
        "p«#[a(b)]»\nk«fn» f«c»<t«T»>() { f«d!»(n«1»..n«2», n«MAX», n«0x1F_u8»); e.match }",
    );
    check(
        "python",
        "@a.b\ndef c(self) -> int: return f\"{d}\" if None else 'e\\''",
        "p«@a.b»\nk«def» f«c»(self) -> t«int»: k«return» s«f\"{d}\"» k«if» n«None» k«else» s«'e\\''»",
    );
    check(
        "js",
        "return /[/]a/g.test(b) / 2 + `c ${d(`e`)}`",
        "k«return» s«/[/]a/g».f«test»(b) / n«2» + s«`c »${f«d»(s«`e`»)}s«`»",
    );
    check(
        "go",
        "func (t *T) Run(a int) { return nil, `b` }",
        "k«func» (t *t«T») f«Run»(a t«int») { k«return» n«nil», s«`b`» }",
    );
    check(
        "c",
        "#include <a.h> // b\nint c = sizeof(d);",
        "k«#include» s«<a.h>» c«// b»\nt«int» c = k«sizeof»(d);",
    );
    check(
        "sql",
        "Select count(a) FROM b where c='d''e' -- f",
        "k«Select» f«count»(a) k«FROM» b k«where» c=s«'d''e'» c«-- f»",
    );
    check(
        "powershell",
        "Get-ChildItem -Path $env:A | ForEach { b.c-d \"e\" } <# f #>",
        "f«Get-ChildItem» n«-Path» v«$env:A» | k«ForEach» { b.c-d s«\"e\"» } c«<# f #>»",
    );
    check(
        "perl",
        "my ($a, %b) = (1, 'c'); sub d { return undef } # e",
        "k«my» (v«$a», v«%b») = (n«1», s«'c'»); k«sub» f«d» { k«return» n«undef» } c«# e»",
    );
    check(
        "haskell",
        "a' :: Maybe Int {- b -}\na' = Just \"c\" -- d",
        "a' :: t«Maybe» t«Int» c«{- b -}»\na' = t«Just» s«\"c\"» c«-- d»",
    );
}

#[test]
fn markup_has_code_in_it() {
    check(
        "html",
        "<a b='c' d>&lt;</a><script>let e;</script>",
        "<k«a» p«b»=s«'c'» p«d»>n«&lt;»</k«a»><k«script»>k«let» e;</k«script»>",
    );
    check(
        "css",
        "a:hover, #b { color: #fff; c: -1.5em }",
        "k«a»:k«hover», t«#b» { p«color»: n«#fff»; p«c»: n«-1.5em» }",
    );
    check(
        "markdown",
        "---\na: 1\n---\n## B\n```sh {name=x}\nc \"$d\"\n```\n- `e` [f](g)",
        "k«---»\np«a»: n«1»\nk«---»\nk«## B»\nk«```sh {name=x}»\nf«c» s«\"»v«$d»s«\"»\nk«```»\nk«-» s«`e`» f«[f]»s«(g)»",
    );
    check("make", "A := b\nall: $(A) # c\n\t@d -e", "p«A» := b\nf«all»: v«$(A)» c«# c»\n\t@f«d» n«-e»");
    check("spec", "Name: a\n%build\nb %{?c} %%d", "p«Name»: a\nk«%build»\nb v«%{?c}» %%d");
}
