//! Planning 10,000 requests: half of them new, half recorded, four imports to an account.

use std::hint::black_box;

use call_import_engine::{
    model::{Method, Phase},
    plan::{Inputs, Observed, plan},
    spec::{Credentials, Declared, ImportRequest, Include, SupportMatrix, Urgency},
};
use criterion::{Criterion, criterion_group, criterion_main};
use jiff::{ToSpan as _, civil::date};

const REQUESTS: u32 = 10_000;

fn request(index: u32) -> ImportRequest {
    let urgencies = [Urgency::Deal, Urgency::Onboarding, Urgency::Retention];
    ImportRequest {
        id: format!("request-{index:05}"),
        path: format!("requests/request-{index:05}.yaml"),
        customer: format!("Customer {index}"),
        platform: "gong".into(),
        account: format!("account-{}", index / 4),
        method: Method::Api,
        estimated_calls: u64::from(index) * 17 % 400_000,
        urgency: urgencies[index as usize % 3],
        requested_completion: date(2026, 12, 2).saturating_add(i64::from(index % 60).days()),
        credentials: Some(Credentials::Sealed(format!("block {index}"))),
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

fn plan_many(criterion: &mut Criterion) {
    let matrix: SupportMatrix = serde_yaml::from_str(
        r#"
nightly: {at: "01:17", deadline: 5h, settle_days: 14}
platforms:
  gong:
    name: Gong
    status: supported
    methods: [api]
    rate_limits: [{requests: 3, per: second}, {requests: 10000, per: day}]
"#,
    )
    .expect("a support matrix");
    let declared = Declared {
        requests: (0..REQUESTS).map(request).collect(),
        ..Declared::default()
    };
    let now = "2026-12-02T01:17:00Z".parse().expect("an instant");
    let nothing = Observed::default();
    let inputs = |observed| Inputs {
        declared: &declared,
        matrix: &matrix,
        observed,
        now,
        night: now,
        only: None,
        media: true,
        skip: &[],
    };
    let first = plan(&inputs(&nothing));
    let under_way = first.changes.into_iter().step_by(2).map(|mut record| {
        record.phase = Phase::Importing;
        record.started_at = Some(now);
        record
    });
    let observed = under_way.collect();
    criterion.bench_function("plan 10,000 requests", |bencher| {
        bencher.iter(|| plan(black_box(&inputs(&observed))));
    });
}

criterion_group!(benches, plan_many);
criterion_main!(benches);
