//! A small world to plan in: Gong with 5,000 requests a night, and the night of Wed 2 Dec 2026.

use std::collections::BTreeMap;

use call_import_engine::{
    model::{ApiUsage, Checkpoint, ImportRecord, MediaCounts, Method, Phase, WhoseTurn, Window},
    plan::{Inputs, Observed, Plan, PlannedImport, plan},
    spec::{
        Basics, Credentials, Declared, ImportRequest, Include, InvalidRequest, SupportMatrix,
        Urgency,
    },
};
use jiff::{Timestamp, civil::date};

/// Start of the night in which every scene begins.
pub(super) const NIGHT: &str = "2026-12-02T01:17:00Z";

pub(super) struct Scene {
    pub(super) declared: Declared,
    pub(super) matrix: SupportMatrix,
    pub(super) observed: Observed,
    pub(super) now: Timestamp,
}

impl Scene {
    pub(super) fn new(requests: impl IntoIterator<Item = ImportRequest>) -> Self {
        Self {
            declared: Declared {
                requests: requests.into_iter().collect(),
                ..Declared::default()
            },
            matrix: matrix(),
            observed: Observed::default(),
            now: at(NIGHT),
        }
    }

    pub(super) fn record(mut self, record: ImportRecord) -> Self {
        self.observed
            .imports
            .insert(record.request_id.clone(), record);
        self
    }

    pub(super) fn invalid(mut self, invalid: InvalidRequest) -> Self {
        self.declared.invalid.push(invalid);
        self
    }

    pub(super) fn inputs(&self) -> Inputs<'_> {
        Inputs {
            declared: &self.declared,
            matrix: &self.matrix,
            observed: &self.observed,
            now: self.now,
            night: self.now,
            only: None,
            skip: &[],
            media: true,
        }
    }

    pub(super) fn plan(&self) -> Plan {
        plan(&self.inputs())
    }

    /// Records what the plan changes, as a run does before any work. Listing of another digest is
    /// forgotten with it.
    pub(super) fn apply(&mut self, plan: &Plan) {
        for change in &plan.changes {
            let id = &change.request_id;
            let before = self.observed.imports.insert(id.clone(), change.clone());
            if before.is_some_and(|before| before.digest != change.digest) {
                self.observed.checkpoints.remove(id);
            }
        }
    }
}

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

pub(super) fn matrix() -> SupportMatrix {
    serde_yaml::from_str(
        r#"
nightly: {at: "01:17", deadline: 5h, settle_days: 14}
platforms:
  gong:
    name: Gong
    status: supported
    methods: [api, oauth, file]
    metadata: [title, participants, duration, transcript]
    rate_limits:
      - {requests: 3, per: second}
      - {requests: 10000, per: day}
    can: ["Read and search the full transcript."]
    cannot: ["Scorecards and comments made in Gong."]
  dialpad:
    name: Dialpad
    status: manual_upload
    methods: [file]
    alternative: "Export the transcripts and use `method: file`."
"#,
    )
    .expect("a support matrix")
}

/// 5,000 calls of a Gong account, three years back, wanted by Fri 4 Dec 2026.
pub(super) fn request(id: &str) -> ImportRequest {
    ImportRequest {
        id: id.into(),
        path: format!("requests/{id}.yaml"),
        customer: format!("Customer {id}"),
        platform: "gong".into(),
        account: id.into(),
        method: Method::Api,
        estimated_calls: 5_000,
        urgency: Urgency::Onboarding,
        requested_completion: date(2026, 12, 4),
        credentials: Some(Credentials::Secret(format!("IMPORT_{id}_GONG"))),
        files: vec![],
        remote_files: vec![],
        from: Some(date(2024, 1, 1)),
        to: Some(date(2026, 10, 31)),
        include: vec![Include::Transcript],
        options: serde_json::Map::new(),
        internal_domains: vec![],
        requested_by: None,
        suspended: false,
        notes: None,
    }
}

/// The row of `request(id)` in a phase, begun the night before.
pub(super) fn recorded(request: &ImportRequest, phase: Phase) -> ImportRecord {
    let finished = matches!(
        phase,
        Phase::Completed | Phase::CompletedWithFailures | Phase::NoCallsFound
    );
    let calls = match phase {
        Phase::Queued | Phase::NoCallsFound | Phase::Unsupported => 0,
        Phase::Completed | Phase::CompletedWithFailures => 5_000,
        _ => 3_200,
    };
    let failed = if phase == Phase::CompletedWithFailures {
        10
    } else {
        0
    };
    let yesterday = at("2026-12-01T01:20:00Z");
    ImportRecord {
        request_id: request.id.clone(),
        digest: request.digest(),
        customer: request.customer.clone(),
        platform: request.platform.clone(),
        account: request.account.clone(),
        method: request.method,
        phase,
        whose_turn: match phase {
            Phase::NeedsCredentials => WhoseTurn::Customer,
            Phase::NeedsAttention => WhoseTurn::Engineering,
            Phase::Retrying | Phase::Delayed => WhoseTurn::Platform,
            Phase::Queued | Phase::Importing | Phase::Suspended | Phase::Cancelled => {
                WhoseTurn::Nobody
            }
            _ => WhoseTurn::Cs,
        },
        reason: None,
        calls_listed: calls,
        calls_imported: calls - failed,
        calls_failed: failed,
        transcripts_imported: calls - failed,
        transcripts_pending: 0,
        media: MediaCounts::default(),
        requests_sent: 111,
        requested_completion: Some(request.requested_completion),
        promised_completion: Some(date(2026, 12, 2)),
        expected_completion: Some(date(2026, 12, 2)),
        credential_fingerprint: request.credential_fingerprint(),
        pull_request: Some(7),
        first_seen_at: yesterday,
        started_at: (phase != Phase::Queued).then_some(yesterday),
        finished_at: finished.then_some(yesterday),
        failing_since: (phase == Phase::Retrying).then_some(yesterday),
        next_attempt_at: None,
        updated_at: yesterday,
    }
}

pub(super) fn invalid(request: &ImportRequest, error: &str) -> InvalidRequest {
    InvalidRequest {
        lacks_credential: None,
        id: request.id.clone(),
        path: request.path.clone(),
        basics: Some(Basics {
            customer: request.customer.clone(),
            platform: request.platform.clone(),
            account: request.account.clone(),
            method: request.method,
        }),
        unsupported: None,
        error: error.into(),
    }
}

pub(super) fn checkpoint(
    from: jiff::civil::Date,
    to: jiff::civil::Date,
    listed: i64,
) -> Checkpoint {
    Checkpoint {
        window: Window { from, to },
        cursor: None,
        listed,
        done: true,
    }
}

pub(super) fn used(account: &str, hour: &str, requests: i64) -> ApiUsage {
    ApiUsage {
        platform: "gong".into(),
        account: account.into(),
        class: "light".into(),
        bucket_start: at(hour),
        requests,
    }
}

/// The plan's line of an import.
pub(super) fn line<'a>(plan: &'a Plan, id: &str) -> &'a PlannedImport {
    let mut lines = plan.imports.iter();
    lines
        .find(|import| import.request_id == id)
        .expect("the import is planned")
}

/// The rows that a plan changes, by id.
pub(super) fn changes(plan: &Plan) -> BTreeMap<&str, &ImportRecord> {
    let changes = plan.changes.iter();
    changes
        .map(|record| (record.request_id.as_str(), record))
        .collect()
}
