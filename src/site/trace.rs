//! The trace of a request: which steps led to its answer, written down when somebody asks (`site explain`).

use crate::rule::Field;

/// A step that was taken, or was not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// Which part of the work it belongs to: `path`, `rule`, `file`, `coding`, `precondition`, `range`.
    pub(crate) part: &'static str,
    /// The line or file that decided.
    pub(crate) source: Option<String>,
    pub(crate) text: String,
}

/// The steps of a request so far. One that nobody asked for stays empty and costs nothing.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    wanted: bool,
    steps: Vec<Step>,
    /// The fields that the site's policy decided, with who set them.
    fields: Vec<Field>,
}

impl Trace {
    /// A trace that stays empty.
    pub(crate) fn off() -> Self {
        Self::default()
    }

    pub(crate) fn on() -> Self {
        Self { wanted: true, ..Self::default() }
    }

    /// Somebody will read it.
    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted
    }

    /// Notes a step.
    pub(crate) fn note(&mut self, part: &'static str, text: impl FnOnce() -> String) {
        if self.wanted {
            self.steps.push(Step { part, source: None, text: text() });
        }
    }

    /// Notes a step that a line or a file decided.
    pub(crate) fn note_from(&mut self, part: &'static str, what: impl FnOnce() -> (String, String)) {
        if self.wanted {
            let (source, text) = what();
            self.steps.push(Step { part, source: Some(source), text });
        }
    }

    /// Notes fields that the answer gets.
    pub(crate) fn note_fields(&mut self, fields: impl FnOnce() -> Vec<Field>) {
        if self.wanted {
            self.fields.extend(fields());
        }
    }

    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    pub(crate) fn fields(&self) -> &[Field] {
        &self.fields
    }
}
