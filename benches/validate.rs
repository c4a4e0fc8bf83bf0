//! How long it takes to check request files, from a hundred to ten thousand.

use call_import_engine::{
    spec::{self, Source, SourceContent, SupportMatrix},
    workspace,
};
use criterion::{Criterion, criterion_group, criterion_main};
use jiff::civil::date;

const MATRIX: &[u8] = br#"
nightly: {at: "01:17", deadline: 5h, settle_days: 14}
platforms:
  gong: {name: Gong, status: supported, methods: [api], metadata: [title, transcript]}
"#;

fn matrix() -> SupportMatrix {
    spec::load_matrix("matrix.yaml", MATRIX).expect("the matrix has no flaw")
}

fn text(index: usize) -> String {
    format!(
        "customer: Customer {index}\nplatform: gong\nestimated_calls: 5000\nurgency: onboarding\n\
         requested_completion: 2026-12-04\ncredentials:\n  secret: IMPORT_CUSTOMER_{index}_GONG\n\
         period: {{from: 2024-01-01, to: 2026-10-31}}\ninclude: [transcript]\n\
         internal_domains: [customer-{index}.example]\nrequested_by: jane-doe\nnotes: Kick-off is on Monday.\n"
    )
}

fn validate(criterion: &mut Criterion) {
    let matrix = matrix();
    let today = date(2026, 11, 25);
    let sources: Vec<Source> = (0..1_000)
        .map(|index| Source {
            path: format!("requests/customer-{index}.yaml"),
            content: SourceContent::Bytes(text(index).into_bytes()),
        })
        .collect();
    criterion.bench_function("load 1,000 requests", |bencher| {
        bencher.iter(|| spec::load(&sources, &[], &matrix, today));
    });

    for requests in [100, 1_000, 10_000] {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        for index in 0..requests {
            let path = folder.path().join(format!("customer-{index}.yaml"));
            std::fs::write(path, text(index)).expect("the temporary folder can be written");
        }
        criterion.bench_function(&format!("read and load {requests} requests"), |bencher| {
            bencher.iter(|| {
                let workspace = workspace::read(folder.path()).expect("the folder can be read");
                let declared = spec::load(&workspace.sources, &workspace.uploads, &matrix, today);
                assert_eq!(declared.requests.len(), requests);
            });
        });
    }
}

criterion_group!(benches, validate);
criterion_main!(benches);
