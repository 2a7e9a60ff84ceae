//! The token leaks nowhere; the code keeps to its architecture.

#[cfg(unix)]
pub mod architecture;
#[cfg(unix)]
pub mod leak;
