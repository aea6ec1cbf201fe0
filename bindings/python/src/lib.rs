//! Python module `pod_lifecycle._native`: the functions of [`bindings`], JSON in, JSON out.

use pyo3::pymodule;

/// Functions of the bindings.
#[pymodule]
mod _native {
    use bindings::Options;
    use pyo3::prelude::*;

    /// Answers a question: a function's name, JSON, and options in JSON; returns JSON.
    #[pyfunction]
    fn ask(py: Python<'_>, function: &str, input: &str, options: &str) -> PyResult<String> {
        py.detach(|| bindings::ask(function, input, options)).map_err(|error| raised(py, &error))
    }

    /// A running simulation of one Pod. Times are seconds since its start.
    #[pyclass(module = "pod_lifecycle")]
    struct Simulation(bindings::Simulation);

    #[pymethods]
    impl Simulation {
        /// Starts the simulation of a scenario, in JSON.
        #[new]
        fn new(py: Python<'_>, scenario: &str, options: &str) -> PyResult<Simulation> {
            let options = Options::read(options).map_err(|error| raised(py, &error))?;
            bindings::Simulation::new(scenario, &options).map(Simulation).map_err(|error| raised(py, &error))
        }

        /// Present time.
        #[getter]
        fn now(&self) -> f64 {
            self.0.now()
        }

        /// Time of the next event; `None` once the Pod is finished or the script has ended.
        #[getter]
        fn next(&self) -> Option<f64> {
            self.0.next()
        }

        /// True if the kubelet is done with the Pod.
        #[getter]
        fn is_finished(&self) -> bool {
            self.0.is_finished()
        }

        /// Advances by seconds, or to the end of the script if that comes first.
        fn advance(&mut self, py: Python<'_>, seconds: f64) -> PyResult<()> {
            self.0.advance(seconds).map_err(|error| raised(py, &error))
        }

        /// Advances up to and including a time, or to the end of the script if that comes first.
        fn advance_to(&mut self, py: Python<'_>, seconds: f64) -> PyResult<()> {
            self.0.advance_to(seconds).map_err(|error| raised(py, &error))
        }

        /// Advances to the next event, and returns its time; `None` once there is none.
        fn step(&mut self, py: Python<'_>) -> PyResult<Option<f64>> {
            self.0.step().map_err(|error| raised(py, &error))
        }

        /// Performs an action, in JSON, at the present time.
        fn act(&mut self, py: Python<'_>, action: &str) -> PyResult<()> {
            self.0.act(action).map_err(|error| raised(py, &error))
        }

        /// Returns `moment`, `pod` or `timeline` as JSON.
        fn ask(&self, py: Python<'_>, what: &str) -> PyResult<String> {
            self.0.ask(what).map_err(|error| raised(py, &error))
        }

        /// Draws the life so far; the width is in px or columns.
        #[pyo3(signature = (format, width=None))]
        fn picture(&self, py: Python<'_>, format: &str, width: Option<u32>) -> PyResult<String> {
            self.0.picture(format, width).map_err(|error| raised(py, &error))
        }
    }

    /// Returns the exception `InputError`, with the problems as dictionaries.
    fn raised(py: Python<'_>, error: &bindings::InputError) -> PyErr {
        let raise = || -> PyResult<PyErr> {
            let json = bindings::json(&error.problems).unwrap_or_else(|_| "[]".into());
            let problems = py.import("json")?.call_method1("loads", (json,))?;
            // Written in Python, since a class of a stable ABI this old cannot extend an exception.
            let class = py.import("pod_lifecycle._errors")?.getattr("InputError")?;
            Ok(PyErr::from_value(class.call1((error.to_string(), problems))?))
        };
        raise().unwrap_or_else(|error| error)
    }
}
