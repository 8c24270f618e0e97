//! Header fields by name: what kind of thing each says.

/// Why a field is there that neither the site's rules nor its files decide.
pub(crate) fn reason(name: &str) -> &'static str {
    match name {
        "etag" => "the bytes of the representation",
        "content-encoding" | "vary" => "negotiation",
        "accept-ranges" | "content-range" => "ranges",
        "content-length" | "date" | "connection" => "framing",
        "location" => "the redirect",
        "allow" => "the methods",
        "cache-control" | "content-type" => "the status",
        _ => "default",
    }
}

/// A field that lets caches keep an answer, which an error must not have.
pub(super) fn is_caching(name: &str) -> bool {
    name.ends_with("cache-control") || matches!(name, "expires" | "surrogate-control")
}

/// A field that describes content: rules are written for the site's files, not for what this program says itself.
pub(super) fn describes_content(name: &str) -> bool {
    matches!(name, "content-type" | "content-disposition" | "content-language" | "content-location")
}
