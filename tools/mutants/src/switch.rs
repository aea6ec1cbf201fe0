//! A file in which its mutants stand beside the code as it was written, each behind its switch.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use crate::{
    listed::{Mutant, Number},
    place::{Form, Operator, Place},
};

/// What is added to the crate's root: which mutant is on, and, if asked for, which switches were reached.
pub(crate) const ROOT: &str = r#"
/// Is this the mutant that is tried? Those that are asked about are written down once a process.
#[doc(hidden)]
pub fn mutant_is(number: usize) -> bool {
    use std::{io::Write, sync::{LazyLock, atomic::{AtomicBool, Ordering}}};

    static TRIED: LazyLock<usize> =
        LazyLock::new(|| std::env::var("MUTANT").ok().and_then(|number| number.parse().ok()).unwrap_or(0));
    static REACHED: LazyLock<Option<(std::fs::File, Vec<AtomicBool>)>> = LazyLock::new(|| {
        let path = std::env::var_os("MUTANTS_REACHED")?;
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path).ok()?;
        Some((file, (0..10_000).map(|_| AtomicBool::new(false)).collect()))
    });
    if let Some((file, reached)) = &*REACHED
        && reached.get(number).is_some_and(|reached| !reached.swap(true, Ordering::Relaxed))
    {
        let _ = (&*file).write_all(format!("{number}\n").as_bytes());
    }
    *TRIED == number
}
"#;

/// The text with the switches of all mutants that are on. Comments mark what belongs to which: `/*n1,2*/` to `/*n1,2.*/`
/// a place and its mutants, `/*m1*/` to `/*m1.*/` what mutant 1 does there.
pub(crate) fn switched(
    text: &str,
    places: &[Place],
    mutants: &BTreeMap<Number, Mutant>,
    on: &BTreeSet<Number>,
) -> String {
    let places: Vec<&Place> = places
        .iter()
        .filter(|place| match &place.form {
            Form::Const { body, .. } => places
                .iter()
                .any(|other| body.start <= other.range.start && other.range.end <= body.end && has_any(other, on)),
            _ => has_any(place, on),
        })
        .collect();
    Writer { text, places, mutants, on }.write(0..text.len(), 0)
}

fn has_any(place: &Place, on: &BTreeSet<Number>) -> bool {
    place.mutants.iter().any(|number| on.contains(number))
}

struct Writer<'a> {
    text: &'a str,
    places: Vec<&'a Place>,
    mutants: &'a BTreeMap<Number, Mutant>,
    on: &'a BTreeSet<Number>,
}

impl Writer<'_> {
    /// The text of the range; of the places in it, those from `first` on are switched.
    fn write(&self, range: Range<usize>, first: usize) -> String {
        let mut written = String::new();
        let mut at = range.start;
        for (index, place) in self.places.iter().enumerate().skip(first) {
            if place.range.start < at || place.range.end > range.end {
                continue;
            }
            written += &self.text[at..place.range.start];
            written += &self.write_place(place, index + 1);
            at = place.range.end;
        }
        written + &self.text[at..range.end]
    }

    fn write_place(&self, place: &Place, next: usize) -> String {
        let on: Vec<Number> = place.mutants.iter().copied().filter(|number| self.on.contains(number)).collect();
        let written = match &place.form {
            Form::Const { .. } => return String::new(),
            Form::Body => on.iter().map(|&number| format!("if {} {{ {} }} ", is(number), self.early(number))).collect(),
            Form::Binary { left, operator, right, kind } => {
                self.write_binary(&on, [left, operator, right].map(Clone::clone), *kind, next)
            }
            Form::Unary { operand } => {
                let operand = self.write(operand.clone(), next);
                let operator = &self.text[place.range.start..=place.range.start];
                self.choose(&on, |_| operand.clone(), &format!("{operator}{operand}"))
            }
            Form::Guard => {
                let guard = self.write(place.range.clone(), next);
                on.iter().fold(format!("({guard})"), |guard, &number| match &*self.mutants[&number].replacement {
                    "true" => format!("({} || {guard})", is(number)),
                    _ => format!("(!{} && {guard})", is(number)),
                })
            }
            Form::Arm => on.iter().map(|&number| format!(" if !{}", is(number))).collect(),
            Form::Field { name, is_shorthand, base, base_is_place, path } => {
                let value = self.write(place.range.clone(), next);
                let (base, path) = (&self.text[base.clone()], &self.text[path.clone()]);
                let base = if *base_is_place {
                    format!("({base}).{name}")
                } else {
                    format!("{{ let base: {path} = {base}; base.{name} }}")
                };
                let name = if *is_shorthand { format!("{name}: ") } else { String::new() };
                name + &self.choose(&on, |_| base.clone(), &value)
            }
        };
        let numbers = on.iter().map(Number::to_string).collect::<Vec<_>>().join(",");
        format!("/*n{numbers}*/{written}/*n{numbers}.*/")
    }

    /// Logical operators and equalities name each operand once, so that what is nested does not multiply: `a || b` is
    /// `!(!a && !b)`, and `a != b` is `!(a == b)`.
    fn write_binary(&self, on: &[Number], parts: [Range<usize>; 3], kind: Operator, next: usize) -> String {
        let [left, operator, right] = parts;
        let (left, operator, right) = (self.write(left, next), &self.text[operator], self.write(right, next));
        let any = || on.iter().map(|&number| is(number)).collect::<Vec<_>>().join(" ^ ");
        match kind {
            Operator::Logical => {
                let any = any();
                format!("(((({left}) ^ {any}) {operator} (({right}) ^ {any})) ^ {any})")
            }
            Operator::Equality => format!("(({left} {operator} {right}) ^ {})", any()),
            Operator::Other => {
                let with = |operator: &str| format!("({left}) {operator} ({right})");
                self.choose(on, |number| with(&self.mutants[&number].replacement), &with(operator))
            }
            Operator::Assignment => {
                let with = |operator: &str| format!("{left} {operator} {right}");
                self.choose(on, |number| with(&self.mutants[&number].replacement), &with(operator))
            }
        }
    }

    fn choose(&self, on: &[Number], mutated: impl Fn(Number) -> String, written: &str) -> String {
        let branch =
            |&number: &Number| format!("if {} {{ /*m{number}*/{}/*m{number}.*/ }} else ", is(number), mutated(number));
        let branches: String = on.iter().map(branch).collect();
        format!("({branches}{{ {written} }})")
    }

    fn early(&self, number: Number) -> String {
        format!("/*m{number}*/return {};/*m{number}.*/", self.mutants[&number].replacement)
    }
}

fn is(number: Number) -> String {
    format!("crate::mutant_is({number})")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::place::places;

    /// The text with these mutants, each a genre, a column of the second line, and what replaces the code; without the
    /// marks.
    fn written(text: &str, mutants: &[(&str, usize, &str)]) -> String {
        let mutant = |&(genre, column, replacement): &(&str, usize, &str)| {
            serde_json::from_value(json!({
                "name": "src/lib.rs:2:1: a fault", "file": "src/lib.rs", "function": {},
                "span": {"start": {"line": 2, "column": column}}, "replacement": replacement, "genre": genre,
            }))
            .unwrap()
        };
        let mutants: BTreeMap<Number, Mutant> = (1..).zip(mutants.iter().map(mutant)).collect();
        let places = places(text, &mutants).unwrap();
        let switched = switched(text, &places, &mutants, &mutants.keys().copied().collect());
        let parts = switched.split("/*").map(|part| part.split_once("*/").map_or(part, |(_, rest)| rest));
        let line: String = parts.collect::<String>().lines().nth(1).unwrap().replace("crate::mutant_is", "is");
        line.trim().to_owned()
    }

    fn in_function(line: &str, mutants: &[(&str, usize, &str)]) -> String {
        written(&format!("fn f() -> bool {{\n{line}\n}}"), mutants)
    }

    #[test]
    fn a_body_is_left_at_its_head() {
        let text = "struct S; impl S { const fn f() -> u8 {\n 1 }\n}";
        let switched = |text| {
            let mutants: BTreeMap<Number, Mutant> = [(
                1,
                serde_json::from_value(json!({
                    "name": "", "file": "", "function": {}, "span": {"start": {"line": 2, "column": 2}},
                    "replacement": "0", "genre": "FnValue",
                }))
                .unwrap(),
            )]
            .into();
            let places = places(text, &mutants).unwrap();
            switched(text, &places, &mutants, &[1].into())
        };
        let head = "fn f() -> u8 {/*n1*/if crate::mutant_is(1) { /*m1*/return 0;/*m1.*/ } /*n1.*/\n 1 }";
        assert!(switched(text).contains(head), "and it is no longer const: {}", switched(text));
        assert!(!switched(text).contains("const"));
    }

    #[test]
    fn of_a_comparison_each_variant_is_a_branch() {
        let mutants = [("BinaryOperator", 3, "=="), ("BinaryOperator", 3, ">")];
        let written = in_function("a < b", &mutants);
        assert_eq!(written, "(if is(1) { (a) == (b) } else if is(2) { (a) > (b) } else { (a) < (b) })");
    }

    #[test]
    fn logical_operators_name_what_is_nested_once() {
        let mutants = [("BinaryOperator", 3, "||"), ("BinaryOperator", 8, "&&"), ("UnaryOperator", 11, "")];
        let written = in_function("a && b || !c", &mutants);
        let (inner, not) = ("((((a) ^ is(1)) && ((b) ^ is(1))) ^ is(1))", "(if is(3) { c } else { !c })");
        assert_eq!(written, format!("(((({inner}) ^ is(2)) || (({not}) ^ is(2))) ^ is(2))"));
    }

    #[test]
    fn a_chain_with_let_cannot_be_switched() {
        let line = "if a && let Some(b) = c && b == 1 { true } else { false }";
        let mutants = [("BinaryOperator", 6, "||"), ("BinaryOperator", 25, "||"), ("BinaryOperator", 30, "!=")];
        assert_eq!(in_function(line, &mutants), line.replace("b == 1", "((b == 1) ^ is(3))"));
    }

    #[test]
    fn a_guard_is_opened_or_shut_and_an_arm_without_one_gets_one() {
        let line = "match a { 1 if b => true, 2 => true, _ => false }";
        let mutants = [("MatchArmGuard", 16, "true"), ("MatchArmGuard", 16, "false"), ("MatchArm", 27, "")];
        let switched = "match a { 1 if (!is(2) && (is(1) || (b))) => true, 2 if !is(3) => true, _ => false }";
        assert_eq!(in_function(line, &mutants), switched);
    }

    #[test]
    fn a_field_that_is_left_out_comes_from_the_base() {
        let line = "S { a, b: 1, ..S::new() } == S { a: 1, ..base }";
        let mutants = [("StructField", 5, ""), ("StructField", 8, ""), ("StructField", 34, "")];
        let base = |field: &str| format!("{{ let base: S = S::new(); base.{field} }}");
        let (a, b) = (base("a"), base("b"));
        let first =
            format!("S {{ a: (if is(1) {{ {a} }} else {{ a }}), b: (if is(2) {{ {b} }} else {{ 1 }}), ..S::new() }}");
        let second = "S { a: (if is(3) { (base).a } else { 1 }), ..base }";
        assert_eq!(in_function(line, &mutants), format!("{first} == {second}"));
    }
}
