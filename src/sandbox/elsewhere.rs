//! The sandbox on systems that have none.

use anyhow::{Result, bail};

use super::{Level, Needs, Summary};

/// Who to become: nobody else.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Identity {}

impl Identity {
    /// Refuses to become somebody else.
    ///
    /// # Errors
    /// A user or a group.
    pub(crate) fn look_up(user: Option<&str>, group: Option<&str>) -> Result<Option<Self>> {
        match (user, group) {
            (None, None) => Ok(None),
            _ => bail!("--user and --group work on Linux only; start the server as the user that it is to run as"),
        }
    }
}

/// Does nothing.
///
/// # Errors
/// A sandbox that is required.
pub(crate) fn enter(needs: &Needs) -> Result<Summary> {
    match needs.level {
        Level::Off => Ok(Summary { active: vec!["off".to_owned()], missing: Vec::new() }),
        Level::BestEffort => {
            Ok(Summary { active: vec!["none: there is one on Linux only".to_owned()], ..Summary::default() })
        }
        Level::Required => bail!("--sandbox required: there is a sandbox on Linux only; use --sandbox best-effort"),
    }
}
