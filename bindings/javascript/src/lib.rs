//! JavaScript package: the functions of [`bindings`] with values of JavaScript, and types for TypeScript.

#[cfg(feature = "simulate")]
pub mod simulate;

use bindings::InputError;
use js_sys::{Array, Date, Error, JSON, Object, Reflect};
use wasm_bindgen::prelude::{JsCast, JsValue, wasm_bindgen};

/// Types that have no Rust type of the bindings.
#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** An object of the Kubernetes API, such as a Pod. */
export type KubernetesObject = Record<string, any>;
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
