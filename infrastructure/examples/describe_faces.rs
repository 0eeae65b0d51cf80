//! Describes photos as the service does: `describe_faces MODELS PHOTO...` prints a line of JSON for each, with the numbers of
//! its only face or the reason why there are none. For the scripts `tests/face_trial.py` and `tests/check_face_agreement.py`.

use domain::{
    faces::{FaceEngine, FaceError, Photo},
    images::MediaType,
};
use infrastructure::{
    faces::{DlibFaceEngine, FaceModels},
    imaging::{DecodeBudget, DecodeLimits},
};
use serde_json::json;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let models = arguments.next().expect("the folder of the models");
    let limits = DecodeLimits::default();
    let engine = DlibFaceEngine::new(
        FaceModels::in_folder(models),
        1,
        limits,
        DecodeBudget::new(&limits),
    );
    for path in arguments {
        let line = match describe(&engine, &path).await {
            Ok(numbers) => json!({"photo": path, "embedding": numbers}),
            Err(reason) => json!({"photo": path, "error": reason}),
        };
        println!("{line}");
    }
}

async fn describe(engine: &DlibFaceEngine, path: &str) -> Result<Vec<f32>, String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let media_type = MediaType::sniff(&bytes).ok_or("no image of a supported kind")?;
    let bytes = bytes.into();
    let face = engine.describe(Photo { media_type, bytes }).await;
    let face = face.map_err(|error: FaceError| error.to_string())?;
    let bytes = face.embedding.to_bytes();
    let (numbers, _) = bytes.as_chunks::<4>();
    Ok(numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}
