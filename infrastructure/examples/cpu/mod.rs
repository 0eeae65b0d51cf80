//! What a measurement costs.

/// CPU time of all threads of this process.
#[expect(clippy::cast_precision_loss, reason = "microseconds of a run")]
pub fn cpu_milliseconds() -> Result<f64, Box<dyn std::error::Error>> {
    let mut nanoseconds = 0_u64;
    for task in std::fs::read_dir("/proc/self/task")? {
        let spent = std::fs::read_to_string(task?.path().join("schedstat"))?;
        nanoseconds += spent
            .split_whitespace()
            .next()
            .ok_or("no CPU time")?
            .parse::<u64>()?;
    }
    Ok(nanoseconds as f64 / 1e6)
}
