//! Where values come from, and what is wrong with them.

use config::{Config, File, FileFormat, Value, ValueKind};
use std::{collections::BTreeMap, fmt, path::Path};

const PREFIX: &str = "OCELLUS__";
const DEFAULT_FILE: &str = "ocellus.toml";

/// What is wrong with the configuration, all of it.
#[derive(Debug)]
pub struct Mistakes(Vec<String>);

impl fmt::Display for Mistakes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the configuration has mistakes:")?;
        self.0
            .iter()
            .try_for_each(|mistake| write!(formatter, "\n  {mistake}"))
    }
}

impl std::error::Error for Mistakes {}

/// Values by key, each taken once; what is left in the end is unknown.
#[derive(Default)]
pub(super) struct Source {
    values: BTreeMap<String, String>,
    known: Vec<&'static str>,
    mistakes: Vec<String>,
}

impl Source {
    /// The file that is named, else `ocellus.toml` where there is one, and over it the environment.
    pub(super) fn read(file: Option<&Path>, environment: impl Iterator<Item = (String, String)>) -> Self {
        let mut source = Self::default();
        if let Some(path) = file {
            source.read_file(path);
        } else if Path::new(DEFAULT_FILE).exists() {
            source.read_file(Path::new(DEFAULT_FILE));
        }
        source.read_environment(environment);
        source
    }

    fn read_file(&mut self, path: &Path) {
        let file = File::from(path).format(FileFormat::Toml);
        let read = Config::builder().add_source(file).build();
        match read.and_then(Config::try_deserialize::<BTreeMap<String, Value>>) {
            Ok(table) => self.flatten("", table),
            Err(error) => self.mistakes.push(format!("{}: {error}", path.display())),
        }
    }

    fn flatten(&mut self, prefix: &str, table: impl IntoIterator<Item = (String, Value)>) {
        for (name, value) in table {
            let key = format!("{prefix}{name}");
            match value.kind {
                ValueKind::Table(inner) => self.flatten(&format!("{key}."), inner),
                ValueKind::Array(items) => {
                    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
                    self.values.insert(key, items.join(","));
                }
                _ => {
                    self.values.insert(key, value.to_string());
                }
            }
        }
    }

    fn read_environment(&mut self, environment: impl Iterator<Item = (String, String)>) {
        let own = environment.filter_map(|(name, value)| {
            let key = name.strip_prefix(PREFIX)?.to_lowercase().replace("__", ".");
            Some((key, value))
        });
        for (key, value) in own {
            match key.strip_suffix("_file") {
                None => {
                    self.values.insert(key, value);
                }
                Some(key) => match std::fs::read_to_string(&value) {
                    Ok(content) => {
                        self.values
                            .insert(key.to_owned(), content.trim_end_matches(['\n', '\r']).to_owned());
                    }
                    Err(error) => self
                        .mistakes
                        .push(format!("{key}: its file cannot be read: {error}")),
                },
            }
        }
    }

    /// Takes and parses a value; `None` when it is not set or wrong, which is noted.
    pub(super) fn take<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.known.push(key);
        let text = self.values.remove(key)?;
        parse(&text)
            .map_err(|must_be| self.mistakes.push(format!("{key}: {must_be}")))
            .ok()
    }

    /// Notes what is wrong with a value beside others.
    pub(super) fn note(&mut self, key: &'static str, must_be: &str) {
        self.mistakes.push(format!("{key}: {must_be}"));
    }

    /// Fails when anything was wrong or is left over.
    pub(super) fn finish(mut self) -> Result<(), Mistakes> {
        for unknown in self.values.keys() {
            let known = self.known.join(", ");
            self.mistakes
                .push(format!("{unknown}: there is no such key; these are: {known}"));
        }
        if self.mistakes.is_empty() {
            Ok(())
        } else {
            Err(Mistakes(self.mistakes))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use super::super::values::text;

    #[test]
    fn a_file_is_read_and_the_environment_wins_over_it() {
        let path = std::env::temp_dir().join(format!("ocellus-source-{}.toml", std::process::id()));
        std::fs::write(
            &path,
            "data_dir = 'there'\n[http]\nport = 1\nallowed_origins = ['a', 'b']\n",
        )
        .expect("written");
        let environment = [("OCELLUS__HTTP__PORT".to_owned(), "2".to_owned())];
        let mut source = Source::read(Some(&path), environment.into_iter());
        std::fs::remove_file(path).expect("removed");
        assert_eq!(source.take("data_dir", text).as_deref(), Some("there"));
        assert_eq!(source.take("http.port", text).as_deref(), Some("2"));
        assert_eq!(source.take("http.allowed_origins", text).as_deref(), Some("a,b"));
        source.finish().expect("nothing left");
    }

    #[test]
    fn a_secret_can_come_from_a_file_of_its_own() {
        let path = std::env::temp_dir().join(format!("ocellus-secret-{}", std::process::id()));
        std::fs::write(&path, "hidden\n").expect("written");
        let name = "OCELLUS__OPERATIONS__METRICS_TOKEN_FILE".to_owned();
        let environment = [(name, path.display().to_string())];
        let mut source = Source::read(None, environment.into_iter());
        std::fs::remove_file(path).expect("removed");
        assert_eq!(
            source.take("operations.metrics_token", text).as_deref(),
            Some("hidden")
        );
    }

    #[test]
    fn a_file_that_is_named_must_be_there() {
        let source = Source::read(Some(Path::new("/no/such/file.toml")), std::iter::empty());
        assert!(source.finish().is_err());
    }
}
