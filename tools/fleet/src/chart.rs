//! Pods by STATUS over time.

use std::time::Duration;

use plotters::prelude::{
    AreaSeries, BLACK, ChartBuilder, Color as _, IntoDrawingArea as _, IntoFont as _, RGBColor, Rectangle, SVGBackend,
    SeriesLabelPosition, WHITE,
};
use pod_lifecycle::go_duration;

use crate::{
    sample::Run,
    summary::{grouped, words},
};

/// Distinct colours, those of trouble in red and orange.
fn colour(word: &str, place: usize) -> RGBColor {
    const OTHERS: [RGBColor; 6] = [
        RGBColor(140, 86, 75),
        RGBColor(148, 103, 189),
        RGBColor(23, 162, 184),
        RGBColor(227, 119, 194),
        RGBColor(188, 189, 34),
        RGBColor(90, 90, 160),
    ];
    match word {
        "Running" => RGBColor(67, 160, 71),
        "ContainerCreating" | "Pending" => RGBColor(100, 160, 220),
        "Completed" => RGBColor(160, 200, 160),
        "CrashLoopBackOff" => RGBColor(198, 40, 40),
        "Error" => RGBColor(239, 108, 0),
        "ImagePullBackOff" => RGBColor(171, 71, 188),
        "ErrImagePull" => RGBColor(255, 179, 0),
        "Terminating" => RGBColor(120, 120, 120),
        "Unknown" => RGBColor(40, 40, 40),
        _ => OTHERS.get(place.checked_rem(OTHERS.len()).unwrap_or(0)).copied().unwrap_or(BLACK),
    }
}

/// Draws the chart into a file.
pub(crate) fn draw(file: &str, title: &str, run: &Run) -> Result<(), String> {
    paint(file, title, run).map_err(|error| format!("{file}: {error}"))
}

#[expect(clippy::cast_precision_loss, reason = "drawn to a pixel")]
fn paint(file: &str, title: &str, run: &Run) -> Result<(), Box<dyn std::error::Error>> {
    let canvas = SVGBackend::new(file, (1_200, 640)).into_drawing_area();
    canvas.fill(&WHITE)?;
    let end = run.samples.last().map_or(1.0, |sample| sample.at as f64 / 1e3);
    let most = run.samples.iter().map(|sample| sample.counts.pods).max().unwrap_or(1).max(1) as f64;
    let title = title.trim().lines().next().unwrap_or("Pods by STATUS");
    let mut chart = ChartBuilder::on(&canvas)
        .caption(title, ("sans-serif", 22).into_font())
        .margin(16)
        .margin_right(48)
        .x_label_area_size(44)
        .y_label_area_size(90)
        .build_cartesian_2d(0.0..end, 0.0..most * 1.05)?;
    chart
        .configure_mesh()
        .x_desc("virtual time")
        .y_desc("Pods")
        .x_label_formatter(&|seconds| go_duration(Duration::from_secs_f64(seconds.max(0.0).round())).to_string())
        .y_label_formatter(&|pods| grouped(pods.round().max(0.0) as u64))
        .label_style(("sans-serif", 15))
        .draw()?;
    let words = words(run);
    // Each area is drawn from the bottom: the largest sums first, so that the next lie over them.
    for (place, word) in words.iter().enumerate().rev() {
        let line = run.samples.iter().map(|sample| {
            let below: u64 = words.iter().take(place.saturating_add(1)).map(|word| sample.counts.of_status(word)).sum();
            (sample.at as f64 / 1e3, below as f64)
        });
        let colour = colour(word, place);
        chart.draw_series(AreaSeries::new(line, 0.0, colour.filled()))?.label(word).legend(move |(x, y)| {
            let corners = [(x, y.saturating_sub(6)), (x.saturating_add(14), y.saturating_add(6))];
            Rectangle::new(corners, colour.filled())
        });
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK.mix(0.4))
        .label_font(("sans-serif", 15))
        .draw()?;
    canvas.present()?;
    Ok(())
}
