//! An S3 server for checks that want one as a process of its own, which may be killed and started again:
//! `s3_server FOLDER ADDRESS BUCKET`. Its key is `ocellus`, with the secret in `S3_SECRET_ACCESS_KEY`.

use std::net::TcpListener;
use std::path::Path;

use tests::S3Server;

#[tokio::main]
async fn main() {
    let [folder, address, bucket] = &std::env::args().skip(1).collect::<Vec<_>>()[..] else {
        panic!("usage: s3_server FOLDER ADDRESS BUCKET");
    };
    let secret = std::env::var("S3_SECRET_ACCESS_KEY").expect("a secret in S3_SECRET_ACCESS_KEY");
    let folder = Path::new(folder);
    std::fs::create_dir_all(folder.join(bucket)).expect("a writable folder");
    let listener = TcpListener::bind(address).expect("a free port");
    S3Server::serve(listener, folder, &secret).await;
}
