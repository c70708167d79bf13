//! Keys of the review, independent of the terminal protocol.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// A key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum KeyPress {
    /// Backspace.
    Backspace,
    /// Shift-Tab.
    BackTab,
    /// A character.
    Char(char),
    /// Clear the line (ctrl-u).
    Clear,
    /// Delete.
    Delete,
    /// Down.
    Down,
    /// End.
    End,
    /// Enter.
    Enter,
    /// Escape.
    Escape,
    /// Home.
    Home,
    /// Left.
    Left,
    /// Page down.
    PageDown,
    /// Page up.
    PageUp,
    /// Redo (ctrl-r).
    Redo,
    /// Redraw the screen (ctrl-l).
    Refresh,
    /// Right.
    Right,
    /// Quit immediately (ctrl-c).
    Stop,
    /// Suspend (ctrl-z).
    Suspend,
    /// Tab.
    Tab,
    /// Up.
    Up,
}

impl KeyPress {
    /// Returns the keys of an event in order; empty if the event has no meaning here.
    ///
    /// Escape followed directly by a key is indistinguishable from Alt and that key. It is treated as Escape and the
    /// key, since on a slow connection the next letter must not reach the list, where letters are verdicts.
    pub(super) fn of(event: KeyEvent) -> Vec<Self> {
        let alone = KeyEvent { modifiers: event.modifiers.difference(KeyModifiers::ALT), ..event };
        let escape = (alone != event && event.kind != KeyEventKind::Release).then_some(Self::Escape);
        escape.into_iter().chain(Self::one(alone)).collect()
    }

    fn one(event: KeyEvent) -> Option<Self> {
        if event.kind == KeyEventKind::Release {
            return None;
        }
        if event.modifiers.contains(KeyModifiers::CONTROL) {
            return Some(match event.code {
                KeyCode::Char('c' | 'd') => Self::Stop,
                KeyCode::Char('z') => Self::Suspend,
                KeyCode::Char('r') => Self::Redo,
                KeyCode::Char('l') => Self::Refresh,
                KeyCode::Char('u') => Self::Clear,
                KeyCode::Char('n') => Self::Down,
                KeyCode::Char('p') => Self::Up,
                // Codes that terminals without an extended keyboard protocol send for Enter and Backspace.
                KeyCode::Char('m' | 'j') => Self::Enter,
                KeyCode::Char('h') => Self::Backspace,
                _ => return None,
            });
        }
        Some(match event.code {
            KeyCode::Backspace => Self::Backspace,
            KeyCode::BackTab => Self::BackTab,
            KeyCode::Char(character) => Self::Char(character),
            KeyCode::Delete => Self::Delete,
            KeyCode::Down => Self::Down,
            KeyCode::End => Self::End,
            KeyCode::Enter => Self::Enter,
            KeyCode::Esc => Self::Escape,
            KeyCode::Home => Self::Home,
            KeyCode::Left => Self::Left,
            KeyCode::PageDown => Self::PageDown,
            KeyCode::PageUp => Self::PageUp,
            KeyCode::Right => Self::Right,
            KeyCode::Tab => Self::Tab,
            KeyCode::Up => Self::Up,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_right_behind_escape_is_two() {
        let event = |code, modifiers| KeyEvent::new(code, modifiers);
        let slash = KeyCode::Char('/');
        assert_eq!(KeyPress::of(event(slash, KeyModifiers::ALT)), [KeyPress::Escape, KeyPress::Char('/')]);
        assert_eq!(KeyPress::of(event(slash, KeyModifiers::NONE)), [KeyPress::Char('/')]);
        assert_eq!(KeyPress::of(event(KeyCode::Char('c'), KeyModifiers::CONTROL)), [KeyPress::Stop]);
        assert!(KeyPress::of(event(KeyCode::F(1), KeyModifiers::NONE)).is_empty());
    }
}
