//! Random bytes from the operating system.

/// Fills an array with random bytes.
///
/// # Errors
/// Where the operating system has none to give; nothing is done without them.
pub fn bytes<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}
