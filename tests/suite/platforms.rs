//! What every platform owes the engine, written once and run over the catalog.
//!
//! A platform of the catalog that is not in [`HELD`] and [`NIGHTS`] fails by its name. To join:
//!
//! 1. Record answers under `tests/fixtures/<key>/`: invented, in the platform's own form, with all the variety that
//!    it may send (fields nobody knows, nulls, numbers as ids, duplicates, unreadable records). At least two pages
//!    of a listing, its transcripts, and where recordings are copied, what is answered about them. Write SECRET into
//!    everything that must never be recorded: signed links and tokens.
//! 2. Where the platform describes its API in machine-readable form, write what it says about the requests in
//!    use to `tests/fixtures/<key>/requests.json` (the form stands at [`laws::requests_are_as_described`]).
//! 3. Write `platforms/<key>.rs` with `fixtures()` as in `gong.rs`: which answer belongs to which request, and what
//!    must come out. A platform that works differently by API key and by OAuth has fixtures for each. `hold!();`
//!    makes them tests.
//! 4. In the same file write `night()`: the simulator, the request plan's formula, and what must be recorded of each
//!    of its calls. `spend!();` makes it tests.
//! 5. A request under `tests/demo/requests/` imports what the simulator serves by default.
//!
//! `cargo test --test suite platforms::gong` runs everything for one platform, but for its night with the real
//! program, which all platforms spend together.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod changes;
mod drift;
mod fixtures;
mod laws;
pub(crate) mod nights;
mod replay;
mod saved;
mod times;

mod avoma;
mod chorus;
mod consent;
pub(crate) mod fathom;
mod fireflies;
pub(crate) mod gong;
mod grain;
mod tldv;
pub(crate) mod zoom;

use std::collections::BTreeSet;

use call_import_engine::platforms;

use simulator::company::{DEMO_CALLS, DEMO_FROM, DEMO_TO};

use crate::support;
use fixtures::Fixtures;
use nights::Night;

/// A platform's key, and what its file brings.
type Member<T> = (&'static str, fn() -> T);

/// Platforms that are held to the laws.
const HELD: &[Member<Vec<Fixtures>>] = &[
    ("avoma", avoma::held::fixtures),
    ("chorus", chorus::held::fixtures),
    ("fathom", fathom::held::fixtures),
    ("fireflies", fireflies::held::fixtures),
    ("gong", gong::held::fixtures),
    ("grain", grain::held::fixtures),
    ("tldv", tldv::held::fixtures),
    ("zoom", zoom::held::fixtures),
];

/// Platforms whose simulated nights are lived through.
const NIGHTS: &[Member<Night>] = &[
    ("avoma", avoma::spent::night),
    ("chorus", chorus::spent::night),
    ("fathom", fathom::spent::night),
    ("fireflies", fireflies::spent::night),
    ("gong", gong::spent::night),
    ("grain", grain::spent::night),
    ("tldv", tldv::spent::night),
    ("zoom", zoom::spent::night),
];

#[test]
fn every_platform_is_held_to_the_laws_and_has_its_nights() {
    let catalog: BTreeSet<&str> = platforms::catalog().map(|(key, _)| key).collect();
    let held: BTreeSet<&str> = HELD.iter().map(|(key, _)| *key).collect();
    let spent: BTreeSet<&str> = NIGHTS.iter().map(|(key, _)| *key).collect();
    assert_eq!(held, catalog, "platforms with fixtures, and the catalog");
    assert_eq!(spent, catalog, "platforms with nights, and the catalog");
    for (key, fixtures) in HELD {
        let fixtures = fixtures();
        assert!(!fixtures.is_empty(), "{key} has no fixtures");
        assert!(fixtures.iter().all(|fixtures| fixtures.platform == *key));
        laws::every_method_of_the_matrix_is_there(key, &fixtures);
    }
}

/// Side by side: after each failure the program really waits.
#[test]
fn the_real_program_survives_a_bad_night_of_every_platform() {
    std::thread::scope(|scope| {
        for (key, night) in NIGHTS {
            let named = std::thread::Builder::new().name((*key).to_owned());
            let lived = named.spawn_scoped(scope, || nights::program(&night()));
            lived.unwrap();
        }
    });
}

/// `cargo run -p simulator -- gong` names a request that imports what it serves.
#[test]
fn every_simulator_has_a_request_to_try_it_with() {
    for (key, night) in NIGHTS {
        assert_eq!(night().demo.key, *key);
        let path = support::root().join(format!("tests/demo/requests/demo-{key}.yaml"));
        let request = std::fs::read_to_string(path);
        let request = request.unwrap_or_else(|error| panic!("demo-{key}.yaml: {error}"));
        for line in [
            format!("platform: {key}"),
            format!("  secret: IMPORT_DEMO_{}", key.to_uppercase()),
            format!("estimated_calls: {DEMO_CALLS}"),
            format!("period: {{from: {DEMO_FROM}, to: {DEMO_TO}}}"),
        ] {
            assert!(request.lines().any(|own| own == line), "{key}: {line}");
        }
    }
}
