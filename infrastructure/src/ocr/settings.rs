//! How the engine is set up.

use domain::ocr::Language;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// Where Debian and its relatives install trained data, newest first.
const USUAL_FOLDERS: [&str; 5] = [
    "/usr/share/tesseract-ocr/5/tessdata",
    "/usr/share/tesseract-ocr/4.00/tessdata",
    "/usr/share/tessdata",
    "/usr/local/share/tessdata",
    "/usr/share/tesseract/tessdata",
];

/// What a [`TesseractOcrEngine`](super::TesseractOcrEngine) needs to know.
#[derive(Debug, Clone)]
pub struct OcrSettings {
    /// Threads that read, at least 1. Each starts when there is work for it and holds its own engines.
    pub workers: usize,
    /// Recognitions that may wait for a worker. One more is [`OcrError::Busy`](domain::ocr::OcrError::Busy).
    pub waiting: usize,
    /// The languages that may be used; `None` for all that are installed.
    pub languages: Option<Vec<Language>>,
    /// The folder of `.traineddata` files; `None` to look where `TESSDATA_PREFIX` says, then in the usual places.
    pub tessdata: Option<PathBuf>,
    /// How long one page may take, all readings of it together.
    pub page_timeout: Duration,
}

impl OcrSettings {
    /// Settings for so many workers, with all installed languages, 256 places in the queue and 60 s per page.
    pub fn new(workers: usize) -> Self {
        Self {
            workers,
            waiting: 256,
            languages: None,
            tessdata: None,
            page_timeout: Duration::from_mins(1),
        }
    }

    /// The installed languages, allowed or not, sorted.
    ///
    /// # Errors
    ///
    /// [`OcrStartError::NoTrainedData`] when no folder holds trained data.
    pub fn installed(&self) -> Result<Vec<Language>, OcrStartError> {
        self.find_installed().map(|(_, languages)| languages)
    }

    /// The first folder with trained data, and the languages in it.
    fn find_installed(&self) -> Result<(PathBuf, Vec<Language>), OcrStartError> {
        let folders: Vec<PathBuf> = match &self.tessdata {
            Some(folder) => vec![folder.clone()],
            None => std::env::var_os("TESSDATA_PREFIX")
                .map(PathBuf::from)
                .into_iter()
                .flat_map(|prefix| [prefix.join("tessdata"), prefix])
                .chain(USUAL_FOLDERS.map(PathBuf::from))
                .collect(),
        };
        folders
            .into_iter()
            .map(|folder| (installed_languages(&folder), folder))
            .find_map(|(installed, folder)| (!installed.is_empty()).then_some((folder, installed)))
            .ok_or(OcrStartError::NoTrainedData)
    }
}

/// Why the engine cannot start.
#[derive(Debug, thiserror::Error)]
pub enum OcrStartError {
    /// No folder holds trained data.
    #[error("no folder with Tesseract's trained data was found; install a language or set TESSDATA_PREFIX")]
    NoTrainedData,
    /// A language that is to be allowed is not installed.
    #[error("the language {0} is not installed")]
    NotInstalled(Language),
}

/// The folder of trained data and what may be used of it.
#[derive(Debug, Clone)]
pub(super) struct TrainedData {
    pub(super) folder: PathBuf,
    /// Sorted, never empty.
    pub(super) languages: Vec<Language>,
}

impl TrainedData {
    /// Looks for the folder and checks the allowed languages against it.
    pub(super) fn find(settings: &OcrSettings) -> Result<Self, OcrStartError> {
        let (folder, installed) = settings.find_installed()?;
        let languages = match &settings.languages {
            None => installed,
            Some(allowed) => {
                if let Some(absent) = allowed.iter().find(|language| !installed.contains(language)) {
                    return Err(OcrStartError::NotInstalled(absent.clone()));
                }
                installed
                    .into_iter()
                    .filter(|language| allowed.contains(language))
                    .collect()
            }
        };
        if languages.is_empty() {
            return Err(OcrStartError::NoTrainedData);
        }
        Ok(Self { folder, languages })
    }

    /// Whether the trained data still lies where it was found.
    pub(super) fn is_there(&self) -> bool {
        let installed = installed_languages(&self.folder);
        self.languages.iter().all(|language| installed.contains(language))
    }
}

/// The languages with trained data in a folder, sorted. `osd` (orientation) and `equ` (equations) are no languages.
fn installed_languages(folder: &Path) -> Vec<Language> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut languages: Vec<Language> = entries
        .filter_map(|entry| {
            let name = entry.ok()?.file_name();
            let code = name.to_str()?.strip_suffix(".traineddata")?;
            (code != "osd" && code != "equ")
                .then(|| Language::parse(code))
                .flatten()
        })
        .collect();
    languages.sort();
    languages
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            std::fs::write(folder.path().join(name), b"").unwrap();
        }
        folder
    }

    fn language(code: &str) -> Language {
        Language::parse(code).unwrap()
    }

    #[test]
    fn the_installed_languages_are_found_without_the_orientation_data() {
        let folder = folder_with(&["spa.traineddata", "eng.traineddata", "osd.traineddata", "pdf.ttf"]);
        let settings = OcrSettings {
            tessdata: Some(folder.path().to_owned()),
            ..OcrSettings::new(1)
        };
        let found = TrainedData::find(&settings).unwrap();
        assert_eq!(found.languages, [language("eng"), language("spa")]);
        assert!(found.is_there());
        std::fs::remove_file(folder.path().join("spa.traineddata")).unwrap();
        assert!(!found.is_there());
    }

    #[test]
    fn only_what_is_allowed_may_be_used_and_it_must_be_installed() {
        let folder = folder_with(&["spa.traineddata", "eng.traineddata"]);
        let mut settings = OcrSettings {
            tessdata: Some(folder.path().to_owned()),
            languages: Some(vec![language("spa")]),
            ..OcrSettings::new(1)
        };
        assert_eq!(TrainedData::find(&settings).unwrap().languages, [language("spa")]);
        settings.languages = Some(vec![language("deu")]);
        assert!(matches!(
            TrainedData::find(&settings),
            Err(OcrStartError::NotInstalled(absent)) if absent == language("deu")
        ));
    }

    #[test]
    fn a_folder_without_trained_data_stops_the_start() {
        let folder = folder_with(&["osd.traineddata"]);
        let settings = OcrSettings {
            tessdata: Some(folder.path().to_owned()),
            ..OcrSettings::new(1)
        };
        assert!(matches!(
            TrainedData::find(&settings),
            Err(OcrStartError::NoTrainedData)
        ));
    }
}
