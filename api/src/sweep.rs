//! `ocellus sweep`: compares the blobs with the rows and deletes orphaned blobs.

use application::{
    Error,
    images::{BlobSweep, Reconciliation},
};
use std::process::ExitCode;

/// Sweeps and prints the result. Fails if an image has lost its blob.
pub async fn run(blobs: &BlobSweep, dry_run: bool) -> ExitCode {
    match sweep(blobs, dry_run).await {
        Ok(found) => {
            report(&found, dry_run);
            if found.lost.is_empty() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the sweep failed");
            ExitCode::FAILURE
        }
    }
}

async fn sweep(blobs: &BlobSweep, dry_run: bool) -> Result<Reconciliation, Error> {
    let found = blobs.reconcile(dry_run).await?;
    if !dry_run {
        blobs.delete_due().await?;
    }
    Ok(found)
}

fn report(found: &Reconciliation, dry_run: bool) {
    let done = if dry_run { "left where they are" } else { "removed" };
    println!("{} blobs of images", found.blobs);
    println!("{} of them without an image, {done}", found.orphans);
    println!("{} images without a blob", found.lost.len());
    for image in &found.lost {
        println!("lost: {image}");
    }
}
