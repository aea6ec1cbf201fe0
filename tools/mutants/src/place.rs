//! Where in a file the mutants are: the syntax around each.

use std::{collections::BTreeMap, ops::Range};

use anyhow::{Context, Result};
use proc_macro2::LineColumn;
use syn::{
    Arm, Block, Expr, ExprBinary, ExprMatch, ExprStruct, ExprUnary, FieldValue, ImplItemFn, ItemFn, Member, Pat,
    ReturnType, Signature, TraitItemFn, Type, TypeImplTrait,
    spanned::Spanned,
    visit::{self, Visit},
};

use crate::listed::{Genre, Mutant, Number, Position};

/// A piece of code that mutants change.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) range: Range<usize>,
    pub(crate) form: Form,
    pub(crate) mutants: Vec<Number>,
}

/// What kind of code it is, and its parts.
#[derive(Debug)]
pub(crate) enum Form {
    /// The head of a function's body.
    Body,
    /// The keyword `const` of a function, which stands as long as nothing is switched within.
    Const {
        body: Range<usize>,
        name: String,
    },
    Binary {
        left: Range<usize>,
        operator: Range<usize>,
        right: Range<usize>,
        kind: Operator,
    },
    /// `!` or `-`, and what it stands before.
    Unary {
        operand: Range<usize>,
    },
    Guard,
    /// The place of a guard that an arm does not have.
    Arm,
    /// The value of a struct's field, where the others come from a base.
    Field {
        name: String,
        is_shorthand: bool,
        base: Range<usize>,
        base_is_place: bool,
        path: Range<usize>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    /// `&&` or `||`.
    Logical,
    /// `==` or `!=`.
    Equality,
    Other,
    /// `+=` and its like.
    Assignment,
}

/// The places of those mutants in the file's text, from its beginning to its end, the outer before the inner. What has
/// no place here stands outside of functions, or between `let`s that cannot be taken apart.
pub(crate) fn places(text: &str, mutants: &BTreeMap<Number, Mutant>) -> Result<Vec<Place>> {
    let file = syn::parse_file(text).context("this is no Rust")?;
    let mut at: BTreeMap<_, Vec<Number>> = BTreeMap::new();
    for (&number, mutant) in mutants.iter().filter(|(_, mutant)| mutant.function.is_some()) {
        at.entry((mutant.genre, mutant.span.start)).or_default().push(number);
    }
    let mut finder = Finder { at, places: Vec::new() };
    finder.visit_file(&file);
    finder.places.sort_by_key(|place| {
        let Range { start, end } = place.range;
        (start, start != end, usize::MAX - end, !matches!(place.form, Form::Guard | Form::Field { .. }))
    });
    Ok(finder.places)
}

struct Finder {
    at: BTreeMap<(Genre, Position), Vec<Number>>,
    places: Vec<Place>,
}

impl Finder {
    /// Notes the place if there are mutants that begin here.
    fn note(&mut self, genre: Genre, start: LineColumn, range: Range<usize>, form: impl FnOnce() -> Form) {
        let position = Position { line: start.line, column: start.column + 1 };
        if let Some(mutants) = self.at.get(&(genre, position)) {
            self.places.push(Place { range, form: form(), mutants: mutants.clone() });
        }
    }

    fn note_function(&mut self, signature: &Signature, block: &Block) {
        let Some(first) = block.stmts.first() else { return };
        let head = block.brace_token.span.open().byte_range().end;
        // A type that is not named is the body's own: nothing else can be returned early.
        if !matches!(&signature.output, ReturnType::Type(_, output) if has_impl(output)) {
            self.note(Genre::FnValue, first.span().start(), head..head, || Form::Body);
        }
        if let Some(keyword) = &signature.constness {
            let form = Form::Const { body: block.span().byte_range(), name: signature.ident.to_string() };
            self.places.push(Place { range: keyword.span.byte_range(), form, mutants: Vec::new() });
        }
    }

    fn note_arm(&mut self, arm: &Arm, is_caught: bool) {
        let end = arm.pat.span().byte_range().end;
        if is_caught {
            self.note(Genre::MatchArm, arm.span().start(), end..end, || Form::Arm);
        }
        if let Some((_, guard)) = &arm.guard
            && !has_let(guard)
        {
            self.note(Genre::MatchArmGuard, guard.span().start(), guard.span().byte_range(), || Form::Guard);
        }
    }

    fn note_field(&mut self, field: &FieldValue, base: &Expr, path: Range<usize>) {
        let Member::Named(name) = &field.member else { return };
        self.note(Genre::StructField, field.span().start(), field.expr.span().byte_range(), || Form::Field {
            name: name.to_string(),
            is_shorthand: field.colon_token.is_none(),
            base: base.span().byte_range(),
            base_is_place: matches!(base, Expr::Path(_) | Expr::Field(_) | Expr::Unary(_)),
            path,
        });
    }
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.note_function(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.note_function(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        if let Some(block) = &function.default {
            self.note_function(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }

    fn visit_expr_binary(&mut self, binary: &'ast ExprBinary) {
        let (left, right) = (binary.left.span().byte_range(), binary.right.span().byte_range());
        let operator = binary.op.span();
        let kind = kind(binary);
        if kind != Operator::Logical || !has_let(&binary.left) && !has_let(&binary.right) {
            self.note(Genre::BinaryOperator, operator.start(), left.start..right.end, || Form::Binary {
                left,
                operator: operator.byte_range(),
                right,
                kind,
            });
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_unary(&mut self, unary: &'ast ExprUnary) {
        let (operator, operand) = (unary.op.span(), unary.expr.span().byte_range());
        self.note(Genre::UnaryOperator, operator.start(), operator.byte_range().start..operand.end, || Form::Unary {
            operand,
        });
        visit::visit_expr_unary(self, unary);
    }

    fn visit_expr_match(&mut self, expression: &'ast ExprMatch) {
        // Without an arm for all the rest, a `match` that lacks an arm is none.
        let is_caught = expression.arms.iter().any(|arm| matches!(arm.pat, Pat::Wild(_)) && arm.guard.is_none());
        for arm in &expression.arms {
            self.note_arm(arm, is_caught);
        }
        visit::visit_expr_match(self, expression);
    }

    fn visit_expr_struct(&mut self, expression: &'ast ExprStruct) {
        if let Some(base) = &expression.rest {
            for field in &expression.fields {
                self.note_field(field, base, expression.path.span().byte_range());
            }
        }
        visit::visit_expr_struct(self, expression);
    }
}

fn kind(binary: &ExprBinary) -> Operator {
    use syn::BinOp;

    match binary.op {
        BinOp::And(_) | BinOp::Or(_) => Operator::Logical,
        BinOp::Eq(_) | BinOp::Ne(_) => Operator::Equality,
        BinOp::AddAssign(_)
        | BinOp::SubAssign(_)
        | BinOp::MulAssign(_)
        | BinOp::DivAssign(_)
        | BinOp::RemAssign(_)
        | BinOp::BitXorAssign(_)
        | BinOp::BitAndAssign(_)
        | BinOp::BitOrAssign(_)
        | BinOp::ShlAssign(_)
        | BinOp::ShrAssign(_) => Operator::Assignment,
        _ => Operator::Other,
    }
}

/// A chain with `let` may only be joined by `&&`, and binds what comes after it.
fn has_let(expression: &Expr) -> bool {
    match expression {
        Expr::Let(_) => true,
        Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        _ => false,
    }
}

fn has_impl(output: &Type) -> bool {
    struct Found(bool);

    impl<'ast> Visit<'ast> for Found {
        fn visit_type_impl_trait(&mut self, _: &'ast TypeImplTrait) {
            self.0 = true;
        }
    }

    let mut found = Found(false);
    found.visit_type(output);
    found.0
}
