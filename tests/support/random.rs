//! A small generator of reproducible random numbers (SplitMix64), so that a failing case can be run again.

pub(crate) struct Random(u64);

impl Random {
    /// Starts the sequence of a seed, and prints the seed for the report of a failing test.
    pub(crate) fn seeded(seed: u64) -> Self {
        println!("random seed: {seed}");
        Self(seed)
    }

    /// Starts a sequence without a report, for data.
    pub(crate) fn quiet(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 up to, but not including, `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub(crate) fn choice<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}
