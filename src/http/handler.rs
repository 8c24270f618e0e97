//! The handler: the steps from a request to its answer.

use actix_web::HttpResponse;
use actix_web::dev::RequestHead;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, Version};

use super::body::{Content, ResponseBody};
use super::error_page::ErrorFormat;
use super::host;
use super::negotiation;
use super::preconditions::{self, Preconditions};
use super::range::{self, Ranges};
use super::respond::{self, Answer, Refusal, Selected, Served};
use crate::site::{Asset, Lookup, TrailingSlash};

/// What the person who serves decides about answers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    /// Navigations to unknown paths get /index.html: the browser routes (`--spa`).
    pub(crate) single_page_application: bool,
    pub(crate) trailing_slash: TrailingSlash,
}

/// Answers requests from a site.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handler {
    options: Options,
}

/// A file of the folder is no longer the one that was baked: ask again with the site as it is now.
#[derive(Debug)]
pub(crate) struct Stale;

impl Handler {
    pub(crate) fn new(options: Options) -> Self {
        Self { options }
    }

    /// Answers a request.
    ///
    /// # Errors
    /// [`Stale`], which only a site from a folder on disk can be.
    pub(crate) fn respond(&self, served: &Served, request: &RequestHead) -> Result<HttpResponse<ResponseBody>, Stale> {
        let answer = self.answer(served, request)?;
        let format = || ErrorFormat::preferred(lines(&request.headers, header::ACCEPT));
        let response = respond::build(served, answer, format);
        Ok(if request.method == Method::HEAD { response.map_body(|_, body| body.without_content()) } else { response })
    }

    fn answer<'a>(&self, served: &'a Served, request: &RequestHead) -> Result<Answer<'a>, Stale> {
        if !has_valid_host(request) {
            return Ok(Answer::Refused(Refusal::BadRequest));
        }
        match request.method {
            Method::GET | Method::HEAD => {}
            Method::OPTIONS => return Ok(Answer::Options),
            _ => return Ok(Answer::Refused(Refusal::MethodNotAllowed)),
        }
        match served.site.lookup(request.uri.path(), self.options.trailing_slash) {
            Lookup::Found(asset) => found(asset, request),
            Lookup::Redirect(path) => Ok(Answer::Redirect(match request.uri.query() {
                Some(query) => format!("{path}?{query}"),
                None => path,
            })),
            Lookup::Unclean(page) => not_found(page, &request.headers),
            Lookup::NotFound(page) => match served.site.application_page() {
                Some(application) if self.routes_in_browser(request) => found(application, request),
                _ => not_found(page, &request.headers),
            },
        }
    }

    /// A navigation, and not to something that looks like a file: a missing script must not become a page.
    fn routes_in_browser(&self, request: &RequestHead) -> bool {
        let name = request.uri.path().rsplit('/').next().unwrap_or_default();
        self.options.single_page_application && !name.contains('.') && is_navigation(&request.headers)
    }
}

/// Selects a representation, evaluates the preconditions, and cuts the ranges.
fn found<'a>(asset: Asset<'a>, request: &RequestHead) -> Result<Answer<'a>, Stale> {
    let headers = &request.headers;
    let coding = negotiation::select(asset.codings(), lines(headers, header::ACCEPT_ENCODING));
    let Some(representation) = coding.and_then(|coding| asset.representation(coding)) else {
        return Ok(Answer::Refused(Refusal::NotAcceptable));
    };
    let entity_tag = representation.entity_tag;
    match preconditions::evaluate(lines(headers, header::IF_MATCH), lines(headers, header::IF_NONE_MATCH), &entity_tag)
    {
        Preconditions::Proceed => {}
        Preconditions::NotModified => return Ok(Answer::NotModified(Selected { asset, representation })),
        Preconditions::Failed => return Ok(Answer::Refused(Refusal::PreconditionFailed { varies: asset.varies() })),
    }
    let length = representation.length;
    let ranges = requested_range(request)
        .filter(|_| {
            headers
                .get(header::IF_RANGE)
                .is_none_or(|value| preconditions::if_range_matches(value.as_bytes(), &entity_tag))
        })
        .map_or(Ranges::Whole, |value| range::resolve(value.as_bytes(), length));
    let content = Content::open(representation.body.clone()).map_err(|_| Stale)?;
    let selected = Selected { asset, representation };
    Ok(match ranges {
        Ranges::Whole => Answer::Whole(selected, content),
        Ranges::Parts(parts) => Answer::Parts(selected, content, parts),
        Ranges::Unsatisfiable => Answer::Refused(Refusal::RangeNotSatisfiable { length, varies: asset.varies() }),
    })
}

/// The Range header, which only GET has (RFC 9110 §14.2) and which must stand alone.
fn requested_range(request: &RequestHead) -> Option<&HeaderValue> {
    let mut values = request.headers.get_all(header::RANGE);
    let first = values.next().filter(|_| request.method == Method::GET)?;
    values.next().is_none().then_some(first)
}

/// An error page is sent in a coding that the client accepts, or plain: it explains more than a 406 would.
fn not_found<'a>(page: Option<Asset<'a>>, headers: &HeaderMap) -> Result<Answer<'a>, Stale> {
    let selected = page.and_then(|asset| {
        let coding = negotiation::select(asset.codings(), lines(headers, header::ACCEPT_ENCODING));
        let representation = asset.representation(coding.unwrap_or(crate::pack::Coding::Identity))?;
        Some(Selected { asset, representation })
    });
    let Some(selected) = selected else { return Ok(Answer::Refused(Refusal::NotFound)) };
    let content = Content::open(selected.representation.body.clone()).map_err(|_| Stale)?;
    Ok(Answer::NotFoundPage(selected, content))
}

/// HTTP/1.1 demands one valid Host (RFC 9112 §3.2); HTTP/2 carries the authority in the target.
fn has_valid_host(request: &RequestHead) -> bool {
    let mut hosts = request.headers.get_all(header::HOST);
    match (hosts.next(), hosts.next()) {
        (Some(value), None) => host::is_valid(value.as_bytes()),
        (None, _) => request.version != Version::HTTP_11,
        (Some(_), Some(_)) => false,
    }
}

/// A browser that goes to a page says so; one that is too old to say so asks for HTML.
fn is_navigation(headers: &HeaderMap) -> bool {
    match headers.get("sec-fetch-mode") {
        Some(mode) => mode == "navigate",
        None => ErrorFormat::preferred(lines(headers, header::ACCEPT)) == ErrorFormat::Html,
    }
}

/// The lines of a header, in order.
fn lines(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &[u8]> {
    headers.get_all(name).map(HeaderValue::as_bytes)
}
