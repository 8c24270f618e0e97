//! The flags of the commands that make releases and look into them.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::bake::{self, keep};
use crate::image;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  site bundle public --output my-site           the folder public as one executable\n  site bundle public --output my-site --base site-aarch64    for another processor\n  site bundle public --output new --keep-from old   tabs that are open keep working"
)]
pub(crate) struct Bundle {
    /// The folder that holds the site's files
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// The executable to write; one that is there is replaced as a whole, even while it runs
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,

    /// The site executable to bundle with, for example one for another processor [default: this one]
    #[arg(long, value_name = "FILE")]
    pub(crate) base: Option<PathBuf>,

    /// How much time compression may take
    #[arg(long, value_name = "QUALITY", default_value = "best")]
    pub(crate) quality: Quality,

    /// Follow symbolic links that lead out of the folder, too
    #[arg(long)]
    pub(crate) follow_links: bool,

    /// Announce the style sheets and scripts that a page waits for in its Link headers
    #[arg(long, env = "SITE_PRELOAD")]
    pub(crate) preload: bool,

    /// Releases before this one, the newest first: pages of theirs that are open still find their fingerprinted assets
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) keep_from: Vec<PathBuf>,

    /// Releases for which an asset is kept
    #[arg(long, value_name = "N", default_value_t = keep::RELEASES)]
    pub(crate) keep_releases: u8,

    /// Bytes that kept assets may have; beyond them, the oldest are left out
    #[arg(long, value_name = "BYTES", default_value_t = keep::BYTES)]
    pub(crate) keep_bytes: u64,
}

/// How much time compression may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Quality {
    /// br 5 and gzip 6: for previews
    Fast,
    /// br 11 and gzip 9: for releases
    Best,
}

impl From<Quality> for bake::Quality {
    fn from(quality: Quality) -> Self {
        match quality {
            Quality::Fast => bake::Quality::Fast,
            Quality::Best => bake::Quality::Best,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// A site executable, a pack, or a folder [default: this executable]
    #[arg(value_name = "FILE|DIR")]
    pub(crate) from: Option<PathBuf>,

    /// Also list the assets that were kept from releases before
    #[arg(long)]
    pub(crate) retired: bool,

    /// Write JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Extract {
    /// A site executable or a pack [default: this executable]
    #[arg(value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,

    /// The folder to write; it must be new or empty
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// The release before: a site executable, a pack, or a folder
    #[arg(value_name = "OLD")]
    pub(crate) old: PathBuf,

    /// The release after: a site executable, a pack, or a folder
    #[arg(value_name = "NEW")]
    pub(crate) new: PathBuf,

    /// Write JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  site image --output image.tar --from my-site --tag registry.example/my-site:1\n  skopeo copy oci-archive:image.tar docker://registry.example/my-site:1\n\nTimes in the image are SOURCE_DATE_EPOCH, or one fixed time: the same executable gives the same image."
)]
pub(crate) struct Image {
    /// The archive to write
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,

    /// The site executable that the image is made of [default: this one]
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,

    /// The form of the archive
    #[arg(long, value_name = "FORMAT", default_value = "oci-archive")]
    pub(crate) format: ImageFormat,

    /// The platform that the executable must be for, such as linux/arm64 [default: the one that it is for]
    #[arg(long, value_name = "PLATFORM")]
    pub(crate) platform: Option<String>,

    /// The image's name and tag
    #[arg(long, value_name = "NAME:TAG", default_value = "site:latest", value_parser = reference)]
    pub(crate) tag: String,

    /// A label of the image, for example org.opencontainers.image.source=https://…; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = label)]
    pub(crate) label: Vec<(String, String)>,
}

/// The form of an image's archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ImageFormat {
    /// An OCI image layout
    OciArchive,
    /// What `docker load` reads
    DockerArchive,
}

impl From<ImageFormat> for image::Format {
    fn from(format: ImageFormat) -> Self {
        match format {
            ImageFormat::OciArchive => image::Format::Oci,
            ImageFormat::DockerArchive => image::Format::Docker,
        }
    }
}

/// A name of an image with its tag; `latest` if it has none.
///
/// (oci-spec would parse it with regular expressions, which make the executable a megabyte larger.)
fn reference(text: &str) -> Result<String, String> {
    let (name, tag) = match text.rsplit_once(':') {
        // What follows a colon is a tag, unless the colon is that of a registry's port.
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (text, "latest"),
    };
    let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let part = |part: &str| {
        part.starts_with(lower) && part.ends_with(lower) && part.chars().all(|c| lower(c) || "._-:".contains(c))
    };
    let in_tag = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let tag_is_valid = tag.len() <= 128 && tag.chars().all(in_tag) && !tag.starts_with(['.', '-']) && !tag.is_empty();
    let path = name.split_once('/').map_or(name, |(_, path)| path);
    if !name.split('/').all(part) || path.contains(':') || !tag_is_valid {
        return Err("write NAME:TAG in lower case, as in registry.example/team/my-site:1".to_owned());
    }
    Ok(format!("{name}:{tag}"))
}

fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write KEY=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_have_names_and_tags() {
        for (text, expected) in [
            ("site", "site:latest"),
            ("site:1.0_x-Y", "site:1.0_x-Y"),
            ("127.0.0.1:5000/a/b", "127.0.0.1:5000/a/b:latest"),
            ("registry.example:5000/my-site:1", "registry.example:5000/my-site:1"),
        ] {
            assert_eq!(reference(text).as_deref(), Ok(expected));
        }
        for text in
            ["", ":", "site:", "Site", "a//b", "/a", "a/", "a b", "a:b:c", "a/b:c:d", "a@sha256:0", "a:-b", "-a"]
        {
            assert!(reference(text).is_err(), "{text}");
        }
    }
}
