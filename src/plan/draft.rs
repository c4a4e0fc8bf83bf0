//! Every import with the decision about it, in order of work.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{
    Inputs,
    decide::{self, Decision, Next},
};
use crate::{
    model::ImportRecord,
    spec::{ImportRequest, InvalidRequest, Urgency},
};

/// One import on its way into the plan.
pub(super) struct Draft<'a> {
    pub(super) id: &'a str,
    pub(super) source: Source<'a>,
    pub(super) recorded: Option<&'a ImportRecord>,
    pub(super) decision: Decision,
}

/// What there is of the request's file.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    /// A valid request.
    Valid(&'a ImportRequest),
    /// A file with an error.
    Invalid(&'a InvalidRequest),
    /// No file.
    Gone,
}

impl<'a> Draft<'a> {
    /// Path of the request file, if there is one.
    pub(super) fn path(&self) -> Option<&'a str> {
        match self.source {
            Source::Valid(request) => Some(&request.path),
            Source::Invalid(invalid) => Some(&invalid.path),
            Source::Gone => None,
        }
    }
}

/// The decisions about all imports: the declared ones in order of work, then those whose file has an
/// error, then those whose file is gone.
pub(super) fn drafts<'a>(inputs: &Inputs<'a>) -> Vec<Draft<'a>> {
    let declared = inputs.declared;
    let observed = inputs.observed;
    let invalid: BTreeMap<&str, &InvalidRequest> = declared
        .invalid
        .iter()
        .map(|invalid| (invalid.id.as_str(), invalid))
        .collect();
    // Two files with one id are an error of both; should one still be here, the error wins.
    let mut valid: Vec<&ImportRequest> = declared
        .requests
        .iter()
        .filter(|request| !invalid.contains_key(request.id.as_str()))
        .collect();
    valid.sort_by_key(|request| order_of_work(request));
    let ids = declared.ids();
    let gone = observed
        .imports
        .keys()
        .filter(|id| !ids.contains(id.as_str()));

    let valid = valid
        .into_iter()
        .map(|request| (request.id.as_str(), Source::Valid(request)));
    let invalid = invalid
        .into_iter()
        .map(|(id, invalid)| (id, Source::Invalid(invalid)));
    let gone = gone.map(|id| (id.as_str(), Source::Gone));
    valid
        .chain(invalid)
        .chain(gone)
        .map(|(id, source)| {
            let recorded = observed.imports.get(id);
            let decision = decide(id, source, recorded, inputs);
            Draft {
                id,
                source,
                recorded,
                decision,
            }
        })
        .collect()
}

/// By requested date, then by how much depends on it, then by id.
fn order_of_work(request: &ImportRequest) -> (Date, Urgency, &str) {
    (request.requested_completion, request.urgency, &request.id)
}

fn decide(
    id: &str,
    source: Source<'_>,
    recorded: Option<&ImportRecord>,
    inputs: &Inputs<'_>,
) -> Decision {
    if inputs.skip.contains(&id) {
        let reason = "It is the example, which is not imported on GitHub.".to_owned();
        return Decision::unchanged(recorded, Next::LeaveOut(reason));
    }
    if let Some(only) = inputs.only
        && only != id
    {
        let reason = format!("This run works on `{only}` alone.");
        return Decision::unchanged(recorded, Next::LeaveOut(reason));
    }
    match (source, recorded) {
        (Source::Valid(request), recorded) => decide::declared(request, recorded, inputs),
        (Source::Invalid(invalid), recorded) => decide::invalid(invalid, recorded, inputs.now),
        (Source::Gone, Some(recorded)) => decide::gone(recorded, inputs.observed),
        (Source::Gone, None) => Decision::unchanged(None, Next::Nothing(String::new())),
    }
}
