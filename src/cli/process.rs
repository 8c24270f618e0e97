//! The flags that decide what the serving process may do.

use clap::Args;

use crate::sandbox::Level;

#[derive(Debug, Args)]
#[command(next_help_heading = "Process")]
pub(crate) struct Process {
    /// Give up opening files, starting programs and connecting anywhere, once everything is opened
    #[arg(long, value_name = "LEVEL", env = "SITE_SANDBOX", default_value = "best-effort")]
    pub(crate) sandbox: Level,

    /// Become this user once everything is opened (as root only): a name or a number
    #[arg(long, value_name = "USER", env = "SITE_USER")]
    pub(crate) user: Option<String>,

    /// Become a member of this group alone (as root only): a name or a number [default: the user's group]
    #[arg(long, value_name = "GROUP", env = "SITE_GROUP")]
    pub(crate) group: Option<String>,
}
