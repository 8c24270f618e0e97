//! The pages shown for errors when the site brings none: HTML for people, JSON or plain text for programs.

use actix_web::http::StatusCode;

/// A media type in which an error can be explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorFormat {
    Html,
    Json,
    Text,
}

impl ErrorFormat {
    /// The format that a request with these Accept lines prefers (RFC 9110 §12.5.1). A plain list search is enough
    /// here: whoever can show HTML says so by name.
    pub(crate) fn preferred<'a>(accept: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut format = Self::Text;
        for line in accept {
            let members =
                line.split(|b| *b == b',').map(|member| member.split(|b| *b == b';').next().unwrap_or_default());
            for essence in members.map(<[u8]>::trim_ascii) {
                if essence.eq_ignore_ascii_case(b"text/html") {
                    return Self::Html;
                }
                if essence.eq_ignore_ascii_case(b"application/json") {
                    format = Self::Json;
                }
            }
        }
        format
    }

    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Json => "application/json",
            Self::Text => "text/plain; charset=utf-8",
        }
    }

    /// The page for `status`.
    pub(crate) fn page(self, status: StatusCode) -> String {
        let (code, reason) = (status.as_u16(), status.canonical_reason().unwrap_or("Error"));
        let explanation = explanation(status);
        match self {
            Self::Html => format!(
                "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
                 <meta name=\"viewport\" content=\"width=device-width\">\n\
                 <meta name=\"color-scheme\" content=\"light dark\">\n<title>{code} {reason}</title>\n\
                 <main>\n<h1>{reason}</h1>\n<p>{explanation}</p>\n<p><a href=\"/\">Go to the start page</a></p>\n</main>\n</html>\n"
            ),
            Self::Json => format!("{{\"status\":{code},\"error\":\"{reason}\",\"message\":\"{explanation}\"}}\n"),
            Self::Text => format!("{code} {reason}: {explanation}\n"),
        }
    }
}

/// One sentence for people; no quotes, so that it fits into every format.
fn explanation(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "The request is not valid HTTP.",
        StatusCode::NOT_FOUND => "There is nothing at this address.",
        StatusCode::GONE => "What was at this address is gone for good.",
        StatusCode::METHOD_NOT_ALLOWED => "This site only answers GET, HEAD and OPTIONS.",
        StatusCode::NOT_ACCEPTABLE => "There is no form of this page that the request accepts.",
        StatusCode::PRECONDITION_FAILED => "The page is not the version that the request names.",
        StatusCode::RANGE_NOT_SATISFIABLE => "The page is shorter than the requested range.",
        StatusCode::MISDIRECTED_REQUEST => "This server does not answer for this host.",
        StatusCode::SERVICE_UNAVAILABLE => "The page is just being replaced; try again in a moment.",
        _ => "The request can not be answered.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_get_html_and_programs_what_they_ask_for() {
        for (accept, format) in [
            ("text/html,application/xhtml+xml,*/*;q=0.8", ErrorFormat::Html),
            ("application/json", ErrorFormat::Json),
            ("application/json, TEXT/HTML;q=0.5", ErrorFormat::Html),
            ("*/*", ErrorFormat::Text),
            ("", ErrorFormat::Text),
            (";;,,", ErrorFormat::Text),
        ] {
            assert_eq!(ErrorFormat::preferred([accept.as_bytes()].into_iter()), format, "{accept}");
        }
    }
}
