//! Names of uploaded files.

use std::fmt::Write;

/// The name a file was uploaded under: for showing and for downloads, never for finding anything. At most 255
/// characters, without folders, control or direction characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filename(String);

impl Filename {
    /// The most characters that are kept.
    pub const MAX_CHARACTERS: usize = 255;

    /// Cleans a name as a client sent it. What is left of nothing is `image`.
    pub fn clean(sent: &str) -> Self {
        let name = sent.rsplit(['/', '\\']).next().unwrap_or_default();
        let kept: String = name
            .chars()
            .filter(|c| !is_unseen(*c))
            .take(Self::MAX_CHARACTERS)
            .collect();
        let kept = kept.trim();
        if kept.is_empty() || kept.chars().all(|c| c == '.') {
            return Self("image".to_owned());
        }
        Self(kept.to_owned())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The `Content-Disposition` of a file of this name (RFC 6266): the name in ASCII for old clients, and in full
    /// (RFC 8187).
    pub fn content_disposition(&self) -> String {
        let shown = |c: char| c.is_ascii_graphic() && !"\"\\%;".contains(c) || c == ' ';
        let plain: String = self.0.chars().map(|c| if shown(c) { c } else { '_' }).collect();
        let mut full = String::new();
        for byte in self.0.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                full.push(char::from(byte));
            } else {
                // Writing to a string cannot fail.
                let _ = write!(full, "%{byte:02X}");
            }
        }
        format!("inline; filename=\"{plain}\"; filename*=UTF-8''{full}")
    }
}

/// Characters that show nothing themselves but change how others are shown.
fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_unseen_characters_are_dropped() {
        assert_eq!(Filename::clean("../../etc/passwd").as_str(), "passwd");
        assert_eq!(Filename::clean("C:\\photos\\ojo.png").as_str(), "ojo.png");
        assert_eq!(
            Filename::clean("a\r\nSet-Cookie: b.png").as_str(),
            "aSet-Cookie: b.png"
        );
        assert_eq!(Filename::clean("gnp\u{202e}.exe").as_str(), "gnp.exe");
        assert_eq!(Filename::clean("año 2026.png").as_str(), "año 2026.png");
    }

    #[test]
    fn a_name_of_any_script_survives_in_the_disposition() {
        assert_eq!(
            Filename::clean("año \"1\";.png").content_disposition(),
            "inline; filename=\"a_o _1__.png\"; filename*=UTF-8''a%C3%B1o%20%221%22%3B.png"
        );
    }

    #[test]
    fn a_name_is_never_empty_nor_endless() {
        assert_eq!(Filename::clean("").as_str(), "image");
        assert_eq!(Filename::clean("..").as_str(), "image");
        assert_eq!(Filename::clean("/").as_str(), "image");
        assert_eq!(Filename::clean(&"é".repeat(999)).as_str().chars().count(), 255);
    }
}
