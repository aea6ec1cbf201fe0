//! Dataflow: each worker simulates its shard, and the first adds up their counts.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use pod_lifecycle::{
    Timestamp,
    sim::{Fleet, FleetScenario, Shard},
};
use timely::{
    container::CapacityContainerBuilder,
    dataflow::{
        InputHandle, ProbeHandle,
        channels::pact::Exchange,
        operators::{Input, Operator, Probe},
    },
};

use super::{
    Arguments,
    sample::{Run, Sample},
};

/// Samples that are taken in one pass over the Pods.
const TOGETHER: usize = 8;

/// Samples by which a worker runs ahead of the slowest, at most.
const AHEAD: u64 = 2 * TOGETHER as u64;

/// Runs the fleet; the first process has the sums of all.
pub(super) fn run(scenario: &FleetScenario, arguments: &Arguments) -> Result<Run, String> {
    let config = timely::Config::from_args(arguments.of_timely().into_iter())?;
    let run = Arc::new(Mutex::new(Run::default()));
    let plan = Arc::new(Steps {
        scenario: scenario.clone(),
        pods: arguments.pods,
        step: arguments.step(),
        length: arguments.length,
        bar: bar(arguments),
        run: run.clone(),
    });
    let workers = timely::execute(config, move |worker| plan.play(worker))?;
    for result in workers.join() {
        result?;
    }
    let mut run = std::mem::take(&mut *run.lock().unwrap_or_else(PoisonError::into_inner));
    match run.failure.take() {
        Some(error) => Err(error.to_string()),
        None => Ok(run),
    }
}

/// Work of every worker.
struct Steps {
    scenario: FleetScenario,
    pods: u64,
    step: Duration,
    length: Duration,
    bar: ProgressBar,
    run: Arc<Mutex<Run>>,
}

impl Steps {
    fn play(&self, worker: &mut timely::worker::Worker) {
        let shard = Shard { index: to_u64(worker.index()), of: to_u64(worker.peers()) };
        let mut input = InputHandle::new();
        let probe = ProbeHandle::new();
        let (run, bar, begin) = (self.run.clone(), self.bar.clone(), now());
        worker.dataflow::<u64, _, _>(|scope| {
            scope
                .input_from(&mut input)
                .unary_frontier::<CapacityContainerBuilder<Vec<()>>, _, _, _>(
                    Exchange::new(|_: &Sample| 0),
                    "Sum",
                    |_, _| {
                        let mut sums: BTreeMap<u64, Sample> = BTreeMap::new();
                        move |(input, frontier), _output: &mut _| {
                            input.for_each_stamp(|_, data| {
                                for sample in data.flat_map(std::mem::take) {
                                    add(&mut sums, sample);
                                }
                            });
                            while let Some(first) = sums.first_entry().filter(|first| !frontier.less_equal(first.key()))
                            {
                                let sample = first.remove();
                                show(&bar, &sample, begin);
                                let mut run = run.lock().unwrap_or_else(PoisonError::into_inner);
                                run.wall_seconds = begin.elapsed().as_secs_f64();
                                run.samples.push(sample);
                            }
                        }
                    },
                )
                .probe_with(&probe);
        });
        let mut send = |time: u64, sample: Sample| {
            input.send(sample);
            input.advance_to(time.saturating_add(1));
            while probe.less_than(&time.saturating_sub(AHEAD)) {
                worker.step_or_park(Some(Duration::from_millis(1)));
            }
        };
        if let Err(error) = self.live(shard, &mut send) {
            self.run.lock().unwrap_or_else(PoisonError::into_inner).failure = Some(error);
        }
    }

    /// Simulates one shard, and sends its counts after each step.
    fn live(&self, shard: Shard, send: &mut dyn FnMut(u64, Sample)) -> Result<(), pod_lifecycle::sim::FleetError> {
        let mut fleet = Fleet::shard(&self.scenario, self.pods, shard)?;
        let end = fleet.start() + self.length;
        let (mut time, mut counted) = (0, vec![fleet.sample()]);
        loop {
            for census in counted {
                let spreads = if census.at >= end { fleet.histograms().clone() } else { Default::default() };
                send(time, Sample { spreads, ..Sample::of(census, &fleet) });
                time = time.saturating_add(1);
            }
            let moments = self.moments(fleet.now(), end);
            if moments.is_empty() {
                break;
            }
            counted = fleet.advance_through(&moments)?;
        }
        // Dropping so many Pods takes time and serves no purpose at the end.
        std::mem::forget(fleet);
        Ok(())
    }

    /// Returns the next times of counting.
    fn moments(&self, now: Timestamp, end: Timestamp) -> Vec<Timestamp> {
        let later = std::iter::successors(Some(now), |at| Some((*at + self.step).min(end)).filter(|next| next > at));
        later.skip(1).take(TOGETHER).collect()
    }
}

fn add(sums: &mut BTreeMap<u64, Sample>, sample: Sample) {
    match sums.entry(sample.at) {
        std::collections::btree_map::Entry::Vacant(entry) => _ = entry.insert(sample),
        std::collections::btree_map::Entry::Occupied(mut entry) => entry.get_mut().merge(&sample),
    }
}

fn bar(arguments: &Arguments) -> ProgressBar {
    if arguments.process != 0 {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(u64::try_from(arguments.length.as_millis()).unwrap_or(u64::MAX));
    let style = ProgressStyle::with_template("{bar:40} {percent:>3} %  {msg}  {eta} left");
    style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style))
}

#[expect(clippy::cast_precision_loss, reason = "shown to three digits")]
fn show(bar: &ProgressBar, sample: &Sample, begin: Instant) {
    let millions = sample.events as f64 / begin.elapsed().as_secs_f64().max(1e-9) / 1e6;
    let virtual_time = pod_lifecycle::go_duration(Duration::from_millis(sample.at));
    bar.set_message(format!("{virtual_time} of virtual time, {millions:.2} million events a second"));
    bar.set_position(sample.at);
    if bar.length() == Some(sample.at) {
        bar.finish_and_clear();
    }
}

fn to_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[expect(clippy::disallowed_methods, reason = "speed is measured by the clock")]
fn now() -> Instant {
    Instant::now()
}
