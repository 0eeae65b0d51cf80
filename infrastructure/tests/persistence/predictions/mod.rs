//! Predictions.

mod concurrency;
mod counts;
mod deletions;
mod feedback;
mod history;

use crate::samples::{moment, write};
use domain::{
    accounts::User,
    clock::Timestamp,
    ids::{FeedbackId, IdGenerator, PredictionId},
    images::{Image, Sha256Digest},
    predictions::{Comment, Feedback, InputSize, Label, Labels, Model, ModelName, Prediction, Probabilities},
    store::Store,
};
use infrastructure::{persistence::SeaStore, system::UuidV7Generator};

/// The labels of every model here: one that strains encodings, and one that differs from another in case only.
const LABELS: [&str; 4] = ["diabetic retinopathy", "normal", "Normal", "緑内障 👁"];

fn label(text: &str) -> Label {
    Label::parse(text).expect("a valid label")
}

fn model(name: &str) -> Model {
    let parse = |text| ModelName::parse(text).expect("a valid name");
    Model {
        name: parse(name),
        version: parse("1.2"),
        sha256: Sha256Digest([0xfe; 32]),
        labels: Labels::new(LABELS.map(label).to_vec()).expect("valid labels"),
        input: InputSize { height: 8, width: 8 },
    }
}

/// What a model says: the label at this position, the surer the higher the output.
fn prediction(image: &Image, name: &str, position: usize, output: f32, at: Timestamp) -> Prediction {
    let mut outputs = [0.0; LABELS.len()];
    outputs[position] = output;
    let probabilities = Probabilities::of_logits(&outputs).expect("finite outputs");
    let id = PredictionId(UuidV7Generator.next());
    Prediction::new(id, image, &model(name), &probabilities, at)
}

fn feedback(correct: bool, actual: Option<&str>, seconds: i64) -> Feedback {
    Feedback {
        id: FeedbackId(UuidV7Generator.next()),
        correct,
        label: actual.map(label),
        comment: Comment::parse("línea uno\n\"línea\" dos 👁\u{fe0f}"),
        given_at: moment(seconds),
    }
}

async fn store_prediction(store: &SeaStore, prediction: &Prediction) {
    let outcome = write(store, async |work| work.predictions().insert(prediction).await).await;
    outcome.expect("the prediction is added");
}

async fn give(store: &SeaStore, prediction: &Prediction, feedback: &Feedback) -> bool {
    let (owner, id) = (prediction.owner_id, prediction.id);
    let outcome = write(store, async |work| {
        work.predictions().add_feedback(owner, id, feedback).await
    });
    outcome.await.expect("a change")
}

async fn delete(store: &SeaStore, prediction: &Prediction) -> bool {
    let (owner, id) = (prediction.owner_id, prediction.id);
    let outcome = write(store, async |work| work.predictions().delete(owner, id).await);
    outcome.await.expect("a change")
}

async fn found(store: &SeaStore, prediction: &Prediction) -> Option<Prediction> {
    let found = store
        .read()
        .predictions()
        .find(prediction.owner_id, prediction.id);
    found.await.expect("a read")
}

/// Removes an image as the use case does.
async fn delete_image(store: &SeaStore, image: &Image) {
    let outcome = write(store, async |work| {
        work.predictions()
            .delete_of_image(image.owner_id, image.id)
            .await?;
        work.images().delete(image.owner_id, image.id).await
    });
    assert!(outcome.await.expect("a change"));
}

/// Removes a user as the use case does.
async fn delete_user(store: &SeaStore, user: &User) {
    let outcome = write(store, async |work| {
        work.predictions().delete_of_owner(user.id).await?;
        work.users().delete(user.id).await
    });
    outcome.await.expect("a change");
}
