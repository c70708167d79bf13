//! The size of the screen.

use ratatui::text::Line;

/// The size of the screen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Viewport {
    /// The width in columns.
    pub(super) width: usize,
    /// The height in lines.
    pub(super) height: usize,
}

impl Viewport {
    /// Returns whether the screen is so short that separators and key lists are omitted.
    pub(super) const fn is_low(self) -> bool {
        self.height < 18
    }

    /// Returns whether the screen is too narrow for a title beside its text.
    pub(super) const fn is_narrow(self) -> bool {
        self.width < 60
    }
}

/// Returns exactly `height` lines: adds empty lines, or removes the last ones.
pub(super) fn padded(mut lines: Vec<Line<'static>>, height: usize) -> Vec<Line<'static>> {
    lines.resize_with(height.max(lines.len()), || Line::from(""));
    lines.truncate(height);
    lines
}
