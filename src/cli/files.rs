//! `call-import files`: what files hold, before anything is imported of them.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::anyhow;
use clap::{Args, ValueEnum};

use super::{
    Common, Exit, Output, Stop,
    check::{self, Scope},
    output::tell,
    place, written,
};
use crate::{
    clock::SystemClock,
    files,
    import::Survey,
    report::{
        files::{self as report, View},
        findings::{self, Style},
        text::inline,
    },
    spec, workspace,
};

/// Arguments of `files`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A request, by its id or file; or files and folders, before there is a request
    #[arg(value_name = "REQUEST | PATHS", required_unless_present = "template")]
    named: Vec<PathBuf>,
    /// Where the calls come from, for files without a request: a key of the support matrix
    #[arg(long, value_name = "NAME", default_value = "other")]
    platform: String,
    /// Form of the result
    #[arg(long, value_name = "FORM", default_value = "plain")]
    format: Format,
    /// Write a list of the calls, to be corrected and put beside the files
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// Write what would fail as CSV, to be corrected and put beside the files; where lists have different headings,
    /// FILE-2 and so on hold the others
    #[arg(long, value_name = "FILE")]
    failures: Option<PathBuf>,
    /// Write an empty list of calls, for a customer to fill in
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
}

/// Form of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal
    Plain,
    /// For programs
    Json,
}

pub(super) fn run(arguments: &Arguments, common: &Common, out: &mut Output) -> Result<Exit, Stop> {
    let places = [
        &arguments.manifest,
        &arguments.failures,
        &arguments.template,
    ];
    for file in places.into_iter().flatten() {
        written::must_be_new(file)?;
    }
    if let Some(file) = &arguments.template {
        written::new(file, &files::template_csv(), "a list of calls to fill in")?;
    }
    if arguments.named.is_empty() {
        return Ok(Exit::Well);
    }
    let looked = match &request(&arguments.named, common)? {
        Some(path) => of_request(path, common, out)?,
        None => Some(of_paths(arguments, common)?),
    };
    let Some(looked) = looked else {
        return Ok(Exit::NeedsSomebody);
    };
    let view = looked.view();
    match arguments.format {
        Format::Plain => out.write_all(report::plain(&view).as_bytes())?,
        Format::Json => writeln!(out, "{:#}", report::json(&view))?,
    }
    write(arguments, &looked.survey)?;
    Ok(if view.can_be_imported() {
        Exit::Well
    } else {
        Exit::NeedsSomebody
    })
}

/// Files that were looked into.
struct Looked {
    name: Option<String>,
    expected: u64,
    survey: Survey,
}

impl Looked {
    fn view(&self) -> View<'_> {
        View {
            request: self.name.as_deref(),
            expected: self.expected,
            survey: &self.survey,
        }
    }
}

/// The file of the request that is named, if it is one.
fn request(named: &[PathBuf], common: &Common) -> Result<Option<PathBuf>, Stop> {
    let [named] = named else {
        return Ok(None);
    };
    if named.exists() {
        let is_request = named.extension().is_some_and(|ending| ending == "yaml");
        return Ok(is_request.then(|| named.clone()));
    }
    let Some(name) = named.to_str().filter(|_| named.components().count() == 1) else {
        return Ok(None);
    };
    let sources = workspace::read(&common.requests)?.sources;
    let ids: Vec<(PathBuf, String)> = sources
        .iter()
        .filter_map(|source| Some((PathBuf::from(&source.path), place::id(&source.path)?)))
        .collect();
    match ids.iter().find(|(_, id)| id == name) {
        Some((path, _)) => Ok(Some(path.clone())),
        None if named.extension().is_none() && spec::is_harmless(name) => {
            let ids = ids.iter().map(|(_, id)| id.as_str());
            Err(place::no_request(name, ids, common))
        }
        None => Ok(None),
    }
}

/// What the files of a request hold. If something in the request must be mended first, that is printed.
fn of_request(path: &Path, common: &Common, out: &mut Output) -> Result<Option<Looked>, Stop> {
    let named = [path.to_owned()];
    let folder = workspace::read_paths(&common.requests, &named)
        .map_err(|error| Stop::with(Exit::Usage, error))?;
    let matrix = check::matrix(common)?;
    let declared = check::declared(common, &matrix, &SystemClock)?;
    let is_meant = |path: &String| folder.sources.iter().any(|source| source.path == *path);
    let Some(request) = declared
        .requests
        .iter()
        .find(|request| is_meant(&request.path))
    else {
        tell("The request must be mended before its files can be looked into.\n\n");
        let review = check::review(common, Scope::Paths(&named), &SystemClock)?;
        let style = if out.is_coloured() {
            Style::Colour
        } else {
            Style::Plain
        };
        out.write_all(findings::plain(&review, style).as_bytes())?;
        return Ok(None);
    };
    let Some(survey) = workspace::survey(request) else {
        let error = anyhow!(
            "{} imports from the platform itself and brings no files (`method: {}`).",
            inline(&request.id),
            request.method.as_str()
        );
        return Err(Stop::with(Exit::Usage, error));
    };
    Ok(Some(Looked {
        name: Some(request.id.clone()),
        expected: request.estimated_calls,
        survey,
    }))
}

fn of_paths(arguments: &Arguments, common: &Common) -> Result<Looked, Stop> {
    let platform = if arguments.platform == "other" {
        arguments.platform.clone()
    } else {
        place::find_platform(&check::matrix(common)?, &arguments.platform)?.0
    };
    let survey = workspace::survey_paths(&arguments.named, &platform)
        .map_err(|error| Stop::with(Exit::Usage, error))?;
    Ok(Looked {
        name: None,
        expected: 0,
        survey,
    })
}

fn write(arguments: &Arguments, survey: &Survey) -> Result<(), Stop> {
    match &arguments.manifest {
        Some(file) if survey.manifest.is_empty() => tell(&format!(
            "{} was not written: the files bring a list already, or hold no call.\n",
            inline(&file.display().to_string())
        )),
        Some(file) => written::new(file, &survey.manifest, "a list of the calls")?,
        None => {}
    }
    match &arguments.failures {
        Some(file) => written::failures(file, &survey.failures),
        None => Ok(()),
    }
}
