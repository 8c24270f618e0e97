//! `site extract`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::super::support::{Dist, bundle, default_site, executable, noise, program, prose, run};
use super::output;

/// The files of a folder by their paths.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, files);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                files.insert(name, fs::read(path).unwrap());
            }
        }
    }
    let mut all = BTreeMap::new();
    walk(folder, folder, &mut all);
    all
}

#[test]
fn extracted_files_are_the_ones_that_were_baked() {
    let dist = Dist::with(&[
        ("index.html", &prose(5000)),
        ("big.bin", &noise(700_000, 1)),
        ("empty", b""),
        ("a b/ü?%.txt", b"odd"),
        (".well-known/security.txt", b"Contact: mailto:security@site.test"),
        ("_headers", b"/*\n  X-Test: yes\n"),
        ("_redirects", b"/old /index.html 301\n"),
    ]);
    let path = bundle(&dist, "my-site", &[]);
    let out = dist.beside("out");
    output("extract", &[&path], &["--output", out.to_str().unwrap()]);
    assert!(files(&out) == files(&dist.path()));
}

#[test]
fn embedded_site_is_extracted_too() {
    let dist = Dist::new();
    let out = dist.beside("out");
    fs::create_dir(&out).unwrap();
    output("extract", &[], &["--output", out.to_str().unwrap()]);
    assert!(files(&out) == files(&default_site()));
}

#[test]
fn occupied_places_and_damaged_sites_are_refused_and_leave_nothing() {
    let dist = Dist::with(&[("index.html", b"<p>home"), ("noise", &noise(5000, 1))]);
    let path = bundle(&dist, "my-site", &[]);
    let mut bytes = fs::read(&path).unwrap();
    let middle = fs::metadata(program()).unwrap().len() as usize + 2000;
    bytes[middle] ^= 1;
    fs::write(dist.beside("damaged"), bytes).unwrap();
    fs::create_dir(dist.beside("full")).unwrap();
    fs::write(dist.beside("full/x"), "x").unwrap();
    std::os::unix::fs::symlink("full", dist.beside("link")).unwrap();
    for (from, to, words) in [
        ("my-site", "full", "not empty"),
        ("my-site", "link", "not a folder"),
        ("my-site", "damaged", "not a folder"),
        ("my-site", "missing/out", "can't be written to"),
        ("damaged", "out", "noise: the bytes are damaged"),
        ("nothing", "out", "No such file"),
        ("full/x", "out", "neither a site executable nor a pack"),
    ] {
        let mut command = executable(program(), &["extract"]);
        command.arg(dist.beside(from)).arg("--output").arg(dist.beside(to));
        let outcome = run(command);
        let message = String::from_utf8(outcome.stderr).unwrap();
        assert_eq!(outcome.status.code(), Some(1), "{from} to {to}: {message}");
        assert!(message.contains(words) && message.lines().count() == 1, "{message}");
    }
    let mut names: Vec<_> = fs::read_dir(dist.beside(".")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["damaged", "dist", "full", "link", "my-site"]);
    assert_eq!(fs::read_dir(dist.beside("full")).unwrap().count(), 1);
}
