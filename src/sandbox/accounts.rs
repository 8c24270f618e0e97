//! Users and groups by name, from the text of /etc/passwd and /etc/group.
//!
//! Not by getpwnam(3): the C library of a static executable loads no modules of the name service switch.

/// Where users are listed.
pub(super) const PASSWD: &str = "/etc/passwd";

/// Where groups are listed.
pub(super) const GROUP: &str = "/etc/group";

/// A user's number and the number of the primary group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct User {
    pub(super) id: u32,
    pub(super) group: u32,
}

/// The user that `wanted` accepts, by name and number.
pub(super) fn user(passwd: &str, wanted: impl Fn(&str, u32) -> bool) -> Option<User> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _password) = (fields.next()?, fields.next()?);
        let user = User { id: id(fields.next()?)?, group: id(fields.next()?)? };
        wanted(name, user.id).then_some(user)
    })
}

/// The number of the group of this name.
pub(super) fn group(groups: &str, wanted: &str) -> Option<u32> {
    groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _password) = (fields.next()?, fields.next()?);
        if name == wanted { id(fields.next()?) } else { None }
    })
}

/// A number that a user or a group can have. The last one means "leave it as it is" to the kernel.
pub(super) fn id(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|id| digits && *id != u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: &str = "root:x:0:0:root:/root:/bin/bash\n\
                         # a comment\n\
                         +@netgroup\n\
                         \n\
                         broken:x:no:1::\n\
                         short:x:7\n\
                         all:x:4294967295:4294967295:::\n\
                         www-data:x:33:34:www-data:/var/www:/usr/sbin/nologin\n\
                         www-data:x:99:99:the first one counts::\n";

    #[test]
    fn users_are_found_by_name_and_by_number() {
        let by_name = |wanted| user(USERS, |name, _| name == wanted);
        assert_eq!(by_name("www-data"), Some(User { id: 33, group: 34 }));
        assert_eq!(by_name("root"), Some(User { id: 0, group: 0 }));
        for name in ["broken", "short", "all", "www", "", "# a comment", "+@netgroup", "x"] {
            assert_eq!(by_name(name), None, "{name}");
        }
        assert_eq!(user(USERS, |_, id| id == 33), Some(User { id: 33, group: 34 }));
        assert_eq!(user(USERS, |_, id| id == 34), None);
    }

    #[test]
    fn groups_are_found_by_name() {
        let groups = "root:x:0:\nadm:x:4:syslog,admin\nwww-data:x:33\nbroken:x:-1:\n";
        assert_eq!(group(groups, "adm"), Some(4));
        assert_eq!(group(groups, "www-data"), Some(33));
        for name in ["syslog", "broken", "", "ad"] {
            assert_eq!(group(groups, name), None, "{name}");
        }
    }

    #[test]
    fn the_number_that_means_no_change_is_no_number() {
        assert_eq!(id("0"), Some(0));
        assert_eq!(id("4294967294"), Some(4_294_967_294));
        for text in ["4294967295", "4294967296", "-1", "+1", "", " 1", "0x1", "nobody"] {
            assert_eq!(id(text), None, "{text}");
        }
    }
}
