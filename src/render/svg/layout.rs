//! Layout of text: widths, and free space in a row.
//!
//! The reader's fonts are unknown, so widths are upper bounds.

use alloc::{string::String, vec::Vec};

/// Font of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Font {
    /// 16 px, bold: title of the picture.
    Title,
    /// 12 px, bold: names of containers.
    Name,
    /// 12 px.
    Label,
}

impl Font {
    /// Returns the size in px.
    pub(super) const fn size(self) -> f64 {
        match self {
            Font::Title => 16.0,
            // Smaller text is hard to read on a screen.
            Font::Name | Font::Label => 12.0,
        }
    }

    /// Returns the height above the baseline.
    pub(super) const fn ascent(self) -> f64 {
        self.size() * 0.8
    }

    /// Returns the depth below the baseline.
    pub(super) const fn descent(self) -> f64 {
        self.size() * 0.25
    }

    const fn is_bold(self) -> bool {
        matches!(self, Font::Title | Font::Name)
    }
}

/// Advance widths of printable ASCII in hundredths of the font size: the larger one of two common families, of which
/// one is about as wide as screen fonts get.
const ADVANCES: [u8; 95] = [
    32, 41, 46, 84, 64, 96, 78, 28, 40, 40, 50, 84, 32, 37, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 34, 34, 84,
    84, 84, 56, 102, 69, 69, 73, 78, 67, 62, 78, 76, 30, 50, 67, 56, 87, 75, 79, 67, 79, 73, 67, 62, 74, 69, 99, 69,
    67, 69, 40, 34, 40, 84, 56, 50, 62, 64, 55, 64, 62, 36, 64, 64, 28, 28, 58, 28, 98, 64, 62, 64, 64, 42, 53, 40, 64,
    60, 82, 60, 60, 53, 64, 34, 64, 84,
];
/// Advance of characters such as `×`.
const OTHER: u8 = 100;
/// Advance of emoji.
const WIDEST: u8 = 140;
/// Additional advance of bold text.
const BOLD: u8 = 10;

/// Returns an upper bound of a text's width in px.
pub(super) fn width(text: &str, font: Font) -> f64 {
    let hundredths: f64 = text.chars().map(|letter| f64::from(advance(letter, font))).sum();
    hundredths * font.size() / 100.0
}

fn advance(letter: char, font: Font) -> u8 {
    let index = (letter as usize).checked_sub(usize::from(b' '));
    let known = index.and_then(|index| ADVANCES.get(index)).copied();
    // The emoji blocks begin about here.
    let other = if letter < '\u{1f000}' { OTHER } else { WIDEST };
    known.unwrap_or(other).saturating_add(if font.is_bold() { BOLD } else { 0 })
}

/// Returns as much of a text as fits, with an ellipsis if it is cut; `None` if only a few letters would remain.
pub(super) fn shortened(text: &str, font: Font, room: f64) -> Option<String> {
    if width(text, font) <= room {
        return Some(text.into());
    }
    // The ellipsis needs its room before any letter.
    let mut left = room - width("…", font);
    let fitting = text.chars().take_while(|letter| {
        left -= f64::from(advance(*letter, font)) * font.size() / 100.0;
        left >= 0.0
    });
    let short: String = fitting.collect();
    let short = short.trim_end();
    (short.chars().count() >= LEAST_LETTERS).then(|| alloc::format!("{short}…"))
}

/// Joins items with commas into lines that fit, as far as single items do.
pub(super) fn wrapped(items: &[String], font: Font, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        // The comma stays at the end of its line.
        let comma = if index.saturating_add(1) < items.len() { "," } else { "" };
        let joined = lines.last().map(|line| alloc::format!("{line} {item}{comma}"));
        match joined.filter(|joined| width(joined, font) <= room) {
            Some(joined) => {
                lines.pop();
                lines.push(joined);
            }
            None => {
                let text = alloc::format!("{item}{comma}");
                lines.push(shortened(&text, font, room).unwrap_or(text));
            }
        }
    }
    lines
}

/// Fewer letters are not readable as a word.
const LEAST_LETTERS: usize = 5;

/// Gap between two items of a row, in px.
const GAP: f64 = 3.0;

/// Row of items that must not overlap.
#[derive(Clone, Debug)]
pub(super) struct Row {
    from: f64,
    to: f64,
    taken: Vec<(f64, f64)>,
}

impl Row {
    pub(super) fn new(from: f64, to: f64) -> Row {
        Row { from, to, taken: Vec::new() }
    }

    /// Marks a range as taken, free or not.
    pub(super) fn take(&mut self, from: f64, to: f64) {
        self.taken.push((from, to));
    }

    /// Takes a range if it is free; returns true if it was.
    pub(super) fn take_free(&mut self, from: f64, to: f64) -> bool {
        let is_within = from >= self.from && to <= self.to;
        let is_free = is_within && self.taken.iter().all(|&(a, b)| to + GAP <= a || b + GAP <= from);
        if is_free {
            self.take(from, to);
        }
        is_free
    }

    /// Takes a range of this width beside an item: after it, or else before it. Returns its left edge.
    pub(super) fn beside(&mut self, (from, to): (f64, f64), width: f64) -> Option<f64> {
        // Right of the item first, in the direction of reading.
        let candidates = [to + GAP, from - GAP - width];
        candidates.into_iter().find(|&x| self.take_free(x, x + width))
    }

    /// Takes a range of this width below an item: from its left edge on, or else up to its right edge. Returns its left
    /// edge.
    pub(super) fn below(&mut self, (from, to): (f64, f64), width: f64) -> Option<f64> {
        let candidates = [from, to - width];
        candidates.into_iter().find(|&x| self.take_free(x, x + width))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_letters_are_wider_than_narrow_ones() {
        assert!(width("WWW", Font::Label) > width("lll", Font::Label));
        assert!(width("lll", Font::Name) > width("lll", Font::Label));
        assert_eq!(width("", Font::Title), 0.0);
    }

    #[test]
    fn a_text_is_shortened_to_its_room() {
        let text = "CrashLoopBackOff";
        for room in [20.0, 40.0, 80.0, 200.0] {
            if let Some(short) = shortened(text, Font::Label, room) {
                assert!(width(&short, Font::Label) <= room, "{short}");
            }
        }
        assert_eq!(shortened(text, Font::Label, 200.0).as_deref(), Some(text));
        assert_eq!(shortened(text, Font::Label, 10.0), None);
    }

    #[test]
    fn a_text_is_beside_its_marker_if_there_is_room() {
        let mut row = Row::new(0.0, 100.0);
        row.take(20.0, 30.0);
        assert_eq!(row.beside((20.0, 30.0), 40.0), Some(33.0));
        assert_eq!(row.beside((20.0, 30.0), 40.0), None, "to the left it would leave the row");
        assert_eq!(row.beside((20.0, 30.0), 10.0), Some(7.0));
    }

    #[test]
    fn a_text_below_its_marker_is_aligned_with_one_of_its_edges() {
        let mut row = Row::new(0.0, 100.0);
        assert_eq!(row.below((80.0, 90.0), 30.0), Some(60.0), "to the right it would leave the row");
        assert_eq!(row.below((50.0, 59.0), 9.0), None, "it would touch the other one");
        assert_eq!(row.below((20.0, 30.0), 30.0), Some(20.0));
    }
}
