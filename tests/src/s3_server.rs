//! An S3 server in this process, which checks signatures and how long they count. Tests of the adapter use this file, too.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

/// Keeps buckets as folders of a temporary folder, which goes with it. It answers from threads of its own, so that a test
/// may block.
#[derive(Debug)]
pub struct S3Server {
    address: SocketAddr,
    folder: TempDir,
    runtime: Option<Runtime>,
}

impl S3Server {
    /// Its one bucket.
    pub const BUCKET: &str = "eyes";
    /// The one access key that it knows.
    pub const ACCESS_KEY_ID: &str = "ocellus";
    /// The secret of that key.
    pub const SECRET_ACCESS_KEY: &str = "canary of the object store";

    /// Starts a server.
    #[must_use]
    pub fn start() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        std::fs::create_dir(folder.path().join(Self::BUCKET)).expect("a writable folder");
        let files = FileSystem::new(folder.path()).expect("a folder that is there");
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single(
            Self::ACCESS_KEY_ID,
            Self::SECRET_ACCESS_KEY,
        ));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a socket");
        let address = listener.local_addr().expect("a bound port");
        let mut threads = Builder::new_multi_thread();
        let runtime = threads.worker_threads(1).enable_all().build();
        let runtime = runtime.expect("threads");
        runtime.spawn(serve(listener, service.build()));
        Self {
            address,
            folder,
            runtime: Some(runtime),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every file that it keeps but its own records: objects by bucket and key, and the parts of unfinished uploads.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            // Folders and files may go away while they are looked at.
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                let is_record = entry.file_name().to_string_lossy().starts_with(".bucket-");
                if path.is_dir() {
                    folders.push(path);
                } else if !is_record {
                    found.push(path);
                }
            }
        }
        found
    }

    /// The folder of its bucket.
    pub fn bucket(&self) -> PathBuf {
        self.folder.path().join(Self::BUCKET)
    }

    /// Those of its files that are images, whole or in parts.
    pub fn images(&self) -> Vec<PathBuf> {
        let is_mark = |path: &Path| path.ends_with("ocellus-probe");
        self.files().into_iter().filter(|path| !is_mark(path)).collect()
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn serve(listener: TcpListener, service: S3Service) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a socket that does not block");
    while let Ok((connection, _)) = listener.accept().await {
        let service = service.clone();
        tokio::spawn(async move {
            let server = auto::Builder::new(TokioExecutor::new());
            // A client may go away whenever it likes.
            let _ = server.serve_connection(TokioIo::new(connection), service).await;
        });
    }
}
