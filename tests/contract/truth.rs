//! The truth on disk: which files of a folder a site must serve, and at which URL each answers.

use std::fs;
use std::path::{Path, PathBuf};

/// A file that the site must serve.
pub(super) struct Page {
    /// The canonical path, as a request target.
    pub(super) url: String,
    pub(super) file: PathBuf,
    pub(super) bytes: Vec<u8>,
}

/// Every servable file of a folder.
pub(super) fn pages(folder: &Path) -> Vec<Page> {
    let mut files = Vec::new();
    walk(folder, &mut files);
    files.sort();
    let page = |file: PathBuf| {
        let path = file.strip_prefix(folder).expect("a file of the folder");
        let url = url_of(folder, path.to_str().expect("a name in UTF-8"));
        Page { url, bytes: fs::read(&file).expect("a readable file"), file }
    };
    files.into_iter().map(page).collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_str().expect("a name in UTF-8");
        let hidden = name.starts_with('.') && name != ".well-known";
        let policy = matches!(name, "_headers" | "_redirects");
        if hidden || policy {
            continue;
        }
        match path.is_dir() {
            true => walk(&path, files),
            false => files.push(path),
        }
    }
}

/// The clean URL of a file: `index.html` answers for its folder, other pages without their extension.
fn url_of(folder: &Path, path: &str) -> String {
    let clean = match path.strip_suffix("index.html") {
        Some(parent) if parent.is_empty() || parent.ends_with('/') => parent,
        _ => match path.strip_suffix(".html") {
            Some(stem) if !stem.ends_with('/') && !folder.join(stem).is_file() => stem,
            _ => path,
        },
    };
    format!("/{}", encode(clean))
}

/// Percent-encodes all but the unreserved characters and the slash.
pub(super) fn encode(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
