use super::piece::{Piece, write_document};
use crate::document::Version;

/// Distributes statements over documents of at most `quota` characters each.
///
/// Statements that are too long are cut by their lists first. `None` when one cannot be cut
/// short enough: a single pattern, or a list that is negated and must stay whole.
pub(super) fn split(
    version: Option<Version>,
    pieces: Vec<Piece>,
    quota: usize,
) -> Option<Vec<String>> {
    let frame = write_document(version, &[]).chars().count();
    let room = quota.checked_sub(frame)?;
    let mut cut = Vec::new();
    for piece in pieces {
        cut_to(piece, room, &mut cut)?;
    }
    // The longest first, each into the first document that has room.
    let mut sized: Vec<(usize, Piece)> = cut
        .into_iter()
        .map(|piece| (piece.write().chars().count(), piece))
        .collect();
    sized.sort_by_key(|(size, _)| std::cmp::Reverse(*size));
    let mut documents: Vec<(usize, Vec<Piece>)> = Vec::new();
    for (size, piece) in sized {
        let fitting = documents
            .iter_mut()
            .find(|(used, _)| used + 1 + size <= room);
        match fitting {
            Some((used, list)) => {
                *used += 1 + size;
                list.push(piece);
            }
            None => documents.push((size, vec![piece])),
        }
    }
    Some(
        documents
            .iter()
            .map(|(_, list)| write_document(version, list))
            .collect(),
    )
}

/// Halves the longer list until the statement fits.
fn cut_to(piece: Piece, room: usize, out: &mut Vec<Piece>) -> Option<()> {
    if piece.write().chars().count() <= room {
        out.push(piece);
        return Some(());
    }
    let length = |list: &[String]| list.iter().map(|text| text.len() + 3).sum::<usize>();
    let actions = if piece.not_actions || piece.actions.len() < 2 {
        0
    } else {
        length(&piece.actions)
    };
    let resources = match &piece.resources {
        Some(list) if !piece.not_resources && list.len() > 1 => length(list),
        _ => 0,
    };
    let (mut one, mut other) = (piece.clone(), piece);
    if actions == 0 && resources == 0 {
        return None;
    } else if actions >= resources {
        one.actions = other.actions.split_off(other.actions.len() / 2);
    } else {
        let half = other
            .resources
            .as_mut()
            .map(|list| list.split_off(list.len() / 2));
        one.resources = half;
    }
    cut_to(other, room, out)?;
    cut_to(one, room, out)
}
