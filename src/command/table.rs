//! Aligned columns of text.

use std::fmt::Write;

/// How a column is aligned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    Left,
    Right,
}

/// Sets rows under their heads, each column as wide as its widest cell.
pub(crate) fn table<const N: usize>(columns: &[(&str, Column); N], rows: &[[String; N]]) -> String {
    let width = |at: usize| {
        let cells = rows.iter().map(|row| row[at].chars().count());
        cells.chain([columns[at].0.len()]).max().unwrap_or_default()
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let heads = columns.map(|(head, _)| head.to_owned());
    let mut text = String::new();
    for row in std::iter::once(&heads).chain(rows) {
        let mut line = String::new();
        for ((cell, width), (_, column)) in row.iter().zip(widths).zip(columns) {
            // Writing to a string can't fail.
            let _ = match column {
                Column::Left => write!(line, "{cell:<width$}  "),
                Column::Right => write!(line, "{cell:>width$}  "),
            };
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["é".into(), "1".into()], ["longer".into(), "12345".into()]];
        let text = table(&[("name", Column::Left), ("size", Column::Right)], &rows);
        assert_eq!(text, "name     size\né           1\nlonger  12345\n");
    }
}
