//! Photos of faces.

use std::path::PathBuf;

use reqwest::multipart::{Form, Part};

use crate::answer::Answer;
use crate::client::Client;
use crate::repository::repository_root;
use crate::server::Options;

/// The photos that `tools/fetch_face_photos.sh` fetches, and the models of `tools/fetch_models.sh`.
#[derive(Debug, Clone)]
pub struct FacePhotos {
    folder: PathBuf,
}

impl FacePhotos {
    /// Where they were fetched to by `tools/test.sh`. `None` where they were not, which CI does not forgive.
    pub fn fetched() -> Option<Self> {
        let usual = repository_root().join("target/test-faces");
        let folder = std::env::var_os("OCELLUS_TEST_FACES").map_or(usual, PathBuf::from);
        let there = folder.join("photos/obama.jpg").is_file() && folder.join("models").is_dir();
        let must = std::env::var("CI").is_ok_and(|value| value == "true");
        assert!(there || !must, "{} lacks photos or models", folder.display());
        if !there {
            eprintln!("not tested: no photos of faces, which tools/test.sh fetches");
        }
        there.then_some(Self { folder })
    }

    /// A server's options with the models.
    #[must_use]
    pub fn with_models(&self, options: Options) -> Options {
        let models = self.folder.join("models");
        options.setting(
            "OCELLUS__FACES__MODELS_DIR",
            models.to_str().expect("a path of text"),
        )
    }

    /// A photo as it was fetched.
    pub fn photo(&self, name: &str) -> Vec<u8> {
        let path = self.folder.join("photos").join(name);
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Three photos of one person.
    pub fn of_one(&self) -> Vec<Vec<u8>> {
        ["obama.jpg", "obama2.jpg", "obama_partial_face2.jpg"]
            .map(|name| self.photo(name))
            .to_vec()
    }

    /// Another photo of that person.
    pub fn of_the_same(&self) -> Vec<u8> {
        self.photo("obama3.jpg")
    }

    /// A photo of another person.
    pub fn of_another(&self) -> Vec<u8> {
        self.photo("biden.jpg")
    }
}

/// A form with photos in parts of this name.
pub fn photo_form(part: &'static str, photos: impl IntoIterator<Item = Vec<u8>>) -> Form {
    photos.into_iter().fold(Form::new(), |form, photo| {
        form.part(part, Part::bytes(photo).file_name("photo.jpg"))
    })
}

impl Client {
    /// Enrols a face with these photos.
    pub async fn enrol(&self, photos: impl IntoIterator<Item = Vec<u8>>) -> Answer {
        self.put("/user/face")
            .multipart(photo_form("images", photos))
            .await
    }

    /// Logs in with a face, under a name or without one.
    pub async fn show_face(&self, name: Option<&str>, photo: Vec<u8>) -> Answer {
        let mut form = photo_form("image", [photo]);
        if let Some(name) = name {
            form = form.text("username", name.to_owned());
        }
        self.anonymous().post("/login/face").multipart(form).await
    }
}
