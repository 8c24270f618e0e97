//! The flags of `site check`.

use std::path::PathBuf;

use clap::Args;

use crate::check::Size;
use crate::site::TrailingSlash;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  site check dist                     what a build of dist would serve\n  site check                          the site inside this executable, checksums included\n  site check dist --budget 200kB      and no page may weigh more than that, with what it loads\n  site check dist --strict --json     for a pipeline: warnings count, and a program reads the report\n\nThe exit code is 0 for a good site and 1 for one with errors (or warnings,\nwith --strict). Links to other sites are not followed."
)]
pub(crate) struct Check {
    /// A folder, a pack, or an executable that ends with one [default: the site inside this executable]
    #[arg(value_name = "DIR|FILE")]
    pub(crate) site: Option<PathBuf>,

    /// Write the whole report as one JSON object; without it, long lists are abridged
    #[arg(long)]
    pub(crate) json: bool,

    /// Fail for warnings, too
    #[arg(long)]
    pub(crate) strict: bool,

    /// The most that a page may weigh with the files it loads, in the best coding: 200kB, 1.5MB, 512KiB
    #[arg(long, value_name = "SIZE")]
    pub(crate) budget: Option<Size>,

    /// The site is served with --spa: links to unknown paths lead to the application
    #[arg(long, env = "SITE_SPA")]
    pub(crate) spa: bool,

    /// How addresses of pages end, as in `site serve`
    #[arg(long, value_name = "MODE", env = "SITE_TRAILING_SLASH", default_value = "auto")]
    pub(crate) trailing_slash: TrailingSlash,

    /// Follow symbolic links out of the folder, as a build with SITE_FOLLOW_LINKS=1 does
    #[arg(long)]
    pub(crate) follow_links: bool,
}
