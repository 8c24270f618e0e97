//! The build script: bakes the site's folder into the pack that the executable embeds.

// The build uses the baking half of these modules; the executable uses both halves.
#[allow(dead_code, unused_imports)]
#[path = "src/bake/mod.rs"]
mod bake;
#[allow(dead_code, unused_imports)]
#[path = "src/pack/mod.rs"]
mod pack;
#[allow(dead_code, unused_imports)]
#[path = "src/packfile/mod.rs"]
mod packfile;
#[allow(dead_code, unused_imports)]
#[path = "src/rule/mod.rs"]
mod rule;

use std::env;
use std::fs::{self, File};
use std::io::BufWriter;
use std::num::ParseIntError;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::{Context, Result};

use bake::keep::{self, Keep};
use bake::{CodingCache, DistRecord, Links, Options, Preload, Quality, abridge, bake};

fn main() -> ExitCode {
    match bake_site() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("cargo::error=the site can't be baked: {error:#} (SITE_DIST_DIR names another folder)");
            ExitCode::FAILURE
        }
    }
}

fn bake_site() -> Result<()> {
    let manifest = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(variable("OUT_DIR")?);
    let dist = manifest.join(env::var_os("SITE_DIST_DIR").unwrap_or_else(|| "dist".into()));
    let links =
        if env::var_os("SITE_FOLLOW_LINKS").is_some_and(|value| value == "1") { Links::Follow } else { Links::Refuse };
    let preload = Preload::from(set("SITE_PRELOAD"));
    // Before anything can fail: a mended folder must be tried again.
    println!("cargo::rerun-if-env-changed=SITE_DIST_DIR");
    println!("cargo::rerun-if-env-changed=SITE_FOLLOW_LINKS");
    println!("cargo::rerun-if-env-changed=SITE_PRELOAD");
    println!("cargo::rerun-if-changed={}", dist.display());

    let record = DistRecord::of(&dist, links)?;
    let cache = CodingCache::open(&out.join("codings")).context("making the cache of compressed files")?;
    let baked = out.join("baked");
    fs::create_dir_all(&baked).with_context(|| baked.display().to_string())?;
    let unfinished = out.join("site.pack.unfinished");
    let file = BufWriter::new(File::create(&unfinished).with_context(|| unfinished.display().to_string())?);
    let keep = keep()?;
    let options =
        Options { quality: Quality::Best, links, preload, cache: Some(&cache), keep: Some(&keep), progress: None };
    let (_, summary) = bake(&dist, &options, file)?;
    fs::rename(&unfinished, baked.join("site.pack")).context("putting the pack in place")?;
    cache.prune();
    for notice in abridge(summary.notices) {
        println!("cargo::warning={}: {notice}", dist.display());
    }
    leave_record(&record, &out)
}

/// The releases before, whose assets stay: SITE_KEEP_FROM lists their files, the newest first, as PATH lists folders.
fn keep() -> Result<Keep> {
    for name in ["SITE_KEEP_FROM", "SITE_KEEP_RELEASES", "SITE_KEEP_BYTES"] {
        println!("cargo::rerun-if-env-changed={name}");
    }
    let from = env::var_os("SITE_KEEP_FROM").unwrap_or_default();
    let paths: Vec<PathBuf> = env::split_paths(&from).filter(|path| !path.as_os_str().is_empty()).collect();
    for path in &paths {
        println!("cargo::rerun-if-changed={}", path.display());
    }
    let releases = number("SITE_KEEP_RELEASES", keep::RELEASES)?;
    Keep::open(&paths, releases, number("SITE_KEEP_BYTES", keep::BYTES)?).context("SITE_KEEP_FROM")
}

/// The number that an environment variable holds, if it is set.
fn number<T: FromStr<Err = ParseIntError>>(name: &str, default: T) -> Result<T> {
    match env::var(name) {
        Ok(text) if !text.is_empty() => text.parse().with_context(|| format!("{name}={text}: not a usable number")),
        _ => Ok(default),
    }
}

/// Leaves a record of the folder beside the executable, which then notices what cargo can't: see [`DistRecord`].
fn leave_record(record: &DistRecord, out: &Path) -> Result<()> {
    // OUT_DIR is `<profile>/build/<package>/out`.
    let Some(profile) = out.ancestors().nth(3) else { return Ok(()) };
    let path = profile.join(DistRecord::NAME);
    record.write(&path).with_context(|| path.display().to_string())?;
    println!("cargo::rerun-if-changed={}", path.display());
    Ok(())
}

/// A variable is set to something that means yes, by the rule of the command line's switches.
fn set(name: &str) -> bool {
    let value = env::var(name).unwrap_or_default().to_ascii_lowercase();
    !matches!(value.as_str(), "" | "0" | "f" | "false" | "n" | "no" | "off")
}

fn variable(name: &str) -> Result<String> {
    env::var(name).with_context(|| format!("{name} is not set; run cargo build"))
}
