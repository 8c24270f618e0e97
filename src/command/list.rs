//! `site list`: the files of a site, one a line.

use anyhow::Result;

use super::print;
use super::source;
use super::table::{Column, table};
use crate::cli::List;
use crate::inventory::{Entry, Inventory, Totals};

/// Lists the files of a site with what was decided about them.
///
/// # Errors
/// A site that can't be read.
pub(crate) fn list(flags: List) -> Result<()> {
    let mut inventory = Inventory::of(&source::open(flags.from.as_deref())?.pack);
    if !flags.retired {
        inventory.entries.retain(|entry| entry.retired.is_none());
    }
    if flags.json {
        return print(&(serde_json::to_string_pretty(&inventory)? + "\n"));
    }
    let columns = [
        ("path", Column::Left),
        ("type", Column::Left),
        ("size", Column::Right),
        ("br", Column::Right),
        ("gzip", Column::Right),
        ("etag", Column::Left),
        ("policy", Column::Left),
    ];
    let mut rows: Vec<[String; 7]> = inventory.entries.iter().map(row).collect();
    rows.extend(sums(&inventory.totals));
    print(&table(&columns, &rows))
}

fn row(entry: &Entry) -> [String; 7] {
    let size = |bytes: Option<u64>| bytes.map_or_else(|| "-".to_owned(), |bytes| bytes.to_string());
    [
        entry.path.escape_debug().to_string(),
        entry.content_type.clone(),
        entry.size.to_string(),
        size(entry.br),
        size(entry.gzip),
        entry.etag.clone(),
        match entry.retired {
            Some(age) => format!("{} (of {age} releases ago)", entry.policy),
            None => entry.policy.clone(),
        },
    ]
}

fn sums(totals: &Totals) -> Vec<[String; 7]> {
    let row = |head: String, sizes: [u64; 3]| {
        let [size, br, gzip] = sizes.map(|bytes| if bytes == 0 { "-".to_owned() } else { bytes.to_string() });
        [head, String::new(), size, br, gzip, String::new(), String::new()]
    };
    let mut rows = vec![row(format!("{} files", totals.files), [totals.bytes, totals.br, totals.gzip])];
    if totals.kept_files > 0 {
        rows.push(row(format!("{} kept from earlier releases", totals.kept_files), [totals.kept_bytes, 0, 0]));
    }
    rows
}
