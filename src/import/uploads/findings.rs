//! What is to be said of a request's files, as findings beside their lines.

use super::{Survey, survey::FileNotice};
use crate::{
    model::FileFailure,
    spec::{Finding, ImportRequest, codes},
};

/// Findings of one request that are told one by one; the others are counted.
const TOLD: usize = 50;

/// What a survey of a request's files found. `folder` is the requests folder as it is shown; `is_example` keeps
/// quiet about texts that are in git on purpose.
pub fn findings(
    request: &ImportRequest,
    survey: &Survey,
    folder: &str,
    is_example: bool,
) -> Vec<Finding> {
    let of_file = |code: codes::Code, failure: &FileFailure| {
        let (path, member) = place(&failure.file, request, folder);
        let number = |number: Option<i64>| {
            let number = number.filter(|_| member.is_none());
            number
                .and_then(|number| usize::try_from(number).ok())
                .unwrap_or(1)
        };
        let value = failure.value.as_ref();
        let value = value.map_or_else(String::new, |value| format!(" (here: {value})"));
        Finding {
            severity: code.severity,
            code: code.name.to_owned(),
            path,
            line: number(failure.line),
            // A cell of a table is no column of a text.
            column: number(failure.column.filter(|_| failure.original.is_empty())),
            message: match member {
                Some(member) => format!("In {member}: {}{value}", failure.message),
                None => format!("{}{value}", failure.message),
            },
            help: failure.help.clone(),
        }
    };
    let of_request = |code: codes::Code, message: String, help: &str| Finding {
        severity: code.severity,
        code: code.name.to_owned(),
        path: request.path.clone(),
        line: 1,
        column: 1,
        message,
        help: help.to_owned(),
    };
    let mut findings = Vec::new();
    if let Some(problem) = &survey.problem {
        findings.push(of_file(codes::FILE_PROBLEM, problem));
        findings.push(of_request(
            codes::FILE_PROBLEM,
            format!("Its files leave a question open, see {}.", problem.file),
            &problem.help,
        ));
    }
    let failures = survey.failures.iter().take(TOLD);
    findings.extend(failures.map(|failure| of_file(codes::FILE_FAILURE, failure)));
    if survey.failures.len() > TOLD {
        findings.push(of_request(
            codes::FILE_FAILURE,
            format!(
                "{} more rows or files make no call.",
                survey.failures.len() - TOLD
            ),
            "`call-import files` lists them all, and writes them to a table that can be corrected.",
        ));
    }
    findings.extend(survey.notices.iter().take(TOLD).map(|notice| {
        let FileNotice {
            file,
            line,
            column,
            message,
        } = notice;
        let (path, member) = place(file, request, folder);
        let code = codes::FILE_NOTICE;
        Finding {
            severity: code.severity,
            code: code.name.to_owned(),
            path,
            line: if member.is_some() { 1 } else { *line },
            column: if member.is_some() { 1 } else { *column },
            message: match member {
                Some(member) => format!("In {member}: {message}"),
                None => message.clone(),
            },
            help: "Nothing needs to be done if that is right.".to_owned(),
        }
    }));
    if survey.problem.is_none() && survey.found.calls == 0 && request.remote_files.is_empty() {
        findings.push(of_request(
            codes::NO_CALLS_IN_FILES,
            "No file of this request holds a call.".to_owned(),
            "See what is said of each file, and export them again.",
        ));
    }
    if !request.files.is_empty() && !is_example {
        findings.push(of_request(
            codes::FILES_IN_GIT,
            "What is committed stays in the repository's history for ever, and these files hold what a customer's people said.".to_owned(),
            "If that is not meant, upload them to a place that the matrix allows (`uploads`), name that address under `files`, and remove them from this branch before it is merged.",
        ));
    }
    findings
}

/// The path to show for a file, and the member where it lies in a bundle.
fn place<'a>(name: &'a str, request: &ImportRequest, folder: &str) -> (String, Option<&'a str>) {
    let shown = |name: &str| match folder {
        "" | "." => name.to_owned(),
        folder => format!("{folder}/{name}"),
    };
    let bundle = request
        .files
        .iter()
        .map(|file| &file.file.name)
        .find(|bundle| {
            let rest = name.strip_prefix(bundle.as_str());
            rest.is_some_and(|rest| rest.starts_with('/'))
        });
    match bundle {
        Some(bundle) => (shown(bundle), name.get(bundle.len() + 1..)),
        None => (shown(name), None),
    }
}
