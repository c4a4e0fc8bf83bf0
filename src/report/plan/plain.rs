//! The plan for a terminal.

use comfy_table::{Table, presets};

use super::{
    View, files,
    verdict::{Quote, held_reason, sentences},
};
use crate::{
    model::words::day,
    plan::{Action, Plan, PlannedImport},
    report::text::{clean, grouped, inline},
};

pub(super) const QUOTE: Quote = Quote {
    name: inline,
    sentence: clean,
};

/// The verdict in the first line, a table of the imports, and why each held one is held.
pub fn plain(plan: &Plan, view: &View<'_>) -> String {
    let imports = view.imports_todo_first(plan);
    let sentences = sentences(plan, &imports, view, QUOTE);
    let mut text = sentences.join("\n") + "\n";
    if !view.queue_is_known {
        text.push_str(
            "This is without tonight's queue: what waits or is under way is not known here.\n",
        );
    }
    if !imports.is_empty() {
        text.push('\n');
        text.push_str(&table(&imports, view));
    }
    text.push_str(&held(&imports, view));
    for import in imports {
        if let Some(files) = files::plain(import) {
            text.push_str(&format!(
                "\nIn the files of {}: {files}\n",
                inline(&import.request_id)
            ));
        }
    }
    text
}

/// The action comes first, so that nothing from outside begins a line.
fn table(imports: &[&PlannedImport], view: &View<'_>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header([
        "ACTION",
        "REQUEST",
        "CUSTOMER",
        "FROM",
        "CALLS",
        "REQUESTS",
        "NIGHTS",
        "DONE BY",
        "ASKED FOR",
        "IN TIME",
    ]);
    for import in imports {
        let dash = || "–".to_owned();
        let name = |text: &str| {
            Some(inline(text))
                .filter(|name| !name.is_empty())
                .unwrap_or_else(dash)
        };
        let number = |number: u64| if number == 0 { dash() } else { grouped(number) };
        table.add_row([
            action(import.action).to_owned(),
            inline(&import.request_id),
            name(&import.customer),
            name(&view.source(import)),
            number(import.calls),
            number(import.requests),
            number(import.nights),
            import.expected_completion.map_or_else(dash, day),
            import.requested_completion.map_or_else(dash, day),
            import
                .in_time
                .map_or_else(dash, |in_time| yes_no(in_time).to_owned()),
        ]);
    }
    table
        .lines()
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect()
}

fn held(imports: &[&PlannedImport], view: &View<'_>) -> String {
    let mut held = imports
        .iter()
        .filter(|import| import.action == Action::Hold)
        .map(|import| {
            let id = inline(&import.request_id);
            let reason = held_reason(import, view, QUOTE);
            format!("  - {id}: {reason}\n")
        })
        .peekable();
    if held.peek().is_none() {
        return String::new();
    }
    "\nHeld:\n".to_owned() + &held.collect::<String>()
}

pub(super) const fn action(action: Action) -> &'static str {
    match action {
        Action::Import => "import",
        Action::Hold => "hold",
        Action::None => "none",
    }
}

pub(super) const fn yes_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}
