//! Arithmetic of `$((…))`: 64-bit integers with C's operators.

/// Expressions within one another that are computed.
const MAX_NESTING: u32 = 60;

/// Reads and writes variables; an error is a message of the shell.
pub(crate) trait Variables {
    fn value(&mut self, name: &str) -> Result<String, String>;
    fn assign(&mut self, name: &str, value: i64) -> Result<(), String>;
}

/// Computes an expression.
pub(crate) fn evaluate(text: &str, variables: &mut dyn Variables) -> Result<i64, String> {
    evaluate_nested(text, variables, 0)
}

fn evaluate_nested(text: &str, variables: &mut dyn Variables, nesting: u32) -> Result<i64, String> {
    let mut reader = Reader { rest: text, variables, nesting, is_skipped: false };
    reader.blanks();
    if reader.rest.is_empty() {
        return Ok(0);
    }
    let value = reader.comma()?;
    if reader.rest.is_empty() { Ok(value) } else { Err("arithmetic syntax error".into()) }
}

struct Reader<'a> {
    rest: &'a str,
    variables: &'a mut dyn Variables,
    nesting: u32,
    /// True in the operand of `&&`, `||` or `?:` that is not computed.
    is_skipped: bool,
}

/// Binary operators by precedence, the loosest first; longer ones before their beginnings.
const LEVELS: [&[&str]; 10] = [
    &["||"],
    &["&&"],
    &["|"],
    &["^"],
    &["&"],
    &["==", "!="],
    &["<=", ">=", "<", ">"],
    &["<<", ">>"],
    &["+", "-"],
    &["*", "/", "%"],
];

const ASSIGNMENTS: [&str; 11] = ["=", "+=", "-=", "*=", "/=", "%=", "<<=", ">>=", "&=", "|=", "^="];

impl Reader<'_> {
    fn blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn eat(&mut self, operator: &str) -> bool {
        match self.rest.strip_prefix(operator) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn deeper(&mut self, read: fn(&mut Self) -> Result<i64, String>) -> Result<i64, String> {
        if self.nesting >= MAX_NESTING {
            return Err("expression recursion level exceeded".into());
        }
        self.nesting = self.nesting.saturating_add(1);
        let value = read(self);
        self.nesting = self.nesting.saturating_sub(1);
        value
    }

    fn comma(&mut self) -> Result<i64, String> {
        let mut value = self.deeper(Self::assignment)?;
        while self.eat(",") {
            value = self.deeper(Self::assignment)?;
        }
        Ok(value)
    }

    fn name(&self) -> &str {
        let end = self.rest.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(self.rest.len());
        let name = self.rest.get(..end).unwrap_or_default();
        if name.starts_with(|c: char| c.is_ascii_digit()) { "" } else { name }
    }

    fn assignment(&mut self) -> Result<i64, String> {
        let name = self.name().to_owned();
        if !name.is_empty() {
            let after = self.rest.get(name.len()..).unwrap_or_default().trim_start();
            let operator = ASSIGNMENTS.into_iter().find(|operator| after.starts_with(operator));
            if let Some(operator) = operator.filter(|operator| *operator != "=" || !after.starts_with("==")) {
                self.rest = after.get(operator.len()..).unwrap_or_default().trim_start();
                let right = self.deeper(Self::assignment)?;
                let value = match operator.strip_suffix('=') {
                    Some(binary) if !binary.is_empty() => {
                        let left = self.variable(&name)?;
                        self.apply(binary, left, right)?
                    }
                    Some(_) | None => right,
                };
                if !self.is_skipped {
                    self.variables.assign(&name, value)?;
                }
                return Ok(value);
            }
        }
        self.conditional()
    }

    fn conditional(&mut self) -> Result<i64, String> {
        let condition = self.binary(0)?;
        if !self.eat("?") {
            return Ok(condition);
        }
        let was_skipped = self.is_skipped;
        self.is_skipped = was_skipped || condition == 0;
        let yes = self.deeper(Self::assignment);
        self.is_skipped = was_skipped;
        let yes = yes?;
        if !self.eat(":") {
            return Err("arithmetic syntax error".into());
        }
        self.is_skipped = was_skipped || condition != 0;
        let no = self.deeper(Self::assignment);
        self.is_skipped = was_skipped;
        Ok(if condition == 0 { no? } else { yes })
    }

    fn binary(&mut self, level: usize) -> Result<i64, String> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.binary(level.saturating_add(1))?;
        while let Some(operator) = self.operator(operators) {
            let was_skipped = self.is_skipped;
            self.is_skipped |= (operator == "||" && left != 0) || (operator == "&&" && left == 0);
            let right = self.binary(level.saturating_add(1));
            let right = right.and_then(|right| self.apply(operator, left, right));
            self.is_skipped = was_skipped;
            left = right?;
        }
        Ok(left)
    }

    fn operator(&mut self, operators: &[&'static str]) -> Option<&'static str> {
        let operator = operators.iter().copied().find(|operator| self.rest.starts_with(operator))?;
        let after = self.rest.get(operator.len()..).unwrap_or_default();
        // A longer operator or an assignment stands there.
        let is_longer = match operator {
            "|" | "&" | "<" | ">" => after.starts_with([operator.chars().next()?, '=']),
            "+" | "-" | "*" | "/" | "%" | "^" | "<<" | ">>" => after.starts_with('='),
            _ => false,
        };
        if is_longer {
            return None;
        }
        self.rest = after.trim_start();
        Some(operator)
    }

    fn apply(&self, operator: &str, left: i64, right: i64) -> Result<i64, String> {
        Ok(match operator {
            "||" => i64::from(left != 0 || right != 0),
            "&&" => i64::from(left != 0 && right != 0),
            "|" => left | right,
            "^" => left ^ right,
            "&" => left & right,
            "==" => i64::from(left == right),
            "!=" => i64::from(left != right),
            "<" => i64::from(left < right),
            ">" => i64::from(left > right),
            "<=" => i64::from(left <= right),
            ">=" => i64::from(left >= right),
            "<<" => left.wrapping_shl((right & 63).unsigned_abs().try_into().unwrap_or(0)),
            ">>" => left.wrapping_shr((right & 63).unsigned_abs().try_into().unwrap_or(0)),
            "+" => left.wrapping_add(right),
            "-" => left.wrapping_sub(right),
            "*" => left.wrapping_mul(right),
            _ if self.is_skipped => 0,
            _ if right == 0 => return Err("divide by zero".into()),
            // The only quotient that overflows: the smallest number by -1.
            "/" => left.checked_div(right).unwrap_or(i64::MIN),
            _ => left.checked_rem(right).unwrap_or(0),
        })
    }

    fn unary(&mut self) -> Result<i64, String> {
        for (operator, by) in [("++", 1), ("--", -1)] {
            if self.rest.starts_with(operator) {
                let after = self.rest.get(2..).unwrap_or_default().trim_start();
                if after.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic()) {
                    self.rest = after;
                    let name = self.name().to_owned();
                    self.rest = after.get(name.len()..).unwrap_or_default().trim_start();
                    let value = self.variable(&name)?.wrapping_add(by);
                    if !self.is_skipped {
                        self.variables.assign(&name, value)?;
                    }
                    return Ok(value);
                }
            }
        }
        if self.eat("+") {
            return self.deeper(Self::unary);
        }
        if self.eat("-") {
            return Ok(self.deeper(Self::unary)?.wrapping_neg());
        }
        if self.eat("!") {
            return Ok(i64::from(self.deeper(Self::unary)? == 0));
        }
        if self.eat("~") {
            return Ok(!self.deeper(Self::unary)?);
        }
        self.primary()
    }

    fn primary(&mut self) -> Result<i64, String> {
        if self.eat("(") {
            let value = self.deeper(Self::comma)?;
            return if self.eat(")") { Ok(value) } else { Err("arithmetic syntax error".into()) };
        }
        let name = self.name().to_owned();
        if !name.is_empty() {
            self.rest = self.rest.get(name.len()..).unwrap_or_default().trim_start();
            let value = self.variable(&name)?;
            for (operator, by) in [("++", 1), ("--", -1)] {
                if self.eat(operator) {
                    if !self.is_skipped {
                        self.variables.assign(&name, value.wrapping_add(by))?;
                    }
                    break;
                }
            }
            return Ok(value);
        }
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(self.rest.len());
        let (number, rest) = self.rest.split_at_checked(end).unwrap_or_default();
        let value = number_of(number).ok_or("arithmetic syntax error")?;
        self.rest = rest.trim_start();
        Ok(value)
    }

    /// Returns the value of a variable, which may be an expression itself.
    fn variable(&mut self, name: &str) -> Result<i64, String> {
        let text = self.variables.value(name)?;
        let text = text.trim();
        if text.is_empty() {
            return Ok(0);
        }
        if let Some(value) = number_of(text) {
            return Ok(value);
        }
        if self.nesting >= MAX_NESTING {
            return Err("expression recursion loop detected".into());
        }
        // Each level of variables counts ten: an expression within it has levels of its own.
        evaluate_nested(text, self.variables, self.nesting.saturating_add(10))
    }
}

/// Reads a decimal, octal (`017`) or hexadecimal (`0x1f`) number.
pub(crate) fn number_of(text: &str) -> Option<i64> {
    let (digits, is_negative) = match text.strip_prefix('-') {
        Some(digits) => (digits, true),
        None => (text, false),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let value = if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        i64::from_str_radix(hex, 16).ok()?
    } else if digits.len() > 1 && digits.starts_with('0') {
        i64::from_str_radix(digits, 8).ok()?
    } else {
        digits.parse().ok()?
    };
    Some(if is_negative { value.wrapping_neg() } else { value })
}
