//! Shell scripts as read.

use std::sync::Arc;

/// Commands in sequence.
pub(crate) type List = Vec<Item>;

/// One and-or list of a sequence.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) and_or: Arc<AndOr>,
    /// True if it ends with `&`.
    pub(crate) in_background: bool,
}

/// Pipelines joined by `&&` and `||`.
#[derive(Clone, Debug)]
pub(crate) struct AndOr {
    pub(crate) first: Pipeline,
    pub(crate) rest: Vec<(Connector, Pipeline)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connector {
    And,
    Or,
}

#[derive(Clone, Debug)]
pub(crate) struct Pipeline {
    pub(crate) is_negated: bool,
    pub(crate) commands: Vec<Arc<Command>>,
}

/// Command with its redirections.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    pub(crate) kind: Kind,
    pub(crate) redirects: Vec<Redirect>,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Simple {
        assignments: Vec<(String, Word)>,
        words: Vec<Word>,
    },
    Group(List),
    Subshell(Arc<List>),
    /// Pairs of condition and body; an `else` has no condition.
    If {
        branches: Vec<(List, List)>,
        otherwise: Option<List>,
    },
    /// `while`, or `until` if negated.
    While {
        until: bool,
        condition: List,
        body: List,
    },
    /// Without words: over the positional parameters.
    For {
        name: String,
        words: Option<Vec<Word>>,
        body: List,
    },
    Case {
        word: Word,
        arms: Vec<(Vec<Word>, List)>,
    },
    Function {
        name: String,
        body: Arc<Command>,
    },
    /// `[[ … ]]`
    Test(Vec<Word>),
    /// `(( … ))`
    Arithmetic(Word),
}

/// Parts of a word, in order.
pub(crate) type Word = Vec<Part>;

#[derive(Clone, Debug)]
pub(crate) enum Part {
    /// Unquoted text.
    Literal(String),
    /// Text in single quotes or after a backslash.
    Quoted(String),
    /// Parts in double quotes.
    Double(Word),
    Parameter(Box<Parameter>),
    /// `$(…)`
    Command(Arc<List>),
    /// `$((…))`
    Arithmetic(Word),
    /// `~` or `~NAME` at the start of a word.
    Tilde(String),
}

/// `$NAME` or `${NAME…}`
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) operator: Operator,
}

#[derive(Clone, Debug)]
pub(crate) enum Operator {
    None,
    /// `${#NAME}`
    Length,
    /// `-`, `=`, `?`, `+`; with a colon also for an empty value.
    Default {
        kind: char,
        colon: bool,
        word: Word,
    },
    /// `#`, `##`, `%`, `%%`
    Trim {
        suffix: bool,
        longest: bool,
        pattern: Word,
    },
    /// `/` and `//`
    Replace {
        all: bool,
        pattern: Word,
        with: Word,
    },
    /// `:OFFSET` and `:OFFSET:LENGTH`
    Slice {
        offset: Word,
        length: Option<Word>,
    },
    /// `^^` and `,,`, or only for the first letter
    Case {
        upper: bool,
        all: bool,
    },
}

#[derive(Clone, Debug)]
pub(crate) struct Redirect {
    pub(crate) fd: u32,
    pub(crate) kind: RedirectKind,
}

#[derive(Clone, Debug)]
pub(crate) enum RedirectKind {
    Read(Word),
    Write(Word),
    Append(Word),
    ReadWrite(Word),
    /// `>&` and `<&`
    Duplicate(Word),
    /// `&>` and `&>>`
    Both {
        word: Word,
        append: bool,
    },
    /// Here-document or here-string: its text.
    Here(Word),
}
