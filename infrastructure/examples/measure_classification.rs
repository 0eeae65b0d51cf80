//! Measures what classifying costs, beside PyTorch and ONNX Runtime where they are installed.
//!
//! ```text
//! OCELLUS_BENCH_PYTHON=python cargo run --release -p infrastructure --example measure_classification -- tests/parity
//! ```
//!
//! The model is the ResNet18 of the parity test, the pictures are those beside it. Printed are the milliseconds of CPU for
//! one picture from the JPEG to the probabilities, one picture at once, the median of the rounds, which alternate with
//! those of the peer; then the pictures per second with 1, 8 and 32 requests at once. `OCELLUS_BENCH_PYTHON` names a Python
//! that has the packages of `tools/export_requirements.txt`; without one there is no peer.

use bytes::Bytes;
use cpu::cpu_milliseconds;
use domain::{
    images::{ByteSource, MediaType, SourceError},
    predictions::{Classifier, Classifiers},
};
use infrastructure::{
    blobs::S3Access,
    classification::{ClassifierSettings, ModelSources, RtenClassifiers},
    imaging::{DecodeBudget, DecodeLimits},
};
use std::{
    collections::BTreeMap, error::Error, num::NonZero, path::Path, process::Command, sync::Arc,
    thread::available_parallelism, time::Instant,
};
use url::Url;

#[path = "../../tests/src/parity_model.rs"]
mod parity_model;

mod cpu;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// How often each side is measured, and the pictures of one measurement of throughput.
const ROUNDS: usize = 5;
const PICTURES: usize = 192;

/// Bytes that are all there.
struct Whole(Option<Bytes>);

#[async_trait::async_trait]
impl ByteSource for Whole {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, SourceError> {
        Ok(self.0.take())
    }
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let parity = std::env::args().nth(1).ok_or("name the folder tests/parity")?;
    let parity = std::path::absolute(parity)?;
    let folder = tempfile::tempdir()?;
    parity_model::write_parity_model(&parity, folder.path());
    let source = Url::from_directory_path(folder.path()).map_err(|()| "a path that is no URL")?;
    let threads = available_parallelism().map_or(1, NonZero::get);
    let limits = DecodeLimits::default();
    let sources = ModelSources::Listed(vec![source]);
    let settings = ClassifierSettings::new(sources, threads, folder.path().to_owned(), S3Access::default());
    let classifiers = RtenClassifiers::start(settings, limits, DecodeBudget::new(&limits)).await;
    let classifier = classifiers.loaded().pop().ok_or("the model was refused")?;
    let pictures: Vec<Bytes> = (1..=12)
        .map(|number| std::fs::read(parity.join(format!("{number:02}.jpg"))).map(Bytes::from))
        .collect::<Result<_, _>>()?;

    let mut costs: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for _ in 0..ROUNDS {
        costs
            .entry("ocellus".to_owned())
            .or_default()
            .push(cost(&*classifier, &pictures).await?);
        for (peer, cost) in peers(&parity, folder.path())? {
            costs.entry(peer).or_default().push(cost);
        }
    }
    println!(
        "{:<44} {:>10} {:>8}",
        "CPU per picture, ResNet18 from the JPEG", "ms", "ratio"
    );
    let own = median(&costs["ocellus"]);
    for (name, costs) in &costs {
        println!("{name:<44} {:>10.1} {:>8.3}", median(costs), own / median(costs));
    }
    println!("{:<44} {:>10}", "requests at once", "per second");
    for at_once in [1, 8, 32] {
        let mut rates = Vec::new();
        for _ in 0..ROUNDS {
            rates.push(rate(&classifier, &pictures, at_once).await?);
        }
        println!("{at_once:<44} {:>10.1}", median(&rates));
    }
    Ok(())
}

async fn classify(classifier: &dyn Classifier, picture: &Bytes) -> Outcome<()> {
    let content = Box::new(Whole(Some(picture.clone())));
    classifier.classify(MediaType::Jpeg, content).await?;
    Ok(())
}

/// Milliseconds of CPU for a picture.
async fn cost(classifier: &dyn Classifier, pictures: &[Bytes]) -> Outcome<f64> {
    let begun = cpu_milliseconds()?;
    for picture in pictures {
        classify(classifier, picture).await?;
    }
    Ok((cpu_milliseconds()? - begun) / f64::from(u32::try_from(pictures.len())?))
}

/// Pictures per second, so many at once.
async fn rate(classifier: &Arc<dyn Classifier>, pictures: &[Bytes], at_once: usize) -> Outcome<f64> {
    let begun = Instant::now();
    let askers: Vec<_> = (0..at_once)
        .map(|asker| {
            let (classifier, pictures) = (Arc::clone(classifier), pictures.to_vec());
            tokio::spawn(async move {
                for number in (asker..PICTURES).step_by(at_once) {
                    let outcome = classify(&*classifier, &pictures[number % pictures.len()]).await;
                    outcome.map_err(|error| error.to_string())?;
                }
                Ok::<_, String>(())
            })
        })
        .collect();
    for asker in askers {
        asker.await??;
    }
    Ok(f64::from(u32::try_from(PICTURES)?) / begun.elapsed().as_secs_f64())
}

/// What the same costs elsewhere.
fn peers(parity: &Path, model: &Path) -> Outcome<BTreeMap<String, f64>> {
    let Some(python) = std::env::var_os("OCELLUS_BENCH_PYTHON") else {
        return Ok(BTreeMap::new());
    };
    let script = parity.join("../benches/classify_in_python.py");
    let output = Command::new(python)
        .arg(script)
        .arg(model.join("model.onnx"))
        .arg(parity)
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
