//! The file `manifest.json` of a model: what it is, and what it wants to see.

use super::preprocessing::{Crop, Preprocessing, Resize};
use domain::{
    images::Sha256Digest,
    predictions::{InputSize, Label, Labels, Model, ModelName},
};
use fast_image_resize::FilterType;
use serde::Deserialize;

/// The longest side of an input: more than any classifier takes, and what keeps memory in bounds.
const LONGEST_SIDE: u32 = 2048;

/// What a model says of itself.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Manifest {
    pub(super) model: Model,
    pub(super) preprocessing: Preprocessing,
    /// What whoever runs the model should know.
    pub(super) notice: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    version: String,
    labels: Vec<String>,
    input: WrittenInput,
    sha256: String,
    notice: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenInput {
    height: u32,
    width: u32,
    resize: WrittenSize,
    crop: Option<WrittenSize>,
    mean: [f32; 3],
    std: [f32; 3],
    #[serde(default)]
    interpolation: WrittenFilter,
}

/// A number, or height and width.
#[derive(Deserialize, Clone, Copy)]
#[serde(untagged)]
enum WrittenSize {
    One(u32),
    Both([u32; 2]),
}

#[derive(Deserialize, Clone, Copy, Default)]
#[serde(rename_all = "lowercase")]
enum WrittenFilter {
    #[default]
    Bilinear,
    Bicubic,
}

impl Manifest {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// What is wrong with it, as a sentence.
    pub(super) fn parse(json: &[u8]) -> Result<Self, String> {
        let written: Written =
            serde_json::from_slice(json).map_err(|error| format!("manifest.json cannot be read: {error}"))?;
        let name = |text: &str| {
            ModelName::parse(text).ok_or_else(|| {
                format!("“{text}” is no name: up to 64 letters, digits, dots, dashes and underlines")
            })
        };
        let labels = written
            .labels
            .iter()
            .map(|text| Label::parse(text).ok_or_else(|| format!("“{text}” is no label")))
            .collect::<Result<Vec<_>, _>>()?;
        let preprocessing = preprocessing(&written.input)?;
        Ok(Self {
            model: Model {
                name: name(&written.name)?,
                version: name(&written.version)?,
                sha256: digest(&written.sha256).ok_or("sha256 is not 64 hexadecimal digits")?,
                labels: Labels::new(labels).ok_or("labels must be 2 to 1000, each once")?,
                input: preprocessing.size,
            },
            preprocessing,
            notice: written.notice,
        })
    }
}

fn preprocessing(input: &WrittenInput) -> Result<Preprocessing, String> {
    let size = InputSize {
        height: input.height,
        width: input.width,
    };
    let resize = match input.resize {
        WrittenSize::One(edge) => Resize::ShorterSide(edge),
        WrittenSize::Both([height, width]) => Resize::Both(InputSize { height, width }),
    };
    let crop = input.crop.map(|crop| match crop {
        WrittenSize::One(edge) => InputSize {
            height: edge,
            width: edge,
        },
        WrittenSize::Both([height, width]) => InputSize { height, width },
    });
    // The least that resizing leaves of height and width.
    let (least, most) = match resize {
        Resize::ShorterSide(edge) => ([edge; 2], edge),
        Resize::Both(both) => ([both.height, both.width], both.height.max(both.width)),
    };
    if most > LONGEST_SIDE || size.height.min(size.width) == 0 {
        return Err(format!("sides must be 1 to {LONGEST_SIDE}"));
    }
    let crop = match (crop, resize) {
        (Some(crop), _) if crop.height > least[0] || crop.width > least[1] => {
            return Err("crop is larger than what resize leaves".to_owned());
        }
        (Some(crop), _) => Crop::Middle(crop),
        (None, Resize::Both(both)) => Crop::None(both),
        (None, Resize::ShorterSide(_)) => {
            return Err("resize by the shorter side needs a crop, for inputs are alike".to_owned());
        }
    };
    if crop.size() != size {
        return Err("height and width are not what resize and crop give".to_owned());
    }
    let usable = |numbers: [f32; 3]| numbers.iter().all(|number| number.is_finite());
    if !usable(input.mean) || !usable(input.std) || input.std.iter().any(|std| *std <= 0.0) {
        return Err("mean must be numbers, and std numbers above 0".to_owned());
    }
    Ok(Preprocessing {
        size,
        resize,
        crop,
        mean: input.mean,
        std: input.std,
        filter: match input.interpolation {
            WrittenFilter::Bilinear => FilterType::Bilinear,
            WrittenFilter::Bicubic => FilterType::CatmullRom,
        },
    })
}

fn digest(text: &str) -> Option<Sha256Digest> {
    let plain = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut digest = [0; 32];
    for (place, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    plain.then_some(Sha256Digest(digest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn written() -> Value {
        json!({
            "name": "eyes", "version": "1.0", "labels": ["normal", "cataract"], "sha256": "0f".repeat(32),
            "input": {
                "height": 224, "width": 224, "resize": 256, "crop": 224,
                "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225],
            },
        })
    }

    fn parsed(value: &Value) -> Result<Manifest, String> {
        Manifest::parse(value.to_string().as_bytes())
    }

    #[test]
    fn a_manifest_is_read_as_it_is_written() {
        let manifest = parsed(&written()).unwrap();
        assert_eq!(manifest.model.name.as_str(), "eyes");
        assert_eq!(manifest.model.sha256, Sha256Digest([0x0f; 32]));
        assert_eq!(manifest.model.input.height, 224);
        assert_eq!(manifest.preprocessing.resize, Resize::ShorterSide(256));
        assert_eq!(manifest.preprocessing.filter, FilterType::Bilinear);
    }

    #[test]
    fn both_sides_can_be_resized_without_a_crop() {
        let mut value = written();
        value["input"]["resize"] = json!([224, 224]);
        value["input"]["crop"] = Value::Null;
        value["input"]["interpolation"] = json!("bicubic");
        let preprocessing = parsed(&value).unwrap().preprocessing;
        let size = InputSize {
            height: 224,
            width: 224,
        };
        assert_eq!(preprocessing.crop, Crop::None(size));
        assert_eq!(preprocessing.filter, FilterType::CatmullRom);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (path, wrong, said) in [
            ("/name", json!("a b"), "“a b” is no name"),
            ("/labels", json!(["one"]), "labels"),
            ("/labels/0", json!(" "), "is no label"),
            ("/sha256", json!("0f"), "sha256"),
            ("/sha256", json!("+f".repeat(32)), "sha256"),
            ("/input/height", json!(0), "sides"),
            ("/input/height", json!(225), "height and width"),
            ("/input/resize", json!(4096), "sides"),
            ("/input/resize", json!(200), "crop is larger"),
            ("/input/resize", json!([256, 200]), "crop is larger"),
            ("/input/crop", Value::Null, "needs a crop"),
            ("/input/std/1", json!(0), "std"),
            ("/input/mean", json!([0.5]), "cannot be read"),
            ("/input/interpolation", json!("lanczos"), "cannot be read"),
        ] {
            let mut value = written();
            match value.pointer_mut(path) {
                Some(place) => *place = wrong,
                None => value["input"]["interpolation"] = wrong,
            }
            let error = parsed(&value).expect_err(path);
            assert!(error.contains(said), "{path}: {error}");
        }
        let mut value = written();
        value["input"]["croop"] = json!(3);
        assert!(parsed(&value).is_err());
    }
}
