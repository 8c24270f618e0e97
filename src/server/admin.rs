//! The admin listener: whether the server lives, whether it wants requests, and its metrics; on addresses of its own, so
//! that no path of the site is taken.

use std::io;

use actix_web::dev::Server;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};

use super::drain::DrainSwitch;
use super::listen::Listener;
use super::metrics::Metrics;

/// Connections that may be open: probes and scrapers are few, and must not take the site's file descriptors.
const MAX_CONNECTIONS: usize = 32;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
const PLAIN_TEXT: &str = "text/plain; charset=utf-8";

/// What the endpoints tell about.
#[derive(Clone)]
struct State {
    metrics: Metrics,
    drain: DrainSwitch,
}

/// Starts to answer on a thread of its own.
///
/// # Errors
/// A socket that can't be served.
pub(crate) fn start(listeners: Vec<Listener>, metrics: Metrics, drain: DrainSwitch) -> io::Result<Server> {
    let state = State { metrics, drain };
    let app = move || {
        let get = |path| web::resource(path).app_data(web::Data::new(state.clone()));
        App::new()
            .service(get("/livez").route(web::get().to(live)).route(web::head().to(live)))
            .service(get("/readyz").route(web::get().to(ready)).route(web::head().to(ready)))
            .service(get("/metrics").route(web::get().to(metrics_text)).route(web::head().to(metrics_text)))
            .default_service(web::to(nothing))
    };
    let mut server = HttpServer::new(app).workers(1).max_connections(MAX_CONNECTIONS).disable_signals();
    for listener in listeners {
        server = match listener {
            Listener::Tcp(listener) => server.listen(listener),
            Listener::Unix(listener) => server.listen_uds(listener),
        }?;
    }
    Ok(server.run())
}

fn answer(status: StatusCode, content_type: &'static str, text: String) -> HttpResponse {
    let mut response = HttpResponse::with_body(status, actix_web::body::BoxBody::new(text));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The process runs.
async fn live() -> HttpResponse {
    answer(StatusCode::OK, PLAIN_TEXT, "alive\n".to_owned())
}

/// The server wants new connections; not from the signal on that ends it, though it still answers.
async fn ready(state: web::Data<State>) -> HttpResponse {
    if state.drain.is_announced() {
        let text = format!("not ready: the server is stopping, connections open: {}\n", state.drain.open());
        return answer(StatusCode::SERVICE_UNAVAILABLE, PLAIN_TEXT, text);
    }
    answer(StatusCode::OK, PLAIN_TEXT, "ready\n".to_owned())
}

/// OpenMetrics for those who ask for it, and else what every scraper reads.
async fn metrics_text(state: web::Data<State>, request: HttpRequest) -> HttpResponse {
    let accept = request.headers().get_all(header::ACCEPT).filter_map(|accept| accept.to_str().ok());
    let (text, content_type) = if accept.flat_map(|accept| accept.split(',')).any(accepts_open_metrics) {
        (state.metrics.open_metrics(), OPEN_METRICS)
    } else {
        (state.metrics.prometheus_text(), PROMETHEUS_TEXT)
    };
    match text {
        Ok(text) => answer(StatusCode::OK, content_type, text),
        Err(_) => answer(StatusCode::INTERNAL_SERVER_ERROR, PLAIN_TEXT, "the metrics can't be written\n".to_owned()),
    }
}

/// A member of Accept takes version 1 of OpenMetrics; scrapers name several versions.
fn accepts_open_metrics(member: &str) -> bool {
    let mut parameters = member.split(';').map(str::trim);
    let is_open_metrics =
        parameters.next().is_some_and(|name| name.eq_ignore_ascii_case("application/openmetrics-text"));
    let refused = |parameter: &str| match parameter.split_once('=') {
        Some((name, value)) if name.eq_ignore_ascii_case("q") => value.parse() == Ok(0.0),
        Some((name, value)) if name.eq_ignore_ascii_case("version") => !value.starts_with("1."),
        _ => false,
    };
    is_open_metrics && !parameters.any(refused)
}

async fn nothing() -> HttpResponse {
    let text = "There are /livez, /readyz and /metrics here.\n".to_owned();
    answer(StatusCode::NOT_FOUND, PLAIN_TEXT, text)
}

#[cfg(test)]
mod tests {
    use super::accepts_open_metrics;

    #[test]
    fn open_metrics_is_for_those_who_ask_for_it() {
        for member in
            ["application/openmetrics-text", " Application/OpenMetrics-Text ; version=1.0.0;charset=utf-8;q=0.5"]
        {
            assert!(accepts_open_metrics(member), "{member}");
        }
        for member in [
            "",
            "*/*",
            "text/plain;version=0.0.4",
            "application/openmetrics-text;q=0",
            "application/openmetrics-text;version=0.0.1",
        ] {
            assert!(!accepts_open_metrics(member), "{member}");
        }
    }
}
