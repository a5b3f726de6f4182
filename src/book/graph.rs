//! A pipeline as a picture, drawn when the book is built.
//!
//! Layers by the longest way from a beginning; inside of a layer in the order of the page. A
//! pipeline of many layers is broken into rows, as a text is, since a page is narrow and the
//! most common pipeline is a chain.

use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::escape::escaped;
use super::shape::Shown;

/// A step in the picture.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// Its name.
    pub(super) name: String,
    /// A few words below it: how long it took, or why it was not run.
    pub(super) note: String,
    /// What is known about it.
    pub(super) state: Shown,
    /// Where it stands on the page; none where it is not shown.
    pub(super) href: Option<String>,
    /// It cleans up, after everything.
    pub(super) cleanup: bool,
}

const WIDTH: usize = 150;
const HEIGHT: usize = 48;
const GAP_X: usize = 34;
const GAP_Y: usize = 14;
const GAP_ROW: usize = 30;
const MARGIN: usize = 16;

/// Layers in a row.
const ROW: usize = 4;

/// Columns of a name that fit into a node, in the widest of the fonts that a reader may have.
const NAME_FITS: usize = 13;

/// Columns of a note that fit into a node.
const NOTE_FITS: usize = 17;

/// Returns the picture of steps, and of edges from what comes first to what waits for it; `label` says it in words,
/// and `id` tells pictures of one page apart: a picture that is not shown has no arrows to lend.
///
/// Edges go forward: a step waits only for steps before it in the list.
pub(super) fn graph_svg(nodes: &[Node], edges: &[(usize, usize)], label: &str, id: usize) -> String {
    let cleanup: Vec<bool> = nodes.iter().map(|node| node.cleanup).collect();
    let places = places(&cleanup, edges);
    let width = places.iter().map(|place| place.x + WIDTH).max().unwrap_or_default() + MARGIN;
    let height = places.iter().map(|place| place.y + HEIGHT).max().unwrap_or_default() + MARGIN;
    let mut svg = format!(
        "<svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" style=\"--width:{width}px\" role=\"group\" aria-label=\"{}\">\
         <defs><marker id=\"arrow-{id}\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">\
         <path class=\"edge\" d=\"M1 1l6 3-6 3\"/></marker></defs>",
        escaped(label)
    );
    for &(from, to) in edges {
        let path = edge(places[from], places[to]);
        let _ = write!(svg, "<path class=\"edge\" marker-end=\"url(#arrow-{id})\" d=\"{path}\"/>");
    }
    for (node, place) in nodes.iter().zip(&places) {
        push_node(&mut svg, node, *place);
    }
    svg.push_str("</svg>");
    svg
}

/// Where a node stands: its row with the top of that, and its corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct NodePlace {
    row: usize,
    top: usize,
    x: usize,
    y: usize,
}

/// Returns where nodes stand; `cleanup` has one value for each.
fn places(cleanup: &[bool], edges: &[(usize, usize)]) -> Vec<NodePlace> {
    let layers = layers(cleanup, edges);
    let mut filled: Vec<usize> = Vec::new();
    let slots: Vec<usize> = layers
        .iter()
        .map(|&layer| {
            filled.resize(filled.len().max(layer + 1), 0);
            filled[layer] += 1;
            filled[layer] - 1
        })
        .collect();
    let tops = row_tops(&filled);
    let place = |(&layer, &slot): (&usize, &usize)| {
        let (row, column) = (layer / ROW, layer % ROW);
        NodePlace {
            row,
            top: tops[row],
            x: MARGIN + column * (WIDTH + GAP_X),
            y: tops[row] + slot * (HEIGHT + GAP_Y),
        }
    };
    layers.iter().zip(&slots).map(place).collect()
}

/// Returns the layer of each node: one more than the last of what it waits for, and what cleans up after all others.
fn layers(cleanup: &[bool], edges: &[(usize, usize)]) -> Vec<usize> {
    let mut layers = vec![0; cleanup.len()];
    let mut ordered = edges.to_vec();
    ordered.sort_by_key(|&(_, to)| to);
    for (from, to) in ordered {
        layers[to] = layers[to].max(layers[from] + 1);
    }
    let others = layers.iter().zip(cleanup).filter(|(_, cleanup)| !**cleanup).map(|(layer, _)| *layer);
    let after = others.max().map_or(0, |last| last + 1);
    for (layer, _) in layers.iter_mut().zip(cleanup).filter(|(_, cleanup)| **cleanup) {
        *layer = after;
    }
    layers
}

fn row_tops(filled: &[usize]) -> Vec<usize> {
    let mut top = MARGIN;
    let mut tops = Vec::new();
    for row in filled.chunks(ROW) {
        tops.push(top);
        let most = row.iter().copied().max().unwrap_or_default();
        top += most * (HEIGHT + GAP_Y) - GAP_Y + GAP_ROW;
    }
    tops
}

/// Returns the way from one node to another: a curve inside of a row, around the corner to the next.
fn edge(from: NodePlace, to: NodePlace) -> String {
    let (right, middle) = (from.x + WIDTH, from.y + HEIGHT / 2);
    let (left, aim) = (to.x, to.y + HEIGHT / 2);
    if from.row == to.row {
        let bend = right + (left - right) / 2;
        return format!("M{right} {middle}C{bend} {middle} {bend} {aim} {left} {aim}");
    }
    // Between the rows, then beside the column: never through another node.
    let lane = to.top - GAP_ROW / 2;
    let (out, beside) = (right + GAP_X / 3, left - GAP_X / 3);
    format!("M{right} {middle}H{out}V{lane}H{beside}V{aim}H{left}")
}

fn push_node(svg: &mut String, node: &Node, place: NodePlace) {
    let NodePlace { x, y, .. } = place;
    let (name, note) = (shortened(&node.name, NAME_FITS), shortened(&node.note, NOTE_FITS));
    // What is heard begins with what is seen.
    let whole = format!("{name} {note}, {}", node.state.word());
    let (open, end) = match &node.href {
        Some(href) => (format!("a href=\"{}\"", escaped(href)), "a"),
        None => ("g role=\"img\"".to_owned(), "g"),
    };
    let _ = write!(
        svg,
        "<{open} class=\"{class}\" aria-label=\"{label}\"><rect x=\"{x}\" y=\"{y}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"8\"/>\
         <svg class=\"shape\" x=\"{icon}\" y=\"{icon_y}\" width=\"14\" height=\"14\" viewBox=\"0 0 16 16\" aria-hidden=\"true\">{drawing}</svg>\
         <text><tspan x=\"{text}\" y=\"{name_y}\">{name}</tspan> <tspan class=\"note\" x=\"{text}\" y=\"{note_y}\">{note}</tspan></text></{end}>",
        class = node.state.class(),
        label = escaped(&whole),
        icon = x + 9,
        icon_y = y + HEIGHT / 2 - 7,
        drawing = node.state.drawing(),
        text = x + 30,
        name_y = y + 21,
        note_y = y + 37,
        name = escaped(&name),
        note = escaped(&note),
    );
}

/// Returns as much of a text as fits into some columns: a letter of Chinese takes two.
fn shortened(text: &str, fits: usize) -> String {
    if text.width() <= fits {
        return text.to_owned();
    }
    let mut room = fits - 1;
    let fitting = text.chars().take_while(|letter| {
        let rest = room.checked_sub(letter.width().unwrap_or_default());
        room = rest.unwrap_or_default();
        rest.is_some()
    });
    fitting.chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corners(count: usize, edges: &[(usize, usize)]) -> Vec<(usize, usize)> {
        places(&vec![false; count], edges).iter().map(|place| (place.x, place.y)).collect()
    }

    #[test]
    fn steps_stand_right_of_what_they_wait_for() {
        let (first, second, third) = (MARGIN, MARGIN + WIDTH + GAP_X, MARGIN + 2 * (WIDTH + GAP_X));
        let below = MARGIN + HEIGHT + GAP_Y;
        assert_eq!(
            corners(4, &[(0, 1), (0, 2), (1, 3), (2, 3)]),
            [(first, MARGIN), (second, MARGIN), (second, below), (third, MARGIN)]
        );
    }

    #[test]
    fn what_cleans_up_stands_after_all_others() {
        let (first, second) = (MARGIN, MARGIN + WIDTH + GAP_X);
        let places = places(&[false, true, false], &[]);
        let corners: Vec<usize> = places.iter().map(|place| place.x).collect();
        assert_eq!(corners, [first, second, first]);
    }

    #[test]
    fn long_chains_are_broken_into_rows() {
        let chain: Vec<(usize, usize)> = (1..10).map(|step| (step - 1, step)).collect();
        let places = places(&[false; 10], &chain);
        assert_eq!(places.iter().map(|place| place.row).collect::<Vec<_>>(), [0, 0, 0, 0, 1, 1, 1, 1, 2, 2]);
        assert_eq!(places[4].x, MARGIN);
    }

    #[test]
    fn names_are_cut_where_the_node_ends() {
        let names = ["everything-p", "everything-passes", "日本語の手順の名前", "a日本語の手順の"];
        let shown = names.map(|name| shortened(name, 13));
        assert_eq!(shown, ["everything-p", "everything-p…", "日本語の手順…", "a日本語の手…"]);
    }

    #[test]
    fn names_are_text() {
        let node = Node {
            name: "<script>".into(),
            note: "\"".into(),
            state: Shown::Verified,
            href: Some("#a\"b".into()),
            cleanup: false,
        };
        let not_shown = Node { href: None, ..node.clone() };
        let svg = graph_svg(&[node, not_shown], &[], "<b>", 0);
        assert_eq!((svg.matches("<a ").count(), svg.matches("<g ").count()), (1, 1), "{svg}");
        assert!(!svg.contains("<script") && !svg.contains("<b>") && !svg.contains("a\"b"), "{svg}");
    }
}
