//! What a container's processes do, below its bar: runs, pulls, hooks, stops and ends, with a row of labels below.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{
    super::{
        cluster::{chains, pieces},
        lane::{Exit, Lane, Outcome, Task, TaskKind},
        picture::{Mark, Span},
        words,
    },
    canvas::{Anchor, Area, Layer, Px, Text},
    ink::Ink,
    measure::{self, Font},
    page::{Page, left},
    row::Row,
    sign::{SIGN_WIDTH, Sign},
};
use crate::sim::ExitCause;

/// The height of the row.
const HEIGHT: f64 = 14.0;
/// How thick the line of a process is.
const LINE: f64 = 3.0;
/// The height of what is drawn around it.
const BOX: f64 = 9.0;

impl Page<'_> {
    /// Draws the row of a container's processes.
    pub(super) fn process(&mut self, lane: &Lane) {
        self.row_name("process", Font::Small, HEIGHT);
        let mut labels = Vec::new();
        self.tasks(&lane.tasks, &mut labels);
        self.stops(lane, &mut labels);
        self.runs(lane);
        self.exits(lane, &mut labels);
        self.y += HEIGHT;
        self.labels(labels);
    }

    fn runs(&mut self, lane: &Lane) {
        for piece in pieces(&lane.runs, &self.scale.clone(), SIGN_WIDTH / 3.0, |_| ()) {
            let (from, to) = (self.scale.x(piece.from()), self.scale.x(piece.to()));
            let y = self.y + (HEIGHT - LINE) / 2.0;
            let area = Area { x: from, y, width: (to - from).max(1.0), height: LINE };
            let when = words::stretch(piece.from(), piece.to(), self.picture.start);
            let (class, title) = if piece.is_several() {
                self.inks.insert(Ink::Mixed);
                ("pm", format!("{} runs\n{when}", piece.spans.len()))
            } else {
                ("pr", format!("process\n{when}"))
            };
            self.canvas.rect(Layer::Bar, class, area, Some(title));
        }
    }

    fn tasks(&mut self, tasks: &[Span<Task>], labels: &mut Vec<Label>) {
        let y = self.y + (HEIGHT - BOX) / 2.0;
        for piece in pieces(tasks, &self.scale.clone(), 3.0, |task| task.kind) {
            let Some(main) = piece.main(|task| task.kind) else { continue };
            let (from, to) = (self.scale.x(piece.from()), self.scale.x(piece.to()));
            let ink = match main.kind {
                TaskKind::Pull => Ink::Pull,
                TaskKind::PostStart | TaskKind::PreStop => Ink::Hook,
            };
            let title = format!(
                "{}\n{}",
                words::tally(piece.spans.iter().map(|span| outcome(&span.what))),
                words::stretch(piece.from(), piece.to(), self.picture.start)
            );
            self.fill(ink, Area { x: from, y, width: (to - from).max(1.5), height: BOX }, title);
            let failed = piece.spans.iter().any(|span| span.what.outcome == Outcome::Failed);
            let text = if failed { format!("{} failed", main.kind) } else { main.kind.to_string() };
            labels.push(Label { rank: 3, place: (from, to), text });
        }
    }

    fn stops(&mut self, lane: &Lane, labels: &mut Vec<Label>) {
        let y = self.y + (HEIGHT - BOX) / 2.0;
        for stop in &lane.stops {
            let (from, to) = (self.scale.x(stop.from), self.scale.x(stop.to));
            let when = words::stretch(stop.from, stop.to, self.picture.start);
            let title = format!("SIGTERM, SIGKILL {}s later if it still runs\n{when}", stop.what.timeout.as_secs());
            self.fill(Ink::Grace, Area { x: from, y, width: (to - from).max(1.5), height: BOX }, title);
        }
        let scale = self.scale.clone();
        for chain in chains(&lane.stops, SIGN_WIDTH, |stop| scale.x(stop.from)) {
            let marks: Vec<_> = chain.iter().map(|stop| Mark { at: stop.from, what: stop.what.timeout }).collect();
            let place = self.chain(Sign::Sigterm, &marks, "SIGTERM");
            let text = match marks.as_slice() {
                [one] => format!("SIGTERM, {}s grace", one.what.as_secs()),
                several => format!("SIGTERM ×{}", several.len()),
            };
            labels.push(Label { rank: 1, place, text });
        }
    }

    fn exits(&mut self, lane: &Lane, labels: &mut Vec<Label>) {
        let exits = lane.runs.iter().filter_map(|run| Some(Mark { at: run.to, what: run.what.exit? }));
        let (killed, ended): (Vec<_>, Vec<_>) = exits.partition(|mark| mark.what.cause == ExitCause::Sigkill);
        let (done, crashed) = ended.into_iter().partition(|mark| mark.what.code == 0);
        for (sign, rank, marks) in [(Sign::Sigkill, 0, killed), (Sign::Crashed, 2, crashed), (Sign::Done, 2, done)] {
            let marks: Vec<Mark<Exit>> = marks;
            let scale = self.scale.clone();
            for chain in chains(&marks, SIGN_WIDTH, |mark| scale.x(mark.at)) {
                let says = words::tally(chain.iter().map(|mark| mark.what));
                let place = self.chain(sign, chain, &says);
                labels.push(Label { rank, place, text: says });
            }
        }
    }

    /// Draws a sign at the first of near moments and, if there is room, at the last; from where to where they reach.
    fn chain<T>(&mut self, sign: Sign, marks: &[Mark<T>], says: &str) -> (f64, f64) {
        let (Some(first), Some(last)) = (marks.first(), marks.last()) else { return (0.0, 0.0) };
        let (from, to) = (self.scale.x(first.at), self.scale.x(last.at));
        let when = match marks {
            [one] => words::offset(one.at, self.picture.start),
            _ => words::stretch(first.at, last.at, self.picture.start),
        };
        let y = self.y + HEIGHT / 2.0;
        let mut path = sign.path(from, y);
        if to - from > SIGN_WIDTH {
            path.push_str(&sign.path(to, y));
            path.push_str(&format!("M{} {}H{}", Px(from), Px(y), Px(to)));
        }
        self.signs.insert(sign);
        self.canvas.path(Layer::Sign, sign.class(), path, Some(format!("{says}\n{when}")));
        (from - SIGN_WIDTH / 2.0, to + SIGN_WIDTH / 2.0)
    }

    /// Writes as many labels as there is room for below what they are about, the most telling first.
    fn labels(&mut self, mut labels: Vec<Label>) {
        if labels.is_empty() {
            return;
        }
        labels.sort_by_key(|label| label.rank);
        let mut row = Row::new(left(self.width) - SIGN_WIDTH, self.width);
        let font = Font::Small;
        let y = self.y + font.ascent();
        for Label { place, text, .. } in labels {
            if let Some(x) = row.below(place, measure::width(&text, font)) {
                self.canvas.text("t", Text { x, y, anchor: Anchor::Start, font, text }, None);
            }
        }
        self.y += font.size() + 1.0;
    }
}

/// A text that would like to stand below something.
struct Label {
    /// The lowest comes first.
    rank: u8,
    /// From where to where what it is about reaches.
    place: (f64, f64),
    text: String,
}

fn outcome(task: &Task) -> String {
    format!("{} {}", task.kind, task.outcome)
}
