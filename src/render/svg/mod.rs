//! The main picture.

mod bar;
mod canvas;
mod deeds;
mod flags;
mod ink;
mod legend;
mod measure;
mod page;
mod probes;
mod process;
mod row;
mod sign;
mod summary;
mod time;

use core::fmt;

use self::{
    canvas::{Escaped, Px},
    page::Page,
};
use super::picture::Picture;
use crate::time::Timestamp;

/// A life as SVG: one lane a container, phase and conditions above, Kubernetes events below.
///
/// What is printed is one `<svg>` element that needs nothing else. It follows the reader's preference of light or dark,
/// says more on hover, and is told in words in its `<desc>`. Its size is given in px and it may be scaled.
///
/// ```
/// use pod_lifecycle::{api, render::{Picture, Svg}, sim::Scenario};
///
/// let pod: api::PodManifest = serde_json::from_str(
///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
/// let picture = Picture::of(&Scenario::healthy(pod).play()?);
/// let svg = Svg::of(&picture).width(800).to_string();
/// assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Svg<'a> {
    picture: &'a Picture,
    width: f64,
}

/// How wide a picture is, in px, if nobody says.
const WIDTH: f64 = 1_000.0;
/// Nothing narrower can be read.
const NARROWEST: u32 = 320;

const STYLE: &str = include_str!("style.css");
const DEFS: &str = include_str!("defs.svg");

impl<'a> Svg<'a> {
    /// A picture 1,000 px wide.
    ///
    /// ```
    /// use pod_lifecycle::{api::PodManifest, render::{Picture, Svg}, sim::Scenario};
    ///
    /// let pod: PodManifest = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let picture = Picture::of(&Scenario::healthy(pod).play()?);
    /// assert!(Svg::of(&picture).to_string().contains(r#"width="1000""#));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn of(picture: &'a Picture) -> Svg<'a> {
        Svg { picture, width: WIDTH }
    }

    /// The same `px` wide, but no less than 320: laid out anew, with letters of the same size.
    #[must_use]
    pub fn width(self, px: u32) -> Svg<'a> {
        Svg { width: f64::from(px.max(NARROWEST)), ..self }
    }

    /// How far from the left a moment is drawn, in px.
    ///
    /// ```
    /// use core::time::Duration;
    /// use pod_lifecycle::{api::PodManifest, render::{Picture, Svg}, sim::Scenario};
    ///
    /// let pod: PodManifest = serde_json::from_str(
    ///     r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": "nginx:1"}]}}"#)?;
    /// let picture = Picture::of(&Scenario::healthy(pod).play()?);
    /// let svg = Svg::of(&picture);
    /// let minute = picture.start + Duration::from_secs(60);
    /// assert!(svg.x(picture.start) < svg.x(minute));
    /// assert_eq!(svg.moment_at(svg.x(minute)).since(minute).as_millis(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn x(&self, at: Timestamp) -> f64 {
        page::scale(self.picture, self.width).x(at)
    }

    /// Which moment is drawn so many px from the left.
    #[must_use]
    pub fn moment_at(&self, x: f64) -> Timestamp {
        page::scale(self.picture, self.width).at(x)
    }
}

impl fmt::Display for Svg<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut page = Page::new(self.picture, self.width);
        page.draw();
        let (width, height) = (Px(page.width), Px(page.y.ceil()));
        let title = alloc::format!("Life of Pod {}", self.picture.title());
        let title = Escaped(&title);
        write!(f, r#"<svg xmlns="http://www.w3.org/2000/svg" class="pod-life" role="img" aria-label="{title}" "#)?;
        writeln!(f, r#"width="{width}" height="{height}" viewBox="0 0 {width} {height}">"#)?;
        writeln!(f, "<title>{title}</title>")?;
        writeln!(f, "<desc>{}</desc>", Escaped(&summary::summary(self.picture)))?;
        writeln!(f, "<style>\n{STYLE}</style>\n<defs>\n{DEFS}</defs>")?;
        writeln!(f, "{}</svg>", page.canvas)
    }
}

#[cfg(test)]
mod tests;
