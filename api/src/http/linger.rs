//! Clients that still send when their answer is ready.

use super::Next;
use futures_util::{StreamExt, stream};
use poem::{Body, Request, Response, http::header};
use std::{sync::Arc, time::Duration};
use tokio::sync::Mutex;

/// How much of a refused body is taken in, and for how long: what most clients have sent by then.
const MOST_BYTES: usize = 32 * 1024 * 1024;
const LONGEST: Duration = Duration::from_secs(2);

/// Takes in what the operation left of the body before its answer goes out: the connection would else be closed under
/// a client that still sends, which then sees no answer but a broken connection.
pub async fn linger(next: Next, mut request: Request) -> poem::Result<Response> {
    let headers = request.headers();
    let sends =
        headers.contains_key(header::CONTENT_LENGTH) || headers.contains_key(header::TRANSFER_ENCODING);
    // Who expects to be asked for the body does not send one that nobody asked for.
    if !sends || headers.contains_key(header::EXPECT) {
        return next.call(request).await;
    }
    let body = Arc::new(Mutex::new(request.take_body().into_bytes_stream().boxed().fuse()));
    let chunks = stream::unfold(body.clone(), |body| async move {
        let chunk = body.lock().await.next().await?;
        Some((chunk, body))
    });
    request.set_body(Body::from_bytes_stream(chunks));
    let outcome = next.call(request).await;
    let left = async {
        let (mut body, mut taken) = (body.lock().await, 0);
        while let Some(Ok(chunk)) = body.next().await {
            taken += chunk.len();
            if taken > MOST_BYTES {
                break;
            }
        }
    };
    // Whoever sends longer than this is cut off.
    let _ = tokio::time::timeout(LONGEST, left).await;
    outcome
}
