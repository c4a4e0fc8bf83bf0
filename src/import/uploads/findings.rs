//! What is to be said of a request's files, as findings beside their lines.

use super::{Survey, survey::FileNotice};
use crate::{
    model::FileFailure,
    spec::{Code, Finding, ImportRequest, codes},
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
    let place = Place { request, folder };
    let mut findings = Vec::new();
    if let Some(problem) = &survey.problem {
        findings.push(place.of_failure(codes::FILE_PROBLEM, problem));
        findings.push(place.of_request(
            codes::FILE_PROBLEM,
            format!("Its files leave a question open, see {}.", problem.file),
            &problem.help,
        ));
    }
    let failures = survey.failures.iter().take(TOLD);
    findings.extend(failures.map(|failure| place.of_failure(codes::FILE_FAILURE, failure)));
    if let Some(more) = survey.failures.len().checked_sub(TOLD + 1) {
        findings.push(place.of_request(
            codes::FILE_FAILURE,
            format!("{} more rows or files make no call.", more + 1),
            "`call-import files` lists them all, and writes them to a table that can be corrected.",
        ));
    }
    let notices = survey.notices.iter().take(TOLD);
    findings.extend(notices.map(|notice| place.of_notice(notice)));
    if survey.problem.is_none() && survey.found.calls == 0 && request.remote_files.is_empty() {
        findings.push(place.of_request(
            codes::NO_CALLS_IN_FILES,
            "No file of this request holds a call.".to_owned(),
            "See what is said of each file, and export them again.",
        ));
    }
    if !request.files.is_empty() && !is_example {
        findings.push(place.of_request(
            codes::FILES_IN_GIT,
            "What is committed stays in the repository's history for ever, and these files hold what a customer's people said.".to_owned(),
            "If that is not meant, upload them to a place that the matrix allows (`uploads`), name that address under `files`, and remove them from this branch before it is merged.",
        ));
    }
    findings
}

/// Where findings are shown.
struct Place<'a> {
    request: &'a ImportRequest,
    folder: &'a str,
}

impl Place<'_> {
    fn of_request(&self, code: Code, message: String, help: &str) -> Finding {
        Finding {
            severity: code.severity,
            code: code.name.to_owned(),
            path: self.request.path.clone(),
            line: 1,
            column: 1,
            message,
            help: help.to_owned(),
        }
    }

    fn of_failure(&self, code: Code, failure: &FileFailure) -> Finding {
        let number = |number: Option<i64>| {
            let number = number.and_then(|number| usize::try_from(number).ok());
            number.unwrap_or(1)
        };
        let value = failure.value.as_ref();
        let value = value.map_or_else(String::new, |value| format!(" (here: {value})"));
        // A cell of a table is no column of a text.
        let column = failure.column.filter(|_| failure.original.is_empty());
        let at = (number(failure.line), number(column));
        let message = format!("{}{value}", failure.message);
        self.of_file(code, &failure.file, at, &message, &failure.help)
    }

    fn of_notice(&self, notice: &FileNotice) -> Finding {
        let FileNotice {
            file,
            line,
            column,
            message,
        } = notice;
        let help = "Nothing needs to be done if that is right.";
        self.of_file(codes::FILE_NOTICE, file, (*line, *column), message, help)
    }

    /// What is in a bundle is shown at the bundle, which has no lines.
    fn of_file(
        &self,
        code: Code,
        name: &str,
        (line, column): (usize, usize),
        message: &str,
        help: &str,
    ) -> Finding {
        let mut files = self.request.files.iter().map(|file| &*file.file.name);
        let member = files.find_map(|bundle| {
            let member = name.strip_prefix(bundle)?.strip_prefix('/')?;
            Some((bundle, member))
        });
        let ((line, column), message) = match member {
            Some((_, member)) => ((1, 1), format!("In {member}: {message}")),
            None => ((line, column), message.to_owned()),
        };
        let name = member.map_or(name, |(bundle, _)| bundle);
        Finding {
            severity: code.severity,
            code: code.name.to_owned(),
            path: match self.folder {
                "" | "." => name.to_owned(),
                folder => format!("{folder}/{name}"),
            },
            line,
            column,
            message,
            help: help.to_owned(),
        }
    }
}
