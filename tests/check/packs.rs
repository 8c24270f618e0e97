//! `site check` of executables: checksums, assets of releases before, files that are no site.

use super::{GOOD, sound};
use crate::support::{Dist, prose, run, site};

#[test]
fn the_executables_own_site_is_checked_with_its_checksums() {
    let output = run(site(&["check", "--strict"]));
    let out = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{out}");
    assert!(out.starts_with("0 errors, 0 warnings"), "{out}");
    let own = run(site(&["check", env!("CARGO_BIN_EXE_site")]));
    assert_eq!(own.status.code(), Some(0));
}

#[test]
fn a_damaged_body_is_found_in_a_bundle() {
    let dist = sound(&[("a.html", GOOD)]);
    let text = prose(20_000);
    dist.file("a.css", &text);
    let bundle = dist.beside("my-site");
    let made = run(site(&["bundle", &dist.argument(), "--output", bundle.to_str().unwrap(), "--quality", "fast"]));
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let checked = || {
        let output = run(site(&["check", bundle.to_str().unwrap(), "--strict"]));
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, out) = checked();
    assert_eq!(code, 0, "{out}");
    assert!(out.starts_with("0 errors, 0 warnings, 0 notes: 4 files"), "{out}");

    let mut bytes = std::fs::read(&bundle).unwrap();
    let at = bytes.windows(64).rposition(|window| window == &text[..64]).expect("the body in the bundle");
    bytes[at + 10_000] ^= 1;
    std::fs::write(&bundle, bytes).unwrap();
    let (code, out) = checked();
    assert_eq!(code, 1);
    assert!(out.starts_with("a.css (3 errors)") && out.contains("the stored bytes (identity)"), "{out}");
}

#[test]
fn assets_of_releases_before_are_checked_for_damage_only() {
    let bundled = |dist: &Dist, more: &[&str]| {
        let bundle = dist.beside("my-site").into_os_string().into_string().unwrap();
        let folder = dist.argument();
        let arguments = [&["bundle", &folder, "--output", &bundle, "--quality", "fast"], more].concat();
        assert!(run(site(&arguments)).status.success());
        bundle
    };
    let checked = |bundle: &str| String::from_utf8(run(site(&["check", bundle])).stdout).unwrap();
    let old = sound(&[("a.3f9a1c2b.css", "a { background: url(gone.png) }")]);
    let old_bundle = bundled(&old, &[]);
    assert!(checked(&old_bundle).starts_with("a.3f9a1c2b.css (1 error)"));
    let new = sound(&[]);
    let new_bundle = bundled(&new, &["--keep-from", &old_bundle]);
    assert!(checked(&new_bundle).starts_with("0 errors, 0 warnings, 0 notes: 3 files"), "{}", checked(&new_bundle));

    let mut bytes = std::fs::read(&new_bundle).unwrap();
    let at = bytes.windows(8).rposition(|window| window == b"gone.png").expect("the body that was kept");
    bytes[at] ^= 1;
    std::fs::write(&new_bundle, bytes).unwrap();
    let out = checked(&new_bundle);
    assert!(out.starts_with("a.3f9a1c2b.css (1 error)") && out.contains("the stored bytes (identity)"), "{out}");
}

#[test]
fn what_is_no_site_is_refused_in_one_line() {
    let dist = Dist::with(&[("file", b"not a pack")]);
    for (path, word) in [
        (dist.path().join("missing"), "no such folder"),
        (dist.path().join("file"), "neither a site executable nor a pack"),
    ] {
        let output = run(site(&["check", path.to_str().unwrap()]));
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(error.starts_with("site: ") && error.contains(word) && error.lines().count() == 1, "{error}");
    }
}
