//! Tools for text.

use std::slice::Iter;

use regex_lite::Regex;

use super::{files::options, inputs, write_file};
use crate::{
    files::base,
    os::{Errno, Open},
    shell::{Shell, number_of},
    text::{Escapes, class_of, regular_expression, unescape},
};

pub(super) async fn run(shell: &mut Shell, name: &str, arguments: &[String]) -> i32 {
    match name {
        "awk" => awk(shell, arguments).await,
        "base64" => base64(shell, arguments).await,
        "basename" => match arguments {
            [path, suffix @ ..] => {
                let name = base(path);
                let name = if name.is_empty() { "/" } else { name };
                let stem = suffix.first().and_then(|suffix| name.strip_suffix(suffix.as_str()));
                let name = stem.filter(|stem| !stem.is_empty()).unwrap_or(name);
                shell.print(&format!("{name}\n")).await
            }
            [] => usage(shell, name).await,
        },
        "dirname" => match arguments {
            [path, ..] => {
                let trimmed = path.trim_end_matches('/');
                let directory = match trimmed.rsplit_once('/') {
                    _ if trimmed.is_empty() && !path.is_empty() => "/",
                    Some((directory, _)) => match directory.trim_end_matches('/') {
                        "" => "/",
                        directory => directory,
                    },
                    None => ".",
                };
                shell.print(&format!("{directory}\n")).await
            }
            [] => usage(shell, name).await,
        },
        "cmp" => match arguments {
            [left, right, ..] => {
                let (left, right) = (shell.content(name, left).await, shell.content(name, right).await);
                if left.is_none() || right.is_none() { 2 } else { i32::from(left != right) }
            }
            _ => usage(shell, name).await,
        },
        "cut" => cut(shell, arguments).await,
        "grep" | "egrep" | "fgrep" => grep(shell, name, arguments).await,
        "expr" => expr(shell, arguments).await,
        "head" => head(shell, arguments).await,
        "tail" => tail(shell, arguments).await,
        "sed" => sed(shell, arguments).await,
        "seq" => seq(shell, arguments).await,
        "sort" => sort(shell, arguments).await,
        "tr" => tr(shell, arguments).await,
        "uniq" => uniq(shell, arguments).await,
        "wc" => wc(shell, arguments).await,
        "yes" => {
            let line = if arguments.is_empty() { "y\n".to_owned() } else { arguments.join(" ") + "\n" };
            while shell.print(&line).await == 0 {
                shell.os.step(shell.pid).await;
            }
            1
        }
        _ => {
            let (content, is_whole) = inputs(shell, name, &options(arguments).1).await;
            let text = String::from_utf8_lossy(&content);
            let text: String = match name {
                "rev" => text.lines().map(|line| line.chars().rev().collect::<String>() + "\n").collect(),
                "tac" => text.lines().rev().map(|line| line.to_owned() + "\n").collect(),
                "nl" => text.lines().zip(1..).map(|(line, nth)| format!("{nth:>6}\t{line}\n")).collect(),
                _ => {
                    shell.os.give_up(shell.pid, &format!("the program `{name}`")).await;
                    return 1;
                }
            };
            shell.print(&text).await;
            i32::from(!is_whole)
        }
    }
}

async fn usage(shell: &mut Shell, tool: &str) -> i32 {
    shell.complain_as(tool, "usage").await;
    1
}

/// Formats words once; true if `\c` ended the output.
pub(super) fn format_once(
    format: &str,
    words: &mut Iter<'_, String>,
    out: &mut String,
    problem: &mut Option<String>,
) -> bool {
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\\' {
            let mut escape = String::from('\\');
            if chars.peek() == Some(&'c') {
                return true;
            }
            while escape.len() < 4
                && let Some(next) = chars.next_if(|c| {
                    escape.len() == 1
                        || (escape.len() < 4
                            && c.is_digit(8)
                            && escape.chars().nth(1).is_some_and(|first| first.is_digit(8)))
                })
            {
                escape.push(next);
            }
            if escape == "\\x" {
                while escape.len() < 4
                    && let Some(digit) = chars.next_if(char::is_ascii_hexdigit)
                {
                    escape.push(digit);
                }
            }
            out.push_str(&unescape(&escape, Escapes::Printf).0);
            continue;
        }
        if c != '%' {
            out.push(c);
            continue;
        }
        if chars.next_if_eq(&'%').is_some() {
            out.push('%');
            continue;
        }
        let mut flags = String::new();
        while let Some(flag) = chars.next_if(|c| "-+ #0".contains(*c)) {
            flags.push(flag);
        }
        let mut number = |words: &mut Iter<'_, String>| {
            if chars.next_if_eq(&'*').is_some() {
                return words.next().and_then(|word| word.parse::<usize>().ok());
            }
            let mut digits = String::new();
            while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                digits.push(digit);
            }
            digits.parse::<usize>().ok()
        };
        // Wider than any line of a log.
        let width = number(words).unwrap_or(0).min(4096);
        let precision = if chars.next_if_eq(&'.').is_some() {
            let mut digits = String::new();
            while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                digits.push(digit);
            }
            Some(digits.parse::<usize>().unwrap_or(0).min(4096))
        } else {
            None
        };
        let Some(kind) = chars.next() else {
            *problem = Some("%: invalid format".into());
            return true;
        };
        let word = words.next();
        let text = word.map_or("", |word| word.as_str());
        let mut integer = || {
            let quoted = text.strip_prefix(['\'', '"']).and_then(|rest| rest.chars().next());
            let value = match quoted {
                Some(c) => Some(i64::from(u32::from(c))),
                None if text.is_empty() => Some(0),
                None => number_of(text.trim_start()),
            };
            value.unwrap_or_else(|| {
                *problem = Some(format!("invalid number '{text}'"));
                0
            })
        };
        let sign = |value: i64| {
            let digits = value.unsigned_abs().to_string();
            let digits = format!("{digits:0>width$}", width = precision.unwrap_or(1));
            match value {
                i64::MIN..=-1 => format!("-{digits}"),
                _ if flags.contains('+') => format!("+{digits}"),
                _ if flags.contains(' ') => format!(" {digits}"),
                _ => digits,
            }
        };
        let (value, is_number) = match kind {
            's' => (text.chars().take(precision.unwrap_or(usize::MAX)).collect(), false),
            'b' => {
                let (text, is_cut) = unescape(text, Escapes::Echo);
                if is_cut {
                    out.push_str(&text);
                    return true;
                }
                (text, false)
            }
            'c' => (text.chars().take(1).collect(), false),
            'd' | 'i' => (sign(integer()), true),
            'u' => (integer().cast_unsigned().to_string(), true),
            'x' => (format!("{}{:x}", if flags.contains('#') { "0x" } else { "" }, integer()), true),
            'X' => (format!("{}{:X}", if flags.contains('#') { "0X" } else { "" }, integer()), true),
            'o' => (format!("{}{:o}", if flags.contains('#') { "0" } else { "" }, integer()), true),
            'f' | 'F' => {
                let value = if text.is_empty() { Some(0.0) } else { text.trim().parse::<f64>().ok() };
                if value.is_none() {
                    *problem = Some(format!("invalid number '{text}'"));
                }
                (format!("{:.*}", precision.unwrap_or(6), value.unwrap_or(0.0)), true)
            }
            other => {
                *problem = Some(format!("%{other}: invalid format"));
                return true;
            }
        };
        let length = value.chars().count();
        let padding = width.saturating_sub(length);
        if flags.contains('-') {
            out.push_str(&value);
            out.push_str(&" ".repeat(padding));
        } else if flags.contains('0') && is_number && precision.is_none() {
            let (sign, digits) = match value.strip_prefix('-') {
                Some(digits) => ("-", digits),
                None => ("", value.as_str()),
            };
            out.push_str(sign);
            out.push_str(&"0".repeat(padding));
            out.push_str(digits);
        } else {
            out.push_str(&" ".repeat(padding));
            out.push_str(&value);
        }
    }
    false
}

/// Parses a list of positions: `1,3-5,7-`.
fn positions(list: &str) -> Option<Vec<(usize, usize)>> {
    let range = |item: &str| {
        let (from, to) = match item.split_once('-') {
            Some((from, to)) => (from, to),
            None => (item, item),
        };
        let from = if from.is_empty() { 1 } else { from.parse().ok()? };
        let to = if to.is_empty() { usize::MAX } else { to.parse().ok()? };
        (from > 0).then_some((from, to))
    };
    list.split(',').map(range).collect()
}

async fn cut(shell: &mut Shell, arguments: &[String]) -> i32 {
    let (mut kind, mut list, mut delimiter, mut only_delimited) = (' ', String::new(), '\t', false);
    let (mut paths, mut words) = (Vec::new(), arguments.iter());
    while let Some(word) = words.next() {
        let mut value =
            |rest: &str| if rest.is_empty() { words.next().cloned().unwrap_or_default() } else { rest.to_owned() };
        let mut letters = word.strip_prefix('-').unwrap_or_default().chars();
        match letters.next() {
            Some(letter @ ('f' | 'c' | 'b')) => {
                kind = letter;
                list = value(letters.as_str());
            }
            Some('d') => delimiter = value(letters.as_str()).chars().next().unwrap_or('\0'),
            Some('s') => only_delimited = true,
            Some(_) => return usage(shell, "cut").await,
            None => paths.push(word.clone()),
        }
    }
    let Some(positions) = positions(&list).filter(|_| kind != ' ') else {
        shell.complain_as("cut", "expected a list of bytes, characters, or fields").await;
        return 1;
    };
    let is_in = |nth: usize| positions.iter().any(|(from, to)| (*from..=*to).contains(&nth));
    let (content, is_whole) = inputs(shell, "cut", &paths).await;
    let mut out = String::new();
    for line in String::from_utf8_lossy(&content).lines() {
        if kind != 'f' {
            out.extend(line.chars().zip(1..).filter(|(_, nth)| is_in(*nth)).map(|(c, _)| c));
        } else if line.contains(delimiter) {
            let fields: Vec<&str> =
                line.split(delimiter).zip(1..).filter(|(_, nth)| is_in(*nth)).map(|(field, _)| field).collect();
            out.push_str(&fields.join(&delimiter.to_string()));
        } else if only_delimited {
            continue;
        } else {
            out.push_str(line);
        }
        out.push('\n');
    }
    shell.print(&out).await;
    i32::from(!is_whole)
}

async fn grep(shell: &mut Shell, name: &str, arguments: &[String]) -> i32 {
    let (mut letters, mut patterns, mut rest) = (String::new(), Vec::new(), Vec::new());
    let (mut most, mut words, mut is_over) = (usize::MAX, arguments.iter(), false);
    while let Some(word) = words.next() {
        match word.strip_prefix('-').filter(|option| !is_over && !option.is_empty()) {
            Some("-") => is_over = true,
            Some("e") => patterns.extend(words.next().cloned()),
            Some("m") => most = words.next().and_then(|count| count.parse().ok()).unwrap_or(usize::MAX),
            Some(option) if option.chars().all(|c| "qvicnowxEFhHsrl".contains(c)) => letters.push_str(option),
            Some(_) => {
                shell.os.give_up(shell.pid, &format!("`grep {word}`")).await;
            }
            None => rest.push(word.clone()),
        }
    }
    let has = |letter: char| letters.contains(letter);
    if has('r') || has('l') {
        shell.os.give_up(shell.pid, "`grep` in directories").await;
    }
    if patterns.is_empty() {
        if rest.is_empty() {
            shell.complain_as("grep", "no pattern").await;
            return 2;
        }
        patterns.push(rest.remove(0));
    }
    let (is_fixed, is_extended) = (has('F') || name == "fgrep", has('E') || name == "egrep");
    let mut regexes = Vec::new();
    for pattern in patterns.iter().flat_map(|pattern| pattern.split('\n')) {
        let escaped = regex_lite::escape(pattern);
        let regex = if is_fixed {
            regex_lite::RegexBuilder::new(&escaped).case_insensitive(has('i')).build().ok()
        } else {
            regular_expression(pattern, is_extended, has('i'))
        };
        match regex {
            Some(regex) => regexes.push(regex),
            None => {
                shell.os.give_up(shell.pid, &format!("the regular expression {pattern:?}")).await;
            }
        }
    }
    let found_in = |line: &str| {
        let of = |regex: &Regex| {
            let mut found = regex.find_iter(line);
            if has('x') {
                return found.any(|found| found.start() == 0 && found.end() == line.len());
            }
            let is_word = |c: Option<char>| c.is_some_and(|c| c == '_' || c.is_alphanumeric());
            found.any(|found| {
                let before = line.get(..found.start()).and_then(|before| before.chars().next_back());
                let after = line.get(found.end()..).and_then(|after| after.chars().next());
                !has('w') || (!is_word(before) && !is_word(after))
            })
        };
        regexes.iter().any(of) != has('v')
    };
    let standard = ["-".to_owned()];
    let names = has('H') || (rest.len() > 1 && !has('h'));
    let paths = if rest.is_empty() { &standard[..] } else { &rest };
    let (mut count, mut status) = (0_usize, 0);
    for path in paths {
        let prefix = if names { format!("{path}:") } else { String::new() };
        let fd = if path == "-" { 0 } else { u32::MAX.saturating_sub(3) };
        if path != "-" {
            match shell.os.open(shell.pid, path, Open::READ) {
                Ok(descriptor) => shell.os.set_descriptor(shell.pid, fd, Some(descriptor)),
                Err(Errno(error)) => {
                    if !has('s') {
                        shell.complain_as("grep", &format!("{path}: {error}")).await;
                    }
                    status = 2;
                    continue;
                }
            }
        }
        let (mut in_file, mut nth) = (0_usize, 0_usize);
        loop {
            shell.os.step(shell.pid).await;
            let bytes = shell.os.read_line(shell.pid, fd).await.unwrap_or_default();
            if bytes.is_empty() || in_file >= most {
                break;
            }
            nth = nth.saturating_add(1);
            let line = String::from_utf8_lossy(&bytes);
            let line = line.strip_suffix('\n').unwrap_or(&line);
            if !found_in(line) {
                continue;
            }
            in_file = in_file.saturating_add(1);
            if has('q') {
                return 0;
            }
            if has('c') {
                continue;
            }
            let number = if has('n') { format!("{nth}:") } else { String::new() };
            if has('o') {
                for regex in &regexes {
                    let found: String =
                        regex.find_iter(line).map(|found| format!("{prefix}{number}{}\n", found.as_str())).collect();
                    shell.print(&found).await;
                }
            } else {
                shell.print(&format!("{prefix}{number}{line}\n")).await;
            }
        }
        if has('c') {
            shell.print(&format!("{prefix}{in_file}\n")).await;
        }
        count = count.saturating_add(in_file);
        if fd != 0 {
            shell.os.set_descriptor(shell.pid, fd, None);
        }
    }
    if status != 0 { status } else { i32::from(count == 0) }
}

/// Value of `expr`: text that may be a number.
struct Expr<'a> {
    words: &'a [String],
    nesting: u32,
}

impl Expr<'_> {
    fn next(&mut self) -> Option<String> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first.clone())
    }

    fn binary(&mut self, level: usize) -> Result<String, String> {
        const LEVELS: [&[&str]; 6] =
            [&["|"], &["&"], &["=", "==", "!=", "<", "<=", ">", ">="], &["+", "-"], &["*", "/", "%"], &[":"]];
        let Some(operators) = LEVELS.get(level) else { return self.primary() };
        let mut left = self.binary(level.saturating_add(1))?;
        while let Some(operator) = self.words.first().filter(|word| operators.contains(&word.as_str())).cloned() {
            self.next();
            let right = self.binary(level.saturating_add(1))?;
            left = apply(&left, &operator, &right)?;
        }
        Ok(left)
    }

    fn primary(&mut self) -> Result<String, String> {
        if self.nesting > 50 {
            return Err("syntax error".into());
        }
        let word = self.next().ok_or("syntax error")?;
        match word.as_str() {
            "(" => {
                self.nesting = self.nesting.saturating_add(1);
                let value = self.binary(0)?;
                self.nesting = self.nesting.saturating_sub(1);
                if self.next().as_deref() == Some(")") { Ok(value) } else { Err("syntax error".into()) }
            }
            "length" if !self.words.is_empty() => Ok(self.next().unwrap_or_default().chars().count().to_string()),
            "substr" if self.words.len() >= 3 => {
                let text = self.next().unwrap_or_default();
                let mut number =
                    || self.next().and_then(|word| word.parse::<usize>().ok()).ok_or("non-integer argument");
                let (from, count) = (number()?, number()?);
                Ok(text.chars().skip(from.saturating_sub(1)).take(count).collect())
            }
            _ => Ok(word),
        }
    }
}

fn apply(left: &str, operator: &str, right: &str) -> Result<String, String> {
    let is_null = |text: &str| text.is_empty() || text.parse::<i64>() == Ok(0);
    let numbers = left.parse::<i64>().ok().zip(right.parse::<i64>().ok());
    let compared = match numbers {
        Some((left, right)) => left.cmp(&right),
        None => left.cmp(right),
    };
    let truth = |is: bool| Ok(i32::from(is).to_string());
    match operator {
        "|" => {
            return Ok(if !is_null(left) {
                left
            } else if !is_null(right) {
                right
            } else {
                "0"
            }
            .to_owned());
        }
        "&" => return Ok(if is_null(left) || is_null(right) { "0" } else { left }.to_owned()),
        "=" | "==" => return truth(compared.is_eq()),
        "!=" => return truth(compared.is_ne()),
        "<" => return truth(compared.is_lt()),
        "<=" => return truth(compared.is_le()),
        ">" => return truth(compared.is_gt()),
        ">=" => return truth(compared.is_ge()),
        ":" => {
            let regex = regular_expression(right, false, false).ok_or("bad regular expression")?;
            let found = regex.captures(left).filter(|found| found.get(0).is_some_and(|whole| whole.start() == 0));
            let has_group = right.contains("\\(");
            return Ok(match found {
                Some(found) if has_group => found.get(1).map_or("", |group| group.as_str()).to_owned(),
                Some(found) => found.get(0).map_or(0, |whole| whole.as_str().chars().count()).to_string(),
                None if has_group => String::new(),
                None => "0".to_owned(),
            });
        }
        _ => (),
    }
    let (left, right) = numbers.ok_or("non-integer argument")?;
    let value = match operator {
        "+" => left.wrapping_add(right),
        "-" => left.wrapping_sub(right),
        "*" => left.wrapping_mul(right),
        _ if right == 0 => return Err("division by zero".into()),
        // The only quotient that overflows: the smallest number by -1.
        "/" => left.checked_div(right).unwrap_or(i64::MIN),
        _ => left.checked_rem(right).unwrap_or(0),
    };
    Ok(value.to_string())
}

async fn expr(shell: &mut Shell, arguments: &[String]) -> i32 {
    let mut reader = Expr { words: arguments, nesting: 0 };
    let value = reader.binary(0);
    match value {
        Ok(value) if reader.words.is_empty() => {
            let is_null = value.is_empty() || value.parse::<i64>() == Ok(0);
            shell.print(&(value + "\n")).await;
            i32::from(is_null)
        }
        Ok(_) => {
            shell.complain_as("expr", "syntax error").await;
            2
        }
        Err(message) => {
            shell.complain_as("expr", &message).await;
            2
        }
    }
}

/// Parses `-n COUNT`, `-COUNT` and `-c COUNT`; the bool is true for bytes, the text is the count.
fn count_option(arguments: &[String]) -> (String, bool, bool, Vec<String>) {
    let (mut count, mut bytes, mut follows, mut paths) = ("10".to_owned(), false, false, Vec::new());
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.strip_prefix('-') {
            Some("n" | "c") => {
                bytes = word == "-c";
                count = words.next().cloned().unwrap_or_default();
            }
            Some(option) if option.starts_with(['n', 'c']) => {
                bytes = option.starts_with('c');
                count = option.get(1..).unwrap_or_default().to_owned();
            }
            Some("f" | "F" | "follow") => follows = true,
            Some("q" | "s") => (),
            Some("") | None => paths.push(word.clone()),
            Some(option) if option.starts_with(|c: char| c.is_ascii_digit()) => {
                follows |= option.ends_with('f');
                count = option.trim_end_matches('f').to_owned();
            }
            Some(_) => (),
        }
    }
    (count, bytes, follows, paths)
}

async fn head(shell: &mut Shell, arguments: &[String]) -> i32 {
    let (count, bytes, _, paths) = count_option(arguments);
    if bytes {
        let (content, is_whole) = if paths.is_empty() {
            let length = count.parse().unwrap_or(0);
            let mut content = Vec::new();
            while content.len() < length {
                let left = length.saturating_sub(content.len()).min(1 << 16);
                let mut block = shell.os.read(shell.pid, 0, left).await.unwrap_or_default();
                if block.is_empty() {
                    break;
                }
                content.append(&mut block);
                shell.os.step(shell.pid).await;
            }
            (content, true)
        } else {
            inputs(shell, "head", &paths).await
        };
        let length = count.parse().unwrap_or(0).min(content.len());
        shell.print_bytes(content.get(..length).unwrap_or_default()).await;
        return i32::from(!is_whole);
    }
    if let Some(fewer) = count.strip_prefix('-') {
        let (content, is_whole) = inputs(shell, "head", &paths).await;
        let text = String::from_utf8_lossy(&content);
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let kept = lines.len().saturating_sub(fewer.parse().unwrap_or(0));
        shell.print(&lines.iter().take(kept).copied().collect::<String>()).await;
        return i32::from(!is_whole);
    }
    let most: usize = count.parse().unwrap_or(0);
    let mut status = 0;
    let standard = ["-".to_owned()];
    let paths = if paths.is_empty() { &standard[..] } else { &paths };
    for (path, nth) in paths.iter().zip(0..) {
        if paths.len() > 1 {
            let line = format!("{}==> {path} <==\n", if nth > 0 { "\n" } else { "" });
            shell.print(&line).await;
        }
        if path != "-" {
            match shell.content("head", path).await {
                Some(content) => {
                    let text = String::from_utf8_lossy(&content);
                    shell.print(&text.split_inclusive('\n').take(most).collect::<String>()).await;
                }
                None => status = 1,
            }
            continue;
        }
        // Line by line: what writes into the pipe may never end.
        for _ in 0..most {
            shell.os.step(shell.pid).await;
            let line = shell.os.read_line(shell.pid, 0).await.unwrap_or_default();
            if line.is_empty() {
                break;
            }
            shell.print_bytes(&line).await;
        }
    }
    status
}

async fn tail(shell: &mut Shell, arguments: &[String]) -> i32 {
    let (count, bytes, follows, paths) = count_option(arguments);
    let (content, is_whole) = inputs(shell, "tail", &paths).await;
    let text = String::from_utf8_lossy(&content);
    let number = count.trim_start_matches(['+', '-']).parse::<usize>().unwrap_or(0);
    let shown: String = if bytes {
        let start =
            if count.starts_with('+') { number.saturating_sub(1) } else { content.len().saturating_sub(number) };
        String::from_utf8_lossy(content.get(start..).unwrap_or_default()).into_owned()
    } else {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let start = if count.starts_with('+') { number.saturating_sub(1) } else { lines.len().saturating_sub(number) };
        lines.iter().skip(start).copied().collect()
    };
    shell.print(&shown).await;
    let Some(path) = paths.last().filter(|_| follows) else { return i32::from(!is_whole) };
    // Followed once a second, as `tail` does without inotify.
    let mut seen = content.len();
    loop {
        if path == "-" || path.starts_with("/dev/") {
            shell.os.block(shell.pid, crate::os::Wait::Forever).await;
        }
        shell.os.sleep(shell.pid, std::time::Duration::from_secs(1)).await;
        let content = shell.os.read_file(shell.pid, path).await.unwrap_or_default();
        if content.len() < seen {
            seen = 0;
        }
        shell.print_bytes(content.get(seen..).unwrap_or_default()).await;
        seen = content.len();
    }
}

/// Lines that a command of `sed` applies to.
enum Address {
    All,
    Line(usize),
    Last,
    Matching(Regex),
    Lines(usize, Option<usize>),
}

/// Command of `sed`.
enum SedCommand {
    Substitute { regex: Regex, with: String, all: bool, prints: bool },
    Print,
    Delete,
    Quit,
}

/// Reads a script of `sed`; `None` if it has more than substitutions, `p`, `d` and `q`.
fn sed_script(script: &str, extended: bool) -> Option<Vec<(Address, SedCommand)>> {
    let mut commands = Vec::new();
    let mut rest = script.trim_start_matches([' ', ';', '\n']);
    while !rest.is_empty() {
        let mut address = Address::All;
        if let Some(after) = rest.strip_prefix('/') {
            let (pattern, after) = delimited(after, '/')?;
            address = Address::Matching(regular_expression(&pattern, extended, false)?);
            rest = after;
        } else if let Some(after) = rest.strip_prefix('$') {
            address = Address::Last;
            rest = after;
        } else if rest.starts_with(|c: char| c.is_ascii_digit()) {
            let end = rest.find(|c: char| !c.is_ascii_digit())?;
            let (number, after) = rest.split_at_checked(end)?;
            let from = number.parse().ok()?;
            address = Address::Line(from);
            rest = after;
            if let Some(after) = rest.strip_prefix(',') {
                if let Some(after) = after.strip_prefix('$') {
                    address = Address::Lines(from, None);
                    rest = after;
                } else {
                    let end = after.find(|c: char| !c.is_ascii_digit())?;
                    let (number, after) = after.split_at_checked(end)?;
                    address = Address::Lines(from, Some(number.parse().ok()?));
                    rest = after;
                }
            }
        }
        rest = rest.trim_start();
        let letter = rest.chars().next()?;
        rest = rest.get(letter.len_utf8()..)?;
        let command = match letter {
            's' => {
                let delimiter = rest.chars().next()?;
                rest = rest.get(delimiter.len_utf8()..)?;
                let (pattern, after) = delimited(rest, delimiter)?;
                let (with, after) = delimited(after, delimiter)?;
                let end = after.find(|c: char| !"gpiI".contains(c)).unwrap_or(after.len());
                let (flags, after) = after.split_at_checked(end)?;
                rest = after;
                let regex = regular_expression(&pattern, extended, flags.contains(['i', 'I']))?;
                SedCommand::Substitute { regex, with, all: flags.contains('g'), prints: flags.contains('p') }
            }
            'p' => SedCommand::Print,
            'd' => SedCommand::Delete,
            'q' => SedCommand::Quit,
            _ => return None,
        };
        commands.push((address, command));
        let next = rest.trim_start_matches([' ', ';', '\n']);
        if next.len() == rest.len() && !rest.is_empty() {
            return None;
        }
        rest = next;
    }
    Some(commands)
}

/// Splits text at an unescaped delimiter, whose escape is removed.
fn delimited(text: &str, delimiter: char) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        if c == delimiter {
            return Some((out, text.get(at.saturating_add(c.len_utf8())..)?));
        }
        if c == '\\' {
            let (_, next) = chars.next()?;
            if next != delimiter {
                out.push('\\');
            }
            out.push(next);
        } else {
            out.push(c);
        }
    }
    None
}

/// Returns a replacement of `sed` with the groups that were found.
fn replacement(with: &str, found: &regex_lite::Captures<'_>) -> String {
    let mut out = String::new();
    let mut chars = with.chars();
    let group = |nth: usize| found.get(nth).map_or("", |group| group.as_str()).to_owned();
    while let Some(c) = chars.next() {
        match c {
            '&' => out.push_str(&group(0)),
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some(digit) if digit.is_ascii_digit() => {
                    out.push_str(&group(digit.to_digit(10).and_then(|digit| usize::try_from(digit).ok()).unwrap_or(0)));
                }
                Some(c) => out.push(c),
                None => out.push('\\'),
            },
            c => out.push(c),
        }
    }
    out
}

async fn sed(shell: &mut Shell, arguments: &[String]) -> i32 {
    let (mut scripts, mut paths, mut quiet, mut extended, mut in_place) = (Vec::new(), Vec::new(), false, false, false);
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-e" => scripts.extend(words.next().cloned()),
            "-n" => quiet = true,
            "-E" | "-r" => extended = true,
            "-i" => in_place = true,
            _ if scripts.is_empty() && !word.starts_with('-') => scripts.push(word.clone()),
            _ => paths.push(word.clone()),
        }
    }
    let Some(commands) = sed_script(&scripts.join("\n"), extended) else {
        shell.os.give_up(shell.pid, &format!("the script {:?} of sed", scripts.join("; "))).await;
        return 1;
    };
    let standard = ["-".to_owned()];
    let groups: Vec<&[String]> =
        if in_place { paths.chunks(1).collect() } else { vec![if paths.is_empty() { &standard } else { &paths }] };
    let mut status = 0;
    for group in groups {
        let (content, is_whole) = inputs(shell, "sed", group).await;
        status |= i32::from(!is_whole);
        let text = String::from_utf8_lossy(&content);
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let mut out = String::new();
        'lines: for (line, nth) in lines.iter().zip(1..) {
            shell.os.step(shell.pid).await;
            let (mut line, end) = match line.strip_suffix('\n') {
                Some(line) => (line.to_owned(), "\n"),
                None => ((*line).to_owned(), ""),
            };
            let mut quits = false;
            for (address, command) in &commands {
                let applies = match address {
                    Address::All => true,
                    Address::Line(at) => nth == *at,
                    Address::Last => nth == lines.len(),
                    Address::Matching(regex) => regex.is_match(&line),
                    Address::Lines(from, to) => nth >= *from && to.is_none_or(|to| nth <= to),
                };
                match command {
                    _ if !applies => (),
                    SedCommand::Substitute { regex, with, all, prints } => {
                        let with = |found: &regex_lite::Captures<'_>| replacement(with, found);
                        let is_found = regex.is_match(&line);
                        let new = if *all { regex.replace_all(&line, with) } else { regex.replace(&line, with) };
                        line = new.into_owned();
                        if *prints && is_found {
                            out.extend([&line, "\n"]);
                        }
                    }
                    SedCommand::Print => out.extend([&line, "\n"]),
                    SedCommand::Delete => continue 'lines,
                    SedCommand::Quit => quits = true,
                }
            }
            if !quiet {
                out.push_str(&line);
                out.push_str(end);
            }
            if quits || out.len() > 4 << 20 {
                break;
            }
        }
        match group.first().filter(|_| in_place) {
            Some(path) => {
                if let Err(Errno(error)) = write_file(shell, path, out.as_bytes(), Open::WRITE).await {
                    shell.complain_as("sed", &format!("{path}: {error}")).await;
                    status = 4;
                }
            }
            None => drop(shell.print(&out).await),
        }
    }
    status
}

async fn seq(shell: &mut Shell, arguments: &[String]) -> i32 {
    let numbers: Option<Vec<i64>> = arguments.iter().map(|word| word.parse().ok()).collect();
    let (first, step, last) = match numbers.as_deref() {
        Some([last]) => (1, 1, *last),
        Some([first, last]) => (*first, 1, *last),
        Some([first, step, last]) => (*first, *step, *last),
        Some(_) | None => {
            shell.os.give_up(shell.pid, &format!("`seq {}`", arguments.join(" "))).await;
            return 1;
        }
    };
    if step == 0 {
        shell.complain_as("seq", "increment is zero").await;
        return 1;
    }
    let mut value = first;
    while if step > 0 { value <= last } else { value >= last } {
        if shell.print(&format!("{value}\n")).await != 0 {
            return 1;
        }
        shell.os.step(shell.pid).await;
        let Some(next) = value.checked_add(step) else { break };
        value = next;
    }
    0
}

async fn sort(shell: &mut Shell, arguments: &[String]) -> i32 {
    let (letters, paths) = options(arguments);
    let has = |letter: char| letters.contains(letter);
    if letters.chars().any(|letter| !"rnu".contains(letter)) {
        shell.os.give_up(shell.pid, &format!("`sort -{letters}`")).await;
    }
    let (content, is_whole) = inputs(shell, "sort", &paths).await;
    let text = String::from_utf8_lossy(&content);
    let mut lines: Vec<&str> = text.lines().collect();
    let number = |line: &str| {
        let line = line.trim_start();
        let end = line
            .char_indices()
            .find(|(at, c)| !(c.is_ascii_digit() || *c == '.' || (*at == 0 && *c == '-')))
            .map_or(line.len(), |(at, _)| at);
        line.get(..end).and_then(|number| number.parse::<f64>().ok()).unwrap_or(0.0)
    };
    if has('n') {
        lines.sort_by(|left, right| number(left).total_cmp(&number(right)).then_with(|| left.cmp(right)));
    } else {
        lines.sort_unstable();
    }
    if has('r') {
        lines.reverse();
    }
    if has('u') {
        lines.dedup();
    }
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    shell.print(&text).await;
    i32::from(!is_whole)
}

/// Returns the characters of a set of `tr`: `a-z`, `[:digit:]`, `\n`.
fn tr_set(text: &str) -> Vec<char> {
    let text = unescape(text, Escapes::Printf).0;
    let mut set = Vec::new();
    let mut rest = text.as_str();
    while let Some(c) = rest.chars().next() {
        if let Some((class, after)) = rest.strip_prefix("[:").and_then(|rest| rest.split_once(":]"))
            && let Some(is_of) = class_of(class)
        {
            set.extend((0_u8..128).map(char::from).filter(|c| is_of(*c)));
            rest = after;
            continue;
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        let mut range = rest.chars();
        if range.next() == Some('-')
            && let Some(last) = range.next()
            && u32::from(last) < u32::from(c).saturating_add(256)
        {
            set.extend(c..=last);
            rest = range.as_str();
        } else {
            set.push(c);
        }
    }
    set
}

async fn tr(shell: &mut Shell, arguments: &[String]) -> i32 {
    let (letters, sets) = options(arguments);
    let has = |letter: char| letters.contains(letter);
    let mut sets = sets.iter().map(|set| tr_set(set));
    let Some(from) = sets.next() else { return usage(shell, "tr").await };
    let to = sets.next().unwrap_or_default();
    let complement = has('c') || has('C');
    let is_in = |c: char| from.contains(&c) != complement;
    let last = to.last().copied();
    let mut before = None;
    loop {
        shell.os.step(shell.pid).await;
        let bytes = shell.os.read_line(shell.pid, 0).await.unwrap_or_default();
        if bytes.is_empty() {
            return 0;
        }
        let mut out = String::new();
        for c in String::from_utf8_lossy(&bytes).chars() {
            let mut new = c;
            if is_in(c) {
                if has('d') {
                    continue;
                }
                let nth = if complement { None } else { from.iter().rposition(|known| *known == c) };
                new = nth.and_then(|nth| to.get(nth).copied()).or(last).unwrap_or(c);
            }
            // Repeated characters of the last set are squeezed.
            let squeezed = if to.is_empty() { is_in(c) } else { to.contains(&new) };
            if has('s') && squeezed && before == Some(new) {
                continue;
            }
            before = Some(new);
            out.push(new);
        }
        if shell.print(&out).await != 0 {
            return 1;
        }
    }
}

async fn uniq(shell: &mut Shell, arguments: &[String]) -> i32 {
    let (letters, paths) = options(arguments);
    let has = |letter: char| letters.contains(letter);
    let (content, is_whole) = inputs(shell, "uniq", &paths).await;
    let text = String::from_utf8_lossy(&content);
    let mut groups: Vec<(&str, usize)> = Vec::new();
    for line in text.lines() {
        match groups.last_mut() {
            Some((last, count)) if *last == line => *count = count.saturating_add(1),
            Some(_) | None => groups.push((line, 1)),
        }
    }
    groups.retain(|(_, count)| (!has('d') || *count > 1) && (!has('u') || *count == 1));
    let line =
        |(line, count): (&str, usize)| if has('c') { format!("{count:>7} {line}\n") } else { format!("{line}\n") };
    shell.print(&groups.into_iter().map(line).collect::<String>()).await;
    i32::from(!is_whole)
}

async fn wc(shell: &mut Shell, arguments: &[String]) -> i32 {
    let (letters, paths) = options(arguments);
    let kinds: Vec<char> = if letters.is_empty() {
        vec!['l', 'w', 'c']
    } else {
        "lwmc".chars().filter(|kind| letters.contains(*kind)).collect()
    };
    let standard = ["-".to_owned()];
    let from_input = paths.is_empty();
    let files = if from_input { &standard[..] } else { &paths };
    let (mut totals, mut status) = (vec![0_usize; kinds.len()], 0);
    let line = |counts: &[usize], name: &str| {
        // Busybox aligns only where there is more than one number.
        let numbers: Vec<String> = match counts {
            [one] => vec![one.to_string()],
            many => many.iter().map(|count| format!("{count:>9}")).collect(),
        };
        let name = if name.is_empty() { String::new() } else { format!(" {name}") };
        format!("{}{name}\n", numbers.join(" "))
    };
    for file in files {
        let Some(content) = shell.content("wc", file).await else {
            status = 1;
            continue;
        };
        let text = String::from_utf8_lossy(&content);
        let counts: Vec<usize> = kinds
            .iter()
            .map(|kind| match kind {
                'l' => content.iter().filter(|byte| **byte == b'\n').count(),
                'w' => text.split_ascii_whitespace().count(),
                'm' => text.chars().count(),
                _ => content.len(),
            })
            .collect();
        totals.iter_mut().zip(&counts).for_each(|(total, count)| *total = total.saturating_add(*count));
        shell.print(&line(&counts, if from_input { "" } else { file })).await;
    }
    if files.len() > 1 {
        shell.print(&line(&totals, "total")).await;
    }
    status
}

/// Reads a program of `awk` that prints fields: `PATTERN {print $1, "x" $NF}`.
struct Awk {
    pattern: AwkPattern,
    /// Texts and fields of each argument of `print`.
    prints: Vec<Vec<AwkPart>>,
}

enum AwkPattern {
    All,
    Matching(Regex, bool),
    Record(usize),
}

enum AwkPart {
    Text(String),
    Field(usize),
    LastField,
    Fields,
    Record,
}

fn awk_program(text: &str) -> Option<Awk> {
    let (before, body) = text.split_once('{')?;
    let body = body.trim_end().strip_suffix('}')?.trim().trim_end_matches(';').trim_end();
    let before = before.trim();
    let pattern = if before.is_empty() {
        AwkPattern::All
    } else if let Some(number) = before.strip_prefix("NR==").or_else(|| before.strip_prefix("NR == ")) {
        AwkPattern::Record(number.trim().parse().ok()?)
    } else {
        let (text, is_negated) = match before.strip_prefix('!') {
            Some(text) => (text, true),
            None => (before, false),
        };
        let text = text.strip_prefix('/')?.strip_suffix('/')?;
        AwkPattern::Matching(regular_expression(text, true, false)?, is_negated)
    };
    let arguments = body.strip_prefix("print")?;
    if !(arguments.is_empty() || arguments.starts_with([' ', '$', '"'])) {
        return None;
    }
    let (mut prints, mut parts) = (Vec::new(), Vec::new());
    let mut rest = arguments.trim_start();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(',') {
            prints.push(std::mem::take(&mut parts));
            rest = after;
        } else if let Some(after) = rest.strip_prefix('"') {
            let (text, after) = delimited(after, '"')?;
            parts.push(AwkPart::Text(unescape(&text, Escapes::Printf).0));
            rest = after;
        } else if let Some(after) = rest.strip_prefix("$NF") {
            parts.push(AwkPart::LastField);
            rest = after;
        } else if let Some(after) = rest.strip_prefix('$') {
            let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
            let (number, after) = after.split_at_checked(end)?;
            parts.push(AwkPart::Field(number.parse().ok()?));
            rest = after;
        } else if let Some(after) = rest.strip_prefix("NF") {
            parts.push(AwkPart::Fields);
            rest = after;
        } else if let Some(after) = rest.strip_prefix("NR") {
            parts.push(AwkPart::Record);
            rest = after;
        } else {
            return None;
        }
        rest = rest.trim_start();
    }
    if parts.is_empty() {
        parts.push(AwkPart::Field(0));
    }
    prints.push(parts);
    Some(Awk { pattern, prints })
}

async fn awk(shell: &mut Shell, arguments: &[String]) -> i32 {
    let (mut separator, mut program, mut paths) = (None, None, Vec::new());
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.strip_prefix("-F") {
            Some("") => separator = words.next().cloned(),
            Some(text) => separator = Some(text.to_owned()),
            None if program.is_none() => program = Some(word.as_str()),
            None => paths.push(word.clone()),
        }
    }
    let Some(Awk { pattern, prints }) = awk_program(program.unwrap_or_default()) else {
        shell.os.give_up(shell.pid, &format!("the awk program {:?}", program.unwrap_or_default())).await;
        return 1;
    };
    let (content, is_whole) = inputs(shell, "awk", &paths).await;
    let text = String::from_utf8_lossy(&content);
    let mut out = String::new();
    for (line, nth) in text.lines().zip(1..) {
        let applies = match &pattern {
            AwkPattern::All => true,
            AwkPattern::Matching(regex, is_negated) => regex.is_match(line) != *is_negated,
            AwkPattern::Record(at) => nth == *at,
        };
        if !applies {
            continue;
        }
        let fields: Vec<&str> = match separator.as_deref() {
            None | Some(" ") => line.split_ascii_whitespace().collect(),
            Some(separator) => line.split(separator).collect(),
        };
        let part = |part: &AwkPart| match part {
            AwkPart::Text(text) => text.clone(),
            AwkPart::Field(0) => line.to_owned(),
            AwkPart::Field(at) => {
                at.checked_sub(1).and_then(|at| fields.get(at)).copied().unwrap_or_default().to_owned()
            }
            AwkPart::LastField => fields.last().copied().unwrap_or_default().to_owned(),
            AwkPart::Fields => fields.len().to_string(),
            AwkPart::Record => nth.to_string(),
        };
        let values: Vec<String> = prints.iter().map(|parts| parts.iter().map(part).collect()).collect();
        out.push_str(&values.join(" "));
        out.push('\n');
    }
    shell.print(&out).await;
    i32::from(!is_whole)
}

async fn base64(shell: &mut Shell, arguments: &[String]) -> i32 {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (letters, paths) = options(arguments);
    let (content, is_whole) = inputs(shell, "base64", &paths).await;
    if letters.contains('d') {
        let (mut out, mut bits, mut count) = (Vec::new(), 0_u32, 0_u32);
        for byte in content.into_iter().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'=') {
            let Some(value) = LETTERS.iter().position(|letter| *letter == byte).and_then(|at| u32::try_from(at).ok())
            else {
                shell.complain_as("base64", "invalid input").await;
                return 1;
            };
            bits = (bits << 6 | value) & 0xff_ffff;
            count = count.saturating_add(6);
            if count >= 8 {
                count = count.saturating_sub(8);
                out.extend(u8::try_from(bits >> count & 0xff));
            }
        }
        shell.print_bytes(&out).await;
        return i32::from(!is_whole);
    }
    let mut text = String::new();
    for chunk in content.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        let missing = 3_usize.saturating_sub(chunk.len());
        let bits = bits << missing.saturating_mul(8);
        for at in 0..4_usize {
            let index = bits >> 18_usize.saturating_sub(at.saturating_mul(6)) & 63;
            let is_padding = at.saturating_add(missing) > 3;
            let letter = usize::try_from(index).ok().and_then(|index| LETTERS.get(index)).copied().unwrap_or(b'=');
            text.push(char::from(if is_padding { b'=' } else { letter }));
        }
    }
    let lines: Vec<String> =
        text.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line).into_owned() + "\n").collect();
    let text = if letters.contains('w') { text } else { lines.concat() };
    shell.print(&text).await;
    i32::from(!is_whole)
}
