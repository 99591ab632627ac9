//! How far a transfer is, on a terminal and nowhere else.

use std::sync::Arc;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lite_images::copy::Event;

use crate::render::Screen;

/// A bar that grows with what is to be moved. Dropped, it leaves the screen as it was.
#[derive(Clone, Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// A bar, hidden unless a person watches.
    pub(crate) fn new(screen: Screen) -> Self {
        let bar = ProgressBar::new(0);
        let target = if screen.is_watched() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        bar.set_draw_target(target);
        let style = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self(bar)
    }

    /// What a copy tells, drawn.
    pub(crate) fn events(&self) -> Arc<dyn Fn(Event) + Send + Sync> {
        let bar = self.0.clone();
        Arc::new(move |event| match event {
            Event::Blob(blob) => {
                bar.inc_length(blob.size);
                bar.set_message(blob.digest.hex().chars().take(12).collect::<String>());
            }
            Event::Bytes(bytes) => bar.inc(bytes),
            _ => {}
        })
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
