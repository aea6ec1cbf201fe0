//! Scenarios: played, drawn, and advanced step by step.

use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

use crate::{Answer, options_text, parsed, question, text, thrown};

/// Types that have no Rust type of the bindings.
#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** A scenario: a Pod or workload, a script of what its containers do, and the settings of its node. */
export interface Scenario {
  description?: string;
  pod: KubernetesObject;
  script?: Record<string, any>;
  config?: Record<string, any>;
}
/** An action of a script, without its time: `{op: "delete", graceSeconds: 5}`. */
export type Action = { op: string } & Record<string, any>;
"#;

/// Plays a scenario, or a manifest whose containers are healthy, in virtual time.
///
/// # Errors
///
/// `InputError` for an input that cannot be used.
#[wasm_bindgen(unchecked_return_type = "Timeline")]
pub fn play(
    #[wasm_bindgen(unchecked_param_type = "Scenario | KubernetesObject | string")] scenario: &JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "Options")] options: &JsValue,
) -> Answer {
    question("play", scenario, options)
}

/// Draws a scenario: as SVG, as a diagram for Mermaid, or as lanes of characters.
///
/// # Errors
///
/// `InputError` for an input that cannot be used.
#[wasm_bindgen(unchecked_return_type = "string")]
pub fn picture(
    #[wasm_bindgen(unchecked_param_type = "Scenario | KubernetesObject | string")] scenario: &JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "Options")] options: &JsValue,
) -> Answer {
    question("picture", scenario, options)
}

/// A running simulation of one Pod, advanced step by step and acted upon. Times are seconds since its start.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Simulation(bindings::Simulation);

#[wasm_bindgen]
impl Simulation {
    /// Starts the simulation of a scenario, or of a manifest whose containers are healthy.
    ///
    /// # Errors
    ///
    /// `InputError` for an input that cannot be used.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_param_type = "Scenario | KubernetesObject | string")] scenario: &JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "Options")] options: &JsValue,
    ) -> Result<Simulation, JsValue> {
        let options = read_options(options)?;
        bindings::Simulation::new(&text(scenario)?, &options).map(Simulation).map_err(|error| thrown(&error))
    }

    /// Present time.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn now(&self) -> f64 {
        self.0.now()
    }

    /// Time of the next event; undefined once the Pod is finished or the script has ended.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn next(&self) -> Option<f64> {
        self.0.next()
    }

    /// True if the kubelet is done with the Pod.
    #[wasm_bindgen(getter, js_name = isFinished)]
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.0.is_finished()
    }

    /// Advances by seconds, or to the end of the script if that comes first.
    ///
    /// # Errors
    ///
    /// `InputError` for a number that is no time, and for an action of the script that is not possible.
    pub fn advance(&mut self, seconds: f64) -> Result<(), JsValue> {
        self.0.advance(seconds).map_err(|error| thrown(&error))
    }

    /// Advances up to and including a time, or to the end of the script if that comes first.
    ///
    /// # Errors
    ///
    /// `InputError` for a time in the past, and for an action of the script that is not possible.
    #[wasm_bindgen(js_name = advanceTo)]
    pub fn advance_to(&mut self, seconds: f64) -> Result<(), JsValue> {
        self.0.advance_to(seconds).map_err(|error| thrown(&error))
    }

    /// Advances to the next event, and returns its time; undefined once there is none.
    ///
    /// # Errors
    ///
    /// `InputError` for an action of the script that is not possible.
    pub fn step(&mut self) -> Result<Option<f64>, JsValue> {
        self.0.step().map_err(|error| thrown(&error))
    }

    /// Performs an action at the present time.
    ///
    /// # Errors
    ///
    /// `InputError` for an action that does not exist or is not possible; then nothing changes.
    pub fn act(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "Action | string")] action: &JsValue,
    ) -> Result<(), JsValue> {
        self.0.act(&text(action)?).map_err(|error| thrown(&error))
    }

    /// Returns the present state: kubectl's output, explanation, upcoming steps and events.
    ///
    /// # Errors
    ///
    /// None.
    #[wasm_bindgen(unchecked_return_type = "Moment")]
    pub fn moment(&self) -> Answer {
        parsed(self.0.ask("moment"))
    }

    /// Returns the Pod's object as the API server has it; `null` once it is removed.
    ///
    /// # Errors
    ///
    /// None.
    #[wasm_bindgen(unchecked_return_type = "KubernetesObject | null")]
    pub fn pod(&self) -> Answer {
        parsed(self.0.ask("pod"))
    }

    /// Returns the timeline so far.
    ///
    /// # Errors
    ///
    /// None.
    #[wasm_bindgen(unchecked_return_type = "Timeline")]
    pub fn timeline(&self) -> Answer {
        parsed(self.0.ask("timeline"))
    }

    /// Returns the JSON text that `moment`, `pod` or `timeline` parses.
    ///
    /// # Errors
    ///
    /// `InputError` for another word.
    pub fn ask(&self, what: &str) -> Result<String, JsValue> {
        self.0.ask(what).map_err(|error| thrown(&error))
    }

    /// Draws the life so far; the width is in px or columns.
    ///
    /// # Errors
    ///
    /// `InputError` for an unknown format.
    pub fn picture(&self, format: &str, width: Option<u32>) -> Result<String, JsValue> {
        self.0.picture(format, width).map_err(|error| thrown(&error))
    }
}

/// A life that was played from its begin to its end, to be drawn at any width and looked at at any time.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Life(bindings::Life);

#[wasm_bindgen]
impl Life {
    /// Plays a scenario, or a manifest whose containers are healthy.
    ///
    /// # Errors
    ///
    /// `InputError` for an input that cannot be used.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_param_type = "Scenario | KubernetesObject | string")] scenario: &JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "Options")] options: &JsValue,
    ) -> Result<Life, JsValue> {
        let options = read_options(options)?;
        bindings::life(&text(scenario)?, &options).map(Life).map_err(|error| thrown(&error))
    }

    /// Draws the life as SVG with a width in px.
    ///
    /// # Errors
    ///
    /// None.
    #[wasm_bindgen(unchecked_return_type = "Drawing")]
    pub fn draw(&self, width: u32) -> Answer {
        parsed(bindings::json(&self.0.draw(width)))
    }

    /// Returns the x coordinate of a time in a drawing of this width.
    #[must_use]
    pub fn x(&self, seconds: f64, width: u32) -> f64 {
        self.0.x(seconds, width)
    }

    /// Returns the time at an x coordinate in a drawing of this width.
    #[wasm_bindgen(js_name = secondsAt)]
    #[must_use]
    pub fn seconds_at(&self, x: f64, width: u32) -> f64 {
        self.0.seconds_at(x, width)
    }

    /// Returns the state at a time.
    ///
    /// # Errors
    ///
    /// None.
    #[wasm_bindgen(unchecked_return_type = "Moment")]
    pub fn at(&mut self, seconds: f64) -> Answer {
        parsed(bindings::json(&self.0.at(seconds)))
    }
}

fn read_options(options: &JsValue) -> Result<bindings::Options, JsValue> {
    bindings::Options::read(&options_text(options)?).map_err(|error| thrown(&error))
}
