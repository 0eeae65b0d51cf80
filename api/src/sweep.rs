//! `ocellus sweep`: compares what is stored with what is known, for who runs the service.

use application::{
    Error,
    images::{DeleteDueBlobs, ReconcileBlobs, Reconciliation},
};
use std::process::ExitCode;

/// Succeeds when no image has lost its bytes.
pub async fn run(reconcile: &ReconcileBlobs, delete: &DeleteDueBlobs, only_look: bool) -> ExitCode {
    match sweep(reconcile, delete, only_look).await {
        Ok(found) => {
            report(&found, only_look);
            if found.lost.is_empty() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "not swept");
            ExitCode::FAILURE
        }
    }
}

async fn sweep(
    reconcile: &ReconcileBlobs,
    delete: &DeleteDueBlobs,
    only_look: bool,
) -> Result<Reconciliation, Error> {
    let found = reconcile.execute(only_look).await?;
    if !only_look {
        delete.execute().await?;
    }
    Ok(found)
}

fn report(found: &Reconciliation, only_look: bool) {
    let done = if only_look {
        "left where they are"
    } else {
        "removed"
    };
    println!("{} blobs of images", found.blobs);
    println!("{} of them without an image, {done}", found.left_over);
    println!("{} images without a blob", found.lost.len());
    for image in &found.lost {
        println!("lost: {image}");
    }
}
