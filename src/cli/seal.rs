//! `call-import seal`: a credential goes in, a block that only the nightly run can open comes out.

use anyhow::anyhow;
use clap::Args;

use super::{
    Common, Exit, Output, Stop, check, credential,
    place::{Place, in_the_history},
    recipients,
};

/// Arguments of `seal`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The request to put it into: its id or its file
    #[arg(value_name = "REQUEST", required_unless_present = "customer")]
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
    /// Catches what clap would repeat in its error: perhaps a credential.
    #[arg(hide = true)]
    surplus: Vec<String>,
}

/// Seals a credential into a request and checks that again, or prints the lines to paste.
pub(super) fn run(arguments: &Arguments, common: &Common, out: &mut Output) -> Result<Exit, Stop> {
    if !arguments.surplus.is_empty() {
        return Err(in_the_history("`seal` takes one request and nothing else."));
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
    let plaintext = credential::read(&place.purpose, place.method, &place.platform)?;
    place.put(&plaintext.seal(&recipients)?, &recipients, common, out)
}
