//! The HTTP server: routes, what happens to every request, and its end.

use crate::{
    accounts::{AccountsApi, AdminApi, ApiKeysApi, CodesApi, EventsApi, SessionsApi},
    configuration::{HttpSettings, Origin},
    faces::FacesApi,
    http::{
        AllowedMethods, DrainingAcceptor, TrustedProxies, answer_errors, drain_request_body, observe,
        run_detached, secure,
    },
    images::ImagesApi,
    ocr::TextApi,
    operations::{MetricsSettings, OperationsApi},
    predictions::{DashboardApi, HistoryApi, PredictionsApi},
    services::Services,
    specification,
    tasks::TasksApi,
};
use domain::ids::IdGenerator;
use poem::{
    Endpoint, EndpointExt, Response, Route, Server,
    endpoint::{BoxEndpoint, make_sync},
    middleware::Cors,
    web::Html,
};
use poem_openapi::OpenApiService;
use std::{future::Future, io, sync::Arc, time::Duration};
use tokio::net::TcpListener;

/// Every operation.
type Api = (
    AccountsApi,
    SessionsApi,
    CodesApi,
    ApiKeysApi,
    EventsApi,
    AdminApi,
    FacesApi,
    ImagesApi,
    TextApi,
    PredictionsApi,
    HistoryApi,
    DashboardApi,
    TasksApi,
    OperationsApi,
);

fn service() -> OpenApiService<Api, ()> {
    let api = (
        AccountsApi,
        SessionsApi,
        CodesApi,
        ApiKeysApi,
        EventsApi,
        AdminApi,
        FacesApi,
        ImagesApi,
        TextApi,
        PredictionsApi,
        HistoryApi,
        DashboardApi,
        TasksApi,
        OperationsApi,
    );
    OpenApiService::new(api, "Ocellus", env!("CARGO_PKG_VERSION")).description(
        "A self-hosted image understanding service: accounts, images, the text in them and what classifiers say of them. Every error is a problem \
         (RFC 9457) with a stable `code`; every response carries `X-Request-Id`.",
    )
}

/// The `OpenAPI` document.
pub fn spec() -> String {
    readable(&service().spec())
}

/// The document as it is handed out. What the framework writes is JSON; were it not, it would be handed out as it is.
fn readable(document: &str) -> String {
    specification::set_right(document).unwrap_or_else(|_| document.to_owned())
}

/// The document at `/openapi.json`.
fn document(document: String) -> impl Endpoint<Output = Response> {
    make_sync(move |_| {
        Response::builder()
            .content_type("application/json")
            .body(document.clone())
    })
}

/// The page at `/docs`, which holds the document.
fn documentation(page: String) -> impl Endpoint<Output = Html<String>> {
    make_sync(move |_| Html(page.clone()))
}

/// Every route, with what happens to every request around them.
fn application(
    settings: &HttpSettings,
    services: Arc<Services>,
    metrics: Arc<MetricsSettings>,
    ids: Arc<dyn IdGenerator>,
) -> BoxEndpoint<'static, Response> {
    let service = service();
    let written = service.spec();
    let handed_out = readable(&written);
    let allowed = Arc::new(AllowedMethods::from_spec(&handed_out));
    let page = service.swagger_ui_html().replace(&written, &handed_out);
    let routes = Route::new()
        .at("/openapi.json", document(handed_out))
        .nest("/docs", Route::new().at("/", documentation(page)))
        .nest("/", service)
        .data(services.authentication.clone())
        .data(services)
        .data(TrustedProxies::new(
            settings.trusted_proxies.iter().map(|proxy| proxy.0).collect(),
        ))
        .data(metrics)
        .map_to_response()
        .boxed();
    let answered = routes
        .around(run_detached)
        .boxed()
        .around(drain_request_body)
        .boxed()
        .around({
            let allowed = allowed.clone();
            move |next, request| answer_errors(next, request, allowed.clone())
        })
        .boxed();
    let shared = match settings.allowed_origins.as_slice() {
        [] => answered,
        // Problems get the headers that let a page read them, so they are made within; a refusal of the origin is one, too.
        origins => answered
            .with(cors(origins))
            .map_to_response()
            .boxed()
            .around(move |next, request| answer_errors(next, request, allowed.clone()))
            .boxed(),
    };
    shared
        .around(secure)
        .boxed()
        .around(move |next, request| observe(next, request, ids.clone()))
        .boxed()
}

/// Lets pages of these origins call the API with a token and read what they need.
fn cors(origins: &[Origin]) -> Cors {
    Cors::new()
        .allow_origins(origins.iter().map(|origin| &origin.0))
        .allow_methods(["GET", "POST", "PUT", "DELETE"])
        .allow_headers([
            "authorization",
            "content-type",
            "idempotency-key",
            "if-none-match",
            "x-request-id",
        ])
        .expose_headers(["etag", "location", "retry-after", "x-request-id"])
        .allow_credentials(false)
}

/// How long whoever connected last has for sending his request. A connection on which nothing came yet is closed when the
/// server ends, and what is on its way then is lost.
const LAST_REQUESTS: Duration = Duration::from_millis(250);

/// Serves until `stop` is done, then lets running requests end within the grace time.
pub async fn serve(
    settings: HttpSettings,
    services: Arc<Services>,
    metrics: Arc<MetricsSettings>,
    ids: Arc<dyn IdGenerator>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let listener = TcpListener::bind((settings.address.0.clone(), settings.port)).await?;
    tracing::info!(address = %listener.local_addr()?, "listening");
    let (acceptor, drained) = DrainingAcceptor::new(listener, stop)?;
    let application = application(&settings, services, metrics, ids);
    let end = async {
        // Nobody is left to tell only when the acceptor is gone, and then it has ended, too.
        let _ = drained.await;
        tokio::time::sleep(LAST_REQUESTS).await;
    };
    Server::new_with_acceptor(acceptor)
        .run_with_graceful_shutdown(application, end, Some(settings.shutdown_timeout.0))
        .await
}
