//! Where and with what a run was made. Nothing that tells who made it: no host, user or path.

use crate::store::rows::Environment;
use std::path::Path;
use std::time::Duration;

/// Versions and machine.
pub fn environment() -> Environment {
    Environment {
        rexp_version: env!("CARGO_PKG_VERSION").into(),
        rexp_source: env!("REXP_SOURCE_HASH").into(),
        rexp_commit: env!("REXP_COMMIT").into(),
        git_commit: commit_here().unwrap_or_default(),
        sqlite_version: rusqlite::version().into(),
        machine: machine().to_string(),
    }
}

fn machine() -> serde_json::Value {
    serde_json::json!({
        "os": std::env::consts::OS,
        "arch": std::env::consts::ARCH,
        "cpu": cpu().unwrap_or_default(),
        "cpu_features": features(),
        "n_cpus": std::thread::available_parallelism().map_or(0, usize::from),
    })
}

/// Name of the processor, where the system tells.
fn cpu() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

#[cfg(target_arch = "x86_64")]
fn features() -> Vec<&'static str> {
    let all = [
        ("sse4.2", is_x86_feature_detected!("sse4.2")),
        ("avx", is_x86_feature_detected!("avx")),
        ("avx2", is_x86_feature_detected!("avx2")),
        ("fma", is_x86_feature_detected!("fma")),
        ("avx512f", is_x86_feature_detected!("avx512f")),
    ];
    all.into_iter().filter(|(_, is_here)| *is_here).map(|(name, _)| name).collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn features() -> Vec<&'static str> {
    Vec::new()
}

/// The commit of the folder the program was started in, read from `.git` without starting a program.
fn commit_here() -> Option<String> {
    let here = std::env::current_dir().ok()?;
    let git = here.ancestors().map(|folder| folder.join(".git")).find(|git| git.is_dir())?;
    let head = std::fs::read_to_string(git.join("HEAD")).ok()?;
    let commit = match head.trim().strip_prefix("ref: ") {
        None => head.trim().to_owned(),
        Some(reference) => loose(&git, reference).or_else(|| packed(&git, reference))?,
    };
    let is_hash = (40..=64).contains(&commit.len()) && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then_some(commit)
}

fn loose(git: &Path, reference: &str) -> Option<String> {
    std::fs::read_to_string(git.join(reference)).ok().map(|id| id.trim().to_owned())
}

fn packed(git: &Path, reference: &str) -> Option<String> {
    let packed = std::fs::read_to_string(git.join("packed-refs")).ok()?;
    packed.lines().find_map(|line| line.strip_suffix(reference).map(|id| id.trim().to_owned()))
}

/// Largest resident memory of the process so far; 0 where the system does not tell.
pub fn peak_memory_bytes() -> u64 {
    let Ok(text) = std::fs::read_to_string("/proc/self/status") else { return 0 };
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")).and_then(|number| number.trim().parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

/// CPU time of the process so far, of all its threads; `None` where the system does not tell.
#[cfg(unix)]
pub fn cpu_time() -> Option<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Some(Duration::new(u64::try_from(time.tv_sec).ok()?, u32::try_from(time.tv_nsec).ok()?))
}

/// CPU time of the process so far, which only Unix tells.
#[cfg(not(unix))]
pub fn cpu_time() -> Option<Duration> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_described_without_naming_anyone() {
        let environment = environment();
        let machine: serde_json::Value = serde_json::from_str(&environment.machine).unwrap();
        assert_eq!(
            machine.as_object().unwrap().keys().collect::<Vec<_>>(),
            ["arch", "cpu", "cpu_features", "n_cpus", "os"]
        );
        assert!(machine["n_cpus"].as_u64().unwrap() >= 1 && environment.rexp_source.len() == 16);
        assert!(!cfg!(target_os = "linux") || peak_memory_bytes() > 1 << 20);
    }

    #[cfg(unix)]
    #[test]
    fn cpu_time_is_that_of_all_threads() {
        let start = cpu_time().unwrap();
        let busy = || (0..3_000_000_u64).fold(1_u64, |sum, at| std::hint::black_box(sum.wrapping_mul(31) ^ at));
        // This thread only waits.
        std::thread::scope(|scope| assert!(scope.spawn(busy).join().is_ok()));
        let spent = cpu_time().unwrap() - start;
        assert!(spent > Duration::from_micros(500), "{spent:?}");
    }
}
