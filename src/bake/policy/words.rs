//! The lines of a policy file: numbered, trimmed, without comments.

use super::Problem;

/// Characters that a line may have.
const LONGEST: usize = 2000;

/// The lines that say something, with their numbers; overlong ones are problems instead.
pub(super) fn lines<'a>(
    file: &'static str,
    text: &'a str,
    problems: &mut Vec<Problem>,
) -> impl Iterator<Item = (u32, &'a str)> + use<'a> {
    let mut kept = Vec::new();
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line.len() > LONGEST {
            let text = format!("the line has {} bytes; more than {LONGEST} are surely a mistake: split it", line.len());
            problems.push(Problem { file, line: number, text });
        } else {
            kept.push((number, line));
        }
    }
    kept.into_iter()
}
