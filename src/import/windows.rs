//! Which days are listed next: the newest that are not listed yet, in stretches that end before their
//! cursor does.

use jiff::{ToSpan, civil::Date};

use crate::{
    model::{Period, Window},
    platforms::Traits,
};

/// A window whose size is known, fully or from the platform's own count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) window: Window,
    pub(super) calls: i64,
}

/// The newest stretch of `period` that no window of `covered` holds. What the neighbour held
/// (`newest_neighbour`) tells how long it may be.
pub(super) fn next(
    period: Period,
    covered: &[Window],
    neighbour: Option<Seen>,
    traits: &Traits,
) -> Option<Window> {
    let whole = period.window();
    let to = newest_uncovered_end(whole, covered)?;
    let floor = covered
        .iter()
        .map(|window| window.to)
        .filter(|end| *end < to)
        .max()
        .unwrap_or(whole.from);
    let from = to
        .saturating_sub(days(traits, neighbour).days())
        .max(floor)
        .max(whole.from);
    Some(Window { from, to })
}

/// Days that may be listed at once, when the calls lie as densely as in the neighbour.
fn days(traits: &Traits, neighbour: Option<Seen>) -> i64 {
    match neighbour {
        Some(seen) if seen.calls > 0 => {
            let fitting = traits.window_calls.saturating_mul(seen.window.days()) / seen.calls;
            fitting.clamp(1, traits.window_days)
        }
        _ => traits.window_days,
    }
}

fn newest_uncovered_end(whole: Window, covered: &[Window]) -> Option<Date> {
    let mut end = whole.to;
    let mut sorted: Vec<Window> = covered.to_vec();
    sorted.sort_by_key(|window| std::cmp::Reverse(window.to));
    for window in sorted {
        if window.to >= end {
            end = end.min(window.from);
        }
    }
    (end > whole.from).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn traits(window_days: i64) -> Traits {
        Traits {
            window_days,
            ..crate::platforms::connector("gong")
                .expect("Gong is in the catalog")
                .traits()
        }
    }

    #[test]
    fn dense_neighbours_make_narrow_windows() {
        let period = Period {
            from: date(2026, 1, 1),
            to: date(2026, 12, 31),
        };
        let first = next(period, &[], None, &traits(90)).expect("a window");
        assert_eq!((first.days(), first.to), (90, date(2027, 1, 1)));
        let seen = Seen {
            window: first,
            calls: 18_000,
        };
        let second = next(period, &[first], Some(seen), &traits(90)).expect("a window");
        assert_eq!((second.days(), second.to), (10, first.from));
    }

    proptest! {
        /// Whatever was listed before, the windows cover every day once, newest first within each gap.
        #[test]
        fn windows_cover_every_day_once(length in 1_i64..800, window_days in 1_i64..120, gap in 0_i64..800) {
            let from = date(2024, 1, 1);
            let period = Period { from, to: from.saturating_add((length - 1).days()) };
            let listed = from.saturating_add(gap.min(length - 1).days());
            let mut covered = vec![Window { from: listed, to: listed.saturating_add(1.days()) }];
            while let Some(window) = next(period, &covered, None, &traits(window_days)) {
                prop_assert!(window.days() >= 1 && window.days() <= window_days);
                covered.push(window);
            }
            prop_assert_eq!(covered.iter().map(|window| window.days()).sum::<i64>(), length);
            covered.sort();
            prop_assert!(covered.windows(2).all(|pair| pair[0].to == pair[1].from));
        }
    }
}
