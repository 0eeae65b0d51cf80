//! A disk that is full, and then no more. The server sees a small file system in the place of its data folder, which a
//! user namespace lets anybody mount.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use tests::{Database, Options, Server, eventually, picture};

use crate::RECOVERY;

/// Mounts a small file system over the data folder, then becomes the server.
const IN_A_SMALL_FOLDER: &str =
    r#"mkdir -p data && mount -t tmpfs -o size=6m,mode=700 tmpfs data && exec "$@""#;

#[tokio::test]
async fn while_the_disk_is_full_the_service_says_so_and_then_goes_on() {
    if !namespaces_are_allowed() {
        let must = std::env::var("CI").is_ok_and(|value| value == "true");
        assert!(!must, "unshare(1) may not make a mount namespace here");
        eprintln!("not tested: unshare(1) may not make a mount namespace here");
        return;
    }
    let server = Server::start(Options::on(Database::Sqlite).wrapped_in(&[
        "unshare",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        IN_A_SMALL_FOLDER,
        "sh",
    ]));
    let user = server.user().await;
    let kept = picture(1, 100, 100);
    let id = user.client.uploaded(kept.clone()).await;

    for round in 0..2 {
        let ballast = fill(&data_folder(&server));
        let answer = user.client.upload(picture(10 + round, 1000, 1000)).await;
        answer.problem(503, "unavailable");
        // Reading needs no room.
        let content = user
            .client
            .get(&format!("/images/{id}/content"))
            .await
            .expect(200);
        assert_eq!(content.body, kept);
        user.client.get("/user").await.expect(200);
        user.client.get("/health/live").await.expect(200);

        std::fs::remove_file(ballast).expect("the ballast is ours");
        eventually("uploads to work again", RECOVERY, async || {
            user.client.upload(picture(20 + round, 200, 200)).await.status == 201
        })
        .await;
    }
    let listed = user.client.listed("/images", 100).await.concat();
    assert_eq!(listed.len(), 3, "what was refused is not there");
    for id in listed {
        user.client
            .get(&format!("/images/{id}/content"))
            .await
            .expect(200);
    }
}

fn namespaces_are_allowed() -> bool {
    Command::new("unshare")
        .args(["--map-root-user", "--mount", "true"])
        .status()
        .is_ok_and(|status| status.success())
}

/// The data folder as the server sees it.
fn data_folder(server: &Server) -> PathBuf {
    let root = PathBuf::from(format!("/proc/{}/root", server.process()));
    let inside = server.folder().strip_prefix("/").expect("an absolute folder");
    root.join(inside).join("data")
}

/// Writes until not a byte more fits.
fn fill(folder: &Path) -> PathBuf {
    let ballast = folder.join("ballast");
    let mut file = File::create(&ballast).expect("a file");
    while file.write_all(&[0; 4096]).is_ok() {}
    ballast
}
