//! How wide text is, at most: a picture does not know the reader's fonts.

use alloc::string::String;

/// The letters that a text is set in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Font {
    /// 15 px, bold: the title.
    Title,
    /// 11 px, bold: names of containers.
    Name,
    /// 11 px.
    Label,
    /// 10 px.
    Small,
}

impl Font {
    /// Its size in px.
    pub(super) const fn size(self) -> f64 {
        match self {
            Font::Title => 15.0,
            Font::Name | Font::Label => 11.0,
            Font::Small => 10.0,
        }
    }

    /// How far its letters reach above the line that they stand on.
    pub(super) const fn ascent(self) -> f64 {
        self.size() * 0.8
    }

    /// How far its letters reach below that line.
    #[cfg(test)]
    pub(super) const fn descent(self) -> f64 {
        self.size() * 0.25
    }

    const fn is_bold(self) -> bool {
        matches!(self, Font::Title | Font::Name)
    }
}

/// Advances of the printable ASCII letters in hundredths of the size: the larger of those of two common families, one
/// of them as wide as fonts for screens get.
const ADVANCES: [u8; 95] = [
    32, 41, 46, 84, 64, 96, 78, 28, 40, 40, 50, 84, 32, 37, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 34, 34, 84,
    84, 84, 56, 102, 69, 69, 73, 78, 67, 62, 78, 76, 30, 50, 67, 56, 87, 75, 79, 67, 79, 73, 67, 62, 74, 69, 99, 69,
    67, 69, 40, 34, 40, 84, 56, 50, 62, 64, 55, 64, 62, 36, 64, 64, 28, 28, 58, 28, 98, 64, 62, 64, 64, 42, 53, 40, 64,
    60, 82, 60, 60, 53, 64, 34, 64, 84,
];
/// Of `×` and the like.
const OTHER: u8 = 100;
/// Of pictures of things and faces.
const WIDEST: u8 = 140;
/// What bold adds.
const BOLD: u8 = 10;

/// How wide a text is at most, in px.
pub(super) fn width(text: &str, font: Font) -> f64 {
    let hundredths: f64 = text.chars().map(|letter| f64::from(advance(letter, font))).sum();
    hundredths * font.size() / 100.0
}

fn advance(letter: char, font: Font) -> u8 {
    let place = (letter as usize).checked_sub(usize::from(b' '));
    let known = place.and_then(|place| ADVANCES.get(place)).copied();
    let other = if letter < '\u{1f000}' { OTHER } else { WIDEST };
    known.unwrap_or(other).saturating_add(if font.is_bold() { BOLD } else { 0 })
}

/// As much of a text as fits, with an ellipsis if that is not all; nothing if not even a few letters do.
pub(super) fn shortened(text: &str, font: Font, room: f64) -> Option<String> {
    if width(text, font) <= room {
        return Some(text.into());
    }
    let mut left = room - width("…", font);
    let fitting = text.chars().take_while(|letter| {
        left -= f64::from(advance(*letter, font)) * font.size() / 100.0;
        left >= 0.0
    });
    let short: String = fitting.collect();
    let short = short.trim_end();
    (short.chars().count() >= LEAST_LETTERS).then(|| alloc::format!("{short}…"))
}

/// Fewer letters than these tell nothing.
const LEAST_LETTERS: usize = 5;

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
            if let Some(short) = shortened(text, Font::Small, room) {
                assert!(width(&short, Font::Small) <= room, "{short}");
            }
        }
        assert_eq!(shortened(text, Font::Small, 200.0).as_deref(), Some(text));
        assert_eq!(shortened(text, Font::Small, 10.0), None);
    }
}
