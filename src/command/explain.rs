//! `site explain`: how a request would be answered, and why.

use std::sync::Arc;

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::RequestHead;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, Uri};
use anyhow::{Context, Result, anyhow, ensure};
use serde::Serialize;

use super::opened::{self, Opened};
use super::print;
use crate::cli::Explain;
use crate::http::{Handler, Served, reason};
use crate::rule::encode_written;
use crate::site::Trace;

/// An answer and how it came about.
#[derive(Debug, Serialize)]
struct Explanation {
    method: String,
    target: String,
    status: u16,
    reason: &'static str,
    /// Bytes of content.
    length: u64,
    steps: Vec<Step>,
    headers: Vec<Field>,
}

#[derive(Debug, Serialize)]
struct Step {
    part: &'static str,
    source: Option<String>,
    text: String,
}

#[derive(Debug, Serialize)]
struct Field {
    name: String,
    value: String,
    set_by: String,
}

/// Explains the answer to a request.
///
/// # Errors
/// A request that can't be written, a site that can't be opened.
pub(crate) fn explain(flags: Explain) -> Result<()> {
    let request = request(&flags)?;
    let Opened { carried, overlay, options } = opened::open(flags.answers)?;
    let served = Served::new(carried.site).under(overlay.map(|overlay| Arc::new(Served::new(overlay))));
    let mut trace = Trace::on();
    let response = Handler::new(options)
        .explain(&served, &request, &mut trace)
        .map_err(|_| anyhow!("the file has just been replaced; ask again"))?;
    let length = match response.body().size() {
        BodySize::Sized(length) => length,
        BodySize::None | BodySize::Stream => 0,
    };
    let steps =
        trace.steps().iter().map(|step| Step { part: step.part, source: step.source.clone(), text: step.text.clone() });
    let mut headers: Vec<Field> = response.headers().iter().map(|(name, value)| field(&trace, name, value)).collect();
    let set_by = reason("content-length").to_owned();
    headers.push(Field { name: "content-length".to_owned(), value: length.to_string(), set_by });
    headers.sort_by(|a, b| a.name.cmp(&b.name));
    let explanation = Explanation {
        method: request.method.to_string(),
        target: request.uri.to_string(),
        status: response.status().as_u16(),
        reason: response.status().canonical_reason().unwrap_or_default(),
        length,
        steps: steps.collect(),
        headers,
    };
    print(&if flags.json { serde_json::to_string_pretty(&explanation)? + "\n" } else { text(&explanation) })
}

/// The request that the flags describe.
fn request(flags: &Explain) -> Result<RequestHead> {
    let path = flags.path.split('#').next().unwrap_or_default();
    ensure!(path.starts_with('/'), "{}: the path begins with a slash, like /about", flags.path);
    let mut request = RequestHead::default();
    request.uri = encode_written(path).parse::<Uri>().with_context(|| format!("{path} can't be asked for"))?;
    request.method = Method::from_bytes(flags.method.as_bytes())
        .with_context(|| format!("--method {}: this is no method; write one like GET", flags.method))?;
    for line in &flags.headers {
        let problem = || format!("--header {line}: write it like 'Accept-Encoding: gzip'");
        let (name, value) = line.split_once(':').with_context(problem)?;
        let name = HeaderName::from_bytes(name.trim().as_bytes()).with_context(problem)?;
        request.headers.append(name, HeaderValue::from_str(value.trim()).with_context(problem)?);
    }
    if !request.headers.contains_key(header::HOST) {
        request.headers.insert(header::HOST, HeaderValue::from_static("localhost"));
    }
    Ok(request)
}

/// A field of the answer with who set it.
fn field(trace: &Trace, name: &HeaderName, value: &HeaderValue) -> Field {
    let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
    let decided = trace.fields().iter().find(|field| field.name == name.as_str() && field.value == value);
    let set_by = decided.map_or_else(|| reason(name.as_str()).to_owned(), |field| field.origin.to_string());
    Field { name: name.to_string(), value, set_by }
}

/// The explanation for people.
fn text(explanation: &Explanation) -> String {
    let Explanation { method, target, status, reason, length, steps, headers } = explanation;
    let mut text = format!("{method} {target}\n{status} {reason}, {length} bytes\n\nwhy\n");
    for Step { part, source, text: why } in steps {
        let source = source.as_ref().map_or_else(String::new, |source| format!("{source}: "));
        text += &format!("  {part:<12}  {source}{why}\n");
    }
    let name_width = headers.iter().map(|field| field.name.len()).max().unwrap_or_default();
    let who_width = headers.iter().map(|field| field.set_by.len()).max().unwrap_or_default();
    text += "\nheaders, with who set them\n";
    for Field { name, value, set_by } in headers {
        text += &format!("  {set_by:<who_width$}  {name:<name_width$}  {value}\n");
    }
    text
}
