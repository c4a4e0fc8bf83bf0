//! Holds the layers of `design.md` section 9: reads the sources and checks who knows whom.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Modules by rank. A module imports from lower ranks only, so those of one rank do not know each other.
const RANKS: &[(u8, &[&str])] = &[
    (0, &["model"]),
    (1, &["files"]),
    (2, &["platforms"]),
    (3, &["spec"]),
    (4, &["import"]),
    (5, &["plan"]),
    (6, &["report"]),
    (7, &["kill"]),
    (
        8,
        &[
            "workspace",
            "clock",
            "secrets",
            "http",
            "store",
            "objects",
            "github",
            "slack",
        ],
    ),
    (9, &["state", "comments"]),
    (10, &["reconcile", "review"]),
    (11, &["cli"]),
];

/// The first rank that touches the outside.
const EDGE: u8 = 7;

/// What only one module may name.
const OWNED: &[(&str, &str)] = &[
    ("duckdb::", "store"),
    ("octocrab::", "github"),
    ("reqwest::", "http"),
    ("object_store::", "objects"),
    ("Timestamp::now", "clock"),
    ("Zoned::now", "clock"),
    ("SystemTime::now", "clock"),
    ("Instant::now", "clock"),
    ("thread::sleep", "clock"),
    ("time::sleep", "clock"),
];

/// What touches the outside.
const OUTSIDE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "io::stdout",
    "io::stderr",
    "io::stdin",
    "tokio::",
    "notify::",
];

/// A file below `src/` and the module it belongs to.
struct Source {
    path: PathBuf,
    module: String,
    text: String,
    /// The text without comments and literals.
    code: String,
}

#[test]
fn modules_import_strictly_downward() {
    let mut wrong = Vec::new();
    for source in sources() {
        let own = rank(&source.module);
        for imported in imports(&source.code) {
            if imported != source.module && rank(&imported) >= own {
                wrong.push(format!("{} imports {imported}", source.path.display()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn one_module_owns_each_door_to_the_outside() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (name, owner) in OWNED {
            if source.module != *owner && source.code.contains(name) {
                wrong.push(format!("{} names {name}", source.path.display()));
            }
        }
        for name in OUTSIDE {
            if rank(&source.module) < EDGE && source.code.contains(name) {
                wrong.push(format!("{} names {name}", source.path.display()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn every_module_says_what_it_is() {
    let silent: Vec<_> = sources()
        .into_iter()
        .filter(|source| !source.text.starts_with("//! "))
        .map(|source| source.path)
        .collect();
    assert_eq!(silent, Vec::<PathBuf>::new());
}

#[test]
fn the_crate_documentation_lists_every_module() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let modules = lib
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    for module in modules {
        let row = lib
            .lines()
            .find(|line| line.starts_with("//! | ") && line.contains(&format!("[`{module}`]")))
            .unwrap_or_else(|| panic!("{module} is not in the table of lib.rs"));
        let told = row.trim_start_matches("//! | ").split(' ').next().unwrap();
        assert_eq!(told, rank(module).to_string(), "{module}");
    }
}

#[test]
fn imports_are_found_in_every_form() {
    let code = without_literals(
        r##"
        // use crate::commented;
        use crate::plain::Thing;
        use crate::{
            first::{self, deep::Other},
            second, third::Third as Renamed,
        };
        const TEXT: &str = "crate::quoted \" crate::still";
        const RAW: &str = r#"crate::raw "crate::raw" "#;
        fn f<'a>(c: char, d: &'a str) -> bool { c == '"' && crate::inline::f(d) }
        /* crate::block */
        pub(crate) use crate::last;
        "##,
    );
    let found: Vec<String> = imports(&code).into_iter().collect();
    assert_eq!(
        found,
        ["first", "inline", "last", "plain", "second", "third"]
    );
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    let src = root().join("src");
    let mut folders = vec![src.clone()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let inside = path.strip_prefix(&src).unwrap().to_path_buf();
                let top = inside.components().next().unwrap().as_os_str();
                let module = Path::new(top)
                    .file_stem()
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned();
                if module == "lib" || module == "main" {
                    continue;
                }
                let text = fs::read_to_string(&path).unwrap();
                sources.push(Source {
                    path: inside,
                    module,
                    code: without_literals(&text),
                    text,
                });
            }
        }
    }
    assert!(sources.len() > 10, "the sources were not found");
    sources
}

fn rank(module: &str) -> u8 {
    RANKS
        .iter()
        .find(|(_, modules)| modules.contains(&module))
        .unwrap_or_else(|| panic!("{module} has no rank in design.md section 9"))
        .0
}

/// Top-level modules that code names after `crate::`, alone or in a group.
fn imports(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (index, _) in code.match_indices("crate::") {
        let rest = &code[index + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(group) => found.extend(heads(group)),
            None => found.extend([identifier(rest)]),
        }
    }
    found
}

/// First names of the members of a group, up to its closing brace.
fn heads(group: &str) -> Vec<String> {
    let mut heads = vec![identifier(group)];
    let mut depth = 0;
    for (index, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => heads.push(identifier(&group[index + 1..])),
            _ => {}
        }
    }
    heads.retain(|head| !head.is_empty());
    heads
}

fn identifier(text: &str) -> String {
    let is_part = |c: &char| c.is_alphanumeric() || *c == '_';
    text.trim_start().chars().take_while(is_part).collect()
}

/// The code without comments and without the contents of strings.
fn without_literals(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skipped = literal(rest);
        if skipped > 0 {
            code.push(' ');
            rest = &rest[skipped..];
        } else {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    code
}

/// Length of the comment, string or character with which a text begins; 0 if it begins with none.
fn literal(text: &str) -> usize {
    let until = |start: usize, end: &str| {
        text[start..]
            .find(end)
            .map_or(text.len(), |index| start + index + end.len())
    };
    if text.starts_with("//") {
        return until(2, "\n");
    }
    if text.starts_with("/*") {
        return until(2, "*/");
    }
    if let Some(raw) = text.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            return until(hashes + 2, &format!("\"{}", "#".repeat(hashes)));
        }
    }
    match text.as_bytes() {
        [b'"', ..] => quoted(text),
        // A character such as '"' or '\''; anything else is a lifetime.
        [b'\'', b'\\', _, b'\'', ..] => 4,
        [b'\'', _, b'\'', ..] => 3,
        _ => 0,
    }
}

/// Length of the string with which a text begins.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (index, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return index + 1,
            _ => {}
        }
    }
    text.len()
}
