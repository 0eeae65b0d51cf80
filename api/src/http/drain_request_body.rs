//! Reads the rest of a request body before the response is sent.

use super::Next;
use futures_util::{StreamExt, stream};
use poem::{Body, Request, Response, http::header};
use std::{sync::Arc, time::Duration};
use tokio::sync::Mutex;

/// The limits on reading the rest of a rejected body. Most clients have sent everything by then.
const MOST_BYTES: usize = 32 * 1024 * 1024;
const LONGEST: Duration = Duration::from_secs(2);

/// Reads the part of the body that the operation did not consume, then sends the response. Without this the connection is
/// closed while the client still sends, and the client sees a broken connection instead of the response.
pub async fn drain_request_body(next: Next, mut request: Request) -> poem::Result<Response> {
    let headers = request.headers();
    let sends =
        headers.contains_key(header::CONTENT_LENGTH) || headers.contains_key(header::TRANSFER_ENCODING);
    // A client that sends `Expect: 100-continue` sends no body unless the operation reads it.
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
    // A client that sends for longer is disconnected.
    let _ = tokio::time::timeout(LONGEST, left).await;
    outcome
}
