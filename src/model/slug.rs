//! Names made safe for files, keys and environment variables.

use unicode_normalization::UnicodeNormalization;

/// Longest slug, in characters.
const MAX: usize = 63;

/// NFKD, ASCII lower case; runs of anything else become one `-`; trimmed; at most 63 characters.
///
/// `"Zoë & Søn, Inc."` becomes `zoe-s-n-inc`. Empty when the name has no letter or digit that
/// decomposes to ASCII.
pub fn slug(name: &str) -> String {
    let mut slug = String::with_capacity(name.len());
    for character in name
        .nfkd()
        .filter(|c| !unicode_normalization::char::is_combining_mark(*c))
    {
        if character.is_ascii_alphanumeric() {
            slug.push(character.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(MAX);
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn names_become_slugs() {
        for (name, expected) in [
            ("Northwind Robotics", "northwind-robotics"),
            ("  Zoë & Søn, Inc. ", "zoe-s-n-inc"),
            ("Ⅷ ﬁrst", "viii-first"),
            ("--", ""),
        ] {
            assert_eq!(slug(name), expected, "{name}");
        }
        assert_eq!(slug(&"ab ".repeat(60)).len(), 62);
    }
}
