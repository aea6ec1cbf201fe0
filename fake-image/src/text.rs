//! Escapes, patterns, dates and numbers of shells and their tools.

use std::time::Duration;

/// Set of escapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Escapes {
    /// `echo -e`: octal numbers begin with 0, `\c` ends the output.
    Echo,
    /// Formats of `printf`.
    Printf,
    /// `$'…'`
    AnsiC,
}

/// Replaces backslash escapes. The bool is true after `\c`, which ends all output.
pub(crate) fn unescape(text: &str, escapes: Escapes) -> (String, bool) {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('a') => out.push('\x07'),
            Some('b') => out.push('\x08'),
            Some('f') => out.push('\x0c'),
            Some('v') => out.push('\x0b'),
            Some('\\') => out.push('\\'),
            Some('e') => out.push('\x1b'),
            Some('c') if escapes == Escapes::Echo => return (out, true),
            Some(quote @ ('\'' | '"')) if escapes != Escapes::Echo => out.push(quote),
            Some('x') if escapes != Escapes::Printf || chars.peek().is_some_and(char::is_ascii_hexdigit) => {
                match digits(&mut chars, 16, 2) {
                    Some(value) => out.push(value),
                    None => out.push_str("\\x"),
                }
            }
            Some('0') if escapes == Escapes::Echo => out.push(digits(&mut chars, 8, 3).unwrap_or('\0')),
            Some(first) if first.is_digit(8) => {
                let mut text = String::from(first);
                while text.len() < 3
                    && let Some(digit) = chars.next_if(|c| c.is_digit(8))
                {
                    text.push(digit);
                }
                let value = u32::from_str_radix(&text, 8).ok().and_then(|value| char::from_u32(value & 0xff));
                out.extend(value);
            }
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    (out, false)
}

fn digits(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, radix: u32, most: usize) -> Option<char> {
    let mut digits = String::new();
    while digits.len() < most
        && let Some(digit) = chars.next_if(|c| c.is_digit(radix))
    {
        digits.push(digit);
    }
    u32::from_str_radix(&digits, radix).ok().and_then(|value| char::from_u32(value & 0xff))
}

/// Character of a pattern: text if it was quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PatternChar {
    pub(crate) c: char,
    pub(crate) is_quoted: bool,
}

/// Makes an unquoted pattern; a backslash quotes.
pub(crate) fn pattern(text: &str) -> Vec<PatternChar> {
    let mut chars = text.chars();
    let mut pattern = Vec::new();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => pattern.extend(chars.next().map(|c| PatternChar { c, is_quoted: true })),
            (c, false) => pattern.push(PatternChar { c, is_quoted: false }),
        }
    }
    pattern
}

/// True if a pattern of the shell (`*`, `?`, `[…]`) matches a whole text.
///
/// Linear backtracking to the last `*`: no pattern takes exponential time.
pub(crate) fn matches(pattern: &[PatternChar], text: &[char]) -> bool {
    let (mut p, mut t) = (0_usize, 0_usize);
    let mut star: Option<(usize, usize)> = None;
    loop {
        if let Some(PatternChar { c: '*', is_quoted: false }) = pattern.get(p) {
            star = Some((p.saturating_add(1), t));
            p = p.saturating_add(1);
            continue;
        }
        if t == text.len() && p == pattern.len() {
            return true;
        }
        let step = text.get(t).and_then(|c| one(pattern.get(p..).unwrap_or_default(), *c));
        if let Some(length) = step {
            p = p.saturating_add(length);
            t = t.saturating_add(1);
        } else if let Some((after, from)) = star.as_mut() {
            if *from >= text.len() {
                return false;
            }
            *from = from.saturating_add(1);
            (p, t) = (*after, *from);
        } else {
            return false;
        }
    }
}

/// Returns the length of the pattern's first element if it matches a character.
fn one(pattern: &[PatternChar], c: char) -> Option<usize> {
    let first = pattern.first()?;
    if first.is_quoted {
        return (first.c == c).then_some(1);
    }
    match first.c {
        '?' => Some(1),
        '[' => match bracket(pattern, c) {
            Some((true, length)) => Some(length),
            Some((false, _)) => None,
            None => (c == '[').then_some(1),
        },
        other => (other == c).then_some(1),
    }
}

/// Matches a bracket expression: true if the character is in it, and its length; `None` if it is not closed.
fn bracket(pattern: &[PatternChar], c: char) -> Option<(bool, usize)> {
    let mut at = 1_usize;
    let is_negated = pattern.get(at).is_some_and(|first| !first.is_quoted && (first.c == '!' || first.c == '^'));
    at = at.saturating_add(usize::from(is_negated));
    let start = at;
    let mut is_in = false;
    loop {
        let element = pattern.get(at)?;
        if element.c == ']' && !element.is_quoted && at > start {
            return Some((is_in != is_negated, at.saturating_add(1)));
        }
        if element.c == '[' && !element.is_quoted && pattern.get(at.saturating_add(1)).is_some_and(|next| next.c == ':')
        {
            let rest: String = pattern.iter().skip(at.saturating_add(2)).map(|element| element.c).collect();
            if let Some((class, _)) = rest.split_once(":]")
                && let Some(is_of) = class_of(class)
            {
                is_in |= is_of(c);
                at = at.saturating_add(class.chars().count()).saturating_add(4);
                continue;
            }
        }
        let is_range = pattern.get(at.saturating_add(1)).is_some_and(|dash| dash.c == '-' && !dash.is_quoted);
        let last = pattern.get(at.saturating_add(2)).filter(|last| is_range && (last.c != ']' || last.is_quoted));
        match last {
            Some(last) => {
                is_in |= (element.c..=last.c).contains(&c);
                at = at.saturating_add(3);
            }
            None => {
                is_in |= element.c == c;
                at = at.saturating_add(1);
            }
        }
    }
}

pub(crate) fn class_of(name: &str) -> Option<fn(char) -> bool> {
    Some(match name {
        "alpha" => |c| c.is_ascii_alphabetic(),
        "digit" => |c| c.is_ascii_digit(),
        "alnum" => |c| c.is_ascii_alphanumeric(),
        "upper" => |c| c.is_ascii_uppercase(),
        "lower" => |c| c.is_ascii_lowercase(),
        "space" => |c| c.is_ascii_whitespace() || c == '\x0b',
        "blank" => |c| c == ' ' || c == '\t',
        "punct" => |c| c.is_ascii_punctuation(),
        "print" => |c| c.is_ascii_graphic() || c == ' ',
        "graph" => |c| c.is_ascii_graphic(),
        "cntrl" => |c| c.is_ascii_control(),
        "xdigit" => |c| c.is_ascii_hexdigit(),
        _ => return None,
    })
}

/// Translates a basic or extended regular expression to the syntax of `regex-lite`.
pub(crate) fn regular_expression(pattern: &str, extended: bool, ignores_case: bool) -> Option<regex_lite::Regex> {
    let mut out = String::from(if ignores_case { "(?i)" } else { "" });
    let mut chars = pattern.chars().peekable();
    let mut is_start = true;
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(c @ ('(' | ')' | '{' | '}' | '|' | '+' | '?')) if !extended => out.push(c),
                Some(c @ ('w' | 'W' | 's' | 'S' | 'b' | 'B')) => out.extend(['\\', c]),
                Some('<' | '>') => out.push_str("\\b"),
                // `regex-lite` has no back references.
                Some('1'..='9') => return None,
                Some(c) => out.push_str(&escaped(c)),
                None => out.push_str("\\\\"),
            },
            '(' | ')' | '{' | '}' | '|' | '+' | '?' if !extended => out.extend(['\\', c]),
            '*' if is_start => out.push_str("\\*"),
            '^' if !is_start && !extended => out.push_str("\\^"),
            '$' if !extended && chars.peek().is_some_and(|next| *next != '\\') => out.push_str("\\$"),
            '[' => {
                out.push('[');
                if let Some(negation) = chars.next_if_eq(&'^') {
                    out.push(negation);
                }
                if chars.next_if_eq(&']').is_some() {
                    out.push_str("\\]");
                }
                while let Some(c) = chars.next() {
                    match c {
                        ']' => {
                            out.push(']');
                            break;
                        }
                        '[' if chars.peek() == Some(&':') => {
                            out.push('[');
                            for c in chars.by_ref() {
                                out.push(c);
                                if c == ']' {
                                    break;
                                }
                            }
                        }
                        '[' | '\\' | '&' | '~' => out.extend(['\\', c]),
                        c => out.push(c),
                    }
                }
            }
            c => out.push(c),
        }
        is_start = out.ends_with(['(', '|']) || (is_start && c == '^');
    }
    regex_lite::RegexBuilder::new(&out).size_limit(1 << 18).build().ok()
}

fn escaped(c: char) -> String {
    if c.is_ascii_punctuation() { format!("\\{c}") } else { c.to_string() }
}

/// Parses a length of `sleep`: seconds, or a number with `s`, `m`, `h` or `d`.
pub(crate) fn sleep_time(text: &str) -> Option<Duration> {
    if matches!(text, "infinity" | "inf") {
        return Some(Duration::from_secs(u64::from(u32::MAX)));
    }
    let unit = text.chars().last()?;
    let (number, factor) = match unit {
        's' => (text.strip_suffix('s')?, 1.0),
        'm' => (text.strip_suffix('m')?, 60.0),
        'h' => (text.strip_suffix('h')?, 3600.0),
        'd' => (text.strip_suffix('d')?, 86400.0),
        _ => (text, 1.0),
    };
    if !number.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let seconds = number.parse::<f64>().ok()? * factor;
    Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::from_secs(u64::from(u32::MAX))))
}

/// Parses a duration as in Go: `1m30s`, `500ms`.
pub(crate) fn go_duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let (mut rest, mut total) = (text, 0.0);
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at_checked(end)?;
        let end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(end)?;
        let factor = match unit {
            "ns" => 1e-9,
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * factor;
        rest = after;
    }
    (!text.is_empty()).then(|| Duration::try_from_secs_f64(total).ok()).flatten()
}

/// Formats a length of time as Go's `Duration.String`.
pub(crate) fn go_string(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if duration.is_zero() {
        return "0s".into();
    }
    if seconds < 1e-6 {
        return format!("{}ns", duration.as_nanos());
    }
    if seconds < 1e-3 {
        return format!("{}µs", seconds * 1e6);
    }
    if seconds < 1.0 {
        return format!("{}ms", seconds * 1e3);
    }
    let whole = duration.as_secs();
    let (hours, minutes) = (whole / 3600, whole / 60 % 60);
    let rest = Duration::new(whole % 60, duration.subsec_nanos()).as_secs_f64();
    match (hours, minutes) {
        (0, 0) => format!("{rest}s"),
        (0, minutes) => format!("{minutes}m{rest}s"),
        (hours, minutes) => format!("{hours}h{minutes}m{rest}s"),
    }
}

/// Date and time of a moment, in UTC.
pub(crate) struct Civil {
    pub(crate) year: i64,
    pub(crate) month: u32,
    pub(crate) day: u32,
    pub(crate) hour: u64,
    pub(crate) minute: u64,
    pub(crate) second: u64,
    /// 0 is Sunday.
    pub(crate) weekday: u64,
    /// 1 is the first of January.
    pub(crate) day_of_year: u32,
}

impl Civil {
    /// Converts a time since the Unix epoch.
    pub(crate) fn of(time: Duration) -> Civil {
        let seconds = time.as_secs();
        let (days, in_day) = (seconds / 86_400, seconds % 86_400);
        let is_leap = |year: i64| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        // Cycles of 400 years have 146,097 days.
        let mut year = 1970_i64.saturating_add(i64::try_from(days / 146_097).unwrap_or(0).saturating_mul(400));
        let mut left = u32::try_from(days % 146_097).unwrap_or(0);
        loop {
            let length = if is_leap(year) { 366 } else { 365 };
            match left.checked_sub(length) {
                Some(rest) => left = rest,
                None => break,
            }
            year = year.saturating_add(1);
        }
        let day_of_year = left.saturating_add(1);
        let february = if is_leap(year) { 29 } else { 28 };
        let mut month = 1_u32;
        for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
            match left.checked_sub(length) {
                Some(rest) => left = rest,
                None => break,
            }
            month = month.saturating_add(1);
        }
        let (hour, minute, second) = (in_day / 3600, in_day / 60 % 60, in_day % 60);
        let weekday = days.wrapping_add(4) % 7;
        Civil { year, month, day: left.saturating_add(1), hour, minute, second, weekday, day_of_year }
    }
}

const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Formats a time as `date +FORMAT`; `None` for a letter that is not known.
pub(crate) fn format_time(format: &str, time: Duration) -> Option<String> {
    let date = Civil::of(time);
    let day = DAYS.get(usize::try_from(date.weekday).ok()?)?;
    let month = MONTHS.get(usize::try_from(date.month).ok()?.checked_sub(1)?)?;
    let twelve = match date.hour % 12 {
        0 => 12,
        hour => hour,
    };
    let mut out = String::new();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let text = match chars.next() {
            Some('Y') => date.year.to_string(),
            Some('y') => format!("{:02}", date.year % 100),
            Some('m') => format!("{:02}", date.month),
            Some('d') => format!("{:02}", date.day),
            Some('e') => format!("{:2}", date.day),
            Some('H') => format!("{:02}", date.hour),
            Some('I') => format!("{twelve:02}"),
            Some('M') => format!("{:02}", date.minute),
            Some('S') => format!("{:02}", date.second),
            Some('s') => time.as_secs().to_string(),
            Some('N') => format!("{:09}", time.subsec_nanos()),
            Some('F') => format_time("%Y-%m-%d", time)?,
            Some('T') => format_time("%H:%M:%S", time)?,
            Some('R') => format_time("%H:%M", time)?,
            Some('D') => format_time("%m/%d/%y", time)?,
            Some('c') => format_time("%a %b %e %H:%M:%S %Y", time)?,
            Some('a') => day.get(..3)?.to_owned(),
            Some('A') => (*day).to_owned(),
            Some('b' | 'h') => month.get(..3)?.to_owned(),
            Some('B') => (*month).to_owned(),
            Some('j') => format!("{:03}", date.day_of_year),
            Some('u') => if date.weekday == 0 { 7 } else { date.weekday }.to_string(),
            Some('w') => date.weekday.to_string(),
            Some('p') => if date.hour < 12 { "AM" } else { "PM" }.to_owned(),
            Some('Z') => "UTC".into(),
            Some('z') => "+0000".into(),
            Some('n') => "\n".into(),
            Some('t') => "\t".into(),
            Some('%') => "%".into(),
            Some(_) | None => return None,
        };
        out.push_str(&text);
    }
    Some(out)
}

/// Returns the words in which Go's `log` package prints a time.
pub(crate) fn go_log_time(time: Duration) -> String {
    format_time("%Y/%m/%d %H:%M:%S", time).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_a_shell() {
        for (glob, text, expected) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abbd", false),
            ("[a-c]?", "bz", true),
            ("[!a-c]", "b", false),
            ("[]x]", "]", true),
            ("[", "[", true),
            ("\\*", "*", true),
            ("\\*", "x", false),
            ("[[:digit:]]*", "7up", true),
            ("*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
        ] {
            let text: Vec<char> = text.chars().collect();
            assert_eq!(matches(&pattern(glob), &text), expected, "{glob} {text:?}");
        }
    }

    #[test]
    fn times_are_formatted_in_utc() {
        let time = Duration::from_secs(1_796_122_817);
        assert_eq!(format_time("%F %T %a %b %j", time).as_deref(), Some("2026-12-01 11:00:17 Tue Dec 335"));
        assert_eq!(format_time("%F", Duration::from_secs(951_782_400)).as_deref(), Some("2000-02-29"));
        assert_eq!(format_time("%Q", time), None);
        assert_eq!(go_string(Duration::from_millis(90_500)), "1m30.5s");
        assert_eq!(go_duration("1m30.5s"), Some(Duration::from_millis(90_500)));
        assert_eq!(sleep_time("1d"), Some(Duration::from_secs(86_400)));
        assert_eq!(sleep_time("-1"), None);
    }
}
