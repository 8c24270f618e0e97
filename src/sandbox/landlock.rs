//! Landlock: no path can be opened but below the folders that are needed, and no address or process be reached.

use std::path::PathBuf;

use ::landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, LandlockStatus, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreated, RulesetCreatedAttr, RulesetStatus, Scope,
};
use anyhow::{Context, Result, bail};

use super::grants::Places;

/// The newest version whose restrictions were tried out; older kernels leave out what they don't know.
const NEWEST: ABI = ABI::V7;

const REMEDY: &str = "use Linux 5.13 or newer with landlock in its lsm= list, and let the calls landlock_* through";

/// Closes the file system except for reading and appending at these places; says so.
///
/// # Errors
/// A kernel without Landlock, or a container that forbids it.
pub(super) fn close(read: &Places, append: &Places) -> Result<String> {
    let ruleset = Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create();
    let mut ruleset = ruleset.with_context(|| format!("Landlock is refused; {REMEDY}"))?;
    ruleset = allow(ruleset, read, AccessFs::ReadFile | AccessFs::ReadDir)?;
    // Without the right to truncate: what is in a log stays in it.
    ruleset = allow(ruleset, append, AccessFs::WriteFile | AccessFs::MakeReg)?;
    let status = ruleset.restrict_self().with_context(|| format!("Landlock is refused; {REMEDY}"))?;
    match status.landlock {
        LandlockStatus::Available { effective_abi, .. } if status.ruleset != RulesetStatus::NotEnforced => {
            Ok(format!("{} (Landlock {})", describe(read, append), effective_abi.min(NEWEST)))
        }
        _ => bail!("there is no Landlock; {REMEDY}"),
    }
}

fn allow(mut ruleset: RulesetCreated, places: &Places, access: BitFlags<AccessFs>) -> Result<RulesetCreated> {
    for path in &places.folders {
        // What this user can't reach needs no rule.
        if let Ok(folder) = PathFd::new(path) {
            ruleset = ruleset
                .add_rule(PathBeneath::new(folder, access))
                .with_context(|| format!("Landlock can't let {} be used", path.display()))?;
        }
    }
    Ok(ruleset)
}

fn describe(read: &Places, append: &Places) -> String {
    let list = |places: &Places| {
        let paths: Vec<_> =
            places.folders.iter().map(PathBuf::as_path).map(|path| path.display().to_string()).collect();
        paths.join(" and ")
    };
    match (read.folders.is_empty(), append.folders.is_empty()) {
        (true, true) => "file system closed".to_owned(),
        (false, true) => format!("file system closed but for reading in {}", list(read)),
        (true, false) => format!("file system closed but for appending in {}", list(append)),
        (false, false) => {
            format!("file system closed but for reading in {}, for appending in {}", list(read), list(append))
        }
    }
}
