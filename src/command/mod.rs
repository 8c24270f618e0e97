//! The subcommands.

mod serve;

use anyhow::Result;

pub(crate) use serve::serve;

/// Prints the version and the hash of the carried pack.
///
/// # Errors
/// A damaged pack.
pub(crate) fn version() -> Result<()> {
    println!("site {} (pack {})", env!("CARGO_PKG_VERSION"), crate::carrier::carried_pack()?.hash());
    Ok(())
}
