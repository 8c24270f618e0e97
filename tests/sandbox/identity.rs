//! `--user` and `--group`: who the server is once it serves.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use rustix::process::Gid;
use rustix::thread::set_thread_groups;

use super::super::support::{Dist, TestServer, eventually, is_root};
use super::{all, all_are_filtered, by_somebody_else, line, own, refusal, serve, states};

/// Asserts that the server is this user and member of this group alone, and has no way back.
#[track_caller]
fn is(server: &TestServer, user: u32, group: u32) {
    all(server, "Uid", &[user.to_string().as_str(); 4].join(" "));
    all(server, "Gid", &[group.to_string().as_str(); 4].join(" "));
    if user != 0 {
        all(server, "CapEff", "0000000000000000");
        all(server, "CapPrm", "0000000000000000");
    }
}

#[test]
fn root_becomes_the_user_that_is_named() {
    if !is_root() {
        return; // the refusal is tested below
    }
    for (arguments, user, group) in [
        (&["--user", "65532"][..], 65532, 65532),
        (&["--user", "65532", "--group", "7"], 65532, 7),
        (&["--group", "7"], 0, 7),
        (&["--user", "root"], 0, 0),
        (&["--user", "0", "--group", "root"], 0, 0),
    ] {
        let server = TestServer::start(&[arguments, &["--sandbox", "required"]].concat());
        server.get("/").expect(200);
        is(&server, user, group);
        all_are_filtered(&server);
        server.stop();
    }
}

#[test]
fn the_user_changes_without_the_rest_of_the_sandbox_too() {
    if !is_root() {
        return;
    }
    let server = TestServer::start(&["--user", "65532", "--sandbox", "off"]);
    is(&server, 65532, 65532);
    assert!(line(&server).ends_with("sandbox: user 65532, group 65532, off"), "{}", line(&server));
    all(&server, "Seccomp", &own("Seccomp"));
}

#[test]
fn privileged_ports_and_logs_are_opened_before() {
    if !is_root() {
        return;
    }
    let dist = Dist::new();
    let log = dist.beside("access.log");
    let server = TestServer::start(&["--user", "65532", "--access-log-file", log.to_str().unwrap()]);
    server.get("/written").expect(404);
    let told = server.log().wait_for(|line| line.contains("restart when it is rotated"));
    assert!(told.expect("a warning").contains(log.to_str().unwrap()));
    server.stop();
    assert!(fs::read_to_string(log).unwrap().contains("\"GET /written HTTP/1.1\" 404"));
}

#[test]
fn a_folder_is_read_again_as_that_user() {
    if !is_root() {
        return;
    }
    let dist = Dist::with(&[("index.html", b"one")]);
    fs::set_permissions(dist.beside(""), PermissionsExt::from_mode(0o755)).unwrap();
    let server = TestServer::with(&dist, &["--user", "65532", "--sandbox", "required"]);
    dist.file("index.html", "two");
    eventually("two", || server.get("/").body == b"two");
}

#[test]
fn a_folder_that_the_user_can_not_read_is_refused_at_start() {
    if !is_root() {
        return;
    }
    let dist = Dist::with(&[("index.html", b"one")]);
    // The folder itself, and the one around it, which hides what it holds.
    for (around, folder) in [(0o755, 0o700), (0o700, 0o755)] {
        fs::set_permissions(dist.beside(""), PermissionsExt::from_mode(around)).unwrap();
        fs::set_permissions(dist.path(), PermissionsExt::from_mode(folder)).unwrap();
        let message = refusal(serve(&["--user", "65532", "--dist-dir", &dist.argument()]));
        for word in [&dist.argument(), "can't be read as user 65532", "change its mode"] {
            assert!(message.contains(word), "{word:?} is not in: {message}");
        }
    }
}

#[test]
fn nobody_by_that_name_is_refused() {
    if !is_root() {
        return;
    }
    for (flag, name, words) in [
        ("--user", "no-such-user", "/etc/passwd has no such user"),
        ("--group", "no-such-group", "/etc/group has no such group"),
        ("--user", "4294967295", "a number from 0 to 4294967294"), // -1 is "no change" to setresuid(2)
        ("--group", "4294967295", "a number from 0 to 4294967294"),
        ("--user", "-1", "a number from 0 to 4294967294"),
    ] {
        let message = refusal(serve(&[&format!("{flag}={name}")]));
        assert!(message.starts_with(&format!("site: {flag} {name}: ")) && message.contains(words), "{message}");
    }
}

#[test]
fn only_root_becomes_somebody_else() {
    for flag in ["--user", "--group"] {
        let message = refusal(by_somebody_else(&Dist::new(), &[flag, "0"]));
        assert!(message.contains(&format!("{flag} 0: only root")), "{message}");
    }
}

/// The groups of whoever starts the server (`docker --group-add`, a login shell) are left, too.
#[test]
fn other_groups_are_left() {
    if !is_root() {
        return;
    }
    let groups = |arguments: &[&str]| {
        std::thread::scope(|scope| {
            let start = || {
                set_thread_groups(&[Gid::from_raw(5), Gid::from_raw(6)]).expect("groups of this thread alone");
                TestServer::start(arguments)
            };
            states(&scope.spawn(start).join().expect("started"), "Groups")
        })
    };
    assert_eq!(groups(&[]), BTreeSet::from(["5 6".to_owned()]));
    for arguments in [["--user", "65532"], ["--group", "65532"]] {
        assert_eq!(groups(&arguments), BTreeSet::from([String::new()]), "{arguments:?}");
    }
}
