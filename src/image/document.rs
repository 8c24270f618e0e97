//! The documents of an image: its configuration and its manifest.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context, Result};
use oci_spec::image::{
    Arch, ConfigBuilder, Descriptor, DescriptorBuilder, HistoryBuilder, ImageConfigurationBuilder, ImageIndexBuilder,
    ImageManifestBuilder, MediaType, OciLayoutBuilder, Os, Platform, PlatformBuilder, RootFsBuilder, Sha256Digest,
};
use serde::Serialize;

use super::layer::{Measured, PATH};
use crate::packfile::Executable;

/// How long a health check may take before its container counts as ill.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(10);

/// What people decide about an image.
pub(crate) struct Description {
    /// The name by which it is loaded: `name:tag`.
    pub(crate) reference: String,
    /// When it was made, in seconds since 1970.
    pub(crate) seconds: u64,
    pub(crate) labels: Vec<(String, String)>,
}

/// Writes a document with its keys in order: equal images have equal bytes.
///
/// # Errors
/// None that these documents can have.
pub(crate) fn json(document: &impl Serialize) -> Result<Vec<u8>> {
    Ok(serde_json::to_vec(&serde_json::to_value(document)?)?)
}

/// The name of the processor for which the executable is.
fn platform(executable: &Executable) -> Result<Platform> {
    let (architecture, variant) = executable.architecture().context("no container platform has this processor")?;
    let mut platform = PlatformBuilder::default().os(Os::Linux).architecture(Arch::from(architecture));
    if let Some(variant) = variant {
        platform = platform.variant(variant);
    }
    Ok(platform.build()?)
}

/// The image's configuration: how a container of it is started.
///
/// # Errors
/// An executable for a processor that has no name.
pub(crate) fn configuration(executable: &Executable, layer: &Measured, description: &Description) -> Result<Vec<u8>> {
    let strings = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let created = timestamp(description.seconds)?;
    let config = ConfigBuilder::default()
        .user("65532:65532")
        .exposed_ports(strings(&["80/tcp"]))
        .entrypoint(strings(&[&format!("/{PATH}")]))
        .cmd(strings(&["serve", "--listen-on", "0.0.0.0:80"]))
        .labels(labels(description, &created))
        .build()?;
    let (architecture, variant) = executable.architecture().context("no container platform has this processor")?;
    let diff_id = format!("sha256:{}", layer.digest);
    let history = HistoryBuilder::default().created(created.clone()).created_by("site image").build()?;
    let mut configuration = ImageConfigurationBuilder::default()
        .created(created)
        .architecture(Arch::from(architecture))
        .os(Os::Linux)
        .config(config)
        .rootfs(RootFsBuilder::default().typ("layers").diff_ids(vec![diff_id]).build()?)
        .history(vec![history]);
    if let Some(variant) = variant {
        configuration = configuration.variant(variant);
    }
    let mut configuration = serde_json::to_value(configuration.build()?)?;
    configuration["config"]["Healthcheck"] = health_check();
    json(&configuration)
}

/// How Docker and podman find out whether a container of the image works; the OCI's document leaves the name to them.
fn health_check() -> serde_json::Value {
    let nanoseconds = HEALTH_TIMEOUT.as_nanos() as u64;
    serde_json::json!({ "Test": ["CMD", format!("/{PATH}"), "health"], "Timeout": nanoseconds })
}

fn labels(description: &Description, created: &str) -> HashMap<String, String> {
    let title = description.reference.rsplit('/').next().unwrap_or_default();
    let title = title.split(':').next().unwrap_or_default();
    let own = [
        ("title", title),
        ("version", env!("CARGO_PKG_VERSION")),
        ("licenses", env!("CARGO_PKG_LICENSE")),
        ("created", created),
    ];
    let own = own.map(|(key, value)| (format!("org.opencontainers.image.{key}"), value.to_owned()));
    own.into_iter().chain(description.labels.iter().cloned()).collect()
}

/// The manifest: which blobs the image consists of.
///
/// # Errors
/// None that these documents can have.
pub(crate) fn manifest(configuration: &Measured, layer: &Measured) -> Result<Vec<u8>> {
    json(
        &ImageManifestBuilder::default()
            .schema_version(2u32)
            .media_type(MediaType::ImageManifest)
            .config(descriptor(MediaType::ImageConfig, configuration)?)
            .layers(vec![descriptor(MediaType::ImageLayer, layer)?])
            .build()?,
    )
}

/// The index of an OCI layout, which names its one image.
///
/// # Errors
/// An executable for a processor that has no name.
pub(crate) fn index(executable: &Executable, manifest: &Measured, reference: &str) -> Result<Vec<u8>> {
    let mut manifest = descriptor(MediaType::ImageManifest, manifest)?;
    manifest.set_platform(Some(platform(executable)?));
    let name = ("org.opencontainers.image.ref.name".to_owned(), reference.to_owned());
    manifest.set_annotations(Some(HashMap::from([name])));
    json(
        &ImageIndexBuilder::default()
            .schema_version(2u32)
            .media_type(MediaType::ImageIndex)
            .manifests(vec![manifest])
            .build()?,
    )
}

/// What marks an OCI layout.
///
/// # Errors
/// None that these documents can have.
pub(crate) fn layout() -> Result<Vec<u8>> {
    json(&OciLayoutBuilder::default().image_layout_version("1.0.0").build()?)
}

fn descriptor(media_type: MediaType, blob: &Measured) -> Result<Descriptor> {
    let digest: Sha256Digest = blob.digest.parse()?;
    Ok(DescriptorBuilder::default().media_type(media_type).digest(digest).size(blob.length).build()?)
}

fn timestamp(seconds: u64) -> Result<String> {
    let date = time::OffsetDateTime::from_unix_timestamp(seconds.try_into()?).context("the time is out of range")?;
    let (day, clock) = (date.date(), date.time());
    let (hour, minute, second) = clock.as_hms();
    Ok(format!("{day}T{hour:02}:{minute:02}:{second:02}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_rfc_3339() {
        assert_eq!(timestamp(0).unwrap(), "1970-01-01T00:00:00Z");
        assert_eq!(timestamp(1_795_392_245).unwrap(), "2026-11-23T00:04:05Z");
    }
}
