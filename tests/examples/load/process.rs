//! What the kernel counts about a process (proc(5)).

use crate::Fault;

/// The kernel shows times in hundredths of a second, whatever it counts in (`USER_HZ`, time(7)).
const TICK_US: u64 = 10_000;

/// A process of this machine.
pub(crate) struct Process(u32);

/// What it has used since it began, or between two moments.
pub(crate) struct Usage {
    /// CPU time of all threads, in user mode and in the kernel.
    pub(crate) cpu_us: u64,
    /// Bytes it caused to be sent to storage.
    pub(crate) bytes_written: u64,
}

impl Usage {
    pub(crate) fn since(&self, before: &Self) -> Self {
        Self {
            cpu_us: self.cpu_us - before.cpu_us,
            bytes_written: self.bytes_written - before.bytes_written,
        }
    }
}

impl Process {
    pub(crate) fn new(pid: u32) -> Self {
        Self(pid)
    }

    pub(crate) fn usage(&self) -> Result<Usage, Fault> {
        let stat = self.read("stat")?;
        // The second field is a name in parentheses and may hold anything; after it comes the
        // third. utime and stime are the fourteenth and the fifteenth.
        let (_, rest) = stat.rsplit_once(')').ok_or("no name in stat")?;
        let mut fields = rest.split_ascii_whitespace().skip(11);
        let mut ticks =
            || -> Result<u64, Fault> { Ok(fields.next().ok_or("a short stat")?.parse()?) };
        let cpu_us = (ticks()? + ticks()?) * TICK_US;
        Ok(Usage { cpu_us, bytes_written: number(&self.read("io")?, "write_bytes:")? })
    }

    /// The most memory it ever had resident, in KiB.
    pub(crate) fn peak_memory(&self) -> Result<u64, Fault> {
        number(&self.read("status")?, "VmHWM:")
    }

    fn read(&self, name: &str) -> Result<String, Fault> {
        Ok(std::fs::read_to_string(format!("/proc/{}/{name}", self.0))?)
    }
}

/// The number after a name at the start of a line.
fn number(text: &str, name: &str) -> Result<u64, Fault> {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let word = line.and_then(|line| line.split_ascii_whitespace().next());
    Ok(word.ok_or_else(|| format!("no {name} in /proc"))?.parse()?)
}
