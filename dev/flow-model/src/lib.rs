//! Nothing but tests: all functions together, with everything around them in memory, driven by
//! random sequences of what can happen (`tests/it`).
