//! `--access-log-file`: appended to, and opened again when its name has gone to another file.

use super::super::support::{TestServer, eventually};
use super::{access_lines, complete, dist, load};

#[test]
fn file_takes_the_lines_and_keeps_those_of_before() {
    let dist = dist();
    let file = dist.beside("access.log");
    std::fs::write(&file, "a line of before\n").unwrap();
    let server = TestServer::with(&dist, &["--access-log-file", file.to_str().unwrap()]);
    load(&server, 1000);
    assert!(access_lines(&server.stop()).is_empty(), "standard error has the diagnostics only");
    let text = std::fs::read_to_string(&file).unwrap();
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    assert_eq!(lines.remove(0), "a line of before");
    complete(&access_lines(&lines), 1000);
    assert_eq!(lines.len(), 4000, "nothing but access lines in the file");
}

/// logrotate: the file gets another name, then the server is told.
#[test]
fn file_is_opened_again_on_sighup_and_nothing_is_lost() {
    let dist = dist();
    let (file, old) = (dist.beside("access.log"), dist.beside("access.log.1"));
    let server = TestServer::with(&dist, &["--access-log-file", file.to_str().unwrap()]);
    std::thread::scope(|scope| {
        let load = scope.spawn(|| load(&server, 2000));
        eventually("there are lines", || std::fs::metadata(&file).is_ok_and(|file| file.len() > 0));
        std::fs::rename(&file, &old).unwrap();
        server.signal("HUP");
        eventually("there is a new file", || file.exists());
        load.join().unwrap();
    });
    server.get("/a.txt?last").expect(200);
    server.stop();
    let (before, after) = (std::fs::read_to_string(old).unwrap(), std::fs::read_to_string(file).unwrap());
    assert!(!before.is_empty() && after.contains("?last "), "{} and {} bytes", before.len(), after.len());
    let lines: Vec<_> = before.lines().chain(after.lines()).map(str::to_owned).collect();
    let mut lines = access_lines(&lines);
    lines.retain(|line| !line.request.contains("?last"));
    complete(&lines, 2000);
}

#[test]
fn file_that_cannot_be_opened_again_is_written_on() {
    let dist = dist();
    let folder = dist.beside("logs");
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("access.log");
    let arguments = ["--access-log-file", file.to_str().unwrap(), "--admin-listen-on", "127.0.0.1:0"];
    let server = TestServer::with(&dist, &arguments);
    let moved = dist.beside("moved");
    std::fs::rename(&folder, &moved).unwrap();
    server.signal("HUP");
    let error = server.log().wait_for(|line| line.contains("ERROR") && line.contains("--access-log-file"));
    assert!(error.is_some_and(|line| line.contains(file.to_str().unwrap()) && line.contains("from before")));
    assert_eq!(server.metrics().value("site_reloads_total{subject=\"access_log\",result=\"failure\"}"), 1.0);
    server.get("/a.txt?still").expect(200);
    std::fs::create_dir(&folder).unwrap();
    server.signal("HUP");
    eventually("there is a new file", || file.exists());
    assert_eq!(server.metrics().value("site_reloads_total{subject=\"access_log\",result=\"success\"}"), 1.0);
    server.stop();
    assert!(std::fs::read_to_string(moved.join("access.log")).unwrap().contains("?still "));
}
