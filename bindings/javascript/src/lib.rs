//! JavaScript package: the functions of [`bindings`] with values of JavaScript, and types for TypeScript.

use bindings::InputError;
use js_sys::{Array, Date, Error, JSON, Object, Reflect};
use wasm_bindgen::prelude::{JsCast, JsValue, wasm_bindgen};

/// Types that have no Rust type of the bindings.
#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** An object of the Kubernetes API, such as a Pod. */
export type KubernetesObject = Record<string, any>;
/** A scenario: a Pod or workload, a script of what its containers do, and the settings of its node. */
export interface Scenario {
  description?: string;
  pod: KubernetesObject;
  script?: Record<string, any>;
  config?: Record<string, any>;
}
/** An action of a script, without its time: `{op: "delete", graceSeconds: 5}`. */
export type Action = { op: string } & Record<string, any>;
/** Thrown for an input that cannot be used. */
export interface InputError extends Error {
  name: "InputError";
  problems: Problem[];
}
"#;

type Answer = Result<JsValue, JsValue>;

/// Returns phase, conditions and STATUS of a Pod as they should be, and the contradictions of its status.
///
/// # Errors
///
/// `InputError` for an input that cannot be used.
#[wasm_bindgen(unchecked_return_type = "Status")]
pub fn status(
    #[wasm_bindgen(unchecked_param_type = "KubernetesObject | string")] pod: &JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "Options")] options: &JsValue,
) -> Answer {
    question("status", pod, options)
}

/// Returns the row of `kubectl get pods`.
///
/// # Errors
///
/// `InputError` for an input that cannot be used.
#[wasm_bindgen(unchecked_return_type = "Row")]
pub fn row(
    #[wasm_bindgen(unchecked_param_type = "KubernetesObject | string")] pod: &JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "Options")] options: &JsValue,
) -> Answer {
    question("row", pod, &at_present(options)?)
}

/// Explains a Pod, or a list of Pods: why it is in its state, what happens next, and what would change it.
///
/// # Errors
///
/// `InputError` for an input that cannot be used.
#[wasm_bindgen(unchecked_return_type = "Why")]
pub fn why(
    #[wasm_bindgen(unchecked_param_type = "KubernetesObject | KubernetesObject[] | string")] pods: &JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "Options")] options: &JsValue,
) -> Answer {
    question("why", pods, &at_present(options)?)
}

/// Finds what in manifests is wrong, does not do what it is for, or has a price.
///
/// # Errors
///
/// `InputError` for an input that cannot be used.
#[wasm_bindgen(unchecked_return_type = "Lint")]
pub fn lint(
    #[wasm_bindgen(unchecked_param_type = "KubernetesObject | KubernetesObject[] | string")] manifest: &JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "Options")] options: &JsValue,
) -> Answer {
    question("lint", manifest, options)
}

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

/// Returns the Pod that a manifest is or makes, with the defaults of the API server.
///
/// # Errors
///
/// `InputError` for an input that cannot be used.
#[wasm_bindgen(unchecked_return_type = "KubernetesObject")]
pub fn defaults(
    #[wasm_bindgen(unchecked_param_type = "KubernetesObject | KubernetesObject[] | string")] manifest: &JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "Options")] options: &JsValue,
) -> Answer {
    question("defaults", manifest, options)
}

/// Returns the problems for which the API server refuses a manifest; none if it takes it.
///
/// # Errors
///
/// `InputError` for an input that cannot be used.
#[wasm_bindgen(unchecked_return_type = "Problem[]")]
pub fn validate(
    #[wasm_bindgen(unchecked_param_type = "KubernetesObject | KubernetesObject[] | string")] manifest: &JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "Options")] options: &JsValue,
) -> Answer {
    question("validate", manifest, options)
}

/// Returns the versions of this package and of Kubernetes.
///
/// # Errors
///
/// None.
#[wasm_bindgen(unchecked_return_type = "Versions")]
pub fn versions() -> Answer {
    parsed(bindings::json(&bindings::versions()))
}

/// Answers a question as the JSON text that the functions parse: `ask("row", text, options)`.
///
/// # Errors
///
/// `InputError` for an input that cannot be used.
#[wasm_bindgen]
pub fn ask(function: &str, input: &str, options: &str) -> Result<String, JsValue> {
    bindings::ask(function, input, options).map_err(|error| thrown(&error))
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

// --- Values ---

fn question(function: &str, input: &JsValue, options: &JsValue) -> Answer {
    parsed(bindings::ask(function, &text(input)?, &options_text(options)?))
}

fn parsed(answer: Result<String, InputError>) -> Answer {
    JSON::parse(&answer.map_err(|error| thrown(&error))?)
}

/// Returns a text as it is, and a value as JSON.
fn text(value: &JsValue) -> Result<String, JsValue> {
    if let Some(text) = value.as_string() {
        return Ok(text);
    }
    // JSON.stringify returns undefined for a function; that is no JSON, and so an error of the bindings.
    Ok(JSON::stringify(value)?.as_string().unwrap_or_default())
}

fn options_text(options: &JsValue) -> Result<String, JsValue> {
    if options.is_undefined() || options.is_null() { Ok(String::new()) } else { text(options) }
}

fn read_options(options: &JsValue) -> Result<bindings::Options, JsValue> {
    bindings::Options::read(&options_text(options)?).map_err(|error| thrown(&error))
}

/// Returns options with the present time, unless they have one.
fn at_present(options: &JsValue) -> Answer {
    let now = Date::new_0().to_iso_string();
    let with_time = Object::new();
    Reflect::set(&with_time, &"at".into(), &now)?;
    if !options.is_object() {
        return Ok(with_time.into());
    }
    Ok(Object::assign(&with_time, options.unchecked_ref()).into())
}

fn thrown(error: &InputError) -> JsValue {
    let thrown = Error::new(&error.to_string());
    thrown.set_name("InputError");
    let problems = bindings::json(&error.problems).ok().and_then(|json| JSON::parse(&json).ok());
    let problems = problems.unwrap_or_else(|| Array::new().into());
    // Only a frozen object refuses a property.
    let _ = Reflect::set(&thrown, &"problems".into(), &problems);
    thrown.into()
}
