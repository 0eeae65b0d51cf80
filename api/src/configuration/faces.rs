//! `faces.*`

use super::{source::Source, values};
use domain::faces::FaceMatching;
use secrecy::SecretString;
use std::path::{Path, PathBuf};

/// How faces are known.
#[derive(Debug)]
pub struct FaceSettings {
    /// Whether users log in with faces; `None` is as soon as the models are there.
    pub enabled: Option<bool>,
    /// Where the models are.
    #[cfg_attr(not(feature = "faces"), expect(dead_code, reason = "only engines need it"))]
    pub models_dir: PathBuf,
    /// When two faces are one.
    pub matching: FaceMatching,
    /// Whether faces are known without names.
    pub identify: bool,
    /// Among how many faces at most.
    pub identify_limit: usize,
    /// 32 bytes in base64; `None` is the key under `data_dir`, made at the first start.
    pub encryption_key: Option<SecretString>,
    /// Those that it replaced.
    pub previous_encryption_keys: Vec<SecretString>,
    /// Whether the photos of an enrolment are kept.
    pub keep_photos: bool,
}

impl FaceSettings {
    pub(super) fn take_from(source: &mut Source, data_dir: &Path) -> Self {
        let usual = FaceMatching::default();
        let mut distance = |key, usual| source.take(key, values::distance).unwrap_or(usual);
        let threshold = distance("faces.threshold", usual.threshold);
        let matching = FaceMatching {
            threshold,
            identify_threshold: distance(
                "faces.identify_threshold",
                usual.identify_threshold.min(threshold),
            ),
            identify_margin: distance("faces.identify_margin", usual.identify_margin),
        };
        if matching.identify_threshold > threshold {
            source.note(
                "faces.identify_threshold",
                "must be at most faces.threshold: without a name a face must be nearer",
            );
        }
        Self {
            enabled: source.take("faces.enabled", values::boolean),
            models_dir: source
                .take("faces.models_dir", values::path)
                .unwrap_or_else(|| data_dir.join("models/faces")),
            matching,
            identify: source.take("faces.identify", values::boolean).unwrap_or(false),
            identify_limit: source
                .take("faces.identify_limit", values::number)
                .unwrap_or(10_000),
            encryption_key: source.take("faces.encryption_key", values::secret),
            previous_encryption_keys: source
                .take("faces.previous_encryption_keys", values::secrets)
                .unwrap_or_default(),
            keep_photos: source.take("faces.keep_photos", values::boolean).unwrap_or(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Settings;

    fn load(environment: &[(&str, &str)]) -> Result<Settings, String> {
        let environment = environment
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Settings::load(None, environment).map_err(|mistakes| mistakes.to_string())
    }

    #[test]
    fn faces_are_known_with_names_unless_it_is_configured_otherwise() {
        let faces = load(&[("OCELLUS__DATA_DIR", "/srv")]).expect("right").faces;
        assert!(!faces.identify && !faces.keep_photos && faces.enabled.is_none());
        assert_eq!(faces.models_dir, std::path::Path::new("/srv/models/faces"));
        assert!((faces.matching.threshold - 0.5).abs() < f32::EPSILON);
    }

    #[test]
    fn without_a_name_a_face_must_be_at_least_as_near_as_with_one() {
        let threshold = ("OCELLUS__FACES__THRESHOLD", "0.35");
        let matching = load(&[threshold]).expect("right").faces.matching;
        assert!((matching.identify_threshold - 0.35).abs() < f32::EPSILON);
        let farther = ("OCELLUS__FACES__IDENTIFY_THRESHOLD", "0.36");
        let mistakes = load(&[threshold, farther]).expect_err("not stricter");
        assert!(mistakes.contains("faces.identify_threshold"), "{mistakes}");
    }

    #[test]
    fn a_distance_is_one_that_can_tell_people_apart() {
        for (text, right) in [
            ("0.45", true),
            ("0.6", true),
            ("0", false),
            ("0.61", false),
            ("NaN", false),
        ] {
            let loaded = load(&[("OCELLUS__FACES__THRESHOLD", text)]);
            assert_eq!(loaded.is_ok(), right, "{text}");
        }
    }
}
