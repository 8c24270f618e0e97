//! What an intruder would try, tried in the name of the real server.
//!
//! Each call is one that fails in another way, or works, outside: so it is the sandbox that refuses it.

use std::net::TcpListener;

use nix::errno::Errno;
use nix::libc;

use super::super::support::{Argument, Traced};
use super::serve;
use Argument::{Bytes, Number};

/// A call, by name and arguments, and how it ends outside of the sandbox.
struct Attempt {
    name: &'static str,
    number: i64,
    arguments: Vec<Argument<'static>>,
    outside: Result<(), Errno>,
}

const NOTHING: Argument<'static> = Number(0);
const NO_DESCRIPTOR: Argument<'static> = Number(-1);
const HERE: Argument<'static> = Number(libc::AT_FDCWD as i64);
const ROOM: Argument<'static> = Bytes(&[0; 64]);

fn attempt(
    name: &'static str,
    number: i64,
    arguments: impl Into<Vec<Argument<'static>>>,
    outside: Result<(), Errno>,
) -> Attempt {
    Attempt { name, number, arguments: arguments.into(), outside }
}

fn flags(flags: i32) -> Argument<'static> {
    Number(flags.into())
}

fn files_and_programs() -> Vec<Attempt> {
    use libc::*;
    let passwd = Bytes(b"/etc/passwd\0");
    let missing = Bytes(b"/no/such/program\0");
    vec![
        attempt("openat", SYS_openat, [HERE, passwd, flags(O_RDONLY)], Ok(())),
        attempt("open", SYS_open, [passwd, flags(O_RDONLY)], Ok(())),
        attempt("openat2", SYS_openat2, [HERE, passwd, ROOM, Number(24)], Ok(())),
        attempt("open itself", SYS_openat, [HERE, Bytes(b"/proc/self/exe\0"), flags(O_RDONLY)], Ok(())),
        attempt("stat", SYS_newfstatat, [HERE, passwd, Bytes(&[0; 144]), NOTHING], Ok(())),
        attempt("memfd_create", SYS_memfd_create, [Bytes(b"x\0"), NOTHING], Ok(())),
        attempt("unlinkat", SYS_unlinkat, [HERE, missing, NOTHING], Err(Errno::ENOENT)),
        attempt("mkdirat", SYS_mkdirat, [NO_DESCRIPTOR, Bytes(b"x\0"), NOTHING], Err(Errno::EBADF)),
        attempt("execve", SYS_execve, [missing, NOTHING, NOTHING], Err(Errno::ENOENT)),
        attempt("execveat", SYS_execveat, [HERE, missing, NOTHING, NOTHING, NOTHING], Err(Errno::ENOENT)),
        // Without CLONE_VM, as a fork: the other flag asks for it (clone(2): EINVAL).
        attempt("clone", SYS_clone, [flags(CLONE_SIGHAND | SIGCHLD)], Err(Errno::EINVAL)),
    ]
}

fn network() -> Vec<Attempt> {
    use libc::*;
    let stream = flags(SOCK_STREAM | SOCK_CLOEXEC);
    let address = Bytes(&[2, 0, 0, 80, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    let nowhere = || vec![NO_DESCRIPTOR, address, Number(16)];
    let bad = Err(Errno::EBADF);
    vec![
        attempt("socket", SYS_socket, [flags(AF_INET), stream, NOTHING], Ok(())),
        attempt("a local socket", SYS_socket, [flags(AF_UNIX), stream, NOTHING], Ok(())),
        attempt("datagrams", SYS_socketpair, [flags(AF_UNIX), flags(SOCK_DGRAM), NOTHING, ROOM], Ok(())),
        attempt("connect", SYS_connect, nowhere(), bad),
        attempt("bind", SYS_bind, nowhere(), bad),
        attempt("listen", SYS_listen, [NO_DESCRIPTOR, Number(1)], bad),
        // With MSG_FASTOPEN, both connect.
        attempt("sendto", SYS_sendto, [NO_DESCRIPTOR, ROOM, Number(1), flags(MSG_FASTOPEN), address, Number(16)], bad),
        attempt("sendmsg", SYS_sendmsg, [NO_DESCRIPTOR, ROOM, flags(MSG_FASTOPEN)], bad),
        attempt("recvmsg", SYS_recvmsg, [NO_DESCRIPTOR, ROOM, NOTHING], bad),
        attempt(
            "a socket's program",
            SYS_setsockopt,
            [NO_DESCRIPTOR, flags(SOL_SOCKET), flags(SO_ATTACH_FILTER), ROOM, Number(16)],
            bad,
        ),
    ]
}

fn process() -> Vec<Attempt> {
    use libc::*;
    let anonymous = flags(MAP_PRIVATE | MAP_ANONYMOUS);
    let program = flags(PROT_READ | PROT_EXEC);
    vec![
        attempt("mmap", SYS_mmap, [NOTHING, Number(4096), program, anonymous, NO_DESCRIPTOR, NOTHING], Ok(())),
        attempt("mprotect", SYS_mprotect, [NOTHING, NOTHING, program], Ok(())),
        attempt("dumpable", SYS_prctl, [flags(PR_SET_DUMPABLE), Number(1)], Ok(())),
        attempt("ptrace", SYS_ptrace, [Number(i64::from(PTRACE_PEEKDATA)), NOTHING], Err(Errno::ESRCH)),
        attempt(
            "process_vm_readv",
            SYS_process_vm_readv,
            [NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, Number(1)],
            Err(Errno::EINVAL),
        ),
        attempt("kill", SYS_kill, [NOTHING, NOTHING], Ok(())),
        attempt("setuid", SYS_setresuid, [Number(-1), Number(-1), Number(-1)], Ok(())),
        attempt("setgroups", SYS_setgroups, [Number(1 << 20), NOTHING], Err(Errno::EINVAL)),
        attempt("umask", SYS_umask, [Number(0o22)], Ok(())),
        attempt("terminal input", SYS_ioctl, [NO_DESCRIPTOR, Number(TIOCSTI as i64)], Err(Errno::EBADF)),
        attempt("signals to others", SYS_fcntl, [NO_DESCRIPTOR, flags(F_SETOWN)], Err(Errno::EBADF)),
        attempt("overwriting logs", SYS_fcntl, [NO_DESCRIPTOR, flags(F_SETFL), NOTHING], Err(Errno::EBADF)),
        attempt("limits", SYS_prlimit64, [NOTHING, flags(RLIMIT_NOFILE as i32), NOTHING, ROOM], Ok(())),
        attempt("personality", SYS_personality, [Number(0xffff_ffff)], Ok(())),
    ]
}

fn every_attempt() -> Vec<Attempt> {
    [files_and_programs(), network(), process()].into_iter().flatten().collect()
}

#[test]
fn nothing_but_serving_is_left() {
    let traced = Traced::launch(&serve(&["--sandbox", "required"]));
    for attempt in every_attempt() {
        let ended = traced.call(attempt.number, &attempt.arguments);
        assert_eq!(ended, Err(Errno::EPERM), "{}", attempt.name);
    }
    let elsewhere = flags(libc::CLONE_THREAD | libc::CLONE_NEWUSER);
    assert_eq!(traced.call(libc::SYS_clone, &[elsewhere]), Err(Errno::EPERM));
    assert_eq!(traced.call(libc::SYS_clone3, &[NOTHING, NOTHING]), Err(Errno::ENOSYS));
    // The server is none the worse for it.
    let server = traced.release();
    server.get("/").expect(200);
    server.stop();
}

#[test]
fn without_the_sandbox_the_same_attempts_are_not_refused() {
    let traced = Traced::launch(&serve(&["--sandbox", "off"]));
    for attempt in every_attempt() {
        // setgroups(2) asks for the permission first.
        let may_not = attempt.name == "setgroups" && !super::is_root();
        let expected = if may_not { Err(Errno::EPERM) } else { attempt.outside };
        assert_eq!(traced.call(attempt.number, &attempt.arguments).map(drop), expected, "{}", attempt.name);
    }
}

/// A listening socket that is shut down may be used for something else: with MSG_FASTOPEN, to connect.
#[test]
fn a_listening_socket_does_not_become_a_connection_to_elsewhere() {
    let connects = |level: &str| {
        let elsewhere = TcpListener::bind("127.0.0.1:0").expect("a free port");
        elsewhere.set_nonblocking(true).expect("not blocking");
        let port = elsewhere.local_addr().expect("an address").port().to_be_bytes();
        let address = [&[2, 0][..], &port, &[127, 0, 0, 1], &[0; 8]].concat();
        let traced = Traced::launch(&serve(&["--sandbox", level]));
        // The listening socket is one of these.
        for descriptor in (3..64).map(Number) {
            let _ = traced.call(libc::SYS_shutdown, &[descriptor, flags(libc::SHUT_RD)]);
            let open = [descriptor, Bytes(b"x"), Number(1), flags(libc::MSG_FASTOPEN), Bytes(&address), Number(16)];
            let _ = traced.call(libc::SYS_sendto, &open);
        }
        elsewhere.accept().is_ok()
    };
    assert!(!connects("required"));
    let allowed: u32 = std::fs::read_to_string("/proc/sys/net/ipv4/tcp_fastopen").unwrap().trim().parse().unwrap();
    assert_eq!(connects("off"), allowed & 1 == 1, "otherwise this proves nothing");
}

/// A call by the numbers of another processor (the bit of the x32 interface) is not the call of that number.
#[test]
fn numbers_of_another_interface_are_refused() {
    let traced = Traced::launch(&serve(&["--sandbox", "required"]));
    assert_eq!(traced.call(libc::SYS_getpid | 0x4000_0000, &[]), Err(Errno::EPERM));
    assert_eq!(traced.call(libc::SYS_getpid, &[]), Ok(traced.server().id().into()));
}

/// What the server itself does with the same calls is let through (and fails as it should, here).
#[test]
fn what_a_server_needs_is_let_through() {
    use libc::*;
    let traced = Traced::launch(&serve(&["--sandbox", "required"]));
    let bad = Err(Errno::EBADF);
    let itself = Number(traced.server().id().into());
    for (name, number, arguments, expected) in [
        ("sendto", SYS_sendto, vec![NO_DESCRIPTOR, ROOM, Number(1), flags(MSG_NOSIGNAL), NOTHING, NOTHING], bad),
        ("accept4", SYS_accept4, vec![NO_DESCRIPTOR, NOTHING, NOTHING, NOTHING], bad),
        ("writev", SYS_writev, vec![NO_DESCRIPTOR, ROOM, NOTHING], bad),
        ("nodelay", SYS_setsockopt, vec![NO_DESCRIPTOR, flags(IPPROTO_TCP), flags(TCP_NODELAY), ROOM, Number(4)], bad),
        ("mprotect", SYS_mprotect, vec![NOTHING, NOTHING, flags(PROT_READ | PROT_WRITE)], Ok(0)),
        ("a signal to itself", SYS_tgkill, vec![itself, itself, NOTHING], Ok(0)),
        ("name", SYS_prctl, vec![flags(PR_SET_NAME), Bytes(b"site\0")], Ok(0)),
        ("getrandom", SYS_getrandom, vec![ROOM, Number(8), NOTHING], Ok(8)),
        ("membarrier", SYS_membarrier, vec![Number(1), Number(1), NOTHING], Err(Errno::EINVAL)),
    ] {
        assert_eq!(traced.call(number, &arguments), expected, "{name}");
    }
}
