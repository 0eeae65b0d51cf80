//! `ocellus sweep`: what is stored is compared with what is known.

use std::path::Path;

use tests::{Database, Options, Server, on_every_database, picture};

on_every_database!(a_sweep_removes_what_nobody_knows_and_names_what_is_lost,);

async fn a_sweep_removes_what_nobody_knows_and_names_what_is_lost(database: Database) {
    let server = Server::start(Options::on(database));
    let user = server.user().await;
    let kept = picture(71, 40, 30);
    let (kept_id, lost_id) = (
        user.client.uploaded(kept.clone()).await,
        user.client.uploaded(picture(72, 40, 30)).await,
    );
    let clean = server.run(&["sweep"]);
    assert_eq!(clean.code, Some(0), "{}", clean.errors);
    assert_eq!(
        lines(&clean.output)[..3],
        [
            "2 blobs of images",
            "0 of them without an image, removed",
            "0 images without a blob"
        ]
    );

    let path = |id: &str| {
        server
            .folder()
            .join("data/blobs/images")
            .join(&id[id.len() - 2..])
            .join(id)
    };
    let stray = path("019a0000-0000-7000-8000-0000000000ab");
    let notes = server.folder().join("data/blobs/images/notes");
    std::fs::create_dir_all(stray.parent().expect("a folder")).expect("a writable folder");
    std::fs::write(&stray, b"left over").expect("a writable folder");
    std::fs::write(&notes, b"somebody's").expect("a writable folder");
    std::fs::remove_file(path(&lost_id)).expect("its bytes were there");

    let looked = server.run(&["sweep", "--dry-run"]);
    assert_eq!(looked.code, Some(1), "{}", looked.errors);
    let expected = [
        "2 blobs of images",
        "1 of them without an image, left where they are",
        "1 images without a blob",
        &format!("lost: {lost_id}"),
    ];
    assert_eq!(lines(&looked.output), expected);
    assert!(stray.is_file(), "nothing is removed");

    let swept = server.run(&["sweep"]);
    assert_eq!(swept.code, Some(1), "{}", swept.errors);
    assert!(
        swept.output.contains("1 of them without an image, removed"),
        "{}",
        swept.output
    );
    assert!(!stray.exists() && notes.is_file() && is_whole(&path(&kept_id), &kept));
    let content = user.client.get(&format!("/images/{kept_id}/content")).await;
    assert!(content.expect(200).body == kept);
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

fn is_whole(path: &Path, content: &[u8]) -> bool {
    std::fs::read(path).is_ok_and(|found| found == content)
}
