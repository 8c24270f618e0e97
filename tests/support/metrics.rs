//! Metrics as a scraper reads them, by the rules of Prometheus's text format.

use std::collections::{BTreeMap, BTreeSet};

/// The samples of one scrape, by their names with labels as they are written.
#[derive(Debug)]
pub(crate) struct Metrics {
    samples: BTreeMap<String, f64>,
}

impl Metrics {
    /// Reads the text; each sample must belong to a metric with a help text and a type, and be there once.
    pub(crate) fn parse(text: &str) -> Self {
        let (mut samples, mut helped, mut typed) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        assert!(text.ends_with('\n'), "the last line has an end");
        for line in text.lines() {
            if let Some(comment) = line.strip_prefix("# ") {
                let (keyword, rest) = comment.split_once(' ').unwrap_or((comment, ""));
                let (name, text) = rest.split_once(' ').expect("a name and a text");
                let first = match keyword {
                    "HELP" => text.len() > 10 && helped.insert(name),
                    "TYPE" => matches!(text, "counter" | "gauge" | "histogram") && typed.insert(name),
                    _ => false,
                };
                assert!(first, "{line}");
                continue;
            }
            let (series, value) = line.rsplit_once(' ').expect("a value");
            let name = series.split('{').next().expect("a name");
            let stem = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
            let known = |name| helped.contains(name) && typed.contains(name);
            assert!(known(name) || stem.is_some_and(known), "{line}");
            let value = value.parse().unwrap_or_else(|_| panic!("not a number: {line}"));
            assert!(samples.insert(series.to_owned(), value).is_none(), "twice: {series}");
        }
        Self { samples }
    }

    /// The value of a sample, written as `name{label="value"}`.
    #[track_caller]
    pub(crate) fn value(&self, series: &str) -> f64 {
        *self.samples.get(series).unwrap_or_else(|| panic!("no {series} in {:#?}", self.samples))
    }

    /// The sum of all samples of a name whose labels hold this text.
    pub(crate) fn sum(&self, name: &str, label: &str) -> f64 {
        self.of(name).filter(|(series, _)| series.contains(label)).map(|(_, value)| value).sum()
    }

    /// The samples of a name.
    pub(crate) fn of(&self, name: &str) -> impl Iterator<Item = (&str, f64)> {
        let labelled = format!("{name}{{");
        let samples = self.samples.iter().map(|(series, value)| (series.as_str(), *value));
        samples.filter(move |(series, _)| series.starts_with(&labelled) || labelled.strip_suffix('{') == Some(series))
    }
}
