//! `--access-log json`: one object per response, in visible ASCII whatever a client sends.

use serde_json::Value;

use super::super::support::{TestServer, prose};
use super::dist;

#[test]
fn json_has_one_object_per_response() {
    let dist = dist();
    dist.file("page.html", prose(5000));
    let server = TestServer::with(&dist, &["--access-log", "json"]);
    let odd = "a\tb \" c \\ d \u{9b}31m \u{fc} \\u0041";
    let headers = [("Referer", "http://site.test/docs/"), ("User-Agent", odd), ("Accept-Encoding", "br")];
    let length = server.get_with("/page?x=%22&y", &headers).expect(200).body.len();
    server.fetch("HEAD", "/a.txt", &[]).expect(200);
    let mut old = server.connect();
    old.send("GET /a.txt HTTP/1.0\r\n\r\n");
    old.response("GET").expect(200);
    let mut refused = server.connect();
    refused.send("nonsense\r\n\r\n");
    refused.response("GET").expect(400);
    let lines = server.stop();
    let lines: Vec<_> = lines.iter().filter(|line| line.starts_with('{')).collect();
    assert!(lines.iter().all(|line| line.bytes().all(|byte| matches!(byte, b' '..=b'~'))), "{lines:?}");
    let objects: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert_eq!(objects.len(), 4, "{lines:?}");
    let page = &objects[0];
    for (name, value) in [
        ("client", "127.0.0.1".into()),
        ("method", "GET".into()),
        ("host", "site.test".into()),
        ("target", "/page?x=%22&y".into()),
        ("protocol", "HTTP/1.1".into()),
        ("status", 200.into()),
        ("bytes", length.into()),
        ("coding", "br".into()),
        ("referer", "http://site.test/docs/".into()),
        ("user_agent", odd.into()),
    ] {
        assert_eq!(page[name], Value::clone(&value), "{name}");
    }
    assert!(page["duration_us"].is_u64() && page.get("peer").is_none());
    let time = page["time"].as_str().unwrap();
    let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000000Z", "RFC 3339");
    let head = &objects[1];
    assert_eq!((&head["method"], &head["bytes"], head.get("user_agent")), (&"HEAD".into(), &0.into(), None));
    assert_eq!((objects[2]["protocol"].as_str(), objects[2].get("host")), (Some("HTTP/1.0"), None));
    let refused = objects[3].as_object().unwrap();
    assert!(refused["status"] == 400 && !refused.contains_key("method") && !refused.contains_key("target"));
}
