//! The picture: what was done, latencies over time, throughput over time, and how latencies
//! are distributed.

mod distribution;
mod over_time;
mod scale;

use std::path::Path;

use plotters::chart::MeshStyle;
use plotters::coord::Shift;
use plotters::coord::ranged1d::Ranged;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::Result;
use crate::record::{Run, at};

/// A part of the picture.
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

const SIZE: (u32, u32) = (1200, 1090);
const HEADER: u32 = 132;
const LATENCIES: u32 = 360;
const THROUGHPUT: u32 = 260;

const PAPER: RGBColor = RGBColor(255, 255, 255);
const INK: RGBColor = RGBColor(31, 41, 55);
const FAINT: RGBColor = RGBColor(107, 114, 128);
const GRID: RGBColor = RGBColor(229, 231, 235);
const READS: RGBColor = RGBColor(37, 99, 235);
const WRITES: RGBColor = RGBColor(217, 119, 6);
/// The same, for areas.
const READS_AREA: RGBColor = RGBColor(147, 180, 247);
const WRITES_AREA: RGBColor = RGBColor(246, 196, 128);
const ALARM: RGBColor = RGBColor(220, 38, 38);
/// Of p50, p90, p99 and the longest: darker the further out.
const PERCENTILES: [RGBColor; 4] =
    [RGBColor(13, 148, 136), RGBColor(37, 99, 235), RGBColor(126, 34, 206), RGBColor(190, 18, 60)];
/// The backend divides sizes of fonts by this.
const PER_PIXEL: f64 = 1.24;
const FONT: &str = "Helvetica, Arial, sans-serif";

/// Draws it into a file.
pub fn save(run: &Run, path: &Path) -> Result<()> {
    let mut svg = String::new();
    draw(run, SVGBackend::with_string(&mut svg, SIZE).into_drawing_area())?;
    std::fs::write(path, svg).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(())
}

/// Whether it can be written there. What is there already stays.
pub fn check(path: &Path) -> Result<()> {
    let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
    file.map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(())
}

fn draw(run: &Run, root: Area<'_>) -> Result<()> {
    root.fill(&PAPER)?;
    let (header, rest) = root.split_vertically(HEADER);
    let (latencies, rest) = rest.split_vertically(LATENCIES);
    let (throughput, bottom) = rest.split_vertically(THROUGHPUT);
    let (histogram, percentiles) = bottom.split_horizontally(SIZE.0 / 2);
    summary(run, &header)?;
    over_time::latencies(run, &latencies)?;
    over_time::throughput(run, &throughput)?;
    distribution::histogram(run, &histogram)?;
    distribution::percentiles(run, &percentiles)?;
    root.present()?;
    Ok(())
}

/// What it was, and what came out, in words.
fn summary(run: &Run, area: &Area<'_>) -> Result<()> {
    let title = text(24, INK).font(FontStyle::Bold);
    area.draw_text("Load test", &title.at(HPos::Left), (24, 18))?;
    area.draw_text(&run.options.to_string(), &text(15, FAINT).at(HPos::Left), (24, 48))?;
    let all = run.latencies();
    let errors = run.reads.errors + run.writes.errors;
    let rate = run.succeeded() as f64 / run.took.as_secs_f64();
    let facts = [
        ("operations", thousands(run.succeeded() as f64), INK),
        ("per second", thousands(rate), INK),
        ("half within", milliseconds(at(&all, 0.5)), PERCENTILES[0]),
        ("99 % within", milliseconds(at(&all, 0.99)), PERCENTILES[2]),
        ("longest", milliseconds(at(&all, 1.0)), PERCENTILES[3]),
        ("failed", thousands(errors as f64), if errors > 0 { ALARM } else { INK }),
        ("not begun in time", thousands(run.left as f64), if run.left > 0 { ALARM } else { INK }),
    ];
    let width = (SIZE.0 as i32 - 48) / facts.len() as i32;
    for (column, (name, value, color)) in (0..).zip(&facts) {
        let x = 24 + column * width;
        area.draw_text(value, &text(22, *color).font(FontStyle::Bold).at(HPos::Left), (x, 80))?;
        area.draw_text(name, &text(13, FAINT).at(HPos::Left), (x, 106))?;
    }
    Ok(())
}

/// A style of text, before it is known where it goes. Sizes are pixels.
#[derive(Clone, Copy)]
struct Text {
    size: i32,
    color: RGBColor,
    style: FontStyle,
}

fn text(size: i32, color: RGBColor) -> Text {
    Text { size, color, style: FontStyle::Normal }
}

impl Text {
    fn font(self, style: FontStyle) -> Self {
        Self { style, ..self }
    }

    fn at(self, side: HPos) -> TextStyle<'static> {
        let size = f64::from(self.size) * PER_PIXEL;
        TextStyle {
            font: FontDesc::new(FontFamily::Name(FONT), size, self.style),
            color: self.color.to_backend_color(),
            pos: Pos::new(side, VPos::Top),
        }
    }
}

/// The title of a part, in its upper left corner.
fn heading(area: &Area<'_>, what: &str) -> Result<()> {
    area.draw_text(what, &text(16, INK).font(FontStyle::Bold).at(HPos::Left), (24, 6))?;
    Ok(())
}

/// What the axes of all parts have in common.
fn axes<'m, 'a, 'b, X: Ranged, Y: Ranged, B: DrawingBackend>(
    mesh: &'m mut MeshStyle<'a, 'b, X, Y, B>,
) -> &'m mut MeshStyle<'a, 'b, X, Y, B> {
    mesh.bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .axis_style(FAINT)
        .label_style(text(13, FAINT).at(HPos::Left))
        .axis_desc_style(text(13, INK).at(HPos::Left))
}

/// A time with as many digits as say something.
fn milliseconds(time: f64) -> String {
    match time {
        10_000.0.. => format!("{:.0} s", time / 1000.0),
        1000.0.. => format!("{:.1} s", time / 1000.0),
        100.0.. => format!("{time:.0} ms"),
        10.0.. => format!("{time:.1} ms"),
        1.0.. => format!("{time:.2} ms"),
        _ => format!("{:.0} \u{b5}s", time * 1000.0),
    }
}

/// A round time, for an axis.
fn round_milliseconds(time: f64) -> String {
    match time {
        1000.0.. => format!("{} s", time / 1000.0),
        1.0.. => format!("{time:.0} ms"),
        // Powers of ten have no exact double.
        _ => format!("{:.0} \u{b5}s", time * 1000.0),
    }
}

/// A number with a space between each three digits.
fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut spaced = String::new();
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            spaced.push('\u{202f}');
        }
        spaced.push(digit);
    }
    spaced
}
