//! The archive that holds an image, in one of the two forms that tools read.

use std::io::{self, Write};

use anyhow::{Context, Result};
use serde::Serialize;
use tar::Builder;

use super::Contents;
use super::document::{self, Description};
use super::layer::{self, Measure, Measured};

/// The form of an image's archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// An OCI image layout.
    Oci,
    /// What `docker load` reads.
    Docker,
}

/// The list of images in a docker archive.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DockerImage {
    config: String,
    repo_tags: Vec<String>,
    layers: Vec<String>,
}

/// Writes the image of an executable. The layer is made twice: an archive names a blob by its digest before its bytes.
///
/// # Errors
/// Those of the file and of the output, an executable for a processor that has no name.
pub(crate) fn write(contents: &Contents<'_>, description: &Description, format: Format, out: impl Write) -> Result<()> {
    let mut measure = Measure::default();
    layer::write(contents, description.seconds, &mut measure).context("reading the executable")?;
    let layer = measure.finish();
    let configuration = document::configuration(&contents.executable, &layer, description)?;
    let mut archive = Archive { tar: Builder::new(out), seconds: description.seconds };
    match format {
        Format::Oci => archive.oci(contents, description, &configuration, &layer)?,
        Format::Docker => archive.docker(contents, description, &configuration, &layer)?,
    }
    archive.tar.into_inner()?.flush()?;
    Ok(())
}

struct Archive<W: Write> {
    tar: Builder<W>,
    seconds: u64,
}

impl<W: Write> Archive<W> {
    fn oci(
        &mut self,
        contents: &Contents<'_>,
        description: &Description,
        configuration: &[u8],
        layer: &Measured,
    ) -> Result<()> {
        let manifest = document::manifest(&Measure::of(configuration), layer)?;
        let index = document::index(&contents.executable, &Measure::of(&manifest), &description.reference)?;
        self.file("oci-layout", &document::layout()?)?;
        self.file("index.json", &index)?;
        for blob in [&manifest[..], configuration] {
            self.file(&format!("blobs/sha256/{}", Measure::of(blob).digest), blob)?;
        }
        self.layer(&format!("blobs/sha256/{}", layer.digest), contents, layer)?;
        Ok(())
    }

    fn docker(
        &mut self,
        contents: &Contents<'_>,
        description: &Description,
        configuration: &[u8],
        layer: &Measured,
    ) -> Result<()> {
        let image = DockerImage {
            config: format!("{}.json", Measure::of(configuration).digest),
            repo_tags: vec![description.reference.clone()],
            layers: vec![format!("{}.tar", layer.digest)],
        };
        self.file("manifest.json", &document::json(&[&image])?)?;
        self.file(&image.config, configuration)?;
        self.layer(&image.layers[0], contents, layer)?;
        Ok(())
    }

    fn file(&mut self, path: &str, bytes: &[u8]) -> io::Result<()> {
        self.tar.append_data(&mut layer::header(bytes.len() as u64, 0o644, self.seconds), path, bytes)
    }

    fn layer(&mut self, path: &str, contents: &Contents<'_>, layer: &Measured) -> io::Result<()> {
        let mut entry = layer::header(layer.length, 0o644, self.seconds);
        entry.set_path(path)?;
        entry.set_cksum();
        let out = self.tar.get_mut();
        out.write_all(entry.as_bytes())?;
        // The layer is an archive itself: a whole number of blocks, so nothing follows it.
        layer::write(contents, self.seconds, out)
    }
}
