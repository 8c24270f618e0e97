//! Budgets: what a page and its own assets weigh in the best coding.

use std::fmt;
use std::str::FromStr;

use super::problem::{Finding, Problem};
use super::subject::Subject;

/// A number of bytes, as people write it: `100000`, `100k`, `1.5MB`, `512KiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size(u64);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "k" | "kb" => 1000,
            "kib" => 1 << 10,
            "m" | "mb" => 1_000_000,
            "mib" => 1 << 20,
            _ => return Err(format!("{unit:?} is no unit; write bytes, kB, KiB, MB or MiB, such as 200kB")),
        };
        let number: f64 = number.parse().map_err(|_| "write a size such as 200kB".to_owned())?;
        let bytes = number * factor as f64;
        if (1.0..1e15).contains(&bytes) { Ok(Self(bytes as u64)) } else { Err("write a size such as 200kB".to_owned()) }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes @ 0..1000 => write!(f, "{bytes} B"),
            bytes @ 1000..1_000_000 => write!(f, "{:.1} kB", bytes as f64 / 1e3),
            bytes => write!(f, "{:.1} MB", bytes as f64 / 1e6),
        }
    }
}

/// What files weigh, and which of them a page loads.
#[derive(Default)]
pub(super) struct Weights {
    bytes: Vec<u64>,
    own: Vec<Option<Box<[u32]>>>,
}

impl Weights {
    /// Adds the next file: its bytes in the best coding and, of a page, what it loads; of a style sheet, its imports.
    pub(super) fn add(&mut self, bytes: u64, own: Option<Box<[u32]>>) {
        self.bytes.push(bytes);
        self.own.push(own);
    }

    /// The pages that are over budget.
    pub(super) fn over(&self, budget: Size, subject: &Subject) -> Vec<Problem> {
        let mut problems = Vec::new();
        for page in (0..self.own.len() as u32).filter(|page| is_page(subject.path(*page))) {
            let loaded = self.loaded(page);
            let total: u64 = loaded.iter().map(|file| self.weight(*file)).sum();
            if total > budget.0 {
                let heaviest = loaded.iter().copied().max_by_key(|file| self.weight(*file)).unwrap_or(page);
                let message = format!(
                    "weighs {} with the {} files that it loads, {} over the budget of {budget}; the heaviest is {} with {}",
                    Size(total),
                    loaded.len() - 1,
                    Size(total - budget.0),
                    subject.path(heaviest),
                    Size(self.weight(heaviest)),
                );
                problems.push(Problem::new(subject.path(page), 0, Finding::OverBudget, message));
            }
        }
        problems
    }

    fn weight(&self, file: u32) -> u64 {
        self.bytes.get(file as usize).copied().unwrap_or_default()
    }

    /// The page, what it loads, and what that imports, each once.
    fn loaded(&self, page: u32) -> Vec<u32> {
        let mut loaded = vec![page];
        let mut next = 0;
        while let Some(file) = loaded.get(next).copied() {
            next += 1;
            for own in self.own.get(file as usize).into_iter().flatten().flatten() {
                if !loaded.contains(own) {
                    loaded.push(*own);
                }
            }
        }
        loaded
    }
}

/// The file is a page by its name.
pub(super) fn is_page(path: &str) -> bool {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    ["html", "htm"].iter().any(|page| extension.eq_ignore_ascii_case(page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_written() {
        for (text, bytes) in
            [("100", 100), ("100k", 100_000), ("1.5MB", 1_500_000), ("512 KiB", 524_288), ("1MiB", 1 << 20), ("9b", 9)]
        {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
        for text in ["", "k", "0", "1.2.3k", "-1", "10 furlongs", "1e9", "99999999999999999999MB"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
        assert_eq!([999, 1500, 2_000_000].map(|bytes| Size(bytes).to_string()), ["999 B", "1.5 kB", "2.0 MB"]);
    }

    #[test]
    fn a_page_weighs_what_it_loads_once() {
        let mut weights = Weights::default();
        weights.add(10, Some(Box::new([1, 2])));
        weights.add(100, Some(Box::new([2, 1])));
        weights.add(1000, None);
        assert_eq!(weights.loaded(0), [0, 1, 2]);
    }
}
