//! Predictions.
#![expect(
    clippy::unused_async,
    reason = "operations are async, whether or not they wait"
)]

mod chart;
mod dashboard;
mod dashboard_dto;
mod dto;
mod export;
mod history;
mod query;

use crate::{
    api_error::{ApiError, BAD_REQUEST, CONFLICT, TOO_LARGE, TOO_MANY, UNPROCESSABLE, UNSUPPORTED},
    authentication::{AUTHENTICATED, Bearer},
    fields::{FieldErrors, RawField},
    idempotency::{Created, execute_once, parse_key},
    images::FileUpload,
    services::Services,
    tags::Tag,
};
pub use dashboard::DashboardApi;
use domain::predictions::Prediction;
use dto::ModelListDto;
pub use dto::{PredictionDto, parse_model};
pub use history::HistoryApi;
use poem::web::Data;
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Header, Query},
    payload::Json,
};
use std::sync::Arc;

/// The operations of classification.
pub struct PredictionsApi;

#[derive(ApiResponse)]
enum Predicted {
    /// The stored prediction.
    #[oai(status = 201)]
    Created(
        Json<PredictionDto>,
        /// Where the prediction is found.
        #[oai(header = "Location")]
        String,
    ),
}

#[OpenApi(tag = "Tag::Predictions")]
impl PredictionsApi {
    /// List the models
    ///
    /// The classifiers that are loaded, several versions side by side. The first is used where a request names none.
    #[oai(path = "/models", method = "get", operation_id = "listModels")]
    async fn list_models(&self, services: Data<&Arc<Services>>) -> Json<ModelListDto> {
        Json(services.classifier.models().into())
    }

    /// Upload an image and have it classified
    ///
    /// Stores the image like `POST /images`, and what the model says of its first page: both or neither. It is no
    /// diagnosis.
    #[oai(path = "/predict", method = "post", operation_id = "predict")]
    async fn predict(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        /// The name of a model, or `name@version`; the first of `GET /models` when left out, and the latest version of a
        /// name.
        model: Query<Option<RawField<String>>>,
        /// Names this request, so that it can be repeated safely for a day.
        #[oai(name = "Idempotency-Key")]
        key: Header<Option<RawField<String>>>,
        upload: FileUpload,
    ) -> Result<
        Predicted,
        ApiError<
            { AUTHENTICATED | BAD_REQUEST | CONFLICT | TOO_LARGE | UNSUPPORTED | UNPROCESSABLE | TOO_MANY },
        >,
    > {
        let owner = sender.0.user.id;
        let mut fields = FieldErrors::default();
        let name = fields.optional("model", model.0, Some, "must be the name of a model");
        fields.finish()?;
        let key = parse_key(owner, "predict", key.0)?;
        let model = parse_model(name.as_deref())?;
        let wish = name.as_deref().unwrap_or_default();
        let (upload, said) = upload.open(owner, key.as_ref(), &[wish]).await?;
        let services = services.0;
        let work = |receipt| async move {
            let predict = &services.predict_image;
            predict
                .execute(upload, model.as_ref(), Option::as_ref(&receipt))
                .await
        };
        let (prediction, location) = execute_once(&services.idempotency, key, said, 201, shown, work).await?;
        Ok(Predicted::Created(Json(prediction), location))
    }
}

fn shown(prediction: &Prediction) -> Created<PredictionDto> {
    (prediction.clone().into(), format!("/history/{}", prediction.id))
}
