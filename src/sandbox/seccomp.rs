//! The filter of system calls: a list of what a server needs; everything else fails with EPERM.
//!
//! Calls that are allowed whatever their arguments are cost next to nothing, as the kernel keeps them in a bitmap.
//!
//! Not in the list, though it might seem harmless: sendmsg(2). With MSG_FASTOPEN and an address in memory, where no
//! filter can look, it connects a socket (one that listened, after a shutdown(2)) without connect(2). So does
//! sendto(2), whose address is an argument and must be absent. recvmsg(2) can take in descriptors of another process.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use libc::{c_int, c_long};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Length, SeccompCmpOp as Is, SeccompCondition, SeccompFilter,
    SeccompRule,
};

/// Allowed with any arguments.
const ALWAYS: &[c_long] = &[
    // Descriptors that are open.
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    // Connections.
    libc::SYS_accept4,
    libc::SYS_getpeername,
    libc::SYS_getsockname,
    libc::SYS_getsockopt,
    libc::SYS_recvfrom,
    libc::SYS_shutdown,
    // Waiting.
    libc::SYS_clock_nanosleep,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_eventfd2,
    libc::SYS_futex,
    libc::SYS_nanosleep,
    libc::SYS_ppoll,
    libc::SYS_restart_syscall,
    // Memory.
    libc::SYS_brk,
    libc::SYS_madvise,
    libc::SYS_mremap,
    libc::SYS_munmap,
    // Threads and the end of the process.
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_membarrier,
    libc::SYS_rseq,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_set_robust_list,
    // Signals that arrive.
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    // Time, chance, and the process's own measures.
    libc::SYS_clock_getres,
    libc::SYS_clock_gettime,
    libc::SYS_getrandom,
    libc::SYS_getrusage,
    libc::SYS_gettimeofday,
    // The same by older names.
    #[cfg(target_arch = "x86_64")]
    libc::SYS_epoll_wait,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_poll,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_time,
];

/// Allowed, too, if files are to be read again: looking around and watching. What can be opened is Landlock's matter.
const READING: &[c_long] = &[
    libc::SYS_fstat,
    libc::SYS_getcwd,
    libc::SYS_getdents64,
    libc::SYS_inotify_add_watch,
    libc::SYS_inotify_init1,
    libc::SYS_inotify_rm_watch,
    libc::SYS_lseek,
    libc::SYS_newfstatat,
    libc::SYS_pread64,
    libc::SYS_readlinkat,
    libc::SYS_statx,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_readlink,
];

/// The options of connections that may be set: delays, timeouts and sizes. Others load programs or other protocols.
const OPTIONS: &[(c_int, c_int)] = &[
    (libc::SOL_SOCKET, libc::SO_KEEPALIVE),
    (libc::SOL_SOCKET, libc::SO_LINGER),
    (libc::SOL_SOCKET, libc::SO_RCVBUF),
    (libc::SOL_SOCKET, libc::SO_SNDBUF),
    (libc::IPPROTO_TCP, libc::TCP_CORK),
    (libc::IPPROTO_TCP, libc::TCP_KEEPCNT),
    (libc::IPPROTO_TCP, libc::TCP_KEEPIDLE),
    (libc::IPPROTO_TCP, libc::TCP_KEEPINTVL),
    (libc::IPPROTO_TCP, libc::TCP_NODELAY),
    (libc::IPPROTO_TCP, libc::TCP_NOTSENT_LOWAT),
    (libc::IPPROTO_TCP, libc::TCP_QUICKACK),
    (libc::IPPROTO_TCP, libc::TCP_USER_TIMEOUT),
];

/// What a thread must not share less of than it does, nor have watched.
const NO_THREAD: c_int = libc::CLONE_PTRACE
    | libc::CLONE_VFORK
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET;

/// The bits of a socket's type that are not flags (linux/net.h).
const SOCK_TYPE_MASK: c_int = 0xf;

/// O_TMPFILE without O_DIRECTORY, which ordinary reading may have.
const TEMPORARY: c_int = libc::O_TMPFILE & !libc::O_DIRECTORY;

/// What a process opens after the filter is on.
pub(super) struct Files {
    pub(super) read: bool,
    pub(super) append: bool,
    /// Landlock keeps files from being written, whatever call opens them.
    pub(super) closed: bool,
}

/// Allowed system calls, and the arguments with which they are (any, if there is none).
type Rules = BTreeMap<c_long, Vec<SeccompRule>>;

/// Filters the system calls of this thread and of those that it starts.
///
/// # Errors
/// A kernel without filters, or a container that forbids them.
pub(super) fn filter(files: &Files) -> Result<String> {
    let [unknown, allowed] = programs(files).context("the filter of system calls can't be made")?;
    seccompiler::apply_filter(&unknown).and_then(|()| seccompiler::apply_filter(&allowed)).context(
        "system calls can't be filtered; use a kernel with CONFIG_SECCOMP_FILTER, and let seccomp(2) through",
    )?;
    Ok("system calls filtered".to_owned())
}

/// Two programs: one for the call that is to seem unknown, and the list.
///
/// clone3(2) has its flags in memory, where no filter can look; where it is unknown, the C library takes clone(2).
fn programs(files: &Files) -> Result<[BpfProgram; 2]> {
    let unknown = Rules::from([(libc::SYS_clone3, Vec::new())]);
    let mut allowed = rules(files)?;
    allowed.insert(libc::SYS_clone3, Vec::new());
    let error = |number: c_int| SeccompAction::Errno(number.unsigned_abs());
    let machine = std::env::consts::ARCH.try_into()?;
    let unknown = SeccompFilter::new(unknown, SeccompAction::Allow, error(libc::ENOSYS), machine)?;
    let allowed = SeccompFilter::new(allowed, error(libc::EPERM), SeccompAction::Allow, machine)?;
    Ok([unknown.try_into()?, allowed.try_into()?])
}

fn rules(files: &Files) -> Result<Rules> {
    let mut rules: Rules = ALWAYS.iter().map(|call| (*call, Vec::new())).collect();
    rules.extend(with_arguments()?);
    let mut openat = Vec::new();
    if files.read {
        rules.extend(READING.iter().map(|call| (*call, Vec::new())));
        let writing = libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC | TEMPORARY;
        openat.push(rule([masked(2, writing, libc::O_RDONLY)])?);
        if files.closed {
            // Its flags are in memory. Without it, the folder's files are opened in another way.
            rules.insert(libc::SYS_openat2, Vec::new());
        }
    }
    if files.append {
        let other = libc::O_ACCMODE | libc::O_APPEND | libc::O_TRUNC | TEMPORARY;
        openat.push(rule([masked(2, other, libc::O_WRONLY | libc::O_APPEND)])?);
    }
    if !openat.is_empty() {
        rules.insert(libc::SYS_openat, openat);
    }
    Ok(rules)
}

fn with_arguments() -> Result<Rules> {
    let pid = rustix::process::getpid().as_raw_pid();
    let mut options = Vec::new();
    for (level, name) in OPTIONS {
        options.push(rule([equal(1, *level), equal(2, *name)])?);
    }
    Ok(Rules::from([
        // Memory never becomes a program.
        (libc::SYS_mmap, vec![rule([masked(2, libc::PROT_EXEC, 0)])?]),
        (libc::SYS_mprotect, vec![rule([masked(2, libc::PROT_EXEC, 0)])?]),
        // Threads, and no processes.
        (libc::SYS_clone, vec![rule([masked(0, libc::CLONE_THREAD | NO_THREAD, libc::CLONE_THREAD)])?]),
        // A thread's name.
        (libc::SYS_prctl, vec![rule([equal(0, libc::PR_SET_NAME)])?]),
        // abort(3).
        (libc::SYS_tgkill, vec![rule([equal(0, pid)])?]),
        (
            libc::SYS_fcntl,
            vec![
                rule([equal(1, libc::F_DUPFD_CLOEXEC)])?,
                rule([equal(1, libc::F_GETFD)])?,
                rule([equal(1, libc::F_GETFL)])?,
            ],
        ),
        (libc::SYS_ioctl, vec![rule([equal(1, libc::FIONBIO as c_int)])?]),
        // To no address but the connection's own.
        (libc::SYS_sendto, vec![rule([absent(4)])?]),
        (libc::SYS_setsockopt, options),
        // The pair that signals are passed on by. A pair of datagram sockets could send to any address.
        (libc::SYS_socketpair, vec![rule([equal(0, libc::AF_UNIX), masked(1, SOCK_TYPE_MASK, libc::SOCK_STREAM)])?]),
    ]))
}

/// All of these hold.
fn rule<const N: usize>(conditions: [Result<SeccompCondition>; N]) -> Result<SeccompRule> {
    Ok(SeccompRule::new(conditions.into_iter().collect::<Result<_>>()?)?)
}

/// An argument has this value. Only its lower half counts, as of the ints that all of these are.
fn equal(argument: u8, value: c_int) -> Result<SeccompCondition> {
    Ok(SeccompCondition::new(argument, Length::Dword, Is::Eq, bits(value))?)
}

/// These bits of an argument have this value.
fn masked(argument: u8, mask: c_int, value: c_int) -> Result<SeccompCondition> {
    Ok(SeccompCondition::new(argument, Length::Dword, Is::MaskedEq(bits(mask)), bits(value))?)
}

/// An argument is the null pointer.
fn absent(argument: u8) -> Result<SeccompCondition> {
    Ok(SeccompCondition::new(argument, Length::Qword, Is::Eq, 0)?)
}

fn bits(number: c_int) -> u64 {
    number.cast_unsigned().into()
}
