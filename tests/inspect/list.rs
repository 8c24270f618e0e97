//! `site list`.

use std::fs;

use super::super::support::{Dist, TestServer, bundle, default_site, program, prose};
use super::output;

fn sample() -> Dist {
    Dist::with(&[
        ("index.html", &prose(5000)),
        ("app-BwSg8kAx.js", &prose(4000)),
        ("empty", b""),
        ("docs/index.html", b"<p>short"),
    ])
}

#[test]
fn files_are_listed_sorted_with_what_is_served() {
    let dist = sample();
    let path = bundle(&dist, "my-site", &[]);
    let server = TestServer::of_executable(&path);
    let list = output("list", &[&path], &["--json"]);
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list["pack"], server.pack());
    assert_eq!(list["totals"]["files"], 4);
    assert_eq!(list["totals"]["bytes"], 9008);
    let files = list["files"].as_array().unwrap();
    let paths: Vec<_> = files.iter().map(|file| file["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["app-BwSg8kAx.js", "docs/index.html", "empty", "index.html"]);
    for (file, target) in files.iter().zip(["/app-BwSg8kAx.js", "/docs/", "/empty", "/"]) {
        for (coding, key) in [("identity", "size"), ("br", "br"), ("gzip", "gzip")] {
            let response = server.get_with(target, &[("Accept-Encoding", coding)]).expect(200);
            if coding == "identity" {
                assert_eq!(file["etag"], response.etag());
                assert_eq!(file["type"], response.required("content-type"));
                assert_eq!(file["policy"], response.required("cache-control"));
            }
            match response.coding() {
                None if coding != "identity" => assert!(file[key].is_null()),
                _ => assert_eq!(file[key], response.body.len()),
            }
        }
    }
}

#[test]
fn every_carrier_of_a_folder_lists_the_same_files() {
    let bundled = |dist: &Dist| bundle(dist, "my-site", &[]);
    let dist = sample();
    let path = bundled(&dist);
    let list = output("list", &[&path], &[]);
    assert_eq!(output("list", &[&dist.path()], &[]), list, "a folder");
    let pack = dist.beside("my.pack");
    let program_length = fs::metadata(program()).unwrap().len() as usize;
    fs::write(&pack, &fs::read(&path).unwrap()[program_length..]).unwrap();
    assert_eq!(output("list", &[&pack], &[]), list, "a pack alone");
    let widths: Vec<_> = list.lines().map(|line| line.find("  text/").or(line.find("  type"))).collect();
    assert!(widths.iter().flatten().all(|width| *width == "app-BwSg8kAx.js".len()), "not aligned:\n{list}");
    assert!(list.lines().last().unwrap().starts_with("4 files"));
}

#[test]
fn site_that_the_build_embedded_is_found() {
    let from_itself = output("list", &[], &[]);
    assert_eq!(output("list", &[program()], &[]), from_itself);
    for file in ["index.html", "404.html"] {
        assert!(default_site().join(file).exists());
        assert!(from_itself.lines().any(|line| line.starts_with(&format!("{file} "))), "{from_itself}");
    }
    let hash: serde_json::Value = serde_json::from_str(&output("list", &[program()], &["--json"])).unwrap();
    assert_eq!(hash["pack"], TestServer::embedded().pack());
}
