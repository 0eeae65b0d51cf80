//! Blobs as files of one folder.

use super::{checked, unavailable, walk::Walk};
use async_trait::async_trait;
use bytes::Bytes;
use domain::{
    BoxError,
    images::{
        BlobError, BlobKey, BlobListing, BlobStore, ByteSource, ContentMeter, ObjectMetadata, SourceError,
    },
    operations::HealthProbe,
};
use futures_util::StreamExt;
use std::{
    fs::{DirBuilder, File},
    io::{self, ErrorKind, Read, Seek, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    time::Duration,
};
use tempfile::{NamedTempFile, TempPath};
use tokio::{
    io::{AsyncWriteExt, BufWriter},
    task::spawn_blocking,
};
use tokio_util::io::ReaderStream;

/// Where blobs are written before they are whole. No key leads there, for no key holds a dot.
const INCOMING: &str = ".incoming";
/// What was written this long ago and is still not whole was left by a process that died.
const ABANDONED: Duration = Duration::from_hours(1);
/// How many bytes each hop to a blocking thread moves.
const PIECE: usize = 256 * 1024;

/// The folder cannot hold blobs.
#[derive(Debug, thiserror::Error)]
#[error("the blob folder {} cannot be used: {source}", folder.display())]
pub struct BlobFolderError {
    /// Which folder.
    folder: PathBuf,
    /// What the operating system said.
    source: io::Error,
}

/// Keeps each blob in a file of its own, readable by this user alone. Keys are paths below the root.
#[derive(Debug, Clone)]
pub struct LocalBlobStore {
    root: PathBuf,
}

impl LocalBlobStore {
    /// Opens a folder, which is created when it is not there, and removes what processes that died left half-written
    /// in it more than an hour ago. Blocks on the file system.
    ///
    /// # Errors
    ///
    /// When the folder cannot be created, listed or written.
    pub fn open(root: PathBuf) -> Result<Self, BlobFolderError> {
        match make_folder(&root.join(INCOMING)).and_then(|()| remove_abandoned(&root.join(INCOMING))) {
            Ok(()) => Ok(Self { root }),
            Err(source) => Err(BlobFolderError { folder: root, source }),
        }
    }

    fn incoming(&self) -> PathBuf {
        self.root.join(INCOMING)
    }

    /// Where a blob lies. Keys are made by the domain; one that could lead out of the root is refused all the same.
    fn path(&self, key: &BlobKey) -> Result<PathBuf, BlobError> {
        Ok(self.root.join(checked(key)?))
    }
}

/// Runs file work where it may block.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, BlobError> {
    spawn_blocking(work)
        .await
        .map_err(unavailable)?
        .map_err(unavailable)
}

#[async_trait]
impl BlobStore for LocalBlobStore {
    async fn write(&self, key: &BlobKey, content: &mut ContentMeter) -> Result<(), BlobError> {
        let (path, incoming) = (self.path(key)?, self.incoming());
        let (file, whole) = blocking(|| NamedTempFile::new_in(incoming)).await?.into_parts();
        let mut writer = BufWriter::with_capacity(PIECE, tokio::fs::File::from_std(file));
        while let Some(chunk) = content.next_chunk().await? {
            writer.write_all(&chunk).await.map_err(unavailable)?;
        }
        writer.flush().await.map_err(unavailable)?;
        let file = writer.into_inner().into_std().await;
        blocking(move || put_in_place(&file, whole, &path)).await
    }

    async fn read(&self, key: &BlobKey) -> Result<Option<Box<dyn ByteSource>>, BlobError> {
        match tokio::fs::File::open(self.path(key)?).await {
            Ok(file) => Ok(Some(Box::new(FileSource(ReaderStream::with_capacity(
                file, PIECE,
            ))))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Files have no URL.
    async fn link(&self, _: &BlobKey, _: &ObjectMetadata, _: Duration) -> Result<Option<String>, BlobError> {
        Ok(None)
    }

    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError> {
        let path = self.path(key)?;
        blocking(move || match std::fs::remove_file(&path) {
            Ok(()) => sync_folder(parent(&path)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        })
        .await
    }

    async fn list(&self) -> Result<Box<dyn BlobListing>, BlobError> {
        Ok(Box::new(Walk::new(self.root.clone())))
    }
}

#[async_trait]
impl HealthProbe for LocalBlobStore {
    async fn probe(&self) -> Result<(), BoxError> {
        let incoming = self.incoming();
        Ok(blocking(move || write_and_read(&incoming)).await?)
    }
}

/// A blob that is being read.
struct FileSource(ReaderStream<tokio::fs::File>);

#[async_trait]
impl ByteSource for FileSource {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, SourceError> {
        let chunk = self.0.next().await.transpose();
        chunk.map_err(|error| SourceError::Unavailable(error.into()))
    }
}

/// Makes a written file durable, then visible, then durably so.
fn put_in_place(file: &File, whole: TempPath, path: &Path) -> io::Result<()> {
    file.sync_all()?;
    make_folder(parent(path))?;
    whole.persist(path).map_err(|failure| failure.error)?;
    sync_folder(parent(path))
}

/// Creates a folder for this user alone, durably, with those above it; one that is there stays as it is.
fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    make_folder(parent(folder))?;
    match DirBuilder::new().mode(0o700).create(folder) {
        // Somebody else was faster, and may not have made it durable yet.
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => sync_folder(parent(folder)),
    }
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn remove_abandoned(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let age = entry.metadata()?.modified()?.elapsed();
        if age.is_ok_and(|age| age > ABANDONED) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Does with a small file, which goes when it is dropped, what is done with blobs.
fn write_and_read(folder: &Path) -> io::Result<()> {
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(b"probe")?;
    file.rewind()?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    if text == "probe" {
        file.close()
    } else {
        Err(io::Error::other("the file holds something else than was written"))
    }
}

#[cfg(test)]
#[path = "local_tests.rs"]
mod tests;
