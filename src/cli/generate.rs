//! `call-import generate`: the files that are made from code and matrix.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
};

use anyhow::{Context as _, anyhow};
use clap::Args;

use super::{Common, Exit, Output, Stop, check};
use crate::{
    files,
    report::{form::issue_form, matrix as report},
    spec,
    spec::SupportMatrix,
};

/// Where the README's table begins and ends.
const BEGIN: &str = "<!-- matrix:begin -->";
const END: &str = "<!-- matrix:end -->";

/// Arguments of `generate`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Change nothing; exit code 1 when a file is stale, and name it
    #[arg(long)]
    check: bool,
}

/// A file of the repository, and what it should hold.
struct Generated {
    /// Relative to the folder of the matrix.
    path: &'static str,
    text: String,
}

/// Writes what is stale beside the matrix, or names it.
pub(super) fn run(arguments: &Arguments, common: &Common, out: &mut Output) -> Result<Exit, Stop> {
    let root = common.matrix.parent().unwrap_or(Path::new(""));
    let mut stale = 0;
    for Generated { path, text } in generated(root, &check::matrix(common)?)? {
        let file = root.join(path);
        if read(&file)?.as_deref() == Some(text.as_str()) {
            continue;
        }
        stale += 1;
        if arguments.check {
            writeln!(out, "stale: {path}")?;
        } else {
            write(&file, &text)?;
            writeln!(out, "written: {path}")?;
        }
    }
    if stale == 0 {
        writeln!(out, "Schemas, README table and issue form are up to date.")?;
    } else if arguments.check {
        writeln!(out, "Run `call-import generate` and commit what it writes.")?;
        return Ok(Exit::NeedsSomebody);
    }
    Ok(Exit::Well)
}

fn generated(root: &Path, matrix: &SupportMatrix) -> Result<[Generated; 5], Stop> {
    let schema = |schema: serde_json::Value| format!("{schema:#}\n");
    let entries = report::entries(matrix);
    Ok([
        Generated {
            path: "schemas/import-request.schema.json",
            text: schema(spec::request_schema(matrix)),
        },
        Generated {
            path: "schemas/matrix.schema.json",
            text: schema(spec::matrix_schema()),
        },
        Generated {
            path: "schemas/call.schema.json",
            text: schema(files::json::call_schema()),
        },
        Generated {
            path: "README.md",
            text: readme(root, &report::markdown(&entries))?,
        },
        Generated {
            path: ".github/ISSUE_TEMPLATE/import-request.yml",
            text: issue_form(&entries)?,
        },
    ])
}

/// The README as it is, with the table between the markers replaced.
fn readme(root: &Path, table: &str) -> Result<String, Stop> {
    let readme = read(&root.join("README.md"))?.unwrap_or_default();
    splice(&readme, table).ok_or_else(|| {
        anyhow!("README.md must hold a line {BEGIN} and, after it, a line {END}: the table goes between them.").into()
    })
}

fn splice(readme: &str, table: &str) -> Option<String> {
    let (before, rest) = readme.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{table}{END}{after}"))
}

/// The text of a file, `None` if there is none.
fn read(file: &Path) -> anyhow::Result<Option<String>> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("{} cannot be read.", file.display())),
    }
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    let folder = file.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(file, text))
        .with_context(|| format!("{} cannot be written.", file.display()))
}

#[cfg(test)]
mod tests {
    use super::splice;

    #[test]
    fn only_the_table_is_replaced() {
        let readme = "# Title\n<!-- matrix:begin -->\nold\n<!-- matrix:end -->\nrest\n";
        let spliced = splice(readme, "| new |\n").unwrap();
        assert_eq!(
            spliced,
            "# Title\n<!-- matrix:begin -->\n| new |\n<!-- matrix:end -->\nrest\n"
        );
        assert_eq!(splice(&spliced, "| new |\n"), Some(spliced));
        assert_eq!(
            splice("<!-- matrix:end --> <!-- matrix:begin -->", ""),
            None
        );
    }
}
