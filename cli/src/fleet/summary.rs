//! Summary of a run as text, and as CSV.

use std::{collections::BTreeSet, fmt::Write as _, time::Duration};

use pod_lifecycle::{go_duration, sim::Histogram};

use super::{
    Arguments,
    sample::{Run, Sample},
};

/// Returns a page about the whole run.
pub(super) fn text(arguments: &Arguments, description: &str, run: &Run) -> String {
    let mut page = String::new();
    let Some(last) = run.samples.last() else { return page };
    let _ = write_page(&mut page, arguments, description, run, last);
    page
}

#[expect(clippy::cast_precision_loss, reason = "shown to three digits")]
fn write_page(
    page: &mut String,
    arguments: &Arguments,
    description: &str,
    run: &Run,
    last: &Sample,
) -> std::fmt::Result {
    if !description.is_empty() {
        writeln!(page, "{}\n", description.trim())?;
    }
    let (events, seconds) = (last.events as f64, run.wall_seconds);
    writeln!(page, "{} of virtual time in {seconds:.2} s", go_duration(arguments.length))?;
    writeln!(page, "{} events, {:.2} million a second", grouped(last.events), events / seconds / 1e6)?;
    writeln!(page, "digest {:016x}\n", last.digest)?;
    writeln!(page, "{:<24} {:>12} {:>12} {:>12}", "STATUS", "at the end", "at most", "at")?;
    for word in words(run) {
        let most =
            run.samples.iter().max_by_key(|sample| (sample.counts.of_status(&word), std::cmp::Reverse(sample.at)));
        let Some(most) = most else { continue };
        let (end, peak) = (last.counts.of_status(&word), most.counts.of_status(&word));
        let at = go_duration(Duration::from_millis(most.at));
        writeln!(page, "{word:<24} {:>12} {:>12} {at:>12}", grouped(end), grouped(peak))?;
    }
    writeln!(page, "{:<24} {:>12}", "Pods", grouped(last.counts.pods))?;
    writeln!(page, "{:<24} {:>12}\n", "ready", grouped(last.counts.ready))?;
    let spreads = &last.spreads;
    writeln!(page, "{:<24} {:>12} {:>12} {:>12} {:>12}", "", "median", "90 %", "99 %", "most")?;
    for (name, sketch) in [("time to ready", &spreads.millis_to_ready), ("time to stop", &spreads.millis_to_stop)] {
        writeln!(page, "{name:<24} {}", row(sketch, |millis| go_duration(Duration::from_millis(millis)).to_string()))?;
    }
    write!(page, "{:<24} {}", "restarts", row(&spreads.restarts, |count| count.to_string()))
}

fn row(sketch: &Histogram, show: impl Fn(u64) -> String) -> String {
    let columns = [50.0, 90.0, 99.0, 100.0].map(|percent| sketch.percentile(percent).map_or("-".into(), &show));
    columns.iter().map(|column| format!("{column:>12}")).collect::<Vec<_>>().join(" ")
}

/// Returns the words of the column STATUS, the most common first.
pub(super) fn words(run: &Run) -> Vec<String> {
    let all: BTreeSet<&String> = run.samples.iter().flat_map(|sample| sample.counts.statuses.keys()).collect();
    let sum = |word: &str| run.samples.iter().map(|sample| sample.counts.of_status(word)).sum::<u64>();
    let mut all: Vec<(u64, &String)> = all.into_iter().map(|word| (sum(word), word)).collect();
    all.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    all.into_iter().map(|(_, word)| word.clone()).collect()
}

/// Returns a line for each time.
pub(super) fn csv(run: &Run) -> String {
    let words = words(run);
    let mut table = String::from("seconds,pods,ready,events");
    words.iter().for_each(|word| _ = write!(table, ",{word}"));
    table.push('\n');
    for sample in &run.samples {
        let Sample { counts, events, .. } = sample;
        let seconds = Duration::from_millis(sample.at).as_secs_f64();
        let _ = write!(table, "{seconds},{},{},{events}", counts.pods, counts.ready);
        words.iter().for_each(|word| _ = write!(table, ",{}", counts.of_status(word)));
        table.push('\n');
    }
    table
}

/// Returns a number in groups of three digits.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    groups.map(|group| String::from_utf8_lossy(group)).collect::<Vec<_>>().join(" ")
}
