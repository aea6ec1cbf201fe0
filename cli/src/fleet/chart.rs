//! Chart: Pods by STATUS over time, as SVG for light and dark pages.

use std::{collections::BTreeSet, fmt::Write as _, time::Duration};

use pod_lifecycle::go_duration;

use super::{sample::Run, summary::grouped};

/// Width in px.
const WIDTH: f64 = 720.0;
/// Height without title and legend.
const HEIGHT: f64 = 320.0;
/// Left edge of the plot: room for `1 000 000`.
const LEFT: f64 = 84.0;
/// Right edge of the plot.
const RIGHT: f64 = WIDTH - 24.0;
/// Upper edge of the plot.
const TOP: f64 = 44.0;
/// Height of a row of the legend.
const ROW: f64 = 18.0;
/// An upper bound of the width of a letter of 12 px, for the legend.
const LETTER: f64 = 7.8;

const STYLE: &str = r#".pod-fleet{--bg:#fff;--ink:#1b2128;--faint:#59636e;--line:#d5dae0;--a0:#7cc79f;--a1:#b9c2cb;--a2:#bcd9f5;--a3:#8fbdea;
--a4:#5f97d0;--a5:#9a9fb0;--b0:#ffd7a8;--b1:#f4a259;--b2:#c9a0dc;--b3:#e58a8a;--b4:#b3300e;--b5:#7b4b94}
@media(prefers-color-scheme:dark){.pod-fleet{--bg:#0f1419;--ink:#e8edf2;--faint:#a3adb8;--line:#2d353e;--a0:#1f6b4b;--a1:#4a5560;
--a2:#2a5f92;--a3:#1f4c78;--a4:#18395a;--a5:#5b6072;--b0:#8a5f1e;--b1:#b4711f;--b2:#7d558f;--b3:#a04a4a;--b4:#d1492a;--b5:#a274bb}}
.pod-fleet{max-width:100%;height:auto;font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"Liberation Sans",sans-serif;font-variant-numeric:tabular-nums}
.pod-fleet .bg{fill:var(--bg)}.pod-fleet text{fill:var(--ink)}.pod-fleet .q{fill:var(--faint)}.pod-fleet .ft{font-size:16px;font-weight:700}
.pod-fleet .m{text-anchor:middle}.pod-fleet .e{text-anchor:end}.pod-fleet .gl{stroke:var(--line);fill:none}
.pod-fleet .rd{stroke:var(--ink);stroke-width:2;fill:none}.pod-fleet .ed{stroke:var(--bg);stroke-width:.8}
"#;

/// Bands of words that are known, from the bottom up, each with its colour: what is well, what begins or ends, trouble.
const BANDS: [(&str, &str); 19] = [
    ("Running", "a0"),
    ("Completed", "a1"),
    ("Succeeded", "a1"),
    ("ContainerCreating", "a2"),
    ("PodInitializing", "a3"),
    ("Pending", "a4"),
    ("SchedulingGated", "a4"),
    ("Terminating", "a5"),
    ("NotReady", "b0"),
    ("Error", "b1"),
    ("OOMKilled", "b1"),
    ("Failed", "b1"),
    ("Evicted", "b5"),
    ("ErrImagePull", "b2"),
    ("ImagePullBackOff", "b5"),
    ("RunContainerError", "b3"),
    ("CreateContainerError", "b3"),
    ("CrashLoopBackOff", "b4"),
    ("Unknown", "b3"),
];

/// Returns the place of a word among the bands, and its colour. The same word has the same ones in every chart.
fn band(word: &str) -> (usize, &'static str) {
    let known = BANDS.iter().enumerate().find(|(_, (known, _))| *known == word);
    match known {
        Some((place, (_, colour))) => (place, colour),
        // `Init:0/2` waits for the same as PodInitializing; `Init:Error` and all unknown words are trouble.
        None if is_progress_of_init(word) => (4, "a3"),
        None => (BANDS.len(), "b3"),
    }
}

fn is_progress_of_init(word: &str) -> bool {
    word.strip_prefix("Init:").is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()))
}

/// Returns the chart.
pub(super) fn svg(description: &str, run: &Run) -> String {
    let mut chart = Chart { run, svg: String::new(), end: 1.0, most: 1.0 };
    chart.draw(description.trim().lines().next().unwrap_or_default());
    chart.svg
}

struct Chart<'a> {
    run: &'a Run,
    svg: String,
    /// End of the time axis, in seconds.
    end: f64,
    /// Upper end of the axis of Pods.
    most: f64,
}

#[expect(clippy::cast_precision_loss, reason = "drawn to a tenth of a pixel")]
impl Chart<'_> {
    fn draw(&mut self, title: &str) {
        let title = if title.is_empty() { "Pods by STATUS" } else { title };
        let samples = &self.run.samples;
        self.end = samples.last().map_or(1.0, |sample| sample.at as f64 / 1e3).max(1e-3);
        let most = samples.iter().map(|sample| sample.counts.pods).max().unwrap_or(1).max(1) as f64;
        let step = round_step(most, 6.0, &[1.0, 2.0, 5.0, 10.0]);
        self.most = (most / step).ceil() * step;
        let words = self.words();
        let rows = legend_rows(&words);
        let height = TOP + HEIGHT + 34.0 + ROW * rows.len() as f64 + 12.0;
        // Bold letters of 16 px are about 10 px wide.
        let (label, text, heading) = (escaped(title), escaped(&self.text()), escaped(&cut(title, 70)));
        self.add(&format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"pod-fleet\" role=\"img\" aria-label=\"{label}\" \
             width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\">\n<title>{label}</title>\n\
             <desc>{text}</desc>\n<style>\n{STYLE}</style>\n<rect class=\"bg\" width=\"{WIDTH}\" height=\"{height}\"/>\n\
             <text class=\"ft\" x=\"12\" y=\"26\">{heading}</text>\n"
        ));
        self.bands(&words);
        self.axes(step);
        self.ready();
        self.legend(&rows);
        self.add("</svg>\n");
    }

    /// Returns the words, from the bottom band up.
    fn words(&self) -> Vec<String> {
        let all: BTreeSet<&String> = self.run.samples.iter().flat_map(|it| it.counts.statuses.keys()).collect();
        let mut words: Vec<String> = all.into_iter().cloned().collect();
        // By name within a place, since a set is in order and the sort is stable.
        words.sort_by_key(|word| band(word).0);
        words
    }

    fn bands(&mut self, words: &[String]) {
        for (place, word) in words.iter().enumerate() {
            let sum = |through: usize, sample: &super::sample::Sample| -> u64 {
                words.iter().take(through).map(|word| sample.counts.of_status(word)).sum()
            };
            let samples = &self.run.samples;
            let above = samples.iter().map(|it| self.point(it.at, sum(place.saturating_add(1), it)));
            let below = samples.iter().rev().map(|it| self.point(it.at, sum(place, it)));
            let points: Vec<String> = above.chain(below).collect();
            let most = samples.iter().map(|it| it.counts.of_status(word)).max().unwrap_or(0);
            let band = format!(
                "<polygon class=\"ed\" style=\"fill:var(--{})\" points=\"{}\"><title>{}: at most {}</title></polygon>\n",
                band(word).1,
                points.join(" "),
                escaped(word),
                grouped(most),
            );
            self.add(&band);
        }
    }

    fn axes(&mut self, step: f64) {
        let seconds = [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0];
        let longer = [10_800.0, 21_600.0, 43_200.0, 86_400.0, 172_800.0, 604_800.0, 2_592_000.0, 31_536_000.0];
        let steps = seconds.into_iter().chain(longer);
        let fits = |step: &f64| self.end / step <= 8.0;
        let seconds = if self.end < 2.0 { round_step(self.end, 8.0, &[1.0, 2.0, 5.0, 10.0]) } else { 0.0 };
        let seconds = if seconds > 0.0 { seconds } else { steps.into_iter().find(fits).unwrap_or(self.end) };
        for tick in ticks(self.end, seconds) {
            let x = self.x(tick);
            let text = without_zeros(&go_duration(Duration::from_secs_f64(tick)));
            self.add(&format!(
                "<path class=\"gl\" d=\"M{x:.1} {TOP}V{:.1}\"/>\n<text class=\"q m\" x=\"{x:.1}\" y=\"{:.1}\">{text}</text>\n",
                TOP + HEIGHT + 4.0,
                TOP + HEIGHT + 18.0
            ));
        }
        for tick in ticks(self.most, step) {
            let (y, text) = (self.y(tick), grouped(tick.round().max(0.0) as u64));
            self.add(&format!(
                "<path class=\"gl\" d=\"M{} {y:.1}H{RIGHT}\"/>\n<text class=\"q e\" x=\"{}\" y=\"{:.1}\">{text}</text>\n",
                LEFT - 4.0,
                LEFT - 8.0,
                y + 4.0
            ));
        }
    }

    fn ready(&mut self) {
        let points: Vec<String> = self.run.samples.iter().map(|it| self.point(it.at, it.counts.ready)).collect();
        let last = self.run.samples.last().map_or(0, |sample| sample.counts.ready);
        self.add(&format!(
            "<polyline class=\"rd\" points=\"{}\"><title>ready: {} at the end</title></polyline>\n",
            points.join(" "),
            grouped(last)
        ));
    }

    fn legend(&mut self, rows: &[Vec<(String, f64)>]) {
        for (place, row) in rows.iter().enumerate() {
            let y = TOP + HEIGHT + 34.0 + ROW * place as f64;
            for (name, x) in row {
                let sample = if name == READY {
                    format!("<path class=\"rd\" d=\"M{x} {:.1}h16\"/>", y + 6.0)
                } else {
                    let colour = band(name).1;
                    format!("<rect x=\"{x}\" y=\"{y}\" width=\"16\" height=\"12\" style=\"fill:var(--{colour})\"/>")
                };
                self.add(&format!(
                    "{sample}\n<text x=\"{}\" y=\"{:.1}\">{}</text>\n",
                    x + 21.0,
                    y + 10.5,
                    escaped(name)
                ));
            }
        }
    }

    /// Returns the description for screen readers.
    fn text(&self) -> String {
        let Some(last) = self.run.samples.last() else { return String::from("No samples.") };
        let time = go_duration(Duration::from_millis(last.at));
        let mut text = format!("Pods by STATUS after {time}: ");
        for word in self.words().iter().filter(|word| last.counts.of_status(word) > 0) {
            let _ = write!(text, "{word} {}, ", grouped(last.counts.of_status(word)));
        }
        let _ = write!(text, "of {} Pods; {} are ready.", grouped(last.counts.pods), grouped(last.counts.ready));
        text
    }

    fn point(&self, millis: u64, pods: u64) -> String {
        format!("{:.1},{:.1}", self.x(millis as f64 / 1e3), self.y(pods as f64))
    }

    fn x(&self, seconds: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * seconds / self.end
    }

    fn y(&self, pods: f64) -> f64 {
        TOP + HEIGHT * (1.0 - pods / self.most)
    }

    fn add(&mut self, text: &str) {
        self.svg.push_str(text);
    }
}

/// Name of the line of ready Pods.
const READY: &str = "ready";

/// Returns the entries of the legend, each with its left edge, in the order of the bands from the bottom.
#[expect(clippy::cast_precision_loss, reason = "drawn to a pixel")]
fn legend_rows(words: &[String]) -> Vec<Vec<(String, f64)>> {
    let mut rows: Vec<Vec<(String, f64)>> = vec![Vec::new()];
    let mut x = 12.0;
    for name in [READY.to_owned()].into_iter().chain(words.iter().cloned()) {
        let width = 21.0 + name.chars().count() as f64 * LETTER + 14.0;
        if x > 12.0 && x + width > WIDTH - 12.0 {
            rows.push(Vec::new());
            x = 12.0;
        }
        if let Some(row) = rows.last_mut() {
            row.push((name, x.round()));
        }
        x += width;
    }
    rows
}

/// Returns a duration without the units at its end that are zero: `5m` for `5m0s`.
fn without_zeros(duration: &str) -> String {
    let duration = duration.strip_suffix("m0s").map_or(duration.to_owned(), |rest| format!("{rest}m"));
    duration.strip_suffix("h0m").map_or(duration.clone(), |rest| format!("{rest}h"))
}

/// Returns a text of at most so many characters.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// Returns the smallest step of these factors times a power of ten of which at most so many fit.
fn round_step(length: f64, most: f64, factors: &[f64]) -> f64 {
    let power = 10_f64.powf((length / most).max(f64::MIN_POSITIVE).log10().floor());
    let fits = |factor: &f64| length / (factor * power) <= most;
    factors.iter().copied().find(fits).unwrap_or(10.0) * power
}

/// Returns the multiples of a step from 0 to the end.
fn ticks(end: f64, step: f64) -> impl Iterator<Item = f64> {
    (0..=1_000_u32).map(move |n| f64::from(n) * step).take_while(move |tick| *tick <= end * (1.0 + 1e-9))
}

fn escaped(text: &str) -> String {
    let mut safe = String::new();
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            // XML has no other control characters.
            letter if letter.is_control() => safe.push(' '),
            letter => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a test may stop")]
mod tests {
    use pod_lifecycle::sim::PodCounts;

    use super::*;
    use crate::fleet::sample::Sample;

    fn run(pods: &[u64]) -> Run {
        let sample = |(second, pods): (usize, &u64)| {
            let words = [("Running", *pods), ("Init:0/1", 0), ("CrashLoopBackOff", 1), ("Odd<", 0)];
            let statuses = words.map(|(word, pods)| (word.to_owned(), pods)).into();
            let counts = PodCounts { pods: *pods, ready: pods / 2, statuses, ..PodCounts::default() };
            let at = u64::try_from(second).unwrap_or(0).saturating_mul(1_000);
            Sample { at, counts, events: 0, digest: 0, spreads: Default::default() }
        };
        Run { samples: pods.iter().enumerate().map(sample).collect(), ..Run::default() }
    }

    #[test]
    fn axes_have_round_ticks() {
        assert_eq!(round_step(1_000.0, 6.0, &[1.0, 2.0, 5.0, 10.0]), 200.0);
        assert_eq!(round_step(7.0, 6.0, &[1.0, 2.0, 5.0, 10.0]), 2.0);
        assert_eq!(round_step(1.0, 6.0, &[1.0, 2.0, 5.0, 10.0]), 0.2);
        let chart = svg("", &run(&[0, 730, 987]));
        assert_eq!(["5m0s", "1h0m0s", "1h30m0s", "10s", "0s"].map(without_zeros), ["5m", "1h", "1h30m", "10s", "0s"]);
        for tick in [">0<", ">200<", ">1 000<", ">1s<", ">2s<"] {
            assert!(chart.contains(tick), "{tick}");
        }
    }

    #[test]
    fn bands_have_a_fixed_order_and_ready_is_a_line() {
        let chart = svg("A fleet & more", &run(&[10, 20]));
        let place = |text: &str| chart.find(text);
        let titles = ["<title>Running", "<title>Init:0/1", "<title>CrashLoopBackOff", "<title>Odd&lt;", "<title>ready"];
        let places: Vec<_> = titles.into_iter().map(place).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}");
        assert!(chart.contains("<polyline class=\"rd\"") && chart.contains("prefers-color-scheme:dark"));
        assert!(chart.contains("A fleet &amp; more") && chart.ends_with("</svg>\n"));
    }

    #[test]
    fn a_run_without_samples_is_still_a_chart() {
        assert!(svg("", &Run::default()).contains("No samples."));
    }
}
