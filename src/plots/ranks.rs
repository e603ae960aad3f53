//! Average ranks with their critical difference: whose lines overlap cannot be told apart.
//!
//! Demšar (2006) joins sides that do not differ by bars under an axis. Here every side has a line of one critical difference around its average rank, half on each
//! side, which says the same: two differ (Nemenyi) exactly if their lines do not touch.

use super::Heading;
use super::canvas::{Canvas, MARGIN, NAME, Spot};
use super::leaderboard_bars::shown;
use super::metric_at_k::weight;
use super::panel::{Panel, draw_note};
use super::theme::{self, Color, PAPER, Role};

/// What the figure shows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RanksData {
    /// Title and caption.
    pub heading: Heading,
    /// Name, color, role and average rank of each side; 1 is best.
    pub sides: Vec<(String, Color, Role, f64)>,
    /// Average ranks further apart than this differ.
    pub critical_difference: f64,
}

const WIDTH: f64 = 560.0;
const ROW: f64 = 24.0;
const NAMES: f64 = 170.0;

/// Lays the figure out, the best rank first.
pub fn draw(data: &RanksData) -> Canvas {
    let (mut canvas, top) = Canvas::with_heading(WIDTH, &data.heading);
    let mut sides: Vec<_> = data.sides.iter().filter(|side| side.3.is_finite()).collect();
    sides.sort_by(|a, b| a.3.total_cmp(&b.3).then_with(|| a.0.cmp(&b.0)));
    let half = if data.critical_difference.is_finite() { data.critical_difference.max(0.0) / 2.0 } else { 0.0 };
    let name = |side: &(String, Color, Role, f64)| theme::fit_name(&side.0, NAME.size, weight(side.2), NAMES);
    let widest = sides.iter().map(|side| theme::text_width(&name(side), NAME.size, weight(side.2))).fold(0.0, f64::max);
    let x = theme::axis_of(sides.iter().flat_map(|side| [side.3 - half, side.3 + half]), 5);
    let rows = ROW * sides.len().max(2) as f64;
    let panel = Panel {
        left: MARGIN + widest + 14.0,
        top: top + 10.0,
        right: WIDTH - MARGIN - 18.0,
        bottom: top + 10.0 + rows,
        x,
        y: theme::axis(0.0, 1.0, 1),
    };
    panel.draw_x_grid(&mut canvas, "average rank over users, 1 is best");
    for (at, side) in sides.iter().enumerate() {
        let (_, color, role, rank) = **side;
        let y = panel.top + ROW * (at as f64 + 0.5);
        canvas.text((MARGIN, y), &name(side), NAME.weighing(weight(role)));
        canvas.line([(panel.at_x(rank - half), y), (panel.at_x(rank + half), y)], color, 3.0);
        canvas.dot((panel.at_x(rank), y), 6.0, PAPER);
        canvas.dot((panel.at_x(rank), y), 5.0, color);
        let place = Spot::Rectangle { from: (MARGIN, y - ROW / 2.0), to: (WIDTH - MARGIN, y + ROW / 2.0) };
        canvas.note(place, &format!("{}: average rank {}", side.0, shown(rank)));
    }
    if sides.is_empty() {
        draw_note(&mut canvas, &panel, "no ranks");
    }
    canvas.set_height(panel.bottom + 46.0);
    canvas
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::plots::arm_colors;

    fn figure(ranks: &[(&str, f64)], critical_difference: f64) -> Canvas {
        let roles: Vec<Role> = ranks.iter().map(|_| Role::Contender).collect();
        let sides = ranks.iter().zip(arm_colors(&roles)).zip(&roles);
        draw(&RanksData {
            heading: Heading {
                title: "Average ranks by NDCG@10".into(),
                caption: "594 users. Sides whose lines do not touch differ (Nemenyi).".into(),
            },
            sides: sides.map(|((&(name, rank), color), &role)| (name.to_owned(), color, role, rank)).collect(),
            critical_difference,
        })
    }

    /// Ordinary and hostile figures by name.
    pub(in crate::plots) fn samples() -> Vec<(&'static str, Canvas)> {
        let long = "a side with a name that is so long that it has to be cut in its middle";
        vec![
            ("ranks", figure(&[("gbstack", 2.1), ("logistic", 2.15), ("recipe", 3.4), ("popularity", 2.9)], 0.19)),
            ("ranks-wild", figure(&[(long, f64::NAN), (long, 1e300), ("x", 1.0)], f64::INFINITY)),
            ("ranks-none", figure(&[], 0.0)),
        ]
    }
}
