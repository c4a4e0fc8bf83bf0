//! Platforms change their answers without a word: fields go, come, or take another form. That costs at most the
//! call that it befalls, which is then listed as failed.

use std::collections::BTreeSet;

use call_import_engine::platforms::{HttpReply, Page, Rejection, Step, Work};
use serde_json::{Value, json};

use super::{
    HELD,
    fixtures::Fixtures,
    replay::{Asked, Replay},
};

/// Names of the lists that hold one record for each call.
pub(super) const LISTS: [&str; 7] = [
    "calls",
    "engagements",
    "items",
    "meetings",
    "recordings",
    "results",
    "transcripts",
];

/// Avoma lists appointments, too. By this it tells, of those that nothing is there of yet, which were recorded.
const DECIDES: &str = "/processing_status";

/// Of longer lists only so many are changed, and the last.
const ENOUGH: usize = 7;

/// Where a value stands in an answer, as a JSON pointer.
type Path = String;

#[test]
fn a_field_that_takes_another_form_costs_at_most_its_call() {
    let mut wrong = Vec::new();
    for (_, fixtures) in HELD {
        for fixtures in fixtures() {
            check(&fixtures, &mut wrong);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn check(fixtures: &Fixtures, wrong: &mut Vec<String>) {
    let replay = Replay::new(fixtures);
    let mut seen = BTreeSet::new();
    for asked in replay.import().1.asked {
        let Ok(answer) = serde_json::from_slice::<Value>(&asked.reply.body) else {
            continue;
        };
        if asked.reply.status != 200 || !seen.insert(asked.line()) {
            continue;
        }
        // Written as the changed ones are.
        let before = answered(&replay, &asked, &answer);
        let mut paths = Vec::new();
        walk(&answer, &mut String::new(), &mut paths);
        for path in paths {
            let is_in_list = is_in_record(&path) && matches!(asked.work, Work::List { .. });
            for changed in changes(&answer, &path) {
                let after = answered(&replay, &asked, &changed);
                if let Err(Rejection::Broken { detail } | Rejection::Refused { detail }) = &after {
                    assert!(!detail.is_empty(), "{}: {path}", asked.line());
                }
                if is_in_list && let Some(why) = judge(&before, &after) {
                    let name = fixtures.name();
                    let value = changed.pointer(&path).map(Value::to_string);
                    wrong.push(format!("{name}: {path} becomes {value:?}: {why}"));
                }
            }
        }
    }
}

/// What a change within one record may do: nothing, or make a failure of it. Else what it does.
fn judge(before: &Result<Step, Rejection>, after: &Result<Step, Rejection>) -> Option<String> {
    match (before, after) {
        (Ok(Step::Page(before)), Ok(Step::Page(after))) => {
            let (told, still) = (records(before), records(after));
            let named = after.calls.iter().all(|call| !call.external_id.is_empty());
            let is_well = still >= told && after.failures.len() <= before.failures.len() + 1;
            (!named || !is_well).then(|| format!("{told} records, and then {still}"))
        }
        // What can no longer be told from another call is read again.
        (Ok(_), Ok(_) | Err(Rejection::RestartWindow)) => None,
        (_, other) => Some(format!("{other:?}")),
    }
}

/// What a page accounts for.
fn records(page: &Page) -> usize {
    page.calls.len() + page.failures.len() + page.left_out.len()
}

fn answered(replay: &Replay<'_>, asked: &Asked, answer: &Value) -> Result<Step, Rejection> {
    let body = answer.to_string().into_bytes().into();
    let reply = HttpReply {
        body,
        ..asked.reply.clone()
    };
    asked.answered(replay, reply)
}

/// Whether it is part of one record of a list, or the whole of it.
fn is_in_record(path: &str) -> bool {
    let mut parts = path.split('/').skip(1);
    let first = parts.next().unwrap_or_default();
    let list = match first {
        "data" => parts.next().unwrap_or_default(),
        first => first,
    };
    LISTS.contains(&list) && parts.next().is_some() && !path.ends_with(DECIDES)
}

/// Whether it is the whole of one.
fn is_record(path: &str) -> bool {
    path.rsplit_once('/')
        .is_some_and(|(list, _)| !is_in_record(list))
        && is_in_record(path)
}

/// Every place in an answer, from the outside to the inside.
fn walk(value: &Value, path: &mut Path, paths: &mut Vec<Path>) {
    let mut step = |name: &str, value: &Value| {
        let length = path.len();
        path.push('/');
        path.push_str(&name.replace('~', "~0").replace('/', "~1"));
        paths.push(path.clone());
        walk(value, path, paths);
        path.truncate(length);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| step(name, value)),
        Value::Array(items) => {
            let last = items.len().saturating_sub(1);
            let items = items.iter().enumerate();
            let some = items.filter(|(index, _)| *index < ENOUGH || *index == last);
            some.for_each(|(index, value)| step(&index.to_string(), value));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The answer with the value gone, null, or of every other form, and with a member that nobody knows.
fn changes(answer: &Value, path: &str) -> Vec<Value> {
    let forms = [
        Value::Null,
        json!(true),
        json!(-1),
        json!(1e300),
        json!("\u{202e}"),
        json!([]),
        json!([null, 7]),
        json!({}),
        json!({"id": {"id": []}}),
    ];
    let value = answer.pointer(path).unwrap();
    // Another text or number is another value, not another form; so is any where none was told.
    let is_number = |value: &Value| {
        let text = value.as_str().map(str::parse::<f64>);
        value.is_number() || text.is_some_and(|number| number.is_ok())
    };
    let is_same = |form: &Value| match value {
        // A list with nothing in place of a call tells of none.
        Value::Object(_) => form.is_null() && is_record(path),
        Value::Null => true,
        value if is_number(value) => is_number(form),
        value => std::mem::discriminant(value) == std::mem::discriminant(form),
    };
    let mut all: Vec<Value> = forms
        .into_iter()
        .filter(|form| !is_same(form))
        .map(|form| {
            let mut changed = answer.clone();
            *changed.pointer_mut(path).unwrap() = form;
            changed
        })
        .collect();
    let (parent, name) = path.rsplit_once('/').unwrap();
    let mut without = answer.clone();
    if let Some(Value::Object(members)) = without.pointer_mut(parent) {
        members.remove(&name.replace("~1", "/").replace("~0", "~"));
        all.push(without);
    }
    let mut with_more = answer.clone();
    if let Some(Value::Object(members)) = with_more.pointer_mut(path) {
        members.insert("nobody_knows".into(), json!([{"it": 1}]));
        all.push(with_more);
    }
    all
}
