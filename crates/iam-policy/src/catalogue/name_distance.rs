//! The distance between names: letters to add, remove, change or swap.

/// The nearest of `known` to `name`, without regard to case: the fewest letters to add,
/// remove, change or swap, and no more than a third of the name. Only the first 128
/// bytes of the name count.
pub fn closest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    nearest(name, known.into_iter().map(Candidate::new))
}

/// A known name with what tells quickly that it is far from another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate<'n> {
    name: &'n str,
    letters: u64,
}

impl<'n> Candidate<'n> {
    pub(super) fn new(name: &'n str) -> Self {
        Self {
            name,
            letters: letters(name.bytes()),
        }
    }
}

pub(super) fn nearest<'n>(
    name: &str,
    known: impl Iterator<Item = Candidate<'n>>,
) -> Option<&'n str> {
    let name: Vec<u8> = name
        .bytes()
        .take(128)
        .map(|byte| byte.to_ascii_lowercase())
        .collect();
    let held = letters(name.iter().copied());
    let measure = Measure::to(&name);
    let limit = (name.len() / 3).clamp(1, 6);
    let mut best: Option<(usize, &str)> = None;
    for candidate in known {
        // Only what is nearer than the best so far is of interest.
        let Some(within) = best.map_or(Some(limit), |(distance, _)| distance.checked_sub(1)) else {
            break;
        };
        if candidate.name.len().abs_diff(name.len()) <= within
            && lacking(held, candidate.letters).max(lacking(candidate.letters, held)) <= within
        {
            let distance = measure.distance(candidate.name.as_bytes());
            if distance <= within {
                best = Some((distance, candidate.name));
            }
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Two bits for each letter: whether it is there, and whether it is there twice.
fn letters(name: impl Iterator<Item = u8>) -> u64 {
    name.fold(0, |held, byte| {
        let once = 1 << (byte & 31);
        held | if held & once == 0 { once } else { once << 32 }
    })
}

/// How many letters are lacking: no fewer must be added or changed.
const fn lacking(wanted: u64, held: u64) -> usize {
    (wanted & !held).count_ones() as usize
}

/// Measures the distance to one name: letters added, removed, changed, and neighbours swapped.
///
/// A column of the usual table of distances is kept as differences between neighbouring
/// cells, a bit for each letter of the name (Hyyrö, "A bit-vector algorithm for computing
/// Levenshtein and Damerau edit distances", 2003): a letter of the other name takes some
/// twenty operations, however long the name is.
struct Measure {
    length: usize,
    /// Where each byte stands in the name.
    places: [u128; 128],
}

impl Measure {
    fn to(name: &[u8]) -> Self {
        let mut places = [0; 128];
        for (nth, byte) in name.iter().enumerate() {
            if let Some(places) = places.get_mut(usize::from(*byte)) {
                *places |= 1 << nth;
            }
        }
        Self {
            length: name.len(),
            places,
        }
    }

    fn distance(&self, other: &[u8]) -> usize {
        let Some(last) = self.length.checked_sub(1) else {
            return other.len();
        };
        let (mut more, mut less) = (u128::MAX, 0_u128);
        let (mut same_before, mut here_before) = (0_u128, 0_u128);
        let mut distance = self.length;
        for letter in other {
            let place = self.places.get(usize::from(letter.to_ascii_lowercase()));
            let here = place.copied().unwrap_or(0);
            let swapped = ((!same_before & here) << 1) & here_before;
            let same = ((here & more).wrapping_add(more) ^ more) | here | less | swapped;
            let up = less | !(same | more);
            let down = same & more;
            distance += (up >> last & 1) as usize;
            distance -= (down >> last & 1) as usize;
            let (up, down) = (up << 1 | 1, down << 1);
            more = down | !(same | up);
            less = up & same;
            (same_before, here_before) = (same, here);
        }
        distance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_name_is_found() {
        assert_eq!(closest("abcd", ["abdc", "abc"]), Some("abdc"));
        assert_eq!(closest("", ["a"]), Some("a"));
    }

    /// The table of distances, cell by cell.
    fn slow(one: &[u8], other: &[u8]) -> usize {
        let mut table = vec![vec![0; other.len() + 1]; one.len() + 1];
        for row in 0..=one.len() {
            for column in 0..=other.len() {
                table[row][column] = match (row, column) {
                    (0, _) | (_, 0) => row + column,
                    _ => {
                        let differ = usize::from(one[row - 1] != other[column - 1]);
                        let swap = row > 1
                            && column > 1
                            && one[row - 1] == other[column - 2]
                            && one[row - 2] == other[column - 1];
                        let best = (table[row - 1][column - 1] + differ)
                            .min(table[row - 1][column] + 1)
                            .min(table[row][column - 1] + 1);
                        if swap {
                            best.min(table[row - 2][column - 2] + 1)
                        } else {
                            best
                        }
                    }
                };
            }
        }
        table[one.len()][other.len()]
    }

    #[test]
    fn distances_are_those_of_the_table() {
        let long = "abcdefgh".repeat(16);
        let mut names = vec![String::new(), long.clone(), long.replace("cd", "dc")];
        for nth in 0..300_usize {
            let letter =
                |at: usize| [b'a', b'b', b'c'][(nth / 3_usize.pow(at as u32 % 6) + at * nth) % 3];
            let name: Vec<u8> = (0..nth % 9).map(letter).collect();
            names.push(String::from_utf8(name).unwrap());
        }
        for one in &names {
            let measure = Measure::to(one.as_bytes());
            for other in names.iter().step_by(3) {
                let distance = measure.distance(other.as_bytes());
                assert_eq!(
                    distance,
                    slow(one.as_bytes(), other.as_bytes()),
                    "{one} {other}"
                );
                let (held, wanted) = (letters(one.bytes()), letters(other.bytes()));
                assert!(lacking(held, wanted).max(lacking(wanted, held)) <= distance);
            }
        }
    }
}
