//! What looking for a face among many costs, and what an engine takes: `measure_faces MODELS PHOTO`, as `make bench` calls it.
#![expect(clippy::cast_precision_loss, reason = "counts and times, far below 2^52")]

use domain::{
    faces::{Embedding, FaceEngine, Gallery, GalleryEntry, Photo},
    ids::{FaceId, UserId},
    images::MediaType,
};
use infrastructure::{
    faces::{DlibFaceEngine, FaceModels},
    imaging::{DecodeBudget, DecodeLimits},
};
use std::{hint::black_box, time::Instant};
use uuid::Uuid;

/// How often each search is measured.
const ROUNDS: usize = 9;
/// How many engines are opened.
const ENGINES: usize = 4;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let models = arguments.next().expect("the folder of the models");
    let photo = arguments.next().expect("a photo of a face");
    measure_engines(&models, &photo).await;
    for count in [1_000, 100_000, 1_000_000] {
        measure_search(count);
    }
}

async fn measure_engines(models: &str, photo: &str) {
    let limits = DecodeLimits::default();
    let engine = DlibFaceEngine::new(
        FaceModels::in_folder(models),
        ENGINES,
        limits,
        DecodeBudget::new(&limits),
    );
    let bytes: bytes::Bytes = std::fs::read(photo).expect("a photo").into();
    let media_type = MediaType::sniff(&bytes).expect("an image");
    let describe = || {
        engine.describe(Photo {
            media_type,
            bytes: bytes.clone(),
        })
    };
    describe().await.expect("a face");
    let one = resident();
    for face in futures_util::future::join_all((0..4 * ENGINES).map(|_| describe())).await {
        face.expect("a face");
    }
    let each = (resident() - one) / (ENGINES - 1) as f64;
    println!(
        "{:<52} {each:>12.2}",
        "memory of each further engine of faces (MB)"
    );
}

/// Bytes of memory that the process holds, in millions.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kibibytes.expect("a count of kibibytes") * 1024.0 / 1e6
}

fn measure_search(count: u64) {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut number = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        f32::from(u16::try_from(state >> 48).expect("16 bits")) / f32::from(u16::MAX) - 0.5
    };
    let mut embedding = || Embedding::new(std::array::from_fn(|_| number())).expect("finite numbers");
    let mut gallery = Gallery::default();
    for user in 0..count {
        gallery.put(GalleryEntry {
            face_id: FaceId(Uuid::from_u128(user.into())),
            user_id: UserId(Uuid::from_u128(user.into())),
            embedding: embedding(),
        });
    }
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let shown = embedding();
            let begun = Instant::now();
            black_box(gallery.nearest_two(&shown, None));
            begun.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let name = format!("a face among {count} (ms)");
    println!("{name:<52} {:>12.3}", times[ROUNDS / 2]);
}
