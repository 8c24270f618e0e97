//! A server in whose name a test makes system calls: what happens to them is what would happen to an intruder's.

use std::io::Write;
use std::process::{ChildStdin, Command, Stdio};

use nix::errno::Errno;
use nix::libc::{SYS_epoll_wait, SYS_getpid, SYS_read, c_long, user_regs_struct};
use nix::sys::ptrace::{self, Options};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::{TestServer, eventually};

/// An argument of a system call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Argument<'a> {
    Number(i64),
    /// The address of these bytes.
    Bytes(&'a [u8]),
}

/// A server whose first thread is stopped between two system calls. The other threads serve.
///
/// It is traced from its first instruction on: later, nobody but root could begin to.
pub(crate) struct Traced {
    server: TestServer,
    thread: Pid,
    /// Where it reads what is to be in its memory: nobody but root may write there.
    input: ChildStdin,
    /// The registers with which the thread goes on.
    registers: user_regs_struct,
}

impl Traced {
    /// Starts a command that must become a server, and stops its first thread once it waits for the end.
    pub(crate) fn launch(command: &Command) -> Self {
        let mut waiting = Command::new("sh");
        waiting.args(["-c", "read -r go && exec \"$@\"", "sh"]).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => waiting.env(name, value),
                None => waiting.env_remove(name),
            };
        }
        waiting.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = waiting.spawn().expect("sh");
        let thread = Pid::from_raw(child.id().try_into().expect("a process number"));
        ptrace::seize(thread, Options::PTRACE_O_EXITKILL).expect("traced");
        let mut input = child.stdin.take().expect("piped");
        input.write_all(b"go\n").expect("written");
        let server = TestServer::adopt(child);
        server.get("/").expect(200);
        let registers = stop(thread);
        let traced = Self { server, thread, input, registers };
        assert_eq!(traced.call(SYS_getpid, &[]), Ok(thread.as_raw().into()), "a call that can be made");
        traced
    }

    pub(crate) fn server(&self) -> &TestServer {
        &self.server
    }

    /// Makes a system call: what it returns, or its error.
    pub(crate) fn call(&self, number: c_long, arguments: &[Argument<'_>]) -> Result<i64, Errno> {
        let mut values = [0; 6];
        // Deeper calls have used this part of the stack before; nothing lies there now.
        let mut free = (self.registers.rsp - 2048) & !15;
        for (value, argument) in values.iter_mut().zip(arguments) {
            match argument {
                Argument::Number(number) => *value = number.cast_unsigned(),
                Argument::Bytes(bytes) => {
                    self.write(free, bytes);
                    *value = free;
                    free += bytes.len().next_multiple_of(16) as u64;
                }
            }
        }
        self.call_with(number, values)
    }

    fn call_with(&self, number: c_long, values: [u64; 6]) -> Result<i64, Errno> {
        let mut registers = self.registers;
        registers.rip -= 2; // back to the instruction `syscall`
        registers.rax = number.cast_unsigned();
        registers.orig_rax = u64::MAX; // no call to go on with
        [registers.rdi, registers.rsi, registers.rdx, registers.r10, registers.r8, registers.r9] = values;
        ptrace::setregs(self.thread, registers).expect("registers written");
        ptrace::step(self.thread, None).expect("a step");
        expect_stop(self.thread);
        let result = ptrace::getregs(self.thread).expect("registers read").rax.cast_signed();
        if (-4095..0).contains(&result) { Err(Errno::from_raw((-result) as i32)) } else { Ok(result) }
    }

    /// Has the thread read bytes into its memory.
    fn write(&self, address: u64, bytes: &[u8]) {
        (&self.input).write_all(bytes).expect("written");
        let length = bytes.len() as u64;
        let read = self.call_with(SYS_read, [0, address, length, 0, 0, 0]);
        assert_eq!(read, Ok(length.cast_signed()), "the thread reads its input");
    }

    /// Lets the thread go on as if nothing had happened.
    pub(crate) fn release(self) -> TestServer {
        ptrace::setregs(self.thread, self.registers).expect("registers written");
        ptrace::detach(self.thread, None).expect("detached");
        self.server
    }
}

/// Stops the thread where it waits for events: right behind the instruction `syscall`.
fn stop(thread: Pid) -> user_regs_struct {
    let mut stopped = None;
    eventually("the first thread waits for events", || {
        ptrace::interrupt(thread).expect("interrupted");
        expect_stop(thread);
        let registers = ptrace::getregs(thread).expect("registers read");
        stopped = (registers.orig_rax.cast_signed() == SYS_epoll_wait).then_some(registers);
        if stopped.is_none() {
            ptrace::cont(thread, None).expect("gone on");
        }
        stopped.is_some()
    });
    stopped.expect("registers")
}

fn expect_stop(thread: Pid) {
    match waitpid(thread, Some(WaitPidFlag::__WALL)).expect("waited for") {
        WaitStatus::Stopped(..) | WaitStatus::PtraceEvent(..) => {}
        other => panic!("not stopped: {other:?}"),
    }
}
