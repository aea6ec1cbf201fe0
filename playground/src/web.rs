//! What JavaScript calls: texts and numbers go in, JSON comes out.

use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{form, session::Session};

/// One page.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct Playground {
    session: Session,
}

#[wasm_bindgen]
impl Playground {
    /// A page on which nothing was played yet.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Playground {
        Playground::default()
    }

    /// Plays a manifest and a story: an [`Answer`](crate::Answer).
    pub fn play(&mut self, manifest: &str, story: &str, choice: usize, width: u32) -> String {
        json(&self.session.play(manifest, story, choice, width))
    }

    /// Draws the life anew: a [`LifeView`](crate::LifeView), or `null`.
    #[must_use]
    pub fn draw(&self, width: u32) -> String {
        json(&self.session.draw(width))
    }

    /// How far from the left a moment is drawn, in px.
    #[must_use]
    pub fn x(&self, seconds: f64, width: u32) -> f64 {
        self.session.x(seconds, width)
    }

    /// Which moment is drawn there, in seconds.
    #[wasm_bindgen(js_name = secondsAt)]
    #[must_use]
    pub fn seconds_at(&self, x: f64, width: u32) -> f64 {
        self.session.seconds_at(x, width)
    }

    /// Everything about one instant: an [`Instant`](crate::Instant), or `null`.
    pub fn at(&mut self, seconds: f64) -> String {
        json(&self.session.at(seconds))
    }

    /// The life as a test in Rust; empty before one was played.
    #[wasm_bindgen(js_name = asTest)]
    #[must_use]
    pub fn as_test(&self, seconds: f64) -> String {
        self.session.as_test(seconds).unwrap_or_default()
    }

    /// The life as a scenario in YAML; empty before one was played.
    #[wasm_bindgen(js_name = asScenario)]
    #[must_use]
    pub fn as_scenario(&self) -> String {
        self.session.as_scenario().unwrap_or_default()
    }
}

/// Every scenario of the crate: a list of [`Exhibit`](crate::Exhibit)s.
#[wasm_bindgen]
#[must_use]
pub fn gallery() -> String {
    json(&crate::gallery())
}

/// The text of a story after somebody has filled in the form, which is JSON; `null` if the text before cannot be read.
#[wasm_bindgen(js_name = fillIn)]
#[must_use]
pub fn fill_in(story: &str, form: &str) -> String {
    json(&form::fill_in(story, form))
}

fn json(value: &impl Serialize) -> String {
    // Nothing here has keys that are not strings, or a serializer that fails.
    serde_json::to_string(value).unwrap_or_else(|_| "null".into())
}
