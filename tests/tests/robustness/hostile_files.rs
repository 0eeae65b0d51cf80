//! Files that were made, or found, to break whoever reads them.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use tests::{Database, Options, Server, picture, png_that_claims_to_be, repository_root, tiff_of_pages};

/// How long the service may take over one file: the bar is 2 s for the released program on an idle machine, this is a
/// debug build beside other tests.
const PATIENCE: Duration = Duration::from_secs(20);

/// How much more memory than an idle server's any of these files may cost.
const ROOM: u64 = 300_000_000;

#[tokio::test]
async fn no_file_of_the_collection_brings_the_service_down() {
    let Some(folder) = collection() else {
        eprintln!(
            "not tested: OCELLUS_HOSTILE_FILES names no folder, and there is none beside the repository"
        );
        return;
    };
    let files = files_below(folder);
    assert!(files.len() > 20, "a collection of files");
    let server = Server::start(Options::on(Database::Sqlite));
    let (idle, _) = server.memory();
    let user = server.user().await;
    let mut slow = Vec::new();
    for path in files {
        let bytes = std::fs::read(&path).expect("a file of the collection");
        let begun = Instant::now();
        let answer = user.client.upload(bytes).await;
        assert!(
            [201, 413, 415, 422].contains(&answer.status),
            "{}: {answer}: {}",
            path.display(),
            answer.text()
        );
        if begun.elapsed() > PATIENCE {
            slow.push((path, begun.elapsed()));
        }
    }
    assert!(slow.is_empty(), "{slow:?}");
    let (_, peak) = server.memory();
    assert!(peak < idle + ROOM, "{peak} bytes at most, {idle} when idle");
    user.client.get("/health/ready").await.expect(200);
}

#[tokio::test]
async fn damage_anywhere_in_a_file_is_answered() {
    let server = Server::shared(Database::Sqlite);
    let user = server.user().await;
    let whole = [
        picture(1, 24, 24),
        tests::picture_as(image::ImageFormat::Jpeg, 2),
        tests::picture_as(image::ImageFormat::WebP, 3),
        tests::picture_as(image::ImageFormat::Gif, 4),
        tests::picture_as(image::ImageFormat::Bmp, 5),
        tiff_of_pages(2),
    ];
    for bytes in whole {
        // Every place of the head, where sizes and offsets stand, then some of the rest.
        let places = (0..48.min(bytes.len())).chain((48..bytes.len()).step_by(bytes.len() / 16));
        for place in places {
            for value in [0, 0x7f, 0xff] {
                let mut damaged = bytes.clone();
                damaged[place] = value;
                let answer = user.client.upload(damaged).await;
                assert!(
                    [201, 415, 422].contains(&answer.status),
                    "{value} at {place} of {:?}: {answer}: {}",
                    &bytes[..4],
                    answer.text()
                );
            }
        }
    }
    user.client
        .upload(png_that_claims_to_be(u32::MAX, u32::MAX))
        .await
        .expect(422);
    user.client.get("/health/ready").await.expect(200);
}

/// The folder of hostile files: what `OCELLUS_HOSTILE_FILES` says, else the one that stands beside the repository where
/// this project is developed.
fn collection() -> Option<PathBuf> {
    let named = std::env::var_os("OCELLUS_HOSTILE_FILES").map(PathBuf::from);
    let beside = repository_root().join("../shared/data/bad");
    named.or(Some(beside)).filter(|folder| folder.is_dir())
}

fn files_below(folder: PathBuf) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
