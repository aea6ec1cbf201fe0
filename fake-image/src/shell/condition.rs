//! `test`, `[` and `[[`.

use super::{
    Boxed, Fatal, Shell,
    ast::{Part, Word},
};
use crate::{files::Node, image::Dialect, os::Descriptor};

/// Expressions within one another that are tested.
const MAX_NESTING: u32 = 50;

/// Reader of the words of `test`.
struct Reader<'a> {
    words: &'a [String],
    shell: &'a Shell,
    nesting: u32,
}

type Tested = Result<bool, String>;

/// Tests an expression: 0 if true, 1 if false; an error is a message.
pub(crate) fn test(shell: &Shell, words: &[String]) -> Result<i32, String> {
    // Up to four words are read by their number, as POSIX wants it: `[ ! = x ]` compares.
    let is = match words {
        [] => Ok(false),
        [one] => Ok(!one.is_empty()),
        [not, one] if not == "!" => Ok(one.is_empty()),
        [left, operator, right] if is_binary(operator) => compare(shell, left, operator, right),
        [not, rest @ ..] if not == "!" && rest.len() <= 3 => test(shell, rest).map(|code| code != 0),
        [open, one, close] if open == "(" && close == ")" => Ok(!one.is_empty()),
        words => {
            let mut reader = Reader { words, shell, nesting: 0 };
            let is = reader.or()?;
            match reader.words.first() {
                None => Ok(is),
                Some(word) => Err(format!("{word}: unknown operand")),
            }
        }
    };
    is.map(|is| i32::from(!is))
}

fn is_binary(operator: &str) -> bool {
    matches!(
        operator,
        "=" | "==" | "!=" | "<" | ">" | "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge" | "-nt" | "-ot" | "-ef"
    )
}

fn number(text: &str) -> Result<i64, String> {
    let trimmed = text.trim();
    let trimmed = trimmed.strip_prefix('+').unwrap_or(trimmed);
    trimmed.parse().map_err(|_| format!("{text}: bad number"))
}

fn compare(shell: &Shell, left: &str, operator: &str, right: &str) -> Tested {
    let file = |path: &str| match shell.os.resolve(shell.pid, path, true).ok()?.node()? {
        Node::File(file) => Some(file),
        Node::Directory { .. } | Node::Link(_) => None,
    };
    Ok(match operator {
        "=" | "==" => left == right,
        "!=" => left != right,
        "<" => left < right,
        ">" => left > right,
        "-eq" => number(left)? == number(right)?,
        "-ne" => number(left)? != number(right)?,
        "-lt" => number(left)? < number(right)?,
        "-le" => number(left)? <= number(right)?,
        "-gt" => number(left)? > number(right)?,
        "-ge" => number(left)? >= number(right)?,
        _ => match (file(left), file(right)) {
            (Some(left), Some(right)) => match operator {
                "-ef" => left.is(&right),
                "-nt" => left.modified() > right.modified(),
                _ => left.modified() < right.modified(),
            },
            (left, right) => match operator {
                "-nt" => left.is_some() && right.is_none(),
                "-ot" => left.is_none() && right.is_some(),
                _ => false,
            },
        },
    })
}

/// Tests a word with a unary operator; `None` if it is none.
fn unary(shell: &Shell, operator: &str, word: &str) -> Option<Tested> {
    let letter = operator.strip_prefix('-').filter(|letter| letter.len() == 1)?;
    let path = |follows| {
        shell.os.resolve(shell.pid, word, follows).ok().and_then(|place| Some((place.node()?, place.read_only)))
    };
    let is_device = || {
        let known = matches!(
            word,
            "/dev/null" | "/dev/zero" | "/dev/random" | "/dev/urandom" | "/dev/stdout" | "/dev/stderr" | "/dev/stdin"
        );
        known || (word.starts_with("/proc/") && shell.os.open(shell.pid, word, crate::os::Open::READ).is_ok())
    };
    let is = match letter {
        "n" => !word.is_empty(),
        "z" => word.is_empty(),
        "e" => path(true).is_some() || is_device(),
        "f" => matches!(path(true), Some((Node::File(_), _))) || (word.starts_with("/proc/") && is_device()),
        "d" => matches!(path(true), Some((Node::Directory { .. }, _))),
        "h" | "L" => matches!(path(false), Some((Node::Link(_), _))),
        "r" => path(true).is_some() || is_device(),
        "w" => path(true).is_some_and(|(_, read_only)| !read_only) || is_device(),
        "x" => match path(true) {
            Some((Node::File(file), _)) => file.mode() & 0o111 != 0,
            Some((Node::Directory { .. }, _)) => true,
            Some((Node::Link(_), _)) | None => crate::tools::is_program(shell, word),
        },
        "s" => match path(true) {
            Some((Node::File(file), _)) => file.size() > 0,
            Some((Node::Directory { .. } | Node::Link(_), _)) => true,
            None => false,
        },
        "c" => is_device() && !word.starts_with("/proc/"),
        "b" | "p" | "S" | "u" | "g" | "k" => false,
        "O" | "G" => path(true).is_some(),
        "t" => match number(word) {
            Ok(fd) => {
                let fd = u32::try_from(fd).ok().and_then(|fd| shell.os.descriptor(shell.pid, fd));
                matches!(fd, Some(Descriptor::Silent)) && shell.os.kernel().host.has_terminal
            }
            Err(message) => return Some(Err(message)),
        },
        "v" => shell.variable(word).is_some(),
        _ => return None,
    };
    Some(Ok(is))
}

impl Reader<'_> {
    fn or(&mut self) -> Tested {
        let mut is = self.and()?;
        while self.eat("-o") {
            is |= self.and()?;
        }
        Ok(is)
    }

    fn and(&mut self) -> Tested {
        let mut is = self.not()?;
        while self.eat("-a") {
            is &= self.not()?;
        }
        Ok(is)
    }

    fn eat(&mut self, word: &str) -> bool {
        match self.words {
            [first, rest @ ..] if first == word => {
                self.words = rest;
                true
            }
            _ => false,
        }
    }

    fn not(&mut self) -> Tested {
        if self.nesting >= MAX_NESTING {
            return Err("too many levels".into());
        }
        self.nesting = self.nesting.saturating_add(1);
        let is = if self.words.len() > 1 && self.eat("!") { self.not().map(|is| !is) } else { self.primary() };
        self.nesting = self.nesting.saturating_sub(1);
        is
    }

    fn primary(&mut self) -> Tested {
        match self.words {
            [left, operator, right, rest @ ..] if is_binary(operator) => {
                self.words = rest;
                compare(self.shell, left, operator, right)
            }
            [open, rest @ ..] if open == "(" && !rest.is_empty() => {
                self.words = rest;
                let is = self.or()?;
                if self.eat(")") { Ok(is) } else { Err("closing paren expected".into()) }
            }
            [operator, word, rest @ ..] if let Some(is) = unary(self.shell, operator, word) => {
                self.words = rest;
                is
            }
            [word, rest @ ..] => {
                self.words = rest;
                Ok(!word.is_empty())
            }
            [] => Err("argument expected".into()),
        }
    }
}

impl Shell {
    /// Carries out `[[ … ]]`.
    pub(super) async fn double_bracket(&mut self, words: &[Word]) -> Result<i32, Fatal> {
        let mut at = 0;
        let is = self.bracket_or(words, &mut at, 0, true).await?;
        match (is, words.get(at)) {
            (Some(is), None) => Ok(i32::from(!is)),
            (_, _) => {
                self.complain("syntax error in conditional expression").await;
                Ok(2)
            }
        }
    }

    /// Evaluates alternatives; `None` on a syntax error. Without `counts` operands are read and not expanded.
    fn bracket_or<'a>(
        &'a mut self,
        words: &'a [Word],
        at: &'a mut usize,
        nesting: u32,
        counts: bool,
    ) -> Boxed<'a, Result<Option<bool>, Fatal>> {
        Box::pin(async move {
            if nesting >= MAX_NESTING {
                return Ok(None);
            }
            let mut is = false;
            loop {
                let mut all = true;
                loop {
                    let counts = counts && !is && all;
                    let Some(this) = self.bracket_not(words, at, nesting, counts).await? else { return Ok(None) };
                    all &= this;
                    if !eat(words, at, "&&") {
                        break;
                    }
                }
                is |= all;
                if !eat(words, at, "||") {
                    return Ok(Some(is));
                }
            }
        })
    }

    async fn bracket_not(
        &mut self,
        words: &[Word],
        at: &mut usize,
        nesting: u32,
        counts: bool,
    ) -> Result<Option<bool>, Fatal> {
        let mut is_negated = false;
        while eat(words, at, "!") {
            is_negated = !is_negated;
        }
        let is = if eat(words, at, "(") {
            let is = self.bracket_or(words, at, nesting.saturating_add(1), counts).await?;
            is.filter(|_| eat(words, at, ")"))
        } else {
            self.bracket_primary(words, at, counts).await?
        };
        Ok(is.map(|is| is != is_negated))
    }

    async fn bracket_primary(&mut self, words: &[Word], at: &mut usize, counts: bool) -> Result<Option<bool>, Fatal> {
        let rest = words.get(*at..).unwrap_or_default();
        let (length, operator) = match rest {
            [_, operator, _, ..] if literal(operator).is_some_and(|text| is_binary(text) || text == "=~") => {
                (3, operator)
            }
            [operator, _, ..] if literal(operator).is_some_and(|text| text.len() == 2 && text.starts_with('-')) => {
                (2, operator)
            }
            [word, ..] if literal(word).is_none_or(|text| !matches!(text, "&&" | "||" | ")")) => (1, word),
            _ => return Ok(None),
        };
        *at = at.saturating_add(length);
        if !counts {
            return Ok(Some(false));
        }
        let operator = literal(operator).unwrap_or_default();
        let tested = match rest {
            [left, _, right, ..] if length == 3 => {
                let left = self.text(left).await?;
                match operator {
                    "=" | "==" | "!=" => {
                        let mut pattern = self.pattern(right).await?;
                        // `ash` hands the word on without its quotes.
                        if self.image.dialect == Dialect::Ash {
                            pattern.iter_mut().for_each(|element| element.is_quoted = false);
                        }
                        let chars: Vec<char> = left.chars().collect();
                        Ok(crate::text::matches(&pattern, &chars) == (operator != "!="))
                    }
                    "=~" => {
                        let right = self.text(right).await?;
                        let found = crate::text::regular_expression(&right, true, false);
                        found.map(|regex| regex.is_match(&left)).ok_or_else(|| "bad regular expression".to_owned())
                    }
                    _ => {
                        let right = self.text(right).await?;
                        compare(self, &left, operator, &right)
                    }
                }
            }
            [_, word, ..] if length == 2 => {
                let word = self.text(word).await?;
                unary(self, operator, &word).unwrap_or_else(|| Err(format!("{operator}: unknown operand")))
            }
            [word, ..] => self.text(word).await.map(|text| Ok(!text.is_empty()))?,
            [] => return Ok(None),
        };
        match tested {
            Ok(is) => Ok(Some(is)),
            Err(message) => {
                self.complain(&message).await;
                Ok(Some(false))
            }
        }
    }
}

/// Returns the text of a word without quotes and expansions.
fn literal(word: &Word) -> Option<&str> {
    match word.as_slice() {
        [Part::Literal(text)] => Some(text),
        _ => None,
    }
}

fn eat(words: &[Word], at: &mut usize, text: &str) -> bool {
    let is_there = words.get(*at).and_then(literal) == Some(text);
    *at = at.saturating_add(usize::from(is_there));
    is_there
}
