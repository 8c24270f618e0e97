//! Systems that lack a layer: kernels without it, containers that forbid it. A filter around the server plays them.

use std::collections::BTreeMap;
use std::process::Command;

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

use super::super::support::{Dist, TestServer, eventually, noise};
use super::{all, line, own, refusal, serve};

const WITHOUT_LANDLOCK: [i64; 1] = [libc::SYS_landlock_create_ruleset];
const WITHOUT_FILTERS: [i64; 1] = [libc::SYS_seccomp];

/// Does `work` on a thread where these system calls, its children's included, end with an error.
fn where_calls_fail<T: Send>(calls: &[i64], error: i32, work: impl FnOnce() -> T + Send) -> T {
    let rules: BTreeMap<_, _> = calls.iter().map(|call| (*call, Vec::new())).collect();
    let error = SeccompAction::Errno(error.unsigned_abs());
    let machine = std::env::consts::ARCH.try_into().expect("a known processor");
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, error, machine).expect("a filter");
    let program: BpfProgram = filter.try_into().expect("a program");
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            seccompiler::apply_filter(&program).expect("a filter of this thread");
            work()
        });
        thread.join().expect("the work is done")
    })
}

/// Starts a server where calls fail.
fn started(calls: &[i64], error: i32, arguments: &[&str]) -> TestServer {
    let server = where_calls_fail(calls, error, || TestServer::start(arguments));
    server.get("/").expect(200);
    server
}

/// The filters of the server's threads that are its own, besides this module's and those around the tests.
#[track_caller]
fn has_own_filters(server: &TestServer, count: u32) {
    let outside: u32 = own("Seccomp_filters").parse().expect("a number");
    all(server, "Seccomp_filters", &(outside + 1 + count).to_string());
}

#[test]
fn a_kernel_without_landlock_has_the_other_layers() {
    // landlock_create_ruleset(2): not built in, not enabled at boot; a container's filter.
    for error in [libc::ENOSYS, libc::EOPNOTSUPP, libc::EPERM] {
        let server = started(&WITHOUT_LANDLOCK, error, &[]);
        let line = line(&server);
        assert!(line.contains("no new privileges") && line.contains("system calls filtered; missing: "), "{line}");
        assert!(line.contains("there is no Landlock; use Linux 5.13 or newer"), "{line}");
        has_own_filters(&server, 2);
        server.stop();
    }
}

#[test]
fn a_container_that_forbids_filters_has_the_other_layers() {
    for error in [libc::EPERM, libc::EINVAL, libc::ENOSYS] {
        let server = started(&WITHOUT_FILTERS, error, &[]);
        let line = line(&server);
        assert!(line.contains("file system closed (Landlock ") && line.contains("; missing: system calls"), "{line}");
        assert!(line.contains("let seccomp(2) through"), "{line}");
        has_own_filters(&server, 0);
        server.stop();
    }
}

#[test]
fn a_system_with_neither_still_serves() {
    let calls = [WITHOUT_LANDLOCK, WITHOUT_FILTERS].concat();
    let server = started(&calls, libc::ENOSYS, &[]);
    all(&server, "NoNewPrivs", "1");
    server.stop();
}

#[test]
fn what_is_required_and_missing_is_named_with_a_remedy() {
    let required = |calls: &[i64], error| {
        where_calls_fail(calls, error, || {
            let command: Command = serve(&["--sandbox", "required"]);
            refusal(command)
        })
    };
    let message = required(&WITHOUT_LANDLOCK, libc::ENOSYS);
    assert!(message.contains("--sandbox required: there is no Landlock; use Linux 5.13 or newer"), "{message}");
    assert!(!message.contains("filtered"), "{message}");
    let message = required(&WITHOUT_FILTERS, libc::EPERM);
    assert!(message.contains("--sandbox required: system calls can't be filtered; use a kernel"), "{message}");
    let message = required(&[WITHOUT_LANDLOCK, WITHOUT_FILTERS].concat(), libc::EPERM);
    assert!(message.contains("Landlock") && message.contains("filtered"), "{message}");
    assert!(message.contains("--sandbox best-effort"), "{message}");
}

#[test]
fn capabilities_that_can_not_be_given_up_are_named() {
    if own("CapPrm") == "0000000000000000" {
        return; // there is nothing to give up
    }
    let server = started(&[libc::SYS_capset], libc::EPERM, &[]);
    assert!(line(&server).contains("; missing: the capabilities can't be given up; let capset(2) through"));
    let message = where_calls_fail(&[libc::SYS_capset], libc::EPERM, || refusal(serve(&["--sandbox", "required"])));
    assert!(message.contains("capset"), "{message}");
}

/// Landlock keeps a folder's files from being written; without it, the one way to open them that can't be watched is
/// closed, and they are opened in another.
#[test]
fn a_folder_is_served_without_landlock() {
    let dist = Dist::with(&[("index.html", b"one")]);
    dist.file("film.mp4", noise(300_000, 1));
    let server = where_calls_fail(&WITHOUT_LANDLOCK, libc::ENOSYS, || TestServer::of(&dist));
    assert!(server.get("/film.mp4").expect(200).body == noise(300_000, 1));
    dist.file("index.html", "two").file("film.mp4", noise(300_000, 2));
    eventually("two", || server.get("/").body == b"two");
    assert!(server.get("/film.mp4").expect(200).body == noise(300_000, 2));
}

/// Each layer holds by itself.
#[cfg(target_arch = "x86_64")]
mod alone {
    use nix::errno::Errno;
    use nix::libc::{
        AF_INET, AT_FDCWD, SOCK_STREAM, SYS_connect, SYS_execve, SYS_kill, SYS_openat, SYS_openat2, SYS_socket,
    };

    use super::super::super::support::{Argument, Traced};
    use super::*;
    use Argument::{Bytes, Number};

    const NOTHING: Argument<'static> = Number(0);
    const PASSWD: Argument<'static> = Bytes(b"/etc/passwd\0");

    #[test]
    fn the_filter_refuses_files_programs_and_sockets() {
        where_calls_fail(&WITHOUT_LANDLOCK, libc::ENOSYS, || {
            let traced = Traced::launch(&serve(&[]));
            for (call, arguments) in [
                (SYS_openat, [Number(AT_FDCWD.into()), PASSWD, NOTHING]),
                (SYS_execve, [Bytes(b"/no/such/program\0"), NOTHING, NOTHING]),
                (SYS_socket, [Number(AF_INET.into()), Number(SOCK_STREAM.into()), NOTHING]),
            ] {
                assert_eq!(traced.call(call, &arguments), Err(Errno::EPERM), "{call}");
            }
        });
    }

    #[test]
    fn the_filter_leaves_a_served_folder_as_it_is() {
        let dist = Dist::with(&[("index.html", b"<p>home")]);
        let page = [dist.path().join("index.html").as_os_str().as_encoded_bytes(), b"\0"].concat();
        where_calls_fail(&WITHOUT_LANDLOCK, libc::ENOSYS, || {
            let traced = Traced::launch(&serve(&["--dist-dir", &dist.argument()]));
            let here = Number(AT_FDCWD.into());
            assert!(traced.call(SYS_openat, &[here, Bytes(&page), NOTHING]).is_ok());
            let to_write = Number(libc::O_WRONLY.into());
            assert_eq!(traced.call(SYS_openat, &[here, Bytes(&page), to_write]), Err(Errno::EPERM));
            let how = Bytes(&[0; 24]);
            assert_eq!(traced.call(SYS_openat2, &[here, Bytes(&page), how, Number(24)]), Err(Errno::EPERM));
        });
    }

    #[test]
    fn landlock_refuses_files_programs_connections_and_signals() {
        where_calls_fail(&WITHOUT_FILTERS, libc::EPERM, || {
            let traced = Traced::launch(&serve(&[]));
            let version: u32 = {
                let line = line(traced.server());
                let (_, rest) = line.split_once("(Landlock ").expect("a version");
                rest.split_once(')').expect("a version").0.parse().expect("a number")
            };
            let open = [Number(AT_FDCWD.into()), PASSWD, NOTHING];
            assert_eq!(traced.call(SYS_openat, &open), Err(Errno::EACCES));
            let shell = traced.call(SYS_execve, &[Bytes(b"/bin/sh\0"), NOTHING, NOTHING]);
            assert_eq!(shell, Err(Errno::EACCES));
            let stream = [Number(AF_INET.into()), Number(SOCK_STREAM.into()), NOTHING];
            let socket = traced.call(SYS_socket, &stream).expect("a socket");
            let port = traced.server().addresses()[0].port().to_be_bytes();
            let address = [&[2, 0][..], &port, &[127, 0, 0, 1], &[0; 8]].concat();
            let connected = traced.call(SYS_connect, &[Number(socket), Bytes(&address), Number(16)]);
            assert_eq!(connected, if version >= 4 { Err(Errno::EACCES) } else { Ok(0) });
            let signalled = traced.call(SYS_kill, &[Number(std::process::id().into()), NOTHING]);
            assert_eq!(signalled, if version >= 6 { Err(Errno::EPERM) } else { Ok(0) });
        });
    }
}
