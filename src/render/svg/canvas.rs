//! Canvas: shapes in layers, and their SVG elements.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::fmt::{self, Write};

use super::layout::Font;

/// Layers, from back to front.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Layer {
    /// Opaque ground of the whole picture.
    Ground,
    /// Lines behind the bars.
    Background,
    Bar,
    /// Plain grounds of texts in bars.
    Plain,
    /// Lines and shades across the bars.
    Overlay,
    Marker,
    Text,
}

/// Rectangle in px.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Area {
    /// True if two areas have more than an edge in common.
    #[cfg(test)]
    pub(super) fn intersects(&self, other: &Area) -> bool {
        self.x < other.x + other.width
            && other.x < self.x + self.width
            && self.y < other.y + other.height
            && other.y < self.y + self.height
    }
}

/// Alignment of a text at its `x`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// Line of text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Text {
    pub(super) x: f64,
    /// Baseline.
    pub(super) y: f64,
    pub(super) anchor: Anchor,
    pub(super) font: Font,
    pub(super) text: String,
}

impl Text {
    /// Returns an upper bound of the area.
    pub(super) fn area(&self) -> Area {
        let width = super::layout::width(&self.text, self.font);
        let x = match self.anchor {
            Anchor::Start => self.x,
            Anchor::Middle => self.x - width / 2.0,
            Anchor::End => self.x - width,
        };
        let height = self.font.ascent() + self.font.descent();
        Area { x, y: self.y - self.font.ascent(), width, height }
    }
}

/// Vertical line at an x coordinate, from top to bottom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Vertical {
    pub(super) x: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

/// Distance between a line and the text that it stops at.
const CLEARANCE: f64 = 1.5;

impl Vertical {
    /// Returns the parts of the line that are not in an area.
    fn without(self, area: &Area) -> [Option<Vertical>; 2] {
        let is_beside = self.x < area.x - CLEARANCE || self.x > area.x + area.width + CLEARANCE;
        let (top, bottom) = (area.y - CLEARANCE, area.y + area.height + CLEARANCE);
        if is_beside || bottom <= self.top || top >= self.bottom {
            return [Some(self), None];
        }
        let above = (self.top < top).then_some(Vertical { bottom: top, ..self });
        let below = (bottom < self.bottom).then_some(Vertical { top: bottom, ..self });
        [above, below]
    }
}

enum Shape {
    Rect(Area),
    Path(String),
    Verticals(Vec<Vertical>),
    Text(Text),
}

struct Drawn {
    layer: Layer,
    class: &'static str,
    shape: Shape,
    title: Option<String>,
}

/// All shapes of a picture.
#[derive(Default)]
pub(super) struct Canvas {
    drawn: Vec<Drawn>,
}

impl Canvas {
    /// Draws a rectangle; `title` is shown on hover.
    pub(super) fn rect(&mut self, layer: Layer, class: &'static str, area: Area, title: Option<String>) {
        self.drawn.push(Drawn { layer, class, shape: Shape::Rect(area), title });
    }

    /// Draws a path.
    pub(super) fn path(&mut self, layer: Layer, class: &'static str, path: String, title: Option<String>) {
        self.drawn.push(Drawn { layer, class, shape: Shape::Path(path), title });
    }

    /// Draws vertical lines, which stop at texts.
    pub(super) fn verticals(&mut self, layer: Layer, class: &'static str, lines: Vec<Vertical>, title: Option<String>) {
        self.drawn.push(Drawn { layer, class, shape: Shape::Verticals(lines), title });
    }

    /// Cuts each vertical line where a text is. Done last, when all texts are known.
    pub(super) fn cut_lines(&mut self) {
        let areas: Vec<Area> = self.drawn.iter().filter_map(|drawn| drawn.text()).map(Text::area).collect();
        for drawn in &mut self.drawn {
            let Shape::Verticals(lines) = &mut drawn.shape else { continue };
            for area in &areas {
                *lines = lines.iter().flat_map(|line| line.without(area)).flatten().collect();
            }
        }
    }

    /// Draws a text.
    pub(super) fn text(&mut self, class: &'static str, text: Text, title: Option<String>) {
        self.drawn.push(Drawn { layer: Layer::Text, class, shape: Shape::Text(text), title });
    }

    /// Iterates over all texts.
    #[cfg(test)]
    pub(super) fn texts(&self) -> impl Iterator<Item = &Text> {
        self.drawn.iter().filter_map(Drawn::text)
    }

    /// Iterates over all vertical lines.
    #[cfg(test)]
    pub(super) fn lines(&self) -> impl Iterator<Item = &Vertical> {
        let lines = self.drawn.iter();
        lines.flat_map(|drawn| if let Shape::Verticals(lines) = &drawn.shape { lines.as_slice() } else { &[] })
    }

    /// Returns the classes of a layer.
    #[cfg(test)]
    pub(super) fn classes(&self, layer: Layer) -> alloc::collections::BTreeSet<&'static str> {
        self.drawn.iter().filter(|drawn| drawn.layer == layer).map(|drawn| drawn.class).collect()
    }
}

impl fmt::Display for Canvas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut drawn: Vec<&Drawn> = self.drawn.iter().collect();
        // SVG paints in document order. The sort is stable, so shapes of one layer stay in the order of drawing.
        drawn.sort_by_key(|drawn| drawn.layer);
        drawn.into_iter().try_for_each(|drawn| drawn.fmt(f))
    }
}

impl Drawn {
    fn text(&self) -> Option<&Text> {
        match &self.shape {
            Shape::Text(text) => Some(text),
            Shape::Rect(_) | Shape::Path(_) | Shape::Verticals(_) => None,
        }
    }
}

impl fmt::Display for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let class = self.class;
        let title = self.title.as_ref().map(|title| alloc::format!("<title>{}</title>", Escaped(title)));
        let title = title.unwrap_or_default();
        // A title is a child element; without one, the element closes itself.
        let end = |name| if title.is_empty() { "/>".to_string() } else { alloc::format!(">{title}</{name}>") };
        match &self.shape {
            Shape::Rect(Area { x, y, width, height }) => {
                let (x, y, width, height) = (Px(*x), Px(*y), Px(*width), Px(*height));
                let end = end("rect");
                writeln!(f, r#"<rect class="{class}" x="{x}" y="{y}" width="{width}" height="{height}"{end}"#)
            }
            Shape::Path(path) => writeln!(f, r#"<path class="{class}" d="{path}"{}"#, end("path")),
            // A text may cover all of a line.
            Shape::Verticals(lines) if lines.is_empty() => Ok(()),
            Shape::Verticals(lines) => {
                let line = |line: &Vertical| alloc::format!("M{} {}V{}", Px(line.x), Px(line.top), Px(line.bottom));
                let path: String = lines.iter().map(line).collect();
                writeln!(f, r#"<path class="{class}" d="{path}"{}"#, end("path"))
            }
            Shape::Text(Text { x, y, anchor, font, text }) => {
                let (x, y, text) = (Px(*x), Px(*y), Escaped(text));
                let (font, anchor) = (font_class(*font), anchor_class(*anchor));
                writeln!(f, r#"<text class="{class}{font}{anchor}" x="{x}" y="{y}">{title}{text}</text>"#)
            }
        }
    }
}

fn font_class(font: Font) -> &'static str {
    match font {
        Font::Title => " ft",
        Font::Name => " fn",
        Font::Label => " fl",
    }
}

fn anchor_class(anchor: Anchor) -> &'static str {
    match anchor {
        Anchor::Start => "",
        Anchor::Middle => " am",
        Anchor::End => " ae",
    }
}

/// Length in px, written with at most one decimal.
pub(super) struct Px(pub(super) f64);

impl fmt::Display for Px {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.0 * 10.0).round();
        // Adding 0.0 turns -0 into 0.
        if tenths % 10.0 == 0.0 { write!(f, "{}", tenths / 10.0 + 0.0) } else { write!(f, "{:.1}", tenths / 10.0) }
    }
}

/// Text escaped for XML; characters that XML does not allow become U+FFFD.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|letter| match letter {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            // A plain line end in an attribute (`aria-label`) would be read as a blank.
            '\n' => f.write_str("&#10;"),
            '\t' => f.write_char(' '),
            // XML 1.0 forbids most control characters, even as references.
            letter if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') => f.write_char('\u{fffd}'),
            letter => f.write_char(letter),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_written_to_a_tenth() {
        let texts = [0.0, -0.01, 1.0, 1.04, 1.06, -2.5, 100.0].map(|px| Px(px).to_string());
        assert_eq!(texts, ["0", "0", "1", "1", "1.1", "-2.5", "100"]);
    }

    #[test]
    fn text_cannot_break_out_of_its_element() {
        assert_eq!(Escaped("<a b=\"c\">&\u{0}\u{1b}").to_string(), "&lt;a b=&quot;c&quot;&gt;&amp;\u{fffd}\u{fffd}");
    }
}
