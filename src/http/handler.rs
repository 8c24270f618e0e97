//! The handler: the steps from a request to its answer.

use std::sync::Arc;

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
use super::respond::{self, Answer, Refusal, Selected, Writing};
use super::secure::SecureHosts;
use super::served::Served;
use crate::pack::Coding;
use crate::rule::Field;
use crate::site::{Asset, Lookup, Owner, Trace, TrailingSlash};

/// What the person who serves decides about answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    /// Navigations to unknown paths get /index.html: the browser routes (`--spa`).
    pub(crate) single_page_application: bool,
    pub(crate) trailing_slash: TrailingSlash,
    /// Requests are answered with a redirect to https, for these hosts only (`--redirect-http`).
    pub(crate) secure_hosts: Option<Arc<SecureHosts>>,
    /// The value of Strict-Transport-Security, for a site that sets none (`--hsts`); only over TLS.
    pub(crate) strict_transport_security: Option<HeaderValue>,
}

/// Answers requests from a site.
#[derive(Clone, Debug)]
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
        self.explain(served, request, &mut Trace::off())
    }

    /// Answers a request and notes in `trace` how the answer came about.
    ///
    /// # Errors
    /// [`Stale`], which only a site from a folder on disk can be.
    pub(crate) fn explain(
        &self,
        served: &Served,
        request: &RequestHead,
        trace: &mut Trace,
    ) -> Result<HttpResponse<ResponseBody>, Stale> {
        let path = request.uri.path();
        let writing = Writing { layer: served.layer(path), rules: &served.site, path };
        let answer = self.answer(&writing, request, trace)?;
        let format = || ErrorFormat::preferred(lines(&request.headers, header::ACCEPT));
        let response = respond::build(&writing, answer, format, trace);
        let response = match &self.options.strict_transport_security {
            Some(value) => respond::strictly(response, value),
            None => response,
        };
        Ok(if request.method == Method::HEAD { response.map_body(|_, body| body.without_content()) } else { response })
    }

    fn answer<'a>(&self, writing: &Writing<'a>, request: &RequestHead, trace: &mut Trace) -> Result<Answer<'a>, Stale> {
        if !has_valid_host(request) {
            trace.note("host", || "the Host header is missing, repeated or malformed".into());
            return Ok(Answer::Refused(Refusal::BadRequest));
        }
        if let Some(hosts) = &self.options.secure_hosts {
            return Ok(match hosts.location(request) {
                Some(location) => Answer::Redirect(308, location),
                None => Answer::Refused(Refusal::Misdirected),
            });
        }
        match request.method {
            Method::GET | Method::HEAD => {}
            Method::OPTIONS => return Ok(Answer::Options),
            _ => {
                trace.note("method", || format!("{} has no meaning for files", request.method));
                return Ok(Answer::Refused(Refusal::MethodNotAllowed));
            }
        }
        let (path, query, site) = (writing.path, request.uri.query(), &writing.layer.site);
        match site.lookup(path, query, self.options.trailing_slash, trace) {
            Lookup::Found(asset) if std::ptr::eq(site, writing.rules) => found(asset, None, request, trace),
            Lookup::Found(asset) => {
                let fields = writing.rules.fields_elsewhere(&asset, Owner::Overlay, path);
                found(asset, fields, request, trace)
            }
            Lookup::Rewritten(asset) => elsewhere(asset, writing, request, trace),
            Lookup::Fallback { application, .. } if routes_in_browser(&application, request, trace) => {
                elsewhere(application, writing, request, trace)
            }
            Lookup::Fallback { page, .. } => error_page(404, page, writing, request, trace),
            Lookup::Redirect { status, location } => Ok(Answer::Redirect(status, location)),
            Lookup::Error { status, page } => error_page(status, page, writing, request, trace),
            Lookup::Unclean(page) => error_page(404, page, writing, request, trace),
            Lookup::NotFound(page) => match site.application_page() {
                Some(application)
                    if self.options.single_page_application && routes_in_browser(&application, request, trace) =>
                {
                    elsewhere(application, writing, request, trace)
                }
                _ => error_page(404, page, writing, request, trace),
            },
        }
    }
}

/// A navigation, and not to something that looks like a file: a missing script must not become a page.
fn routes_in_browser(application: &Asset<'_>, request: &RequestHead, trace: &mut Trace) -> bool {
    let name = request.uri.path().rsplit('/').next().unwrap_or_default();
    if name.contains('.') {
        trace.note("file", || format!("{name} looks like a file, so no application's page answers for it"));
        return false;
    }
    let navigation = is_navigation(&request.headers);
    if navigation {
        trace.note_from("file", || (application.path().to_owned(), "answers, as this is a navigation".to_owned()));
    } else {
        trace
            .note("file", || "not a navigation (Sec-Fetch-Mode, else Accept), so no application's page answers".into());
    }
    navigation
}

/// An asset that answers at another address than its own.
fn elsewhere<'a>(
    asset: Asset<'a>,
    writing: &Writing<'a>,
    request: &RequestHead,
    trace: &mut Trace,
) -> Result<Answer<'a>, Stale> {
    let fields = writing.rules.fields_elsewhere(&asset, Owner::Site, writing.path);
    found(asset, fields, request, trace)
}

/// Selects a representation, evaluates the preconditions, and cuts the ranges.
fn found<'a>(
    asset: Asset<'a>,
    fields: Option<Vec<Field>>,
    request: &RequestHead,
    trace: &mut Trace,
) -> Result<Answer<'a>, Stale> {
    let headers = &request.headers;
    let coding = negotiation::select(asset.codings(), lines(headers, header::ACCEPT_ENCODING), trace);
    let Some(representation) = coding.and_then(|coding| asset.representation(coding)) else {
        return Ok(Answer::Refused(Refusal::NotAcceptable));
    };
    let entity_tag = representation.entity_tag;
    let verdict =
        preconditions::evaluate(lines(headers, header::IF_MATCH), lines(headers, header::IF_NONE_MATCH), &entity_tag);
    trace.note("precondition", || verdict.explanation().to_owned());
    match verdict {
        Preconditions::Proceed => {}
        Preconditions::NotModified => return Ok(Answer::NotModified(Selected { asset, representation, fields })),
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
    trace.note("range", || ranges.explanation(length));
    let content = Content::open(representation.body.clone()).map_err(|_| Stale)?;
    let selected = Selected { asset, representation, fields };
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
fn error_page<'a>(
    status: u16,
    page: Option<Asset<'a>>,
    writing: &Writing<'a>,
    request: &RequestHead,
    trace: &mut Trace,
) -> Result<Answer<'a>, Stale> {
    let refusal = if status == 410 { Refusal::Gone } else { Refusal::NotFound };
    let Some(asset) = page else {
        trace.note("file", || "the site has no page for this error, so a built-in one answers".into());
        return Ok(Answer::Refused(refusal));
    };
    trace.note_from("file", || (asset.path().to_owned(), format!("the page for status {status}")));
    let accept = lines(&request.headers, header::ACCEPT_ENCODING);
    let coding = negotiation::select(asset.codings(), accept, trace).unwrap_or(Coding::Identity);
    let Some(representation) = asset.representation(coding) else { return Ok(Answer::Refused(refusal)) };
    let content = Content::open(representation.body.clone()).map_err(|_| Stale)?;
    let fields = writing.rules.fields_elsewhere(&asset, Owner::Site, writing.path);
    Ok(Answer::ErrorPage(status, Selected { asset, representation, fields }, content))
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
