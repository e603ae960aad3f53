//! Ctrl-C and SIGTERM: the first asks all work to stop and keeps what is finished, the second ends the program at once.

use crate::error::{Error, Result};
use crate::parallel;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::path::Path;

/// Watches for signals for the rest of the program.
///
/// # Errors
/// [`Error::Io`] when the system does not allow it.
pub fn watch() -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(Error::io(Path::new("signals"), "watch"))?;
    std::thread::spawn(move || {
        for (n, signal) in signals.forever().enumerate() {
            parallel::stop(signal);
            if n == 0 {
                eprintln!("stopping; finished trials are kept (once more: at once)");
            } else {
                std::process::exit(128 + signal);
            }
        }
    });
    Ok(())
}
