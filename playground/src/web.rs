//! JavaScript interface: takes texts and numbers, returns JSON.

use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{form, session::Session};

/// State of one page.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct Playground {
    session: Session,
}

#[wasm_bindgen]
impl Playground {
    /// Creates a page without a scenario.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Playground {
        Playground::default()
    }

    /// Plays a manifest with a script; returns an [`Answer`](crate::Answer).
    pub fn play(&mut self, manifest: &str, script: &str, choice: usize, width: u32) -> String {
        json(&self.session.play(manifest, script, choice, width))
    }

    /// Draws the life with another width; returns a [`LifeView`](crate::LifeView) or `null`.
    #[must_use]
    pub fn draw(&self, width: u32) -> String {
        json(&self.session.draw(width))
    }

    /// Returns the x coordinate of a time, in px.
    #[must_use]
    pub fn x(&self, seconds: f64, width: u32) -> f64 {
        self.session.x(seconds, width)
    }

    /// Returns the time at an x coordinate, in seconds.
    #[wasm_bindgen(js_name = secondsAt)]
    #[must_use]
    pub fn seconds_at(&self, x: f64, width: u32) -> f64 {
        self.session.seconds_at(x, width)
    }

    /// Returns an [`InstantView`](crate::InstantView) or `null`.
    pub fn at(&mut self, seconds: f64) -> String {
        json(&self.session.at(seconds))
    }

    /// Returns the scenario as a test in Rust; empty if none was played.
    #[wasm_bindgen(js_name = asTest)]
    #[must_use]
    pub fn as_test(&self, seconds: f64) -> String {
        self.session.as_test(seconds).unwrap_or_default()
    }

    /// Returns the scenario in YAML; empty if none was played.
    #[wasm_bindgen(js_name = asScenario)]
    #[must_use]
    pub fn as_scenario(&self) -> String {
        self.session.as_scenario().unwrap_or_default()
    }
}

/// Returns all example scenarios: a list of [`ExampleScenario`](crate::ExampleScenario).
#[wasm_bindgen]
#[must_use]
pub fn gallery() -> String {
    json(&crate::gallery())
}

/// Writes a form, in JSON, into a script; returns `null` if either cannot be read.
#[wasm_bindgen(js_name = fillIn)]
#[must_use]
pub fn fill_in(script: &str, form: &str) -> String {
    json(&form::fill_in(script, form))
}

fn json(value: &impl Serialize) -> String {
    // All keys are strings, and no serializer fails.
    serde_json::to_string(value).unwrap_or_else(|_| "null".into())
}
