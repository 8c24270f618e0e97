//! `--keep-from`: assets of releases before, for pages that are still open.

use std::path::{Path, PathBuf};

use super::support::{Dist, TestServer, bundle, executable, program, prose, run};

/// The names of a release's script, of the form that Vite gives them.
const SCRIPTS: [&str; 5] =
    ["app-AwSg8kAx.js", "app-BxTh9lBy.js", "app-CyUi1mCz.js", "app-DzVj2nDa.js", "app-EaWk3oEb.js"];

/// A folder in which one release after the other is built.
struct Releases {
    dist: Dist,
}

impl Releases {
    fn new() -> Self {
        Self { dist: Dist::with(&[("logo.svg", b"<svg/>"), ("shared-FbXl4pFc.css", &prose(3000))]) }
    }

    /// Builds release `number` and bundles it.
    fn make(&self, number: usize, arguments: &[&str]) -> PathBuf {
        for script in SCRIPTS {
            let _ = std::fs::remove_file(self.dist.path().join(script));
        }
        self.dist.file("index.html", format!("<script src=\"/{}\"></script>", SCRIPTS[number]));
        self.dist.file(SCRIPTS[number], prose(2000 + number));
        bundle(&self.dist, &format!("release-{number}"), arguments)
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// The scripts that a release answers.
fn scripts(path: &Path) -> Vec<usize> {
    let server = TestServer::of_executable(path);
    let mut connection = server.connect();
    (0..SCRIPTS.len()).filter(|number| connection.get(&format!("/{}", SCRIPTS[*number])).status == 200).collect()
}

#[test]
fn old_page_finds_its_assets_in_the_new_release() {
    let releases = Releases::new();
    let old = releases.make(0, &[]);
    let new = releases.make(1, &["--keep-from", text(&old)]);
    let (before, after) = (TestServer::of_executable(&old), TestServer::of_executable(&new));
    assert!(after.get("/").expect(200).text().contains(SCRIPTS[1]));
    for script in [SCRIPTS[0], "shared-FbXl4pFc.css", "logo.svg"] {
        for coding in ["identity", "gzip", "br"] {
            let ask = |server: &TestServer| {
                server.get_with(&format!("/{script}"), &[("Accept-Encoding", coding)]).expect(200)
            };
            let (want, got) = (ask(&before), ask(&after));
            assert!(want.body == got.body, "{script}");
            assert_eq!(want.stable_headers(), got.stable_headers(), "{script} in {coding}");
        }
    }
    let kept = after.get(&format!("/{}", SCRIPTS[0]));
    assert_eq!(kept.required("cache-control"), "public, max-age=31536000, immutable");
    assert!(after.start_line().contains("4 files"), "kept assets are no files: {}", after.start_line());
}

#[test]
fn kept_assets_are_not_listed_extracted_or_different() {
    let releases = Releases::new();
    let old = releases.make(0, &[]);
    let new = releases.make(1, &["--keep-from", text(&old)]);
    let output = |command: &str, arguments: &[&str]| {
        let mut all = vec![command];
        all.extend(arguments);
        String::from_utf8(run(executable(program(), &all)).stdout).unwrap()
    };
    let list = output("list", &[text(&new)]);
    assert!(!list.contains(SCRIPTS[0]) && list.contains("1 kept from earlier releases"), "{list}");
    let all = output("list", &[text(&new), "--retired"]);
    assert!(all.contains(SCRIPTS[0]) && all.contains("of 1 releases ago"), "{all}");
    let out = releases.dist.beside("out");
    assert!(output("extract", &[text(&new), "--output", text(&out)]).contains("4 files"));
    assert!(!out.join(SCRIPTS[0]).exists() && out.join(SCRIPTS[1]).exists());
    let diff = output("diff", &[text(&old), text(&new)]);
    assert!(diff.contains("open tabs keep working"), "{diff}");
    assert!(diff.contains("1 added, 1 removed, 1 changed"), "{diff}");
}

#[test]
fn assets_are_kept_for_a_number_of_releases() {
    let releases = Releases::new();
    let mut last = releases.make(0, &[]);
    for number in 1..5 {
        last = releases.make(number, &["--keep-from", text(&last)]);
    }
    assert_eq!(scripts(&last), [1, 2, 3, 4], "three releases by default");
    let old = releases.dist.beside("release-3");
    assert_eq!(scripts(&releases.make(4, &["--keep-from", text(&old), "--keep-releases", "1"])), [3, 4]);
    assert_eq!(scripts(&releases.make(4, &["--keep-from", text(&old), "--keep-releases", "0"])), [4]);
    // The same by naming the releases, of which each carries none.
    let plain: Vec<_> = (0..4).rev().map(|number| releases.make(number, &[])).collect();
    let mut arguments = vec!["--keep-from"];
    arguments.extend(plain.iter().map(|path| text(path)));
    assert_eq!(scripts(&releases.make(4, &arguments)), [1, 2, 3, 4]);
}

#[test]
fn oldest_assets_go_when_there_are_too_many_bytes() {
    let releases = Releases::new();
    let first = releases.make(0, &[]);
    let second = releases.make(1, &["--keep-from", text(&first)]);
    let enough = releases.make(2, &["--keep-from", text(&second), "--keep-bytes", "100000"]);
    assert_eq!(scripts(&enough), [0, 1, 2]);
    let output = releases.dist.beside("capped");
    let mut command = executable(program(), &["bundle", "--quality", "fast", "--keep-bytes", "4000"]);
    command.arg(releases.dist.path()).arg("--output").arg(&output).arg("--keep-from").arg(&second);
    let message = String::from_utf8(run(command).stderr).unwrap();
    assert!(message.contains("1 assets of earlier releases") && message.contains("4000 bytes"), "{message}");
    assert_eq!(scripts(&output), [1, 2]);
}

#[test]
fn other_bytes_under_the_same_name_are_reported() {
    let releases = Releases::new();
    let old = releases.make(0, &[]);
    releases.dist.file("logo.svg", "<svg></svg>").file("shared-FbXl4pFc.css", prose(2900));
    let mut command = executable(program(), &["bundle", "--quality", "fast"]);
    let new = releases.dist.beside("new");
    command.arg(releases.dist.path()).arg("--output").arg(&new).arg("--keep-from").arg(&old);
    let message = String::from_utf8(run(command).stderr).unwrap();
    for name in ["logo.svg", "shared-FbXl4pFc.css"] {
        let told = message.lines().any(|line| line.contains(name) && line.contains("can't be both"));
        assert!(told, "{name} is not reported:\n{message}");
    }
    assert!(!message.contains("index.html"), "pages may change:\n{message}");
    let server = TestServer::of_executable(&new);
    assert_eq!(server.get("/shared-FbXl4pFc.css").expect(200).body, prose(2900), "the new release wins");
}

#[test]
fn same_inputs_give_the_same_release() {
    let releases = Releases::new();
    let old = releases.make(0, &[]);
    let first = std::fs::read(releases.make(1, &["--keep-from", text(&old)])).unwrap();
    assert!(std::fs::read(releases.make(1, &["--keep-from", text(&old)])).unwrap() == first);
}

#[test]
fn releases_that_cannot_be_read_are_refused() {
    let releases = Releases::new();
    std::fs::write(releases.dist.beside("text"), "x").unwrap();
    for (name, words) in [("missing", "No such file"), ("text", "neither a site executable nor a pack")] {
        let old = releases.dist.beside(name);
        let mut command = executable(program(), &["bundle", "--keep-from"]);
        command.arg(&old).arg("--output").arg(releases.dist.beside("new")).arg(releases.dist.path());
        let message = String::from_utf8(run(command).stderr).unwrap();
        assert!(message.contains("--keep-from") && message.contains(words), "{message}");
        assert!(!releases.dist.beside("new").exists());
    }
}
