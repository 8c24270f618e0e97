//! `site image`: container images of an executable; `.ci/image-command` shows them to other tools.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::support::{Dist, bundle, executable, noise, program, run};

fn sample() -> (Dist, PathBuf) {
    let dist = Dist::with(&[("index.html", b"<p>home"), ("noise.png", &noise(9000, 1))]);
    let path = bundle(&dist, "my-site", &[]);
    (dist, path)
}

/// Makes an image and unpacks its archive.
#[track_caller]
fn image(dist: &Dist, name: &str, arguments: &[&str]) -> PathBuf {
    let archive = dist.beside(&format!("{name}.tar"));
    let mut command = executable(program(), &["image", "--output"]);
    command.arg(&archive).args(arguments).env_remove("SOURCE_DATE_EPOCH");
    let output = run(command);
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{message}");
    // An image of a dynamic executable could not start.
    assert_eq!(message.contains("dynamically linked"), !cfg!(target_feature = "crt-static"), "{message}");
    unpack(&archive, &dist.beside(name))
}

fn unpack(archive: &Path, folder: &Path) -> PathBuf {
    fs::create_dir(folder).unwrap();
    assert!(Command::new("tar").arg("-xf").arg(archive).arg("-C").arg(folder).status().unwrap().success());
    folder.to_owned()
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn sha256(path: &Path) -> String {
    let output = Command::new("sha256sum").arg(path).output().unwrap().stdout;
    String::from_utf8(output).unwrap()[..64].to_owned()
}

/// The blob that a descriptor names, which must have its digest and size.
fn blob(layout: &Path, descriptor: &Value) -> PathBuf {
    let digest = descriptor["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap();
    let path = layout.join("blobs/sha256").join(digest);
    assert_eq!(sha256(&path), digest);
    assert_eq!(fs::metadata(&path).unwrap().len(), descriptor["size"]);
    path
}

fn has_the_executable_alone(layer: &Path, folder: &Path, executable: &Path) {
    let files = unpack(layer, folder);
    assert_eq!(fs::read_dir(&files).unwrap().count(), 1);
    assert!(fs::read(files.join("site")).unwrap() == fs::read(executable).unwrap());
}

#[test]
fn oci_archive_holds_one_file_and_says_how_to_start_it() {
    let (dist, path) = sample();
    let from = path.to_str().unwrap();
    let label = "org.opencontainers.image.source=https://git.example/site";
    let layout = image(&dist, "image", &["--from", from, "--tag", "registry.example/team/my-site:1", "--label", label]);
    assert_eq!(json(&layout.join("oci-layout"))["imageLayoutVersion"], "1.0.0");
    let index = json(&layout.join("index.json"));
    let named = &index["manifests"][0];
    assert_eq!(named["annotations"]["org.opencontainers.image.ref.name"], "registry.example/team/my-site:1");
    assert_eq!(named["platform"]["os"], "linux");
    let manifest = json(&blob(&layout, named));
    let configuration = json(&blob(&layout, &manifest["config"]));
    assert_eq!(configuration["architecture"], named["platform"]["architecture"]);
    assert_eq!(configuration["created"], "1980-01-01T00:00:00Z");
    let config = &configuration["config"];
    assert_eq!(config["User"], "65532:65532");
    assert_eq!(config["Entrypoint"], serde_json::json!(["/site"]));
    assert_eq!(config["Cmd"], serde_json::json!(["serve", "--listen-on", "0.0.0.0:80"]));
    assert_eq!(config["ExposedPorts"], serde_json::json!({"80/tcp": {}}));
    assert_eq!(config["Healthcheck"]["Test"], serde_json::json!(["CMD", "/site", "health"]));
    let labels = &config["Labels"];
    assert_eq!(labels["org.opencontainers.image.title"], "my-site");
    assert_eq!(labels["org.opencontainers.image.version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(labels["org.opencontainers.image.source"], "https://git.example/site");
    assert_eq!(manifest["layers"].as_array().unwrap().len(), 1);
    let layer = blob(&layout, &manifest["layers"][0]);
    assert_eq!(configuration["rootfs"]["diff_ids"][0], manifest["layers"][0]["digest"]);
    has_the_executable_alone(&layer, &dist.beside("files"), &path);
}

#[test]
fn docker_archive_holds_the_same_image() {
    let (dist, path) = sample();
    let from = path.to_str().unwrap();
    let oci = image(&dist, "oci", &["--from", from, "--tag", "my-site"]);
    let docker = image(&dist, "docker", &["--from", from, "--tag", "my-site", "--format", "docker-archive"]);
    let image = &json(&docker.join("manifest.json"))[0];
    assert_eq!(image["RepoTags"], serde_json::json!(["my-site:latest"]));
    let manifest = json(&blob(&oci, &json(&oci.join("index.json"))["manifests"][0]));
    let configuration = docker.join(image["Config"].as_str().unwrap());
    assert_eq!(format!("sha256:{}", sha256(&configuration)), manifest["config"]["digest"]);
    let layer = docker.join(image["Layers"][0].as_str().unwrap());
    assert_eq!(format!("sha256:{}", sha256(&layer)), manifest["layers"][0]["digest"]);
    has_the_executable_alone(&layer, &dist.beside("files"), &path);
}

#[test]
fn same_executable_gives_the_same_image() {
    let (dist, path) = sample();
    let make = |name: &str, time: Option<&str>| {
        let archive = dist.beside(name);
        let mut command = executable(program(), &["image", "--from", path.to_str().unwrap(), "--output"]);
        command.arg(&archive).env_remove("SOURCE_DATE_EPOCH");
        command.envs(time.map(|time| ("SOURCE_DATE_EPOCH", time)));
        assert!(run(command).status.success());
        fs::read(archive).unwrap()
    };
    let first = make("first.tar", None);
    assert!(first == make("second.tar", None));
    let dated = make("dated.tar", Some("1700000000"));
    assert!(first != dated && dated == make("dated-again.tar", Some("1700000000")));
}

#[test]
fn what_cannot_become_an_image_is_refused() {
    let (dist, path) = sample();
    let program_length = fs::metadata(program()).unwrap().len() as usize;
    let mut bytes = fs::read(&path).unwrap();
    fs::write(dist.beside("pack"), &bytes[program_length..]).unwrap();
    bytes[program_length + 5000] ^= 1;
    fs::write(dist.beside("damaged"), &bytes).unwrap();
    fs::write(dist.beside("text"), "x").unwrap();
    for (from, arguments, words) in [
        ("missing", &[][..], "No such file"),
        ("text", &[], "neither a site executable nor a pack"),
        ("pack", &[], "a pack alone can't be started"),
        ("damaged", &[], "noise.png in identity: the bytes are damaged"),
        ("my-site", &["--platform", "linux/sparc"], "--platform linux/sparc: the executable is for linux/"),
        ("my-site", &["--tag", "Not A Name"], "--tag"),
        ("my-site", &["--label", "nothing"], "--label"),
        ("my-site", &["--output", "/nowhere/image.tar"], "can't be written to"),
    ] {
        let mut command = executable(program(), &["image", "--from"]);
        command.arg(dist.beside(from)).args(arguments);
        if !arguments.contains(&"--output") {
            command.arg("--output").arg(dist.beside("image.tar"));
        }
        let output = run(command);
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(matches!(output.status.code(), Some(1 | 2)) && message.contains(words), "{from}: {message}");
        assert!(!dist.beside("image.tar").exists());
    }
}
