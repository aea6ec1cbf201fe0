//! `podlife lint`: what in manifests is wrong, does not do what it is for, or has a price, without playing them.

mod json;
mod rule;
mod sarif;

use std::{collections::BTreeSet, fmt::Write as _, process::ExitCode, str::FromStr};

use clap::Args;
use pod_lifecycle::{
    Timestamp,
    budget::{Assumptions, Budget},
    config::KubernetesVersion,
    object::PodObject,
    spec::{PodSpec, SpecError},
};
use podlife::yaml::{self, At, Place, Problem};
use serde::Serialize;

use crate::{
    failure::{Failure, file_name},
    manifest::{self, Object, Objects},
    paint, print,
};
use rule::Level;
pub(crate) use rule::Rule;

/// Exit code if a finding is denied.
const DENIED: u8 = 1;

/// Finds what in manifests is wrong, does not do what it is for, or has a price.
///
/// Nothing is played. Every Pod and workload of the files is looked at: fields that the API does not have, values that it
/// refuses, and settings of probes, hooks and graces.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 nothing denied, 1 a finding is denied or cannot write, 2 a file cannot be read or usage.\n\
                        An error (PL000), which the API server refuses, is always denied."
)]
pub(crate) struct Arguments {
    /// Manifests, in YAML or JSON; `-`, or nothing, is standard input.
    #[arg(value_name = "FILE")]
    files: Vec<String>,
    /// Findings with which the exit code is 1: rules (PL003), `mistakes`, `advice` or `all`. May be repeated.
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    deny: Vec<Denied>,
    /// Rules that are not looked for. May be repeated.
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    allow: Vec<Rule>,
    /// Output: text (the default), json or sarif; `sarif=lint.sarif` writes a file. May be repeated.
    #[arg(long, short, value_name = "FORMAT[=FILE]")]
    output: Vec<Output>,
    /// Print the page of a rule, or of all of them (`all`), and nothing else.
    #[arg(long, value_name = "RULE")]
    explain: Option<String>,
    /// Version of Kubernetes that the manifests are for.
    #[arg(long, value_name = "VERSION", default_value_t)]
    kubernetes: KubernetesVersion,
}

/// Findings that are denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Denied {
    Rule(Rule),
    Level(Level),
    All,
}

impl FromStr for Denied {
    type Err = String;

    fn from_str(word: &str) -> Result<Denied, String> {
        match word {
            "all" => Ok(Denied::All),
            "mistakes" => Ok(Denied::Level(Level::Mistake)),
            "advice" => Ok(Denied::Level(Level::Advice)),
            rule => {
                rule.parse().map(Denied::Rule).map_err(|error: String| format!("{error}, or mistakes, advice or all"))
            }
        }
    }
}

impl Denied {
    fn has(self, rule: Rule) -> bool {
        match self {
            Denied::Rule(denied) => denied == rule,
            Denied::Level(level) => rule.level() == level,
            Denied::All => true,
        }
    }
}

/// A format, and where it goes; `-` is standard output.
#[derive(Clone, Debug)]
struct Output {
    format: Format,
    file: String,
}

/// Output formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For code scanning.
    Sarif,
}

impl FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Output, String> {
        let (name, file) = text.split_once('=').unwrap_or((text, "-"));
        let format = match name {
            "text" => Format::Text,
            "json" => Format::Json,
            "sarif" => Format::Sarif,
            _ => return Err("expected one of text, json, sarif".into()),
        };
        Ok(Output { format, file: file.into() })
    }
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Finding {
    rule: Rule,
    level: Level,
    file: String,
    line: u64,
    column: u64,
    /// The object that has it: `Deployment/web`.
    object: String,
    /// Path in its document.
    field: String,
    message: String,
    /// Page of the Kubernetes documentation.
    #[serde(skip_serializing_if = "Option::is_none")]
    see: Option<&'static str>,
}

/// Runs `podlife lint`.
pub(crate) fn main(arguments: &Arguments) -> ExitCode {
    if let Some(rule) = &arguments.explain {
        return match rule::page(rule) {
            Ok(page) => print::text(&page),
            Err(error) => print::usage_error(&error),
        };
    }
    match run(arguments) {
        Ok((text, is_denied)) => match print::text(&text) {
            ExitCode::SUCCESS if is_denied => ExitCode::from(DENIED),
            code => code,
        },
        Err(failure) => print::usage_error(&failure),
    }
}

/// Returns the text to print, and true if a finding is denied.
fn run(arguments: &Arguments) -> Result<(String, bool), Failure> {
    let standard_input = ["-".to_owned()];
    let files = if arguments.files.is_empty() { &standard_input[..] } else { &arguments.files };
    let mut report = Report::default();
    for file in files {
        report.file(file, arguments)?;
    }
    let Report { findings, objects } = report;
    let mut outputs = arguments.output.clone();
    if outputs.is_empty() {
        outputs.push(Output { format: Format::Text, file: "-".into() });
    }
    let mut printed = String::new();
    for Output { format, file } in outputs {
        let text = match format {
            Format::Text => text(&findings, objects),
            Format::Json => json::text(&findings, objects),
            Format::Sarif => sarif::text(&findings),
        };
        if file == "-" {
            printed.push_str(&text);
        } else {
            print::to_file(&file, &text)?;
        }
    }
    let is_denied = |finding: &Finding| {
        finding.level == Level::Error || arguments.deny.iter().any(|denied| denied.has(finding.rule))
    };
    Ok((printed, findings.iter().any(is_denied)))
}

/// Findings so far.
#[derive(Default)]
struct Report {
    findings: Vec<Finding>,
    /// Number of objects that were looked at.
    objects: usize,
}

impl Report {
    fn file(&mut self, file: &str, arguments: &Arguments) -> Result<(), Failure> {
        let fail = |problem: Problem| Failure::new(file, problem);
        let text = manifest::text(file)?;
        let documents = yaml::documents(&text).map_err(fail)?;
        let objects = Objects::of(&documents, "").map_err(fail)?;
        for object in &objects.making {
            self.objects = self.objects.saturating_add(1);
            let mut of_object = OfObject { file: file_name(file), object, findings: Vec::new() };
            of_object.lint(arguments.kubernetes);
            let is_wanted = |finding: &Finding| !arguments.allow.contains(&finding.rule);
            self.findings.extend(of_object.findings.into_iter().filter(is_wanted));
        }
        Ok(())
    }
}

/// Findings on one object.
struct OfObject<'a> {
    file: &'a str,
    object: &'a Object<'a>,
    findings: Vec<Finding>,
}

impl OfObject<'_> {
    fn lint(&mut self, kubernetes: KubernetesVersion) {
        for unknown in self.object.unknown_fields() {
            // The message names the place, and a finding has it.
            let message = unknown.to_string().replace(&format!(" {}", At(unknown.place)), "");
            self.add(Rule::UnknownField, &unknown.path, unknown.place, message, None);
        }
        let pod = match self.object.pod(None) {
            Ok(pod) => pod,
            Err(problem) => {
                let place = problem.place.unwrap_or(self.object.node.place);
                let message = problem.without_place().to_string();
                let field = message.split(": ").next().unwrap_or_default().to_owned();
                return self.add(Rule::Invalid, &field, place, message, None);
            }
        };
        // The object is only made to be checked; no time matters.
        let admitted = PodObject::admit_by(pod, kubernetes.into(), Timestamp::UNIX_EPOCH);
        match admitted {
            Err(SpecError::Invalid(invalid)) => {
                for error in invalid.errors() {
                    self.add_at(Rule::Invalid, &error.field, error.to_string(), None);
                }
            }
            Err(error) => self.add_at(Rule::Invalid, "", error.to_string(), None),
            Ok(object) => self.budget(object.spec()),
        }
    }

    fn budget(&mut self, spec: &PodSpec) {
        for finding in Budget::of(spec, &Assumptions::default()).findings {
            let rule = Rule::Budget(finding.code);
            self.add_at(rule, &finding.field, finding.message, Some(finding.see.url));
        }
    }

    /// Adds a finding on a field of the Pod.
    fn add_at(&mut self, rule: Rule, field: &str, message: String, see: Option<&'static str>) {
        let path = yaml::join(&self.object.template_path(), field);
        let place = self.object.document.place_of(&path);
        self.add(rule, &path, place, message, see);
    }

    fn add(&mut self, rule: Rule, path: &str, (line, column): Place, message: String, see: Option<&'static str>) {
        self.findings.push(Finding {
            rule,
            level: rule.level(),
            file: self.file.into(),
            line,
            column,
            object: self.object.called(),
            field: path.into(),
            message,
            see,
        });
    }
}

/// The findings for people: a line each, and a count.
fn text(findings: &[Finding], objects: usize) -> String {
    let mut text = String::new();
    for finding in findings {
        let level = match finding.level {
            Level::Error => paint::bad("error"),
            Level::Mistake => paint::odd("mistake"),
            Level::Advice => paint::faint("advice"),
        };
        let Finding { file, line, column, object, message, rule, .. } = finding;
        let _ = writeln!(text, "{file}:{line}:{column}: {level} {rule}: {object}: {message}");
    }
    let rules: BTreeSet<Rule> = findings.iter().map(|finding| finding.rule).collect();
    if !rules.is_empty() {
        let rules: Vec<String> = rules.iter().map(ToString::to_string).collect();
        let _ = writeln!(
            text,
            "{}",
            paint::faint(format_args!("podlife lint --explain RULE says more: {}", rules.join(", ")))
        );
    }
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    let counts = [(Level::Error, "error"), (Level::Mistake, "mistake"), (Level::Advice, "advice")];
    let counts: Vec<String> = counts
        .iter()
        .map(|(level, word)| match (count(*level), *level) {
            (count, Level::Advice) => format!("{count} pieces of advice"),
            (1, _) => format!("1 {word}"),
            (count, _) => format!("{count} {word}s"),
        })
        .collect();
    let objects = if objects == 1 { "1 object".into() } else { format!("{objects} objects") };
    let _ = writeln!(text, "{objects}: {}", counts.join(", "));
    text
}
