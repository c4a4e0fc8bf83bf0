//! Numbers that look random and are the same in every run.

/// A stream of numbers that is a pure function of its key.
pub(crate) struct Random(u64);

impl Random {
    /// The stream of a key, for example seed, purpose and index.
    pub(crate) fn new(key: [u64; 3]) -> Self {
        let state = key.into_iter().fold(0, |state, part| mix(state ^ part));
        // An xorshift generator never leaves zero.
        Self(state.max(1))
    }

    /// The next number (xorshift64*).
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number from 0 up to but excluding `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }

    /// True once in `times`, on average.
    pub(crate) fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// One of the items, which must not be empty.
    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u64) as usize]
    }
}

/// Spreads the bits of a number (the finisher of splitmix64).
pub(crate) fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A number for some bytes.
pub(crate) fn hash(bytes: &[u8], key: u64) -> u64 {
    bytes
        .iter()
        .fold(mix(key), |state, byte| mix(state ^ u64::from(*byte)))
}
