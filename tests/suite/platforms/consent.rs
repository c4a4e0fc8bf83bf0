//! The nights of platforms that customers also consent on: the same calls, and one request more for the token.
//! Zoom's own nights are of this kind.

use std::time::Duration;

use simulator::{
    Demo, fathom,
    faults::{Fault, Rule},
    gong, grain,
    oauth::TOKEN,
};

use super::nights::{self, Night};

/// A night by key, lived through by consent.
fn by_consent(demo: Demo, night: Night) -> Night {
    Night {
        demo,
        lines: "method: oauth\n",
        // A token is refused before its time.
        mishap: || {
            Rule::new(Fault::status(401))
                .when(|entry| entry.endpoint != TOKEN)
                .skip(12)
                .once()
        },
        // A new one.
        mishap_costs: 1,
        // The token that has just come proves nothing.
        refused_after: 2,
        ..night
    }
}

/// Its limit makes a night longer than an hour. Here its tokens last for all of it, so that one is enough.
const FATHOM: Demo = Demo {
    config: |population, limits, media| {
        let (mut config, credential) = (fathom::CONSENTED.config)(population, limits, media);
        let app = config.oauth.as_mut().expect("it has an app");
        app.life = Duration::from_secs(24 * 3600);
        (config, credential)
    },
    ..fathom::CONSENTED
};

fn consented() -> [Night; 3] {
    use super::{
        fathom::spent::night as by_fathom, gong::spent::night as by_gong,
        grain::spent::night as by_grain,
    };
    [
        Night {
            planned: |listed, population| 1 + (by_gong().planned)(listed, population),
            ..by_consent(gong::CONSENTED, by_gong())
        },
        Night {
            planned: |listed, population| 1 + (by_grain().planned)(listed, population),
            ..by_consent(grain::CONSENTED, by_grain())
        },
        // fathom.md section 9, plan B: apps may not list transcripts, so each recording costs a request.
        Night {
            planned: |listed, population| {
                1 + (by_fathom().planned)(listed, population) + listed.calls
            },
            told: super::fathom::told_by_consent,
            ..by_consent(FATHOM, by_fathom())
        },
    ]
}

#[tokio::test]
async fn a_quiet_night_costs_the_planned_requests_and_a_token() {
    for night in consented() {
        nights::quiet(&night).await;
    }
}

#[tokio::test]
async fn a_bad_night_brings_every_call_once() {
    for night in consented() {
        nights::bad(&night).await;
    }
}

#[test]
fn an_empty_account_is_told_as_such() {
    for night in consented() {
        nights::empty(&night);
    }
}

#[test]
fn a_fresh_token_that_is_refused_is_not_renewed() {
    for night in consented() {
        nights::refused(&night);
    }
}
