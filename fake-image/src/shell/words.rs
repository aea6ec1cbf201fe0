//! Expansion of words: parameters, command substitution, arithmetic, field splitting, path names.

use std::sync::Arc;

use super::{
    Boxed, Fatal, MAX_WORD, Shell,
    arithmetic::{self, Variables},
    ast::{List, Operator, Parameter, Part, Word},
};
use crate::{
    files::Node,
    image::Dialect,
    os::Descriptor,
    text::{PatternChar, matches},
};

/// Piece of an expanded word.
#[derive(Clone, Debug)]
enum Piece {
    /// Text that is neither split nor matched.
    Quoted(String),
    /// Text of the script: not split, but matched.
    Literal(String),
    /// Result of an expansion: split and matched.
    Expanded(String),
    /// Border between the fields of `"$@"`.
    Border,
}

/// Context of an expansion.
#[derive(Clone, Copy, PartialEq, Eq)]
enum In {
    /// Word that becomes fields.
    Fields,
    /// Double quotes.
    Quotes,
    /// Word that becomes one text: an assignment, a redirection.
    Text,
}

/// One field before path name expansion.
type Field = Vec<PatternChar>;

struct Scope<'a>(&'a mut Shell);

impl Variables for Scope<'_> {
    fn value(&mut self, name: &str) -> Result<String, String> {
        match self.0.parameter(name) {
            Some(value) => Ok(value),
            None if self.0.options.refuses_unset => Err(format!("{name}: parameter not set")),
            None => Ok(String::new()),
        }
    }

    fn assign(&mut self, name: &str, value: i64) -> Result<(), String> {
        self.0.assign(name, &value.to_string())
    }
}

impl Shell {
    /// Expands words to fields.
    pub(super) async fn fields(&mut self, words: &[Word]) -> Result<Vec<String>, Fatal> {
        let mut fields = Vec::new();
        let mut bytes = 0_usize;
        for word in words {
            // The common case: one word without anything to expand.
            if let [Part::Literal(text)] = word.as_slice()
                && !text.contains(['*', '?', '['])
            {
                fields.push(text.clone());
                continue;
            }
            let pieces = self.pieces(word, In::Fields).await?;
            for field in self.split(pieces) {
                let paths = if self.options.keeps_patterns { Vec::new() } else { self.paths(&field) };
                if paths.is_empty() {
                    fields.push(field.iter().map(|c| c.c).collect());
                } else {
                    fields.extend(paths);
                }
            }
            bytes = fields.last().map_or(0, String::len).saturating_add(bytes);
            if bytes > MAX_WORD.saturating_mul(4) || fields.len() > 1 << 16 {
                return self.fatal("Argument list too long").await;
            }
        }
        Ok(fields)
    }

    /// Expands a word to one text.
    pub(super) async fn text(&mut self, word: &Word) -> Result<String, Fatal> {
        if let [Part::Literal(text)] = word.as_slice() {
            return Ok(text.clone());
        }
        let pieces = self.pieces(word, In::Text).await?;
        Ok(joined(pieces))
    }

    /// Expands the value of an assignment.
    pub(super) async fn assigned(&mut self, word: &Word) -> Result<String, Fatal> {
        self.text(word).await
    }

    /// Expands a word to a pattern, in which quoted characters stand for themselves.
    pub(super) async fn pattern(&mut self, word: &Word) -> Result<Vec<PatternChar>, Fatal> {
        let pieces = self.pieces(word, In::Text).await?;
        let mut pattern = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Quoted(text) => pattern.extend(text.chars().map(|c| PatternChar { c, is_quoted: true })),
                // A backslash in the value of a variable quotes, too.
                Piece::Literal(text) | Piece::Expanded(text) => pattern.append(&mut crate::text::pattern(&text)),
                Piece::Border => pattern.push(PatternChar { c: ' ', is_quoted: true }),
            }
        }
        Ok(pattern)
    }

    pub(super) async fn arithmetic(&mut self, expression: &Word) -> Result<i64, Fatal> {
        let text = joined(self.pieces(expression, In::Quotes).await?);
        match arithmetic::evaluate(&text, &mut Scope(self)) {
            Ok(value) => Ok(value),
            Err(message) => self.fatal(&message).await,
        }
    }

    /// Computes the text of an expression.
    pub(super) fn compute(&mut self, text: &str) -> Result<i64, String> {
        arithmetic::evaluate(text, &mut Scope(self))
    }

    fn pieces<'a>(&'a mut self, word: &'a Word, context: In) -> Boxed<'a, Result<Vec<Piece>, Fatal>> {
        Box::pin(async move {
            let mut pieces = Vec::new();
            let mut bytes = 0_usize;
            for part in word {
                match part {
                    Part::Literal(text) if context == In::Quotes => pieces.push(Piece::Quoted(text.clone())),
                    Part::Literal(text) => pieces.push(Piece::Literal(text.clone())),
                    Part::Quoted(text) => pieces.push(Piece::Quoted(text.clone())),
                    Part::Double(parts) => {
                        let mut inner = self.pieces(parts, In::Quotes).await?;
                        // Quotes around nothing are a field, but not those around an empty `$@`.
                        if inner.is_empty() && !is_all_arguments(parts) {
                            inner.push(Piece::Quoted(String::new()));
                        }
                        pieces.append(&mut inner);
                    }
                    Part::Parameter(parameter) => {
                        let mut inner = self.parameter_pieces(parameter, context).await?;
                        pieces.append(&mut inner);
                    }
                    Part::Command(list) => {
                        let text = self.substitute(list).await?;
                        pieces.push(expanded(text, context));
                    }
                    Part::Arithmetic(expression) => {
                        let value = self.arithmetic(expression).await?;
                        pieces.push(expanded(value.to_string(), context));
                    }
                    Part::Tilde(user) => {
                        let home = match user.as_str() {
                            "" => self.variable("HOME").map(str::to_owned),
                            "root" => Some("/root".into()),
                            _ => None,
                        };
                        pieces.push(Piece::Quoted(home.unwrap_or_else(|| format!("~{user}"))));
                    }
                }
                bytes = pieces.last().map_or(0, Piece::length).saturating_add(bytes);
                if bytes > MAX_WORD {
                    return self.fatal("out of memory").await;
                }
            }
            Ok(pieces)
        })
    }

    /// Runs a command substitution and returns its output without the newlines at its end.
    async fn substitute(&mut self, list: &Arc<List>) -> Result<String, Fatal> {
        let Some(pid) = self.os.fork(self.pid, None) else {
            return self.fatal("can't fork: Resource temporarily unavailable").await;
        };
        let pipe = self.os.pipe();
        self.os.set_descriptor(pid, 1, Some(Descriptor::Writer(pipe)));
        // A descriptor that no script uses: above those, and below that of `read_file`.
        let fd = u32::MAX.saturating_sub(1);
        let outer = self.os.descriptor(self.pid, fd);
        self.os.set_descriptor(self.pid, fd, Some(Descriptor::Reader(pipe)));
        self.os.set_descriptor(pid, fd, None);
        self.start_child(pid, list.clone());
        let mut output: Vec<u8> = Vec::new();
        let mut is_too_long = false;
        loop {
            let block = self.os.read(self.pid, fd, 1 << 16).await.unwrap_or_default();
            if block.is_empty() {
                break;
            }
            // The shell drops zero bytes, which no variable can hold.
            output.extend(block.into_iter().filter(|byte| *byte != 0));
            if output.len() > MAX_WORD {
                is_too_long = true;
                break;
            }
            self.os.step(self.pid).await;
        }
        self.os.set_descriptor(self.pid, fd, outer);
        if is_too_long {
            self.os.kernel().signal(pid, crate::os::Signal::Kill, false);
        }
        self.substituted = Some(self.os.join(self.pid, pid).await);
        if is_too_long {
            return self.fatal("out of memory").await;
        }
        let text = String::from_utf8_lossy(&output);
        Ok(text.trim_end_matches('\n').to_owned())
    }

    /// Returns the value of a variable or of a special parameter other than `@` and `*`.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        match name {
            "?" => Some(self.status.to_string()),
            "#" => Some(self.arguments.len().to_string()),
            "$" => Some(self.shell_pid.to_string()),
            "!" => self.last_background.map(|pid| pid.to_string()),
            "0" => Some(self.name.clone()),
            "-" => Some(self.flags()),
            "RANDOM" if self.is_shell && self.image.dialect != Dialect::Dash => {
                Some((self.os.random() & 0x7fff).to_string())
            }
            "PPID" if self.is_shell => self.os.with_process(self.shell_pid, |process| process.parent.to_string()),
            "SECONDS" if self.image.dialect == Dialect::Bash => Some(self.os.now().as_secs().to_string()),
            "HOSTNAME" if self.image.dialect == Dialect::Bash && !self.variables.contains_key(name) => {
                Some(self.os.kernel().host.name.clone())
            }
            _ => match name.parse::<usize>() {
                Ok(nth) => self.arguments.get(nth.checked_sub(1)?).cloned(),
                Err(_) => self.variable(name).map(str::to_owned),
            },
        }
    }

    fn flags(&self) -> String {
        let options = &self.options;
        let flags = [
            (options.exits_on_error, 'e'),
            (options.keeps_patterns, 'f'),
            (options.refuses_unset, 'u'),
            (options.traces, 'x'),
            (options.keeps_files, 'C'),
            (options.exports_all, 'a'),
        ];
        flags.into_iter().filter(|(is_set, _)| *is_set).map(|(_, letter)| letter).collect()
    }

    async fn parameter_pieces(&mut self, parameter: &Parameter, context: In) -> Result<Vec<Piece>, Fatal> {
        let Parameter { name, operator } = parameter;
        let is_list = name == "@" || name == "*";
        if is_list && matches!(operator, Operator::None) {
            return Ok(self.all_arguments(name == "@", context));
        }
        if matches!(operator, Operator::None) && name == "LINENO" {
            return Ok(vec![expanded("1".into(), context)]);
        }
        let value =
            if is_list { (!self.arguments.is_empty()).then(|| self.arguments.join(" ")) } else { self.parameter(name) };
        if let Operator::Default { kind, colon, word } = operator {
            let is_there = value.as_ref().is_some_and(|value| !*colon || !value.is_empty());
            return self.default_pieces(name, value.filter(|_| is_there), *kind, word, context).await;
        }
        let value = match value {
            Some(value) => value,
            None if self.options.refuses_unset && !is_list => {
                return self.fatal(&format!("{name}: parameter not set")).await;
            }
            None => String::new(),
        };
        let value = match operator {
            Operator::None | Operator::Default { .. } => value,
            Operator::Length if is_list => self.arguments.len().to_string(),
            Operator::Length => value.chars().count().to_string(),
            Operator::Trim { suffix, longest, pattern } => {
                let pattern = self.pattern(pattern).await?;
                trimmed(&value, &pattern, *suffix, *longest)
            }
            Operator::Replace { all, pattern, with } => {
                let pattern = self.pattern(pattern).await?;
                let with = self.text(with).await?;
                replaced(&value, &pattern, &with, *all)
            }
            Operator::Slice { offset, length } => {
                let offset = self.arithmetic(offset).await?;
                let length = match length {
                    Some(length) => Some(self.arithmetic(length).await?),
                    None => None,
                };
                sliced(&value, offset, length)
            }
            Operator::Case { upper, all } => {
                let change = |c: char| if *upper { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
                value.chars().enumerate().map(|(at, c)| if *all || at == 0 { change(c) } else { c }).collect()
            }
        };
        Ok(vec![expanded(value, context)])
    }

    async fn default_pieces(
        &mut self,
        name: &str,
        value: Option<String>,
        kind: char,
        word: &Word,
        context: In,
    ) -> Result<Vec<Piece>, Fatal> {
        match (kind, value) {
            ('+', None) => Ok(if context == In::Quotes { vec![Piece::Quoted(String::new())] } else { Vec::new() }),
            ('+', Some(_)) | ('-', None) => {
                let mut pieces = self.pieces(word, context).await?;
                for piece in &mut pieces {
                    // The unquoted text of a default is split, unlike that of the script.
                    if let (In::Fields, Piece::Literal(text)) = (context, &*piece) {
                        *piece = Piece::Expanded(text.clone());
                    }
                }
                Ok(pieces)
            }
            ('=', None) => {
                let value = self.text(word).await?;
                if let Err(message) = self.assign(name, &value) {
                    return self.fatal(&message).await;
                }
                Ok(vec![expanded(value, context)])
            }
            ('?', None) => {
                let message = self.text(word).await?;
                let message = if message.is_empty() { "parameter not set or null" } else { &message };
                self.fatal(&format!("{name}: {message}")).await
            }
            (_, value) => {
                if name == "@" || name == "*" {
                    return Ok(self.all_arguments(name == "@", context));
                }
                Ok(vec![expanded(value.unwrap_or_default(), context)])
            }
        }
    }

    /// Expands `$@` or `$*`.
    fn all_arguments(&self, is_at: bool, context: In) -> Vec<Piece> {
        if context == In::Quotes && !is_at || context == In::Text {
            let separator = match self.variable("IFS") {
                Some(ifs) if !is_at => ifs.chars().next().map(String::from).unwrap_or_default(),
                Some(_) | None => " ".into(),
            };
            return vec![expanded(self.arguments.join(&separator), context)];
        }
        let mut pieces = Vec::new();
        for (argument, nth) in self.arguments.iter().zip(0..) {
            if nth > 0 {
                pieces.push(Piece::Border);
            }
            pieces.push(expanded(argument.clone(), context));
        }
        pieces
    }

    /// Splits pieces into fields at the characters of `IFS`.
    fn split(&self, pieces: Vec<Piece>) -> Vec<Field> {
        let ifs = self.variable("IFS").unwrap_or(" \t\n");
        let mut fields: Vec<Field> = Vec::new();
        let mut field: Option<Field> = None;
        // True after a separator of blanks, to which one other separator may belong.
        let mut after_blank = false;
        for piece in pieces {
            match piece {
                Piece::Quoted(text) => {
                    field.get_or_insert_default().extend(text.chars().map(|c| PatternChar { c, is_quoted: true }));
                    after_blank = false;
                }
                Piece::Literal(text) => {
                    field.get_or_insert_default().extend(text.chars().map(|c| PatternChar { c, is_quoted: false }));
                    after_blank = false;
                }
                Piece::Border => {
                    fields.extend(field.take());
                    after_blank = false;
                }
                Piece::Expanded(text) => {
                    for c in text.chars() {
                        if !ifs.contains(c) {
                            field.get_or_insert_default().push(PatternChar { c, is_quoted: false });
                            after_blank = false;
                        } else if c.is_ascii_whitespace() {
                            after_blank |= field.is_some();
                            fields.extend(field.take());
                        } else {
                            if !after_blank || field.is_some() {
                                fields.push(field.take().unwrap_or_default());
                            }
                            after_blank = false;
                        }
                    }
                }
            }
        }
        fields.extend(field);
        fields
    }

    /// Returns the paths that a field matches, sorted; empty if it is no pattern or matches none.
    fn paths(&self, field: &Field) -> Vec<String> {
        if !field.iter().any(|c| !c.is_quoted && matches!(c.c, '*' | '?' | '[')) {
            return Vec::new();
        }
        let mut found = vec![String::new()];
        let parts = field.split(|c| c.c == '/');
        for (part, nth) in parts.zip(0..) {
            let is_pattern = part.iter().any(|c| !c.is_quoted && matches!(c.c, '*' | '?' | '['));
            let text: String = part.iter().map(|c| c.c).collect();
            let mut next = Vec::new();
            for prefix in found {
                let prefix = if nth > 0 { format!("{prefix}/") } else { prefix };
                if !is_pattern {
                    next.push(format!("{prefix}{text}"));
                    continue;
                }
                let directory = if prefix.is_empty() { "." } else { &prefix };
                for name in crate::tools::files::names_in(self, directory) {
                    let chars: Vec<char> = name.chars().collect();
                    if name.starts_with('.') == text.starts_with('.') && matches(part, &chars) {
                        next.push(format!("{prefix}{name}"));
                    }
                }
            }
            found = next;
            if found.len() > 10_000 {
                break;
            }
        }
        found.retain(|path| match self.os.resolve(self.pid, path, false).map(|place| place.node()) {
            Ok(Some(Node::Directory { .. } | Node::File(_) | Node::Link(_))) => true,
            Ok(None) | Err(_) => false,
        });
        found.sort();
        found
    }
}

impl Piece {
    fn length(&self) -> usize {
        match self {
            Piece::Quoted(text) | Piece::Literal(text) | Piece::Expanded(text) => text.len(),
            Piece::Border => 0,
        }
    }
}

fn expanded(text: String, context: In) -> Piece {
    if context == In::Quotes { Piece::Quoted(text) } else { Piece::Expanded(text) }
}

fn joined(pieces: Vec<Piece>) -> String {
    let texts = pieces.into_iter().map(|piece| match piece {
        Piece::Quoted(text) | Piece::Literal(text) | Piece::Expanded(text) => text,
        Piece::Border => " ".into(),
    });
    texts.collect()
}

/// True for double quotes with `$@` alone in them.
fn is_all_arguments(parts: &Word) -> bool {
    match parts.as_slice() {
        [Part::Parameter(parameter)] => parameter.name == "@",
        _ => false,
    }
}

fn trimmed(value: &str, pattern: &[PatternChar], suffix: bool, longest: bool) -> String {
    let text: Vec<char> = value.chars().collect();
    let mut cuts: Vec<usize> = (0..=text.len()).collect();
    // The shortest prefix ends first; the shortest suffix begins last.
    if suffix != longest {
        cuts.reverse();
    }
    for cut in cuts {
        let (before, after) = text.split_at_checked(cut).unwrap_or_default();
        let (kept, removed) = if suffix { (before, after) } else { (after, before) };
        if matches(pattern, removed) {
            return kept.iter().collect();
        }
    }
    value.to_owned()
}

fn replaced(value: &str, pattern: &[PatternChar], with: &str, all: bool) -> String {
    let text: Vec<char> = value.chars().collect();
    if pattern.is_empty() || text.len() > 1 << 12 {
        return value.to_owned();
    }
    let (mut out, mut at) = (String::new(), 0_usize);
    while at < text.len() {
        let rest = text.get(at..).unwrap_or_default();
        let longest = (1..=rest.len()).rev().find(|end| matches(pattern, rest.get(..*end).unwrap_or_default()));
        match longest {
            Some(length) => {
                out.push_str(with);
                at = at.saturating_add(length);
                if !all {
                    break;
                }
            }
            None => {
                out.extend(rest.first());
                at = at.saturating_add(1);
            }
        }
        if out.len() > MAX_WORD {
            break;
        }
    }
    out.extend(text.get(at..).unwrap_or_default());
    out
}

fn sliced(value: &str, offset: i64, length: Option<i64>) -> String {
    let count = i64::try_from(value.chars().count()).unwrap_or(i64::MAX);
    let start = if offset < 0 { count.saturating_add(offset) } else { offset };
    if start < 0 {
        return String::new();
    }
    let end = match length {
        None => count,
        Some(length) if length < 0 => count.saturating_add(length),
        Some(length) => start.saturating_add(length),
    };
    let take = usize::try_from(end.saturating_sub(start)).unwrap_or(0);
    value.chars().skip(usize::try_from(start).unwrap_or(usize::MAX)).take(take).collect()
}
