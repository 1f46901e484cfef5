//! Which of the actions that matter are granted, and by what.

/// The best that grants an action.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grant {
    pub(super) rank: Rank,
    /// The number of the statement among those that allow.
    pub(super) rule: usize,
    /// The number of the pattern; 0 for `NotAction`.
    pub(super) pattern: usize,
    /// Whether it was taken for granted without looking.
    pub(super) assumed: bool,
}

/// How good a grant is: whether it reaches a resource, is unconditional, is on everything.
pub(super) type Rank = (bool, bool, bool);

impl Grant {
    /// Whether none of the resources is one that the action can be used on.
    pub(super) const fn is_unmatched(&self) -> bool {
        !self.rank.0
    }

    pub(super) const fn is_conditional(&self) -> bool {
        !self.rank.1 || self.assumed
    }

    /// Whether it is granted on every resource, or on all of one type if the action changes what
    /// the principal itself may do.
    pub(super) const fn is_everywhere(&self) -> bool {
        self.rank.2
    }
}

/// The actions that matter and are granted, in their order.
#[derive(Debug)]
pub(super) struct Granted {
    /// Where the grant of an action is: its number + 1, 0 for none.
    places: Vec<u16>,
    grants: Vec<(usize, Grant)>,
}

impl Granted {
    pub(super) fn new(actions: usize) -> Self {
        Self {
            places: vec![0; actions],
            grants: Vec::new(),
        }
    }

    /// What grants the action.
    pub(super) fn get(&self, action: usize) -> Option<&Grant> {
        let place = self.places.get(action)?.checked_sub(1)?;
        self.grants.get(usize::from(place)).map(|(_, grant)| grant)
    }

    pub(super) fn set(&mut self, action: usize, grant: Grant) {
        let Some(place) = self.places.get_mut(action) else {
            return;
        };
        let known = place.checked_sub(1).map(usize::from);
        match known.and_then(|known| self.grants.get_mut(known)) {
            Some((_, known)) => *known = grant,
            None => {
                self.grants.push((action, grant));
                // There are fewer actions that matter than numbers.
                *place = u16::try_from(self.grants.len()).unwrap_or(0);
            }
        }
    }

    /// Takes all that is not granted yet for granted, under a condition that nobody knows.
    pub(super) fn assume_all(&mut self, rule: usize, pattern: usize) {
        for action in 0..self.places.len() {
            if self.get(action).is_none() {
                let rank = (true, true, false);
                self.set(
                    action,
                    Grant {
                        rank,
                        rule,
                        pattern,
                        assumed: true,
                    },
                );
            }
        }
    }

    /// Keeps those that are wanted, in the order of the actions.
    pub(super) fn keep(&mut self, wanted: impl Fn(usize) -> bool) {
        let places = &mut self.places;
        self.grants.retain(|(action, _)| {
            let kept = wanted(*action);
            if let Some(place) = places.get_mut(*action).filter(|_| !kept) {
                *place = 0;
            }
            kept
        });
        self.grants.sort_unstable_by_key(|(action, _)| *action);
        for (place, (action, _)) in (1..).zip(&self.grants) {
            if let Some(slot) = self.places.get_mut(*action) {
                *slot = place;
            }
        }
    }

    /// The numbers of the actions.
    pub(super) fn actions(&self) -> impl Iterator<Item = usize> + '_ {
        self.grants.iter().map(|(action, _)| *action)
    }
}
