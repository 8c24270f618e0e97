//! Metrics: what is counted while the server runs, in the text that Prometheus reads.

mod tally;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

use super::access_log::AccessLog;
use super::drain::DrainSwitch;
use super::live::Live;
use super::tls::Tls;
pub(crate) use tally::{Kind, Rejection, Tally};

/// What the metrics tell about that is counted elsewhere.
pub(crate) struct Sources {
    /// The way in which the pack reached the server.
    pub(crate) carrier: String,
    pub(crate) live: Live,
    pub(crate) tls: Option<Tls>,
    pub(crate) log: Option<AccessLog>,
    pub(crate) drain: DrainSwitch,
}

/// The metrics of this process. Cloning shares them.
#[derive(Clone)]
pub(crate) struct Metrics {
    shared: Arc<Shared>,
}

struct Shared {
    started: SystemTime,
    sources: Sources,
    /// One for each worker thread and listening address; those of threads that ended keep their counts.
    tallies: Mutex<Vec<Arc<Tally>>>,
}

impl Metrics {
    pub(crate) fn new(sources: Sources) -> Self {
        Self { shared: Arc::new(Shared { started: SystemTime::now(), sources, tallies: Mutex::default() }) }
    }

    /// A tally for the thread that calls.
    pub(crate) fn tally(&self) -> Arc<Tally> {
        let tally = Arc::new(Tally::default());
        self.shared.tallies.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&tally));
        tally
    }

    /// The metrics as OpenMetrics 1.0 has them.
    ///
    /// # Errors
    /// None that can happen: a `String` takes every text.
    pub(crate) fn open_metrics(&self) -> Result<String, fmt::Error> {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Arc::clone(&self.shared)));
        let mut text = String::new();
        text::encode(&mut text, &registry)?;
        Ok(text)
    }

    /// The metrics in Prometheus's own text format (version 0.0.4).
    ///
    /// # Errors
    /// None that can happen.
    pub(crate) fn prometheus_text(&self) -> Result<String, fmt::Error> {
        Ok(classic(&self.open_metrics()?))
    }
}

/// OpenMetrics names a counter without the `_total` of its samples, has units, and an end; the older format does not.
fn classic(open_metrics: &str) -> String {
    let mut text = String::new();
    let mut lines = open_metrics.lines().peekable();
    while let Some(line) = lines.next() {
        let comment = line.strip_prefix("# ").and_then(|comment| comment.split_once(' '));
        let next = lines.peek().copied().unwrap_or_default();
        let line = match comment {
            Some(("UNIT", _)) => continue,
            _ if line == "# EOF" => continue,
            Some(("HELP", rest)) if next.ends_with(" counter") => {
                format!("# HELP {}", rest.replacen(' ', "_total ", 1))
            }
            Some(("TYPE", rest)) if rest.ends_with(" counter") => {
                format!("# TYPE {}", rest.replacen(' ', "_total ", 1))
            }
            _ => line.to_owned(),
        };
        text.push_str(&line);
        text.push('\n');
    }
    text
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

type Encoded = Result<(), fmt::Error>;

impl Collector for Shared {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Encoded {
        let tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner).clone();
        requests(&mut encoder, &tallies)?;
        durations(&mut encoder, &tallies)?;
        connections(&mut encoder, &tallies, self.sources.drain.open())?;
        self.reloads(&mut encoder)?;
        self.certificates(&mut encoder)?;
        self.process(&mut encoder)
    }
}

fn sum(tallies: &[Arc<Tally>], count: impl Fn(&Tally) -> u64) -> u64 {
    tallies.iter().fold(0, |sum, tally| sum.wrapping_add(count(tally)))
}

fn counter(metric: &mut MetricEncoder<'_>, labels: &[(&'static str, String)], value: u64) -> Encoded {
    ConstCounter::new(value).encode(metric.encode_family(&labels)?)
}

fn gauge(metric: &mut MetricEncoder<'_>, labels: &[(&'static str, String)], value: u64) -> Encoded {
    ConstGauge::new(value).encode(metric.encode_family(&labels)?)
}

fn requests(encoder: &mut DescriptorEncoder<'_>, tallies: &[Arc<Tally>]) -> Encoded {
    let help = "Requests that were answered, by the status, the content coding and the protocol of the response.";
    let mut metric = encoder.encode_descriptor("site_http_requests", help, None, MetricType::Counter)?;
    for kind in Kind::all() {
        let count = sum(tallies, |tally| tally.requests(kind));
        if count > 0 || kind.is_plain() {
            counter(&mut metric, &kind.labels(), count)?;
        }
    }
    let help = "Requests that were refused before they reached the site: malformed, too large, or too slow. They are \
                among the requests that were answered.";
    let mut metric = encoder.encode_descriptor("site_http_refusals", help, None, MetricType::Counter)?;
    for place in 0..tally::PLACES {
        let count = sum(tallies, |tally| tally.refusals(place));
        if count > 0 || tally::is_refusal(place) {
            counter(&mut metric, &tally::status_labels(place)[1..], count)?;
        }
    }
    let help = "Bytes of content that were handed to connections; heads and the frames of TLS are not counted.";
    let name = "site_http_response_content";
    let metric = encoder.encode_descriptor(name, help, Some(&Unit::Bytes), MetricType::Counter)?;
    ConstCounter::new(sum(tallies, |tally| tally.bytes.get())).encode(metric)
}

fn durations(encoder: &mut DescriptorEncoder<'_>, tallies: &[Arc<Tally>]) -> Encoded {
    let bounds = tally::BOUNDS.iter().map(|bound| bound.as_secs_f64()).chain([f64::INFINITY]);
    let counts = (0..=tally::BOUNDS.len()).map(|bound| sum(tallies, |tally| tally.durations[bound].get()));
    let buckets: Vec<_> = bounds.zip(counts).collect();
    let count = buckets.iter().map(|(_, count)| count).sum();
    let seconds = sum(tallies, |tally| tally.nanoseconds.get()) as f64 / 1e9;
    let help = "Time from a request's head to the last byte of its response being handed to the connection.";
    let name = "site_http_request_duration";
    let mut metric = encoder.encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Histogram)?;
    metric.encode_histogram::<NoLabelSet>(seconds, count, &buckets, None)
}

fn connections(encoder: &mut DescriptorEncoder<'_>, tallies: &[Arc<Tally>], open: usize) -> Encoded {
    let help = "Connections that are open.";
    let metric = encoder.encode_descriptor("site_connections_open", help, None, MetricType::Gauge)?;
    ConstGauge::new(open as u64).encode(metric)?;
    let help = "Connections that were accepted, those that were then rejected included.";
    let metric = encoder.encode_descriptor("site_connections_accepted", help, None, MetricType::Counter)?;
    ConstCounter::new(sum(tallies, |tally| tally.accepted.get())).encode(metric)?;
    let help = "Connections that ended before a request: the address has too many (address_limit), a trusted proxy \
                began without a header (proxy_header), or no TLS could be agreed on (tls_handshake).";
    let mut metric = encoder.encode_descriptor("site_connections_rejected", help, None, MetricType::Counter)?;
    for (place, reason) in tally::REJECTIONS.iter().enumerate() {
        let count = sum(tallies, |tally| tally.rejected[place].get());
        counter(&mut metric, &[("reason", (*reason).to_owned())], count)?;
    }
    Ok(())
}

impl Shared {
    fn reloads(&self, encoder: &mut DescriptorEncoder<'_>) -> Encoded {
        let Sources { live, tls, log, .. } = &self.sources;
        let help = "Times that the site, the certificates or the access log's file were replaced while the process runs \
                    (success), or should have been but stayed as they were (failure).";
        let mut metric = encoder.encode_descriptor("site_reloads", help, None, MetricType::Counter)?;
        let tls = tls.as_ref().map(|tls| tls.reloads());
        let log = log.as_ref().map(AccessLog::reloads);
        for (subject, reloads) in [("site", Some(live.reloads())), ("certificates", tls), ("access_log", log)] {
            let counts =
                reloads.into_iter().flat_map(|reloads| ["success", "failure"].into_iter().zip(reloads.counts()));
            for (result, count) in counts {
                counter(&mut metric, &[("subject", subject.to_owned()), ("result", result.to_owned())], count)?;
            }
        }
        let Some(log) = &self.sources.log else { return Ok(()) };
        let help = "Lines of the access log that were dropped, as they came faster than they could be written.";
        let metric = encoder.encode_descriptor("site_access_log_dropped_lines", help, None, MetricType::Counter)?;
        ConstCounter::new(log.dropped()).encode(metric)
    }

    fn certificates(&self, encoder: &mut DescriptorEncoder<'_>) -> Encoded {
        let Some(tls) = &self.sources.tls else { return Ok(()) };
        let help = "The moment after which nobody accepts the certificate for a name.";
        let name = "site_certificate_expiry_timestamp";
        let mut metric = encoder.encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Gauge)?;
        for (name, end) in tls.expiries() {
            let end = end.duration_since(UNIX_EPOCH).unwrap_or_default();
            gauge(&mut metric, &[("name", name)], end.as_secs())?;
        }
        Ok(())
    }

    fn process(&self, encoder: &mut DescriptorEncoder<'_>) -> Encoded {
        let pack = self.sources.live.current().site.pack().hash().to_string();
        let help = "1, labelled by what is served: the version, the pack's hash, and its carrier.";
        let mut metric = encoder.encode_descriptor("site_build_info", help, None, MetricType::Gauge)?;
        let version = ("version", env!("CARGO_PKG_VERSION").to_owned());
        gauge(&mut metric, &[version, ("pack", pack), ("carrier", self.sources.carrier.clone())], 1)?;
        let started = self.started.duration_since(UNIX_EPOCH).unwrap_or_default();
        let help = "The moment at which the process began to serve.";
        let metric = encoder.encode_descriptor("process_start_time", help, Some(&Unit::Seconds), MetricType::Gauge)?;
        ConstGauge::new(started.as_secs_f64()).encode(metric)
    }
}

#[cfg(test)]
mod tests {
    use super::classic;

    #[test]
    fn older_format_names_counters_as_their_samples() {
        let open_metrics = "# HELP a_bytes What counter.\n# TYPE a_bytes counter\n# UNIT a_bytes bytes\na_bytes_total 1\n\
                            # HELP b A gauge.\n# TYPE b gauge\nb{c=\"# EOF\"} 2\n# EOF\n";
        let expected = "# HELP a_bytes_total What counter.\n# TYPE a_bytes_total counter\na_bytes_total 1\n\
                        # HELP b A gauge.\n# TYPE b gauge\nb{c=\"# EOF\"} 2\n";
        assert_eq!(classic(open_metrics), expected);
    }
}
