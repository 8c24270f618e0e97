//! Capabilities: the pieces of root's power, of which a process that has opened everything needs next to none.

use anyhow::{Context, Result};
use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities};

use super::Needs;

/// Gives up every capability but those that [`kept`] names; says what is left, if there was anything.
///
/// # Errors
/// A filter around this process that refuses capset(2).
pub(super) fn give_up(needs: &Needs) -> Result<Option<String>> {
    let held = capabilities(None).context("the capabilities can't be read")?;
    if held.permitted.is_empty() && held.inheritable.is_empty() {
        return Ok(None);
    }
    let kept = kept(needs, held.permitted);
    let sets = CapabilitySets { effective: kept, permitted: kept, inheritable: CapabilitySet::empty() };
    set_capabilities(None, sets)
        .context("the capabilities can't be given up; let capset(2) through (systemd: SystemCallFilter=capset)")?;
    Ok(Some(match kept.is_empty() {
        true => "no capabilities".to_owned(),
        false => format!("no capabilities but {}", names(kept)),
    }))
}

/// Root reads files whatever their mode, and so did everything that was opened so far. Without the capability for
/// that, a folder, a key or a log that belongs to somebody else would be lost at its next change, long after the
/// start that could have told. So it stays while there are paths to open again (Landlock bounds where it counts);
/// with none, nothing stays. `--user` gives it up in any case.
fn kept(needs: &Needs, held: CapabilitySet) -> CapabilitySet {
    let mut wanted = CapabilitySet::empty();
    if !needs.read.is_empty() {
        let enough = held.contains(CapabilitySet::DAC_READ_SEARCH);
        wanted |= if enough { CapabilitySet::DAC_READ_SEARCH } else { CapabilitySet::DAC_OVERRIDE };
    }
    if !needs.append.is_empty() {
        wanted |= CapabilitySet::DAC_OVERRIDE;
    }
    held & wanted
}

fn names(set: CapabilitySet) -> String {
    let names: Vec<_> = set.iter_names().map(|(name, _)| format!("CAP_{name}")).collect();
    names.join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::Level;

    #[test]
    fn only_what_opens_the_named_files_stays() {
        let reading = CapabilitySet::DAC_READ_SEARCH;
        let writing = CapabilitySet::DAC_OVERRIDE;
        let root = CapabilitySet::from_bits_retain((1 << 41) - 1);
        let container = root.difference(reading);
        let bind = CapabilitySet::NET_BIND_SERVICE;
        let none = CapabilitySet::empty();
        for (read, append, held, expected) in [
            (false, false, root, none),
            (true, false, root, reading),
            (false, true, root, writing),
            (true, true, root, reading | writing),
            (true, false, container, writing),
            (true, true, bind, none),
            (true, true, none, none),
        ] {
            let path = |named: bool| if named { vec!["/srv/site".into()] } else { Vec::new() };
            let needs = Needs { level: Level::Required, identity: None, read: path(read), append: path(append) };
            assert_eq!(kept(&needs, held), expected, "read {read}, append {append}, of {held:?}");
        }
    }
}
