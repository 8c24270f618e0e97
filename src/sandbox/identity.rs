//! Who the process becomes when root has started it.

use std::fmt;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Gid, Uid, geteuid};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

use super::accounts::{self, GROUP, PASSWD};

/// A user and a group to become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Absent if only the group changes.
    user: Option<u32>,
    group: u32,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(user) = self.user {
            write!(f, "user {user}, ")?;
        }
        write!(f, "group {}", self.group)
    }
}

impl Identity {
    /// Looks up `--user` and `--group`; nothing if neither is given.
    ///
    /// # Errors
    /// Names that nobody has, and a process that may not become somebody else.
    pub(crate) fn look_up(user: Option<&str>, group: Option<&str>) -> Result<Option<Self>> {
        let flag = match (user, group) {
            (None, None) => return Ok(None),
            (Some(user), _) => format!("--user {user}"),
            (None, Some(group)) => format!("--group {group}"),
        };
        ensure!(geteuid().is_root(), "{flag}: only root can become somebody else; start as root, or leave it out");
        let read = |path| std::fs::read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Self::find(user, group, read(PASSWD).as_deref(), read(GROUP).as_deref()).map(Some)
    }

    /// Finds the numbers in the text of /etc/passwd and /etc/group, which need not exist for what is a number already.
    fn find(user: Option<&str>, group: Option<&str>, passwd: Option<&str>, groups: Option<&str>) -> Result<Self> {
        let user = user.map(|text| find_user(text, passwd).with_context(|| format!("--user {text}"))).transpose()?;
        let group = match group {
            Some(text) => find_group(text, groups).with_context(|| format!("--group {text}"))?,
            None => user.map_or(0, |user| user.group),
        };
        Ok(Self { user: user.map(|user| user.id), group })
    }

    /// Becomes this user and group, and leaves every other group.
    ///
    /// It is the calling thread that does: there must be no other one.
    ///
    /// # Errors
    /// A process that may not.
    pub(super) fn assume(self) -> Result<()> {
        let group = Gid::from_raw(self.group);
        set_thread_groups(&[]).and_then(|()| set_thread_res_gid(group, group, group)).with_context(|| {
            format!("--group {}: the groups can't be changed; give this process CAP_SETGID", self.group)
        })?;
        if let Some(user) = self.user {
            let id = Uid::from_raw(user);
            set_thread_res_uid(id, id, id)
                .with_context(|| format!("--user {user}: the user can't be changed; give this process CAP_SETUID"))?;
        }
        Ok(())
    }
}

fn find_user(text: &str, passwd: Option<&str>) -> Result<accounts::User> {
    let known = |wanted: &dyn Fn(&str, u32) -> bool| passwd.and_then(|passwd| accounts::user(passwd, wanted));
    if let Some(id) = accounts::id(text) {
        // A user that is not listed gets the group of the same number, and never root's.
        return Ok(known(&|_, known| known == id).unwrap_or(accounts::User { id, group: id }));
    }
    match known(&|name, _| name == text) {
        Some(user) => Ok(user),
        None => bail!("{}", nobody("user", PASSWD, passwd)),
    }
}

fn find_group(text: &str, groups: Option<&str>) -> Result<u32> {
    match accounts::id(text).or_else(|| accounts::group(groups?, text)) {
        Some(group) => Ok(group),
        None => bail!("{}", nobody("group", GROUP, groups)),
    }
}

fn nobody(kind: &str, path: &str, text: Option<&str>) -> String {
    match text {
        Some(_) => format!("{path} has no such {kind}; name one that it has, or give a number from 0 to 4294967294"),
        None => format!("there is no {path} to look the name up in; give a number, such as 65532"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0::/root:/bin/sh\nwww:x:33:34::/var/www:/bin/false\n";
    const GROUPS: &str = "root:x:0:\nweb:x:80:www\n";

    #[test]
    fn the_group_is_the_users_own_unless_one_is_named() {
        for (user, group, expected) in [
            (Some("www"), None, (Some(33), 34)),
            (Some("33"), None, (Some(33), 34)),
            (Some("www"), Some("web"), (Some(33), 80)),
            (Some("www"), Some("7"), (Some(33), 7)),
            (Some("65532"), None, (Some(65532), 65532)),
            (None, Some("web"), (None, 80)),
        ] {
            let found = Identity::find(user, group, Some(PASSWD), Some(GROUPS)).unwrap();
            assert_eq!((found.user, found.group), expected, "{user:?} {group:?}");
        }
    }

    #[test]
    fn numbers_need_no_files_and_names_do() {
        let found = Identity::find(Some("65532"), Some("65531"), None, None).unwrap();
        assert_eq!(found.to_string(), "user 65532, group 65531");
        let problem =
            |user, group, passwd, groups| format!("{:#}", Identity::find(user, group, passwd, groups).unwrap_err());
        assert!(problem(Some("www"), None, None, None).starts_with("--user www: there is no /etc/passwd"));
        assert!(
            problem(Some("none"), None, Some(PASSWD), None).starts_with("--user none: /etc/passwd has no such user")
        );
        assert!(problem(Some("www"), Some("none"), Some(PASSWD), Some(GROUPS)).starts_with("--group none: /etc/group"));
        assert!(problem(Some("4294967295"), None, Some(PASSWD), None).contains("0 to 4294967294"));
        assert!(problem(Some(""), None, Some(PASSWD), None).contains("no such user"));
    }
}
