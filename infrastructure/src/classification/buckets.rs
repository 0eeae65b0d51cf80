//! Models in buckets, and the copies that are kept of them.

use super::folder::{MANIFEST, MODEL, MOST_OF_MANIFEST, MOST_OF_MODEL, ModelFiles};
use crate::blobs::{S3Access, S3Error};
use domain::images::Sha256Digest;
use futures_util::TryStreamExt;
use object_store::{Error, ObjectStoreExt, aws::AmazonS3, path::Path as Key};
use sha2::{Digest, Sha256};
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};
use tokio::task::spawn_blocking;
use url::Url;

/// What the names of archives end with.
const ARCHIVES: [&str; 3] = [".tar", ".tar.gz", ".tgz"];
/// Beside the copy of an archive: which one it was.
const TAG: &str = "tag";

/// Fetches models, and keeps what was fetched last of each source: what did not change is not fetched again, and a bucket
/// that is out of reach keeps nobody from starting.
#[derive(Debug, Clone)]
pub(super) struct ModelBuckets {
    access: S3Access,
    cache: PathBuf,
}

/// Why a model could not be had.
enum Failure {
    /// Nothing is known of the bucket for now.
    OutOfReach(String),
    /// The bucket holds no model, or not for us.
    Refused(String),
}

/// What a bucket holds now: the model, and the tag of the archive that it was in.
type Fetched = (ModelFiles, Option<String>);

impl ModelBuckets {
    /// `access` says who asks whom; which bucket, each source says. Copies are kept in `cache`.
    pub(super) fn new(access: S3Access, cache: PathBuf) -> Self {
        Self { access, cache }
    }

    /// The files behind an `s3://` URL.
    ///
    /// # Errors
    ///
    /// What is wrong, as a sentence without secrets.
    pub(super) async fn fetch(&self, source: &Url) -> Result<ModelFiles, String> {
        let place = self.cache.join(name_of(source));
        let from = place.clone();
        let copy = spawn_blocking(move || copy_in(&from))
            .await
            .map_err(|error| error.to_string())?;
        let (files, tag) = match self.changed(source, copy.as_ref()).await {
            Ok(Some(fetched)) => fetched,
            Ok(None) => {
                return copy
                    .map(|(files, _)| files)
                    .ok_or_else(|| "there is no copy".to_owned());
            }
            Err(Failure::Refused(reason)) => return Err(reason),
            Err(Failure::OutOfReach(reason)) => {
                let (files, _) = copy.ok_or_else(|| reason.clone())?;
                tracing::warn!(
                    reason,
                    "the bucket of a model is out of reach; the copy of it serves"
                );
                return Ok(files);
            }
        };
        let kept = spawn_blocking(move || {
            // What is no good does not take the place of a copy that is.
            if files.check().is_ok()
                && let Err(error) = keep(&place, &files, tag.as_deref())
            {
                tracing::warn!(%error, "no copy of a model could be kept");
            }
            files
        });
        kept.await.map_err(|error| error.to_string())
    }

    /// What the bucket holds, where that is not the copy.
    async fn changed(&self, source: &Url, copy: Option<&Fetched>) -> Result<Option<Fetched>, Failure> {
        let refused = Failure::Refused;
        let key = Key::from_url_path(source.path()).map_err(|error| refused(error.to_string()))?;
        let bucket = source.host_str().unwrap_or_default();
        let s3 = self
            .access
            .connect(bucket)
            .map_err(|error| refused(error.to_string()))?;
        if ARCHIVES.iter().any(|end| key.as_ref().ends_with(end)) {
            let tag = s3.head(&key).await.map_err(|error| failure(&error))?.e_tag;
            if let Some((_, Some(kept))) = copy
                && tag.as_ref() == Some(kept)
            {
                return Ok(None);
            }
            let archive = object(&s3, &key, 2 * MOST_OF_MODEL).await?;
            let unpacked = spawn_blocking(move || super::archive::read(archive.as_slice())).await;
            let files = unpacked
                .map_err(|error| refused(error.to_string()))?
                .map_err(refused)?;
            return Ok(Some((files, tag)));
        }
        let manifest = object(&s3, &key.clone().join(MANIFEST), MOST_OF_MANIFEST).await?;
        if let Some((files, None)) = copy
            && files.manifest == manifest
        {
            return Ok(None);
        }
        let onnx = object(&s3, &key.join(MODEL), MOST_OF_MODEL).await?;
        Ok(Some((ModelFiles { manifest, onnx }, None)))
    }
}

/// Which folder of the cache belongs to a source.
fn name_of(source: &Url) -> String {
    Sha256Digest(Sha256::digest(source.as_str()).into()).to_string()
}

/// The content of an object, when it is not too long.
async fn object(s3: &AmazonS3, key: &Key, most: u64) -> Result<Vec<u8>, Failure> {
    let found = s3.get(key).await.map_err(|error| failure(&error))?;
    if found.meta.size > most {
        let name = key.filename().unwrap_or_default();
        return Err(Failure::Refused(format!("{name} has more than {most} bytes")));
    }
    let mut content = Vec::with_capacity(usize::try_from(found.meta.size).unwrap_or_default());
    let mut stream = found.into_stream();
    while let Some(piece) = stream.try_next().await.map_err(|error| failure(&error))? {
        content.extend_from_slice(&piece);
    }
    Ok(content)
}

fn failure(error: &Error) -> Failure {
    if let Error::NotFound { path, .. } = error {
        // Not where it lies: anybody may ask why a model does not serve.
        let name = path.rsplit('/').next().unwrap_or_default();
        return Failure::Refused(format!("the bucket has no {name}"));
    }
    match S3Error::of(error) {
        S3Error::Endpoint(told) => {
            tracing::warn!(told, "models cannot be fetched");
            Failure::OutOfReach("the object store is out of reach".to_owned())
        }
        // What the server says may name accounts and keys.
        S3Error::Refused(told) => {
            tracing::error!(told, "models cannot be fetched");
            Failure::Refused("the object store refuses to give it; the log says why".to_owned())
        }
        other => Failure::Refused(other.to_string()),
    }
}

/// The copy in a folder, when there is one and it is whole.
fn copy_in(folder: &Path) -> Option<Fetched> {
    let files = ModelFiles::read(folder).ok()?;
    files.check().ok()?;
    Some((files, fs::read_to_string(folder.join(TAG)).ok()))
}

/// Keeps a copy. One that is cut short is none, for its digest is wrong.
fn keep(folder: &Path, files: &ModelFiles, tag: Option<&str>) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let _ = fs::remove_file(folder.join(TAG));
    write(folder, MODEL, &files.onnx)?;
    write(folder, MANIFEST, &files.manifest)?;
    match tag {
        Some(tag) => write(folder, TAG, tag.as_bytes()),
        None => Ok(()),
    }
}

/// Writes a file aside and puts it in its place, so that nobody reads half of it.
fn write(folder: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    file.persist(folder.join(name))?;
    Ok(())
}
