//! The issuance journal as a file: one JSON object a line, only ever appended to.
//!
//! An intent must be durable before its precertificate is signed, or a crash could leave a signature that
//! nobody can explain. One fsync a certificate would cap the authority at the disk's pace, so a thread of its
//! own writes whatever waits, syncs once, and wakes all who waited for it: one caller alone waits for one
//! fsync, and a thousand share it, as in the log.
//!
//! The lines that follow an intent are not waited for. The CT log holds the precertificate durably by then,
//! and the certificate differs from it in nothing that was not recorded; they reach the disk with the next
//! intent, or at the end.
//!
//! After a failed write or sync nothing is tried again: what is in the file is then unknown, and the
//! authority signs nothing more until a person has looked.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use lite_issuer::ports::{Event, IssuanceJournal, JournalError};
use lite_store::durable;
use serde_json::{Value, json};

/// Lines that are written together at most; a bound on memory, not on pace.
const MAX_BATCH: usize = 4096;

/// The journal's file, and the thread that writes it.
pub(crate) struct Journal {
    lines: Mutex<Option<Sender<Line>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    failed: Arc<AtomicBool>,
}

struct Line {
    text: String,
    /// Who waits until the line is durable.
    durable: Option<SyncSender<Result<(), JournalError>>>,
}

impl Journal {
    /// Opens `issuance.jsonl` in `dir`, both of which are made when they are not there.
    pub(crate) fn open(dir: &Path) -> io::Result<Self> {
        durable::create_dir_all_with_mode(dir, 0o700)?;
        let path = dir.join("issuance.jsonl");
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(durable::PRIVATE)
            .open(path)?;
        end_torn_line(&mut file)?;
        file.sync_data()?;
        durable::sync_dir(dir)?;
        let (lines, waiting) = channel();
        let failed = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&failed);
        let thread = std::thread::Builder::new()
            .name("issuance-journal".to_owned())
            .spawn(move || write_all(&mut file, &waiting, &flag))?;
        Ok(Self { lines: Mutex::new(Some(lines)), thread: Mutex::new(Some(thread)), failed })
    }

    /// Whether the journal still takes intents.
    pub(crate) fn is_ok(&self) -> bool {
        !self.failed.load(Ordering::SeqCst)
    }

    /// Ends the thread after everything that was recorded is on disk.
    pub(crate) fn close(&self) {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).take();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A thread that panicked has said so; there is nothing left to write.
            let _ = thread.join();
        }
    }

    fn send(&self, line: Line) -> Result<(), JournalError> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.as_ref().and_then(|lines| lines.send(line).ok()).ok_or(JournalError)
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.close();
    }
}

impl IssuanceJournal for Journal {
    fn record(&self, event: &Event<'_>) -> Result<(), JournalError> {
        if !self.is_ok() {
            return Err(JournalError);
        }
        let text = format!("{}\n", line(event));
        if !matches!(event, Event::PrecertificateIntended { .. }) {
            return self.send(Line { text, durable: None });
        }
        let (durable, done) = sync_channel(1);
        self.send(Line { text, durable: Some(durable) })?;
        done.recv().unwrap_or(Err(JournalError))
    }
}

/// A crash in the middle of a write leaves a line without an end; the next one must not continue it.
fn end_torn_line(file: &mut File) -> io::Result<()> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(());
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    if last == [b'\n'] { Ok(()) } else { file.write_all(b"\n") }
}

fn write_all(file: &mut File, waiting: &Receiver<Line>, failed: &AtomicBool) {
    while let Ok(first) = waiting.recv() {
        let mut batch = vec![first];
        batch.extend(waiting.try_iter().take(MAX_BATCH - 1));
        let done =
            if failed.load(Ordering::SeqCst) { Err(JournalError) } else { write(file, &batch) };
        if done.is_err() && !failed.swap(true, Ordering::SeqCst) {
            tracing::error!(
                "the issuance journal cannot be written: no certificate is signed until a restart"
            );
        }
        for line in batch {
            if let Some(durable) = line.durable {
                // Who no longer waits has been answered by the end of its request.
                let _ = durable.send(done);
            }
        }
    }
    if file.sync_data().is_err() {
        tracing::error!("the end of the issuance journal may not be on disk");
    }
}

fn write(file: &mut File, batch: &[Line]) -> Result<(), JournalError> {
    let text: String = batch.iter().map(|line| line.text.as_str()).collect();
    file.write_all(text.as_bytes()).map_err(|_| JournalError)?;
    if batch.iter().any(|line| line.durable.is_some()) {
        file.sync_data().map_err(|_| JournalError)?;
    }
    Ok(())
}

fn line(event: &Event<'_>) -> Value {
    match event {
        Event::PrecertificateIntended { serial, at, issuer, alt_name, key_sha256 } => json!({
            "event": "precertificate-intended",
            "time": at.to_rfc3339(),
            "serial": hex(serial),
            "issuer": issuer,
            "san": alt_name,
            "key_sha256": hex(key_sha256),
        }),
        Event::CertificateIntended { serial, at, precertificate_sha256, log_id, sct_timestamp } => {
            json!({
                "event": "certificate-intended",
                "time": at.to_rfc3339(),
                "serial": hex(serial),
                "precertificate_sha256": hex(precertificate_sha256),
                "log_id": hex(log_id),
                "sct_timestamp": sct_timestamp,
            })
        }
        Event::Issued { serial, at, certificate_sha256 } => json!({
            "event": "issued",
            "time": at.to_rfc3339(),
            "serial": hex(serial),
            "certificate_sha256": hex(certificate_sha256),
        }),
        Event::Abandoned { serial, at, why } => json!({
            "event": "abandoned",
            "time": at.to_rfc3339(),
            "serial": hex(serial),
            "why": why,
        }),
        _ => json!({ "event": "unknown" }),
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, byte| {
        // Writing to a string does not fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use lite_time::Time;

    use super::*;

    fn intent(serial: &'static [u8]) -> Event<'static> {
        let at = Time::from_secs(1_800_000_000);
        Event::PrecertificateIntended {
            serial,
            at,
            issuer: "i",
            alt_name: "a\n\"b",
            key_sha256: &[1],
        }
    }

    fn lines(dir: &Path) -> Vec<Value> {
        let text = std::fs::read_to_string(dir.join("issuance.jsonl")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap_or(Value::Null)).collect()
    }

    #[test]
    fn an_intent_is_in_the_file_when_record_returns_and_the_rest_at_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::open(dir.path()).unwrap();
        journal.record(&intent(&[0x0a])).unwrap();
        let written = lines(dir.path());
        assert_eq!(written[0]["event"], "precertificate-intended");
        assert_eq!((&written[0]["serial"], &written[0]["san"]), (&json!("0a"), &json!("a\n\"b")));
        let at = Time::from_secs(1_800_000_000);
        journal.record(&Event::Issued { serial: &[0x0a], at, certificate_sha256: &[2] }).unwrap();
        drop(journal);
        assert_eq!(lines(dir.path())[1]["event"], "issued");
    }

    #[test]
    fn many_intents_at_once_are_all_recorded() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::open(dir.path()).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..32 {
                scope.spawn(|| journal.record(&intent(&[7])).unwrap());
            }
        });
        assert_eq!(lines(dir.path()).len(), 32);
    }

    #[test]
    fn a_torn_line_is_ended_and_what_was_there_stays() {
        let dir = tempfile::tempdir().unwrap();
        Journal::open(dir.path()).unwrap().record(&intent(&[1])).unwrap();
        let path = dir.path().join("issuance.jsonl");
        OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap()
            .write_all(b"{\"event\":\"iss")
            .unwrap();
        Journal::open(dir.path()).unwrap().record(&intent(&[2])).unwrap();
        let written = lines(dir.path());
        assert_eq!(
            (&written[0]["serial"], &written[1], &written[2]["serial"]),
            (&json!("01"), &Value::Null, &json!("02"))
        );
    }

    #[test]
    fn after_a_failed_write_nothing_is_recorded_any_more() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("readable");
        File::create(&path).unwrap();
        let mut unwritable = File::open(&path).unwrap();
        let (lines, waiting) = channel();
        let failed = AtomicBool::new(false);
        for _ in 0..2 {
            let (durable, done) = sync_channel(1);
            lines.send(Line { text: "x\n".into(), durable: Some(durable) }).unwrap();
            std::mem::forget(done);
        }
        drop(lines);
        write_all(&mut unwritable, &waiting, &failed);
        assert!(failed.load(Ordering::SeqCst));
    }
}
