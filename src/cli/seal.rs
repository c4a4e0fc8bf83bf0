//! `call-import seal`: a credential goes in, a block that only the nightly run can open comes out.

use std::io::{self, IsTerminal as _};

use anyhow::anyhow;
use clap::Args;

use super::{
    Common, Exit, Output, Stop, check, credential,
    output::tell,
    place::{Place, in_the_history},
    prove::{Proof, Verdict},
    recipients,
    reconcile::{PlatformUrl, platform_url},
    rotate,
};
use crate::platforms;

/// Arguments of `seal`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The request to put it into: its id or its file
    #[arg(value_name = "REQUEST", required_unless_present_any = ["customer", "rotate"])]
    request: Option<String>,
    /// Change no file: print the lines for a request of this customer, named as there
    #[arg(
        long,
        value_name = "NAME",
        requires = "platform",
        conflicts_with = "request"
    )]
    customer: Option<String>,
    /// The platform, by its key or its name
    #[arg(long, value_name = "PLATFORM", requires = "customer")]
    platform: Option<String>,
    /// Ask the platform whether it takes the credential, and how many calls it sees, before sealing it
    #[arg(long)]
    prove: bool,
    /// Seal all credentials anew to the present keys, after these have changed; needs the secret key in
    /// CALL_IMPORT_IDENTITY
    #[arg(long, conflicts_with_all = ["request", "customer", "prove"])]
    rotate: bool,
    /// Prove it at another scheme, host and port, for simulators and proxies
    #[arg(long, value_name = "NAME=URL", value_parser = platform_url, requires = "prove")]
    platform_url: Option<PlatformUrl>,
    /// Catches what clap would repeat in its error: perhaps a credential.
    #[arg(hide = true)]
    surplus: Vec<String>,
}

/// Seals a credential into a request and checks that again, or prints the lines to paste.
pub(super) fn run(arguments: &Arguments, common: &Common, out: &mut Output) -> Result<Exit, Stop> {
    if !arguments.surplus.is_empty() {
        return Err(in_the_history("`seal` takes one request and nothing else."));
    }
    if arguments.rotate {
        return rotate::run(common, out);
    }
    let matrix = check::matrix(common)?;
    let recipients = recipients::load(common)?;
    let place = match (&arguments.request, &arguments.customer, &arguments.platform) {
        (Some(request), _, _) => match Place::of_request(request, &matrix, common, out)? {
            Ok(place) => place,
            Err(exit) => return Ok(exit),
        },
        (None, Some(customer), Some(platform)) => Place::of_customer(customer, platform, &matrix)?,
        (None, _, _) => {
            return Err(Stop::with(
                Exit::Usage,
                anyhow!("Name a request, or `--customer` and `--platform`."),
            ));
        }
    };
    tell_of_consent(&place);
    let plaintext = credential::read(&place.purpose, place.method, &place.platform)?;
    let sealed = plaintext.seal(&recipients)?;
    if arguments.prove {
        let proof = Proof {
            key: &place.purpose.platform,
            name: &place.platform,
            method: place.method,
            options: place.options(&sealed, &matrix),
            replacement: arguments.platform_url.as_ref(),
        };
        if proof.carry_out(&plaintext)? == Verdict::Refused {
            return Ok(Exit::NeedsSomebody);
        }
    }
    place.put(&sealed, &recipients, common, out)
}

/// Nobody at a terminal has what a consent gives; a script may have kept it.
fn tell_of_consent(place: &Place) {
    let platform = &place.purpose.platform;
    if io::stdin().is_terminal() && platforms::asks_for_consent(platform, place.method) {
        tell(&format!(
            "note: Customers of {} consent in a browser, and `call-import authorize {platform} REQUEST` seals what \
             comes of it.\n",
            place.platform
        ));
    }
}
