//! Fenced blocks of a Markdown page.

/// A fenced block.
pub struct Block {
    /// The line on which its content begins, from 1.
    pub line: usize,
    /// The word after the fence.
    pub language: String,
    /// Its content, without the indentation of a list.
    pub text: String,
}

/// Returns the fenced blocks of a page, in order.
pub fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, Block)> = None;
    for (number, line) in (1..).zip(page.lines()) {
        let indent = line.len() - line.trim_start().len();
        match (line.trim_start().strip_prefix("```"), open.take()) {
            (Some(_), Some((_, block))) => blocks.push(block),
            (Some(language), None) => {
                let language = language.to_owned();
                open = Some((indent, Block { line: number + 1, language, text: String::new() }));
            }
            (None, Some((outer, mut block))) => {
                block.text.push_str(line.get(outer.min(indent)..).unwrap_or_default());
                block.text.push('\n');
                open = Some((outer, block));
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a fenced block is not closed");
    blocks
}
