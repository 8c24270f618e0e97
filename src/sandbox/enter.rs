//! Entering the sandbox: the layers, in the order in which each can still be put on.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use rustix::thread::set_no_new_privs;

use super::grants::Places;
use super::seccomp::Files;
use super::{Identity, Level, Needs, Summary, capabilities, landlock, seccomp};

/// How long threads may take to end.
const PATIENCE: Duration = Duration::from_secs(1);

/// Becomes who is asked for and gives up everything but what is needed.
///
/// To be called once everything is opened and before the first thread starts: a thread that runs already stays outside.
///
/// # Errors
/// An identity that can't be assumed, a folder that it can't read, and a layer that is required and missing.
pub(crate) fn enter(needs: &Needs) -> Result<Summary> {
    let mut summary = Summary::default();
    let alone = be_alone();
    if let Some(identity) = needs.identity {
        alone.as_ref().map_err(|problem| anyhow!("--user and --group: {problem}"))?;
        let folders = needs.read.iter().filter(|path| path.is_dir()).collect();
        identity.assume()?;
        summary.active.push(identity.to_string());
        check_access(needs, folders, identity)?;
    }
    if needs.level == Level::Off {
        summary.active.push("off".to_owned());
        return Ok(summary);
    }
    summary.add(alone.map(|()| None));
    summary.add(close_off().map(Some));
    summary.add(capabilities::give_up(needs));
    let (read, append) = (Places::around(&needs.read), Places::around(&needs.append));
    warn_of_fixed(&read);
    warn_of_fixed(&append);
    let closed = landlock::close(&read, &append);
    let files = Files { read: !needs.read.is_empty(), append: !needs.append.is_empty(), closed: closed.is_ok() };
    summary.add(closed.map(Some));
    summary.add(seccomp::filter(&files).map(Some));
    if needs.level == Level::Required && !summary.missing.is_empty() {
        bail!("--sandbox required: {} (or start with --sandbox best-effort)", summary.missing.join("; "));
    }
    Ok(summary)
}

impl Summary {
    fn add(&mut self, layer: Result<Option<String>>) {
        match layer {
            Ok(active) => self.active.extend(active),
            Err(problem) => self.missing.push(format!("{problem:#}")),
        }
    }
}

/// Waits until no other thread runs. Those that baked are done, but may take a moment to be gone.
///
/// Without procfs there is no telling.
fn be_alone() -> Result<()> {
    let start = Instant::now();
    loop {
        let threads = std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
        if threads == 1 {
            return Ok(());
        }
        ensure!(start.elapsed() < PATIENCE, "{} other threads run already and would stay outside", threads - 1);
        std::thread::sleep(Duration::from_micros(50));
    }
}

/// Programs that are started gain nothing by it, and no process of the same user can look into this one's memory.
fn close_off() -> Result<String> {
    set_no_new_privs(true).context("no_new_privs can't be set")?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable).context("PR_SET_DUMPABLE can't be set")?;
    Ok("no new privileges".to_owned())
}

/// Tells at the start what would fail at the first change. Folders are read all the time; a file only when it changed.
fn check_access(needs: &Needs, folders: Vec<&PathBuf>, identity: Identity) -> Result<()> {
    for path in &needs.read {
        let Err(problem) = File::open(path) else { continue };
        if folders.contains(&path) {
            return Err(problem).with_context(|| {
                format!("{}: can't be read as {identity}; change its mode or choose another user", path.display())
            });
        }
        log::warn!("{}: can't be read as {identity}: restart when it changes", path.display());
    }
    for path in &needs.append {
        if File::options().append(true).open(path).is_err() {
            log::warn!("{}: can't be opened as {identity}: restart when it is rotated", path.display());
        }
    }
    Ok(())
}

fn warn_of_fixed(places: &Places) {
    for path in places.fixed.iter().filter(|path| !is_mounted(path)) {
        log::warn!(
            "sandbox: {} lies in the root folder, so it alone is open; what takes its name later is not: put it into \
             a folder of its own",
            path.display()
        );
    }
}

/// A mount can't be renamed: nothing takes its name.
fn is_mounted(path: &Path) -> bool {
    statx(CWD, path, AtFlags::empty(), StatxFlags::empty())
        .is_ok_and(|stat| stat.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_runs_is_noticed() {
        let (end, wait) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || wait.recv());
        let problem = be_alone().unwrap_err().to_string();
        assert!(problem.contains("would stay outside"), "{problem}");
        drop(end);
        assert!(thread.join().unwrap().is_err());
    }
}
