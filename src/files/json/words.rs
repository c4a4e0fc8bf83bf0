//! Schemas of the words of the model, which knows nothing of schemas.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use crate::model::{
    Affiliation, CallKind, Direction, DurationSource, Granularity, MediaKind, MediaState,
    Precision, Role, Scope, TranscriptState,
};

macro_rules! schemas {
    ($($name:ident: $words:ident, $optional:literal;)+) => {
        $(pub(super) fn $name(_: &mut SchemaGenerator) -> Schema {
            let words = $words::ALL.iter().map(|word| Value::from(word.as_str()));
            let null = $optional.then_some(Value::Null);
            let words: Vec<Value> = words.chain(null).collect();
            json_schema!({"enum": words})
        })+
    };
}

schemas! {
    kind: CallKind, true;
    direction: Direction, true;
    scope: Scope, true;
    precision: Precision, true;
    duration_source: DurationSource, true;
    role: Role, true;
    affiliation: Affiliation, true;
    granularity: Granularity, true;
    media_kind: MediaKind, false;
    media_state: MediaState, true;
    transcript_state: TranscriptState, true;
}
