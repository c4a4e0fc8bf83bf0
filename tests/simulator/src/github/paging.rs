//! Pages and the `Link` header: <https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api>.

use std::collections::HashMap;

use axum::{extract::Query, http::Uri};

const DEFAULT: usize = 30;
const LARGEST: usize = 100;

/// What the query of a list asks for.
pub(super) struct Paging {
    parameters: HashMap<String, String>,
    per_page: usize,
    page: usize,
}

impl Paging {
    pub(super) fn parse(uri: &Uri) -> Self {
        let parameters: HashMap<String, String> = Query::try_from_uri(uri)
            .map(|Query(map)| map)
            .unwrap_or_default();
        // As on GitHub, what is no number or too small is as if it were not there.
        let number = |name| {
            let text: Option<&String> = parameters.get(name);
            text.and_then(|text| text.parse().ok())
                .filter(|number: &usize| *number > 0)
        };
        Self {
            per_page: number("per_page").unwrap_or(DEFAULT).min(LARGEST),
            page: number("page").unwrap_or(1),
            parameters,
        }
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// The items of the page.
    pub(super) fn cut<'a, T>(&self, items: &'a [T]) -> &'a [T] {
        let from = (self.page - 1)
            .saturating_mul(self.per_page)
            .min(items.len());
        &items[from..items.len().min(from + self.per_page)]
    }

    /// The `Link` header for so many items; nothing if they fit on one page.
    pub(super) fn links(
        &self,
        items: usize,
        link: impl Fn(&str, usize) -> String,
    ) -> Option<String> {
        let last = items.div_ceil(self.per_page).max(1);
        let mut links = Vec::new();
        if self.page > 1 {
            links.push(("prev", (self.page - 1).min(last)));
        }
        if self.page < last {
            links.extend([("next", self.page + 1), ("last", last)]);
        }
        if self.page > 1 {
            links.push(("first", 1));
        }
        let links: Vec<_> = links
            .into_iter()
            .map(|(relation, page)| format!("<{}>; rel=\"{relation}\"", link(relation, page)))
            .collect();
        (!links.is_empty()).then(|| links.join(", "))
    }
}

/// A query with another page number.
pub(super) fn turn(query: Option<&str>, page: usize) -> String {
    let others = query.unwrap_or_default().split('&');
    let mut parts: Vec<String> = others
        .filter(|part| !part.is_empty() && !part.starts_with("page="))
        .map(Into::into)
        .collect();
    parts.push(format!("page={page}"));
    parts.join("&")
}
