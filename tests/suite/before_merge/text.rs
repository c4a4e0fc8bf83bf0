//! The plan comment as people read it, for each verdict, and with texts that would like to be more.

use call_import_engine::{
    plan::{Plan, PlannedImport},
    report::plan::{CheckResult, Files, Proposal, View, markdown},
    spec::{Finding, Severity},
};

use super::{NOW, REQUEST, documents, result};
use crate::{journey::hostile::assert_harmless, support::Scene};

fn files() -> Files {
    Files {
        server: "https://github.example".into(),
        repository: "example/imports".into(),
        commit: "0123456789abcdef0123456789abcdef01234567".into(),
    }
}

/// The comment on a pull request that changes these files.
fn comment(
    scene: &Scene,
    result: &CheckResult,
    changed: &[&str],
    proposal: Proposal<'_>,
) -> String {
    let files = files();
    let changed: Vec<String> = changed.iter().map(|path| (*path).to_owned()).collect();
    let view = View {
        matrix: &scene.matrix,
        findings: &result.findings,
        changed: Some(&changed),
        queue_is_known: result.queue_is_known,
    };
    let proposal = Proposal {
        files: Some(&files),
        ..proposal
    };
    markdown(&result.plan, &view, &proposal)
}

fn told(scene: &Scene, changed: &[&str]) -> String {
    comment(scene, &result(scene), changed, Proposal::default())
}

#[test]
fn every_verdict_comes_first() {
    let mut scene = Scene::new(NOW);
    scene.request("northwind", "Northwind Robotics", "");
    insta::assert_snapshot!("imported", told(&scene, &[REQUEST]));

    scene.request("paused", "Contoso", "suspended: true\n");
    insta::assert_snapshot!("waits", told(&scene, &["requests/paused.yaml"]));

    let broken = "customer: Fabrikam\nplatform: gong\nestimated_calls: 5,000\nurgency: soon\n\
                  requested_completion: 2026-12-04\n";
    scene.write("broken.yaml", broken);
    insta::assert_snapshot!("needs_changes", told(&scene, &["requests/broken.yaml"]));

    let locked = "customer: Adatum\nplatform: gong\nestimated_calls: 5000\nurgency: deal\n\
                  requested_completion: 2026-12-04\n";
    scene.write("locked.yaml", locked);
    insta::assert_snapshot!("needs_credential", told(&scene, &["requests/locked.yaml"]));

    let manual = scene
        .matrix
        .platforms
        .iter()
        .find(|(_, row)| row.alternative.is_some());
    let (platform, _) = manual.expect("a platform that we do not import from");
    let unsupported = format!(
        "customer: Tailspin\nplatform: {platform}\nestimated_calls: 300\nurgency: deal\n\
         requested_completion: 2026-12-04\nmethod: api\n"
    );
    scene.write("unsupported.yaml", &unsupported);
    insta::assert_snapshot!(
        "not_supported",
        told(&scene, &["requests/unsupported.yaml"])
    );

    let all = [
        REQUEST,
        "requests/paused.yaml",
        "requests/broken.yaml",
        "requests/locked.yaml",
        "requests/unsupported.yaml",
    ];
    insta::assert_snapshot!("several", told(&scene, &all));
    insta::assert_snapshot!("none", told(&scene, &[]));
}

#[test]
fn deleted_requests_are_cancelled() {
    let mut scene = Scene::new(NOW);
    scene.request("northwind", "Northwind Robotics", "");
    let deleted = ["requests/gone.yaml".to_owned()];
    let proposal = Proposal {
        deleted: &deleted,
        ..Proposal::default()
    };
    insta::assert_snapshot!(
        "cancels",
        comment(&scene, &result(&scene), &["requests/gone.yaml"], proposal)
    );
    let both = comment(
        &scene,
        &result(&scene),
        &[REQUEST, "requests/gone.yaml"],
        proposal,
    );
    assert!(
        both.contains("**2 requests: 1 will be imported, 1 is cancelled.**"),
        "{both}"
    );
}

#[test]
fn keys_and_checks_that_change_are_a_warning_of_their_own() {
    let scene = Scene::new(NOW);
    let proposal = Proposal {
        recipients: Some("requests/recipients.txt"),
        changes_checks: true,
        ..Proposal::default()
    };
    insta::assert_snapshot!(
        "warnings",
        comment(&scene, &CheckResult::default(), &[], proposal)
    );
}

#[test]
fn no_text_from_outside_acts() {
    let mut scene = Scene::new(NOW);
    scene.request("northwind", "Northwind Robotics", "");
    let (_, plan) = documents(&scene);
    let line = plan["imports"][0].clone();
    let texts = [
        "@everyone @example/leads".to_owned(),
        "a | b |\n|---|---|\n| c | d".to_owned(),
        "<img src=x onerror=alert(1)><details open>".to_owned(),
        "![x](https://evil.example/x.png) [y](https://evil.example)".to_owned(),
        "x".repeat(100_000),
        "safe\u{202e}txt.exe\u{2069}\u{200b}\u{feff}".to_owned(),
        "`` ` ``` #12 GH-12 0a1b2c3d".to_owned(),
        "<!-- check: 0 9999999 1 -->\n::error::x".to_owned(),
    ];
    let mut imports: Vec<PlannedImport> = Vec::new();
    let mut findings = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let mut import: PlannedImport = serde_json::from_value(line.clone()).expect("a line");
        import.request_id = format!("{index}");
        import.path = Some(format!("requests/{index}.yaml"));
        import.customer.clone_from(text);
        import.reason.clone_from(text);
        imports.push(import);
        findings.push(Finding {
            severity: Severity::Warning,
            code: text.clone(),
            path: format!("requests/{index}.yaml"),
            line: usize::MAX,
            column: 0,
            message: text.clone(),
            help: text.clone(),
        });
    }
    for path in [
        "requests/../../../evil/repository.yaml",
        "requests/a|b](https:x).yaml",
    ] {
        let finding = Finding {
            path: path.into(),
            ..findings[0].clone()
        };
        findings.push(Finding {
            severity: Severity::Error,
            ..finding
        });
    }
    let changed: Vec<String> = imports
        .iter()
        .filter_map(|import| import.path.clone())
        .collect();
    let changed: Vec<&str> = changed.iter().map(String::as_str).collect();
    let result = CheckResult {
        plan: Plan {
            imports,
            ..Plan::default()
        },
        queue_is_known: true,
        findings,
    };
    let text = comment(&scene, &result, &changed, Proposal::default());
    assert!(text.chars().count() < 20_000);
    insta::assert_snapshot!("hostile", text);
    for index in 0..texts.len() {
        let alone = format!("requests/{index}.yaml");
        let text = comment(&scene, &result, &[&alone], Proposal::default());
        assert!(text.chars().count() < 20_000, "{index}");
        assert!(!text.contains("\n::"), "{text}");
    }

    // The same where a check says that nothing but the credential is missing.
    let CheckResult {
        mut plan,
        mut findings,
        ..
    } = result;
    for import in &mut plan.imports {
        import.needs_credential = true;
        import.platform.clone_from(&import.customer);
        (import.calls, import.nights) = (u64::MAX, u64::MAX);
    }
    for finding in &mut findings {
        finding.severity = Severity::Error;
        finding.code = "missing-credentials".into();
    }
    let result = CheckResult {
        plan,
        queue_is_known: true,
        findings,
    };
    for (index, foreign) in texts.iter().enumerate() {
        let alone = format!("requests/{index}.yaml");
        let text = comment(&scene, &result, &[&alone], Proposal::default());
        assert!(text.contains("**Needs changes**: the credential"), "{text}");
        assert_harmless(&text, &foreign.chars().take(80).collect::<String>());
    }
}

#[test]
fn however_much_changes_it_stays_short() {
    let mut scene = Scene::new(NOW);
    for index in 0..150 {
        let customer = format!("Customer with a long and honest name, number {index}");
        scene.request(&format!("request-{index}"), &customer, "unknown_key: x\n");
    }
    let paths: Vec<String> = (0..150)
        .map(|index| format!("requests/request-{index}.yaml"))
        .collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let text = told(&scene, &paths);
    assert!(text.len() < 20_000, "{}", text.len());
    assert!(
        text.contains("**150 requests: 150 need changes.**"),
        "{text}"
    );
    assert!(text.contains("more imports without room here."), "{text}");
    assert!(
        text.contains("more findings; the check shows all"),
        "{text}"
    );
}
