//! The encoding of rules in a pack: little-endian numbers and texts with their length in front.

/// Writes numbers and texts.
#[derive(Default)]
pub(super) struct Encoder(Vec<u8>);

impl Encoder {
    pub(super) fn number(&mut self, number: u32) -> &mut Self {
        self.0.extend(number.to_le_bytes());
        self
    }

    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.number(u32::try_from(text.len()).unwrap_or(u32::MAX));
        self.0.extend(text.as_bytes());
        self
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// Reads what an [`Encoder`] wrote; nothing where the bytes say something else.
pub(super) struct Decoder<'a>(pub(super) &'a [u8]);

impl<'a> Decoder<'a> {
    pub(super) fn number(&mut self) -> Option<u32> {
        let (chunk, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*chunk))
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        let length = self.number()? as usize;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }
}

/// Encodes the policy files, given as names and text.
pub(crate) fn encode_policy_files(files: &[(String, String)]) -> Vec<u8> {
    let mut encoder = Encoder::default();
    for (name, text) in files {
        encoder.text(name).text(text);
    }
    encoder.finish()
}

/// The names and text of the policy files.
pub(crate) fn decode_policy_files(bytes: &[u8]) -> impl Iterator<Item = (&str, &str)> {
    let mut decoder = Decoder(bytes);
    std::iter::from_fn(move || Some((decoder.text()?, decoder.text()?)))
}
