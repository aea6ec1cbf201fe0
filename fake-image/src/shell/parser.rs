//! Reader of shell scripts: POSIX `sh` with what busybox and bash have beside it.
//!
//! It reads line by line, as shells do: what stands before a syntax error is carried out.

use std::sync::Arc;

use super::ast::{
    AndOr, Command, Connector, Item, Kind, List, Operator, Parameter, Part, Pipeline, Redirect, RedirectKind, Word,
};
use crate::image::Dialect;

/// Constructs within one another that are read. Scripts of Pods have fewer than ten; the stack bears this many.
const MAX_NESTING: u32 = 40;

/// Longest script that is read, in characters.
const MAX_SCRIPT: usize = 1 << 18;

/// Script that is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ParseError {
    /// A shell refuses it with these words.
    Syntax(String),
    /// A shell could, but this interpreter cannot, carry it out.
    Unsupported(String),
}

type Result<T> = std::result::Result<T, ParseError>;

/// Reader of one script.
pub(crate) struct Parser {
    text: Vec<char>,
    at: usize,
    nesting: u32,
    dialect: Dialect,
    /// Position after the here-documents of the line that is being read.
    after_here: Option<usize>,
}

fn syntax<T>(message: impl Into<String>) -> Result<T> {
    Err(ParseError::Syntax(message.into()))
}

fn unsupported<T>(message: impl Into<String>) -> Result<T> {
    Err(ParseError::Unsupported(message.into()))
}

/// True for a name of a variable or function.
pub(crate) fn is_name(name: &str) -> bool {
    name.chars().enumerate().all(|(at, c)| c == '_' || c.is_ascii_alphabetic() || (at > 0 && c.is_ascii_digit()))
        && !name.is_empty()
}

const RESERVED: [&str; 17] = [
    "if", "then", "elif", "else", "fi", "while", "until", "for", "do", "done", "case", "esac", "{", "}", "!", "in",
    "function",
];

impl Parser {
    pub(crate) fn new(script: &str, dialect: Dialect) -> Result<Parser> {
        Parser::nested(script, dialect, 0)
    }

    fn nested(script: &str, dialect: Dialect, nesting: u32) -> Result<Parser> {
        let text: Vec<char> = script.chars().collect();
        if text.len() > MAX_SCRIPT {
            return unsupported(format!("a script of more than {MAX_SCRIPT} characters"));
        }
        Ok(Parser { text, at: 0, nesting, dialect, after_here: None })
    }

    /// Reads the commands of the next line that has some; `None` at the end of the script.
    pub(crate) fn next_line(&mut self) -> Result<Option<List>> {
        self.skip_lines();
        if self.peek().is_none() {
            return Ok(None);
        }
        let list = self.list(true)?;
        match self.peek() {
            None | Some('\n') => Ok(Some(list)),
            Some(_) => self.unexpected(),
        }
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn peek_at(&self, ahead: usize) -> Option<char> {
        self.text.get(self.at.saturating_add(ahead)).copied()
    }

    fn looking_at(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(at, c)| self.peek_at(at) == Some(c))
    }

    fn skip(&mut self, count: usize) {
        self.at = self.at.saturating_add(count);
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek();
        self.skip(usize::from(next.is_some()));
        next
    }

    fn eat(&mut self, text: &str) -> bool {
        let is_there = self.looking_at(text);
        if is_there {
            self.skip(text.chars().count());
        }
        is_there
    }

    fn unexpected<T>(&mut self) -> Result<T> {
        let found = match self.peek() {
            None => "end of file".to_owned(),
            Some('\n') => "newline".to_owned(),
            Some(c) if "|&;()<>".contains(c) => format!("\"{c}\""),
            Some(_) => format!("\"{}\"", self.peek_word()),
        };
        syntax(format!("syntax error: unexpected {found}"))
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Parser) -> Result<T>) -> Result<T> {
        if self.nesting >= MAX_NESTING {
            return unsupported(format!("constructs nested deeper than {MAX_NESTING}"));
        }
        self.nesting = self.nesting.saturating_add(1);
        let result = read(self);
        self.nesting = self.nesting.saturating_sub(1);
        result
    }

    /// Skips blanks, continued lines and a comment.
    fn skip_blanks(&mut self) {
        loop {
            match self.peek() {
                Some(' ' | '\t' | '\r') => self.skip(1),
                Some('\\') if self.peek_at(1) == Some('\n') => self.skip(2),
                Some('#') => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.skip(1);
                    }
                }
                Some(_) | None => return,
            }
        }
    }

    /// Skips a newline, and the here-documents that stand after it.
    fn newline(&mut self) {
        self.skip(1);
        if let Some(after) = self.after_here.take() {
            self.at = after;
        }
    }

    /// Skips blanks, comments and newlines.
    fn skip_lines(&mut self) {
        self.skip_blanks();
        while self.peek() == Some('\n') {
            self.newline();
            self.skip_blanks();
        }
    }

    /// Returns the unquoted word ahead, without reading it.
    fn peek_word(&self) -> String {
        let ahead = self.text.get(self.at..).unwrap_or_default();
        ahead.iter().take_while(|c| !c.is_whitespace() && !"|&;()<>\"'\\$`".contains(**c)).take(64).collect()
    }

    /// Returns the reserved word ahead, if one stands there as a whole word.
    fn peek_reserved(&self) -> Option<&'static str> {
        let word = self.peek_word();
        let after = self.peek_at(word.chars().count());
        if after.is_some_and(|c| "\"'\\$`".contains(c)) {
            return None;
        }
        RESERVED.into_iter().find(|reserved| *reserved == word)
    }

    fn eat_reserved(&mut self, word: &'static str) -> bool {
        let is_there = self.peek_reserved() == Some(word);
        if is_there {
            self.skip(word.chars().count());
        }
        is_there
    }

    fn expect_reserved(&mut self, word: &'static str) -> Result<()> {
        self.skip_lines();
        if self.eat_reserved(word) { Ok(()) } else { self.unexpected() }
    }

    /// True if the list that is being read ends here.
    fn is_end_of_list(&self) -> bool {
        match self.peek() {
            None | Some(')') => true,
            Some(';') => self.peek_at(1) == Some(';'),
            Some(_) => {
                matches!(self.peek_reserved(), Some("then" | "elif" | "else" | "fi" | "do" | "done" | "esac" | "}"))
            }
        }
    }

    /// Reads a list, of one line or up to what ends it.
    fn list(&mut self, one_line: bool) -> Result<List> {
        let mut list = Vec::new();
        loop {
            if one_line {
                self.skip_blanks()
            } else {
                self.skip_lines()
            }
            if self.is_end_of_list() || self.peek() == Some('\n') {
                return Ok(list);
            }
            let and_or = Arc::new(self.and_or()?);
            self.skip_blanks();
            let in_background = self.peek() == Some('&');
            let is_separated = in_background || (self.peek() == Some(';') && self.peek_at(1) != Some(';'));
            if is_separated {
                self.skip(1);
            }
            list.push(Item { and_or, in_background });
            if !is_separated && self.peek() != Some('\n') {
                return Ok(list);
            }
        }
    }

    /// Reads a list that has to have a command.
    fn body(&mut self) -> Result<List> {
        let list = self.list(false)?;
        if list.is_empty() { self.unexpected() } else { Ok(list) }
    }

    fn and_or(&mut self) -> Result<AndOr> {
        let first = self.pipeline()?;
        let mut rest = Vec::new();
        loop {
            self.skip_blanks();
            let connector = if self.eat("&&") {
                Connector::And
            } else if self.eat("||") {
                Connector::Or
            } else {
                return Ok(AndOr { first, rest });
            };
            self.skip_lines();
            rest.push((connector, self.pipeline()?));
        }
    }

    fn pipeline(&mut self) -> Result<Pipeline> {
        self.skip_blanks();
        let mut is_negated = false;
        while self.eat_reserved("!") {
            is_negated = !is_negated;
            self.skip_blanks();
        }
        let mut commands = vec![Arc::new(self.deeper(Parser::command)?)];
        loop {
            self.skip_blanks();
            if self.looking_at("|&") {
                return unsupported("`|&`");
            }
            if self.peek() != Some('|') || self.peek_at(1) == Some('|') {
                return Ok(Pipeline { is_negated, commands });
            }
            self.skip(1);
            self.skip_lines();
            commands.push(Arc::new(self.deeper(Parser::command)?));
        }
    }

    fn command(&mut self) -> Result<Command> {
        self.skip_blanks();
        let is_bash = self.dialect == Dialect::Bash;
        let kind = if self.looking_at("((") && is_bash {
            self.skip(2);
            Kind::Arithmetic(self.arithmetic()?.ok_or(ParseError::Unsupported("`((`".into()))?)
        } else if self.eat("(") {
            let list = self.body()?;
            if !self.eat(")") {
                return self.unexpected();
            }
            Kind::Subshell(Arc::new(list))
        } else if self.looking_at("[[")
            && self.dialect != Dialect::Dash
            && self.peek_at(2).is_none_or(char::is_whitespace)
        {
            self.skip(2);
            Kind::Test(self.test_words()?)
        } else {
            match self.peek_reserved() {
                Some("{") => {
                    self.skip(1);
                    let list = self.body()?;
                    self.expect_reserved("}")?;
                    Kind::Group(list)
                }
                Some("if") => self.if_command()?,
                Some(word @ ("while" | "until")) => {
                    self.skip(5);
                    let condition = self.body()?;
                    let body = self.do_group()?;
                    Kind::While { until: word == "until", condition, body }
                }
                Some("for") => self.for_command()?,
                Some("case") => self.case_command()?,
                Some("function") if self.dialect != Dialect::Dash => {
                    self.skip(8);
                    self.skip_blanks();
                    let name = self.peek_word();
                    self.skip(name.chars().count());
                    self.skip_blanks();
                    if self.eat("(") {
                        self.skip_blanks();
                        if !self.eat(")") {
                            return self.unexpected();
                        }
                    }
                    return self.function(name);
                }
                Some("in" | "function") | None => return self.simple(),
                Some(_) => return self.unexpected(),
            }
        };
        let mut redirects = Vec::new();
        loop {
            self.skip_blanks();
            match self.redirect()? {
                Some(redirect) => redirects.push(redirect),
                None => return Ok(Command { kind, redirects }),
            }
        }
    }

    fn if_command(&mut self) -> Result<Kind> {
        self.skip(2);
        let mut branches = Vec::new();
        loop {
            let condition = self.body()?;
            self.expect_reserved("then")?;
            branches.push((condition, self.body()?));
            self.skip_lines();
            if self.eat_reserved("elif") {
                continue;
            }
            let otherwise = if self.eat_reserved("else") { Some(self.body()?) } else { None };
            self.expect_reserved("fi")?;
            return Ok(Kind::If { branches, otherwise });
        }
    }

    fn do_group(&mut self) -> Result<List> {
        self.expect_reserved("do")?;
        let body = self.body()?;
        self.expect_reserved("done")?;
        Ok(body)
    }

    fn for_command(&mut self) -> Result<Kind> {
        self.skip(3);
        self.skip_blanks();
        if self.looking_at("((") {
            return if self.dialect == Dialect::Bash { unsupported("`for ((`") } else { self.unexpected() };
        }
        let name = self.peek_word();
        if !is_name(&name) {
            return syntax(format!("syntax error: bad for loop variable {name:?}"));
        }
        self.skip(name.chars().count());
        self.skip_lines();
        let mut words = None;
        if self.eat_reserved("in") {
            let mut list = Vec::new();
            loop {
                self.skip_blanks();
                match self.word()? {
                    Some(word) => list.push(word),
                    None => break,
                }
            }
            words = Some(list);
        }
        self.skip_blanks();
        if self.peek() == Some(';') {
            self.skip(1);
        }
        let body = self.do_group()?;
        Ok(Kind::For { name, words, body })
    }

    fn case_command(&mut self) -> Result<Kind> {
        self.skip(4);
        self.skip_blanks();
        let Some(word) = self.word()? else { return self.unexpected() };
        self.expect_reserved("in")?;
        let mut arms = Vec::new();
        loop {
            self.skip_lines();
            if self.eat_reserved("esac") {
                return Ok(Kind::Case { word, arms });
            }
            self.eat("(");
            let mut patterns = Vec::new();
            loop {
                self.skip_blanks();
                let Some(pattern) = self.word()? else { return self.unexpected() };
                patterns.push(pattern);
                self.skip_blanks();
                if self.eat(")") {
                    break;
                }
                if !self.eat("|") {
                    return self.unexpected();
                }
            }
            let body = self.list(false)?;
            arms.push((patterns, body));
            self.skip_lines();
            if self.looking_at(";&") || self.looking_at(";;&") {
                return unsupported("`;&`");
            }
            if !self.eat(";;") {
                self.expect_reserved("esac")?;
                let Some((_, _)) = arms.last() else { return self.unexpected() };
                return Ok(Kind::Case { word, arms });
            }
        }
    }

    /// Reads the body of a function.
    fn function(&mut self, name: String) -> Result<Command> {
        self.skip_lines();
        let body = Arc::new(self.deeper(Parser::command)?);
        Ok(Command { kind: Kind::Function { name, body }, redirects: Vec::new() })
    }

    /// Reads the words between `[[` and `]]`.
    fn test_words(&mut self) -> Result<Vec<Word>> {
        let mut words = Vec::new();
        loop {
            self.skip_lines();
            if self.looking_at("]]") && self.peek_at(2).is_none_or(|c| c.is_whitespace() || ";&|)".contains(c)) {
                self.skip(2);
                return Ok(words);
            }
            let operator = ["&&", "||", "(", ")", "<", ">"].into_iter().find(|operator| self.looking_at(operator));
            // `ash` reads the words of `[[` as those of a command.
            if matches!(operator, Some("(" | ")")) && self.dialect == Dialect::Ash {
                return self.unexpected();
            }
            if let Some(operator) = operator {
                self.eat(operator);
                words.push(vec![Part::Literal(operator.to_owned())]);
            } else if words
                .last()
                .is_some_and(|word: &Word| matches!(word.as_slice(), [Part::Literal(text)] if text == "=~"))
            {
                words.push(self.regular_expression()?);
            } else if let Some(word) = self.word()? {
                words.push(word);
            } else {
                return self.unexpected();
            }
        }
    }

    /// Reads the right side of `=~`, in which parentheses and bars are text.
    fn regular_expression(&mut self) -> Result<Word> {
        let mut parts = Vec::new();
        loop {
            match self.peek() {
                Some(c @ ('(' | ')' | '|' | '<' | '>' | '&' | ';')) => {
                    self.skip(1);
                    parts.push(Part::Literal(c.to_string()));
                }
                Some('\\') => {
                    let escaped = self.text.get(self.at..self.at.saturating_add(2)).unwrap_or_default();
                    parts.push(Part::Literal(escaped.iter().collect()));
                    self.skip(2);
                }
                Some(_) | None => match self.word()? {
                    Some(mut word) => parts.append(&mut word),
                    None => return Ok(parts),
                },
            }
        }
    }

    fn simple(&mut self) -> Result<Command> {
        let (mut assignments, mut words, mut redirects) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            self.skip_blanks();
            if let Some(redirect) = self.redirect()? {
                redirects.push(redirect);
                continue;
            }
            if words.is_empty()
                && let Some((name, value)) = self.assignment()?
            {
                assignments.push((name, value));
                continue;
            }
            let start = self.at;
            let Some(word) = self.word()? else { break };
            words.push(word);
            if words.len() == 1 && assignments.is_empty() {
                let name: String = self.text.get(start..self.at).unwrap_or_default().iter().collect();
                self.skip_blanks();
                if self.peek() == Some('(') {
                    self.skip(1);
                    self.skip_blanks();
                    if !self.eat(")") {
                        return self.unexpected();
                    }
                    // Busybox and bash take more than names for functions; quotes and expansions are none.
                    if name.contains(['$', '"', '\'', '\\', '`']) {
                        return syntax("syntax error: bad function name");
                    }
                    return self.function(name);
                }
            }
        }
        if words.is_empty() && assignments.is_empty() && redirects.is_empty() {
            return self.unexpected();
        }
        Ok(Command { kind: Kind::Simple { assignments, words }, redirects })
    }

    /// Reads `NAME=VALUE`.
    fn assignment(&mut self) -> Result<Option<(String, Word)>> {
        let ahead = self.text.get(self.at..).unwrap_or_default();
        let name: String = ahead.iter().take_while(|c| **c == '_' || c.is_ascii_alphanumeric()).collect();
        if !is_name(&name) {
            return Ok(None);
        }
        let length = name.chars().count();
        let after = self.peek_at(length);
        let appends = after == Some('+') && self.peek_at(length.saturating_add(1)) == Some('=');
        if self.dialect == Dialect::Bash && (after == Some('[') || appends) {
            let rest: String = ahead.iter().take_while(|c| !c.is_whitespace()).collect();
            if rest.contains("]=") || appends {
                return unsupported("an array or `+=`");
            }
        }
        if after != Some('=') {
            return Ok(None);
        }
        self.skip(length.saturating_add(1));
        if self.peek() == Some('(') {
            return if self.dialect == Dialect::Bash { unsupported("an array") } else { self.unexpected() };
        }
        let value = self.word()?.unwrap_or_default();
        Ok(Some((name, value)))
    }

    fn redirect(&mut self) -> Result<Option<Redirect>> {
        if self.looking_at("&>") && self.dialect != Dialect::Dash {
            self.skip(2);
            let append = self.eat(">");
            let word = self.redirect_word()?;
            return Ok(Some(Redirect { fd: 1, kind: RedirectKind::Both { word, append } }));
        }
        let ahead = self.text.get(self.at..).unwrap_or_default();
        let digits: String = ahead.iter().take_while(|c| c.is_ascii_digit()).take(10).collect();
        if !matches!(self.peek_at(digits.len()), Some('<' | '>')) {
            return Ok(None);
        }
        self.skip(digits.len());
        let is_input = self.peek() == Some('<');
        let Ok(fd) = (if digits.is_empty() { Ok(u32::from(!is_input)) } else { digits.parse() }) else {
            return syntax("syntax error: bad fd number");
        };
        if self.looking_at("<(") || self.looking_at(">(") {
            return unsupported("a process substitution");
        }
        let kind = if self.eat("<<<") {
            let mut word = self.redirect_word()?;
            word.push(Part::Quoted("\n".into()));
            RedirectKind::Here(word)
        } else if self.eat("<<-") {
            RedirectKind::Here(self.here_document(true)?)
        } else if self.eat("<<") {
            RedirectKind::Here(self.here_document(false)?)
        } else if self.eat("<>") {
            RedirectKind::ReadWrite(self.redirect_word()?)
        } else if self.eat("<&") || self.eat(">&") {
            RedirectKind::Duplicate(self.redirect_word()?)
        } else if self.eat(">>") {
            RedirectKind::Append(self.redirect_word()?)
        } else if self.eat(">|") || self.eat(">") {
            RedirectKind::Write(self.redirect_word()?)
        } else {
            self.eat("<");
            RedirectKind::Read(self.redirect_word()?)
        };
        Ok(Some(Redirect { fd, kind }))
    }

    fn redirect_word(&mut self) -> Result<Word> {
        self.skip_blanks();
        match self.word()? {
            Some(word) => Ok(word),
            None => self.unexpected(),
        }
    }

    /// Reads the delimiter of a here-document, and its body from the next line on.
    fn here_document(&mut self, strips_tabs: bool) -> Result<Word> {
        let delimiter = self.redirect_word()?;
        let mut is_quoted = false;
        let mut end = String::new();
        for part in &delimiter {
            match part {
                Part::Literal(text) => end.push_str(text),
                Part::Quoted(text) => {
                    is_quoted = true;
                    end.push_str(text);
                }
                Part::Double(parts) => {
                    is_quoted = true;
                    for part in parts {
                        if let Part::Literal(text) | Part::Quoted(text) = part {
                            end.push_str(text);
                        }
                    }
                }
                Part::Parameter(_) | Part::Command(_) | Part::Arithmetic(_) | Part::Tilde(_) => {
                    return unsupported("an expansion in the end of a here-document");
                }
            }
        }
        let newline = self.text.iter().skip(self.at).position(|c| *c == '\n');
        let line_end = newline.map_or(self.text.len(), |ahead| self.at.saturating_add(ahead).saturating_add(1));
        let mut at = self.after_here.unwrap_or(line_end);
        let mut body = String::new();
        while at < self.text.len() {
            let rest = self.text.get(at..).unwrap_or_default();
            let length = rest.iter().position(|c| *c == '\n').unwrap_or(rest.len());
            let line: String = rest.iter().take(length).collect();
            at = at.saturating_add(length).saturating_add(1);
            let line = if strips_tabs { line.trim_start_matches('\t') } else { &line };
            if line == end {
                break;
            }
            body.push_str(line);
            body.push('\n');
        }
        self.after_here = Some(at.min(self.text.len()));
        if is_quoted {
            return Ok(vec![Part::Quoted(body)]);
        }
        let mut parser = Parser::nested(&body, self.dialect, self.nesting)?;
        let parts = parser.deeper(|parser| parser.quoted_parts(None))?;
        Ok(vec![Part::Double(parts)])
    }

    /// Reads a word; `None` if none stands here.
    fn word(&mut self) -> Result<Option<Word>> {
        let start = self.at;
        let mut parts = Word::new();
        if self.peek() == Some('~') {
            let ahead = self.text.get(self.at.saturating_add(1)..).unwrap_or_default();
            let user: String =
                ahead.iter().take_while(|c| c.is_ascii_alphanumeric() || **c == '-' || **c == '_').collect();
            let after = self.peek_at(user.len().saturating_add(1));
            if after.is_none_or(|c| c == '/' || c == ':' || c.is_whitespace() || "|&;()<>".contains(c)) {
                self.skip(user.len().saturating_add(1));
                parts.push(Part::Tilde(user));
            }
        }
        while let Some(c) = self.peek() {
            if c.is_whitespace() || "|&;()<>".contains(c) {
                break;
            }
            self.word_part(&mut parts)?;
        }
        // Two quotes are a word, an empty one.
        Ok((self.at > start).then_some(parts))
    }

    /// Reads one part of an unquoted word.
    fn word_part(&mut self, parts: &mut Word) -> Result<()> {
        match self.peek() {
            Some('\\') => {
                self.skip(1);
                match self.next() {
                    Some('\n') => (),
                    Some(c) => parts.push(Part::Quoted(c.to_string())),
                    None => push_literal(parts, '\\'),
                }
            }
            Some('\'') => {
                self.skip(1);
                let mut text = String::new();
                loop {
                    match self.next() {
                        Some('\'') => break,
                        Some(c) => text.push(c),
                        None => return syntax("syntax error: unterminated quoted string"),
                    }
                }
                parts.push(Part::Quoted(text));
            }
            Some('"') => {
                self.skip(1);
                let inner = self.deeper(|parser| parser.quoted_parts(Some('"')))?;
                parts.push(Part::Double(inner));
            }
            Some('$') if self.peek_at(1) == Some('\'') && self.dialect != Dialect::Dash => {
                self.skip(2);
                let text = self.ansi_c()?;
                parts.push(Part::Quoted(text));
            }
            Some('$') if self.peek_at(1) == Some('"') && self.dialect == Dialect::Bash => self.skip(1),
            Some('$') => self.dollar(parts, false)?,
            Some('`') => {
                let part = self.backquote(false)?;
                parts.push(part);
            }
            Some(c) => {
                self.skip(1);
                push_literal(parts, c);
            }
            None => (),
        }
        Ok(())
    }

    /// Reads text in double quotes, up to the end quote or to the end of the script.
    fn quoted_parts(&mut self, end: Option<char>) -> Result<Word> {
        let mut parts = Word::new();
        loop {
            match self.peek() {
                None if end.is_some() => return syntax("syntax error: unterminated quoted string"),
                None => return Ok(parts),
                c if c == end => {
                    self.skip(1);
                    return Ok(parts);
                }
                Some('\\') => {
                    self.skip(1);
                    match self.peek() {
                        Some('\n') => self.skip(1),
                        Some(c) if "$`\\".contains(c) || Some(c) == end => {
                            self.skip(1);
                            parts.push(Part::Quoted(c.to_string()));
                        }
                        Some(_) | None => push_literal(&mut parts, '\\'),
                    }
                }
                Some('$') => self.dollar(&mut parts, true)?,
                Some('`') => {
                    let part = self.backquote(true)?;
                    parts.push(part);
                }
                Some(c) => {
                    self.skip(1);
                    push_literal(&mut parts, c);
                }
            }
        }
    }

    /// Reads `$'…'`.
    fn ansi_c(&mut self) -> Result<String> {
        let mut raw = String::new();
        loop {
            match self.next() {
                Some('\'') => return Ok(crate::text::unescape(&raw, crate::text::Escapes::AnsiC).0),
                Some('\\') => {
                    raw.push('\\');
                    raw.extend(self.next());
                }
                Some(c) => raw.push(c),
                None => return syntax("syntax error: unterminated quoted string"),
            }
        }
    }

    /// Reads what a dollar sign begins.
    fn dollar(&mut self, parts: &mut Word, in_quotes: bool) -> Result<()> {
        self.skip(1);
        match self.peek() {
            Some('(') if self.peek_at(1) == Some('(') => {
                let start = self.at;
                self.skip(2);
                if let Some(expression) = self.deeper(Parser::arithmetic)? {
                    parts.push(Part::Arithmetic(expression));
                    return Ok(());
                }
                // A subshell at the start of a command substitution.
                self.at = start;
                self.command_substitution(parts)
            }
            Some('(') => self.command_substitution(parts),
            Some('{') => {
                self.skip(1);
                let parameter = self.deeper(|parser| parser.braced(in_quotes))?;
                parts.push(Part::Parameter(Box::new(parameter)));
                Ok(())
            }
            Some(c) if c == '_' || c.is_ascii_alphabetic() => {
                let ahead = self.text.get(self.at..).unwrap_or_default();
                let name: String = ahead.iter().take_while(|c| **c == '_' || c.is_ascii_alphanumeric()).collect();
                self.skip(name.len());
                parts.push(Part::Parameter(Box::new(Parameter { name, operator: Operator::None })));
                Ok(())
            }
            Some(c) if c.is_ascii_digit() || "@*#?-$!".contains(c) => {
                self.skip(1);
                parts.push(Part::Parameter(Box::new(Parameter { name: c.to_string(), operator: Operator::None })));
                Ok(())
            }
            Some(_) | None => {
                push_literal(parts, '$');
                Ok(())
            }
        }
    }

    fn command_substitution(&mut self, parts: &mut Word) -> Result<()> {
        self.skip(1);
        let here = self.after_here.take();
        let list = self.deeper(|parser| parser.list(false))?;
        self.after_here = here.or(self.after_here);
        if !self.eat(")") {
            return self.unexpected();
        }
        parts.push(Part::Command(Arc::new(list)));
        Ok(())
    }

    /// Reads a command substitution in backquotes.
    fn backquote(&mut self, in_quotes: bool) -> Result<Part> {
        self.skip(1);
        let mut script = String::new();
        loop {
            match self.next() {
                Some('`') => break,
                Some('\\') => match self.next() {
                    Some(c) if "$`\\".contains(c) || (in_quotes && c == '"') => script.push(c),
                    Some(c) => script.extend(['\\', c]),
                    None => script.push('\\'),
                },
                Some(c) => script.push(c),
                None => return syntax("syntax error: EOF in backquote substitution"),
            }
        }
        if self.nesting >= MAX_NESTING {
            return unsupported(format!("constructs nested deeper than {MAX_NESTING}"));
        }
        let mut parser = Parser::nested(&script, self.dialect, self.nesting.saturating_add(1))?;
        let list = parser.list(false)?;
        if parser.peek().is_some() {
            return parser.unexpected();
        }
        Ok(Part::Command(Arc::new(list)))
    }

    /// Reads an arithmetic expression up to `))`; `None` if the parentheses are not its own.
    fn arithmetic(&mut self) -> Result<Option<Word>> {
        let (mut parts, mut depth) = (Word::new(), 0_u32);
        loop {
            match self.peek() {
                None => return Ok(None),
                Some(')') if depth == 0 => {
                    let is_closed = self.peek_at(1) == Some(')');
                    self.skip(2);
                    return Ok(is_closed.then_some(parts));
                }
                Some(c @ ('(' | ')')) => {
                    depth = if c == '(' { depth.saturating_add(1) } else { depth.saturating_sub(1) };
                    self.skip(1);
                    push_literal(&mut parts, c);
                }
                Some('$') => self.dollar(&mut parts, true)?,
                Some('`') => {
                    let part = self.backquote(false)?;
                    parts.push(part);
                }
                // Quotes are removed in an expression.
                Some('"') => self.skip(1),
                Some('\\') if self.peek_at(1) == Some('\n') => self.skip(2),
                Some(c) => {
                    self.skip(1);
                    push_literal(&mut parts, c);
                }
            }
        }
    }

    /// Reads `${…}` after its brace.
    fn braced(&mut self, in_quotes: bool) -> Result<Parameter> {
        if self.peek() == Some('!') && self.peek_at(1).is_some_and(|c| c != '}') {
            return unsupported("an indirect expansion");
        }
        let measures = self.peek() == Some('#') && self.peek_at(1).is_some_and(|c| c != '}' && !":-=+?%#".contains(c));
        if measures {
            self.skip(1);
        }
        let ahead = self.text.get(self.at..).unwrap_or_default();
        let mut name: String = ahead.iter().take_while(|c| **c == '_' || c.is_ascii_alphanumeric()).collect();
        if name.is_empty()
            && let Some(c) = self.peek().filter(|c| "@*#?-$!".contains(*c))
        {
            name.push(c);
        }
        let is_number = !name.is_empty() && name.chars().all(|c| c.is_ascii_digit());
        if !is_number && !is_name(&name) && !"@*#?-$!".contains(&name) || name.is_empty() {
            return syntax("syntax error: bad substitution");
        }
        self.skip(name.chars().count());
        if measures {
            return if self.eat("}") {
                Ok(Parameter { name, operator: Operator::Length })
            } else {
                syntax("syntax error: bad substitution")
            };
        }
        if self.peek() == Some('[') {
            return unsupported("an array");
        }
        let operator = self.operator(in_quotes)?;
        Ok(Parameter { name, operator })
    }

    fn operator(&mut self, in_quotes: bool) -> Result<Operator> {
        let colon = self.peek() == Some(':') && self.peek_at(1).is_some_and(|c| "-=+?".contains(c));
        if colon {
            self.skip(1);
        }
        match self.next() {
            Some('}') => Ok(Operator::None),
            Some(kind @ ('-' | '=' | '?' | '+')) => {
                let word = self.operand("}", in_quotes)?;
                self.skip(1);
                Ok(Operator::Default { kind, colon, word })
            }
            Some(c @ ('#' | '%')) => {
                let longest = self.peek() == Some(c);
                self.skip(usize::from(longest));
                // In double quotes the pattern is read as without them.
                let pattern = self.operand("}", false)?;
                self.skip(1);
                Ok(Operator::Trim { suffix: c == '%', longest, pattern })
            }
            Some('/') if self.dialect != Dialect::Dash => {
                let all = self.eat("/");
                let pattern = self.operand("/}", false)?;
                let has_replacement = self.next() == Some('/');
                let mut with = Word::new();
                if has_replacement {
                    with = self.operand("}", in_quotes)?;
                    self.skip(1);
                }
                Ok(Operator::Replace { all, pattern, with })
            }
            Some(':') if self.dialect != Dialect::Dash => {
                let offset = self.operand(":}", in_quotes)?;
                let mut length = None;
                if self.next() == Some(':') {
                    length = Some(self.operand("}", in_quotes)?);
                    self.skip(1);
                }
                Ok(Operator::Slice { offset, length })
            }
            Some(c @ ('^' | ',')) if self.dialect == Dialect::Bash => {
                let all = self.peek() == Some(c);
                self.skip(usize::from(all));
                if self.eat("}") {
                    Ok(Operator::Case { upper: c == '^', all })
                } else {
                    unsupported("a pattern of letters")
                }
            }
            Some(_) | None => syntax("syntax error: bad substitution"),
        }
    }

    /// Reads the operand of an operator, up to one of the characters that end it.
    fn operand(&mut self, ends: &str, in_quotes: bool) -> Result<Word> {
        let mut parts = Word::new();
        loop {
            match self.peek() {
                None => return syntax("syntax error: missing '}'"),
                Some(c) if ends.contains(c) => return Ok(parts),
                // In double quotes, single quotes are text.
                Some('\'') if in_quotes => {
                    self.skip(1);
                    push_literal(&mut parts, '\'');
                }
                Some('\\') if in_quotes => {
                    self.skip(1);
                    match self.next() {
                        Some(c) if "$`\"\\}".contains(c) => parts.push(Part::Quoted(c.to_string())),
                        Some(c) => {
                            push_literal(&mut parts, '\\');
                            push_literal(&mut parts, c);
                        }
                        None => push_literal(&mut parts, '\\'),
                    }
                }
                Some(_) => self.word_part(&mut parts)?,
            }
        }
    }
}

fn push_literal(parts: &mut Word, c: char) {
    if let Some(Part::Literal(text)) = parts.last_mut() {
        text.push(c);
    } else {
        parts.push(Part::Literal(c.to_string()));
    }
}
