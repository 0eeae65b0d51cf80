//! Looking back at predictions.
#![expect(clippy::too_many_arguments, reason = "one for each filter of a query")]

use super::{
    dto::{AttributionDto, NewFeedbackDto, PredictionDto, PredictionPageDto},
    export,
    query::{FeedbackFilter, HistoryParameters, Sort},
};
use crate::{
    api_error::{ApiError, BAD_REQUEST, JSON_BODY, NOT_FOUND, UNPROCESSABLE},
    authentication::{AUTHENTICATED, Bearer},
    fields::{FieldErrors, RawField},
    http::{CACHE_PRIVATE, names_tag},
    images::{Content, parse_redirect},
    json_body::JsonBody,
    services::Services,
    tags::Tag,
};
use application::Error;
use bytes::Bytes;
use domain::{ids::PredictionId, page::PageLimit};
use poem::{Body, http::HeaderMap, web::Data};
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Path, Query},
    payload::{Binary, Json},
};
use std::sync::Arc;
use uuid::Uuid;

/// The operations of the history.
pub struct HistoryApi;

#[derive(ApiResponse)]
enum PredictionDeleted {
    /// The prediction and what was said of it is gone; its image stays.
    #[oai(status = 204)]
    NoContent,
}

#[derive(ApiResponse)]
enum AttributionResponse {
    /// The attribution.
    #[oai(status = 200)]
    Found(
        Json<AttributionDto>,
        /// Identifies the attribution. It changes only with the release of the service.
        #[oai(header = "ETag")]
        String,
        /// The client may store the response and revalidate it.
        #[oai(header = "Cache-Control")]
        String,
    ),
    /// The attribution has the tag that `If-None-Match` names.
    #[oai(status = 304)]
    NotModified(
        /// Identifies the attribution.
        #[oai(header = "ETag")]
        String,
    ),
}

#[derive(ApiResponse)]
enum HeatMap {
    /// A PNG.
    #[oai(status = 200)]
    Png(
        Binary<Bytes>,
        /// Always `image/png`.
        #[oai(header = "Content-Type")]
        String,
        /// Identifies the heat map. It changes only with the release of the service.
        #[oai(header = "ETag")]
        String,
        /// The client may store the response and revalidate it.
        #[oai(header = "Cache-Control")]
        String,
    ),
    /// The heat map has the tag that `If-None-Match` names.
    #[oai(status = 304)]
    NotModified(
        /// Identifies the heat map.
        #[oai(header = "ETag")]
        String,
    ),
}

#[derive(ApiResponse)]
enum Export {
    /// A line for each prediction, under a line of names (RFC 4180).
    #[oai(status = 200)]
    Csv(
        Binary<Body>,
        /// Always `text/csv; charset=utf-8`.
        #[oai(header = "Content-Type")]
        String,
        /// To be saved as `history.csv`.
        #[oai(header = "Content-Disposition")]
        String,
    ),
}

#[OpenApi(tag = "Tag::Predictions")]
impl HistoryApi {
    /// List my predictions
    ///
    /// A page of those that meet every filter.
    #[oai(path = "/history", method = "get", operation_id = "listHistory")]
    async fn list_history(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        /// Only those of this label.
        label: Query<Option<RawField<String>>>,
        /// Only those of this model, of any version.
        model: Query<Option<RawField<String>>>,
        /// Only those of which this was said last.
        feedback: Query<Option<RawField<FeedbackFilter>>>,
        /// Only those made then or later: a date, or a moment as in RFC 3339.
        from: Query<Option<RawField<String>>>,
        /// Only those made before: a date, or a moment as in RFC 3339.
        to: Query<Option<RawField<String>>>,
        /// The time zone of dates, by its IANA name; UTC when left out.
        tz: Query<Option<RawField<String>>>,
        /// What comes first: `newest`, `oldest`, or those of the highest confidence; `newest` when left out.
        sort: Query<Option<RawField<Sort>>>,
        /// How many at most: 1 to 100; 20 when left out.
        limit: Query<Option<RawField<u16>>>,
        /// The `next_cursor` of the page before, of the same `sort`.
        cursor: Query<Option<RawField<String>>>,
    ) -> Result<Json<PredictionPageDto>, ApiError<{ AUTHENTICATED | BAD_REQUEST }>> {
        let query = HistoryParameters {
            label: label.0,
            model: model.0,
            feedback: feedback.0,
            from: from.0,
            to: to.0,
            tz: tz.0,
            sort: sort.0,
            limit: limit.0,
            cursor: cursor.0,
        };
        let query = query.parse()?;
        let page = services.prediction_history.list(sender.0.user.id, &query).await?;
        Ok(Json(page.into()))
    }

    /// Export my predictions
    ///
    /// All of those that meet every filter, as a table for spreadsheets: cells that one would take for a formula begin with
    /// an apostrophe.
    #[oai(path = "/history.csv", method = "get", operation_id = "exportHistory")]
    async fn export_history(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        /// Only those of this label.
        label: Query<Option<RawField<String>>>,
        /// Only those of this model, of any version.
        model: Query<Option<RawField<String>>>,
        /// Only those of which this was said last.
        feedback: Query<Option<RawField<FeedbackFilter>>>,
        /// Only those made then or later: a date, or a moment as in RFC 3339.
        from: Query<Option<RawField<String>>>,
        /// Only those made before: a date, or a moment as in RFC 3339.
        to: Query<Option<RawField<String>>>,
        /// The time zone of dates, by its IANA name; UTC when left out.
        tz: Query<Option<RawField<String>>>,
        /// What comes first: `newest`, `oldest`, or those of the highest confidence; `newest` when left out.
        sort: Query<Option<RawField<Sort>>>,
    ) -> Result<Export, ApiError<{ AUTHENTICATED | BAD_REQUEST }>> {
        let query = HistoryParameters {
            label: label.0,
            model: model.0,
            feedback: feedback.0,
            from: from.0,
            to: to.0,
            tz: tz.0,
            sort: sort.0,
            ..HistoryParameters::default()
        };
        let mut query = query.parse()?;
        query.limit = PageLimit::LARGEST;
        let body = export::table(services.0.clone(), sender.0.user.id, query).await?;
        Ok(Export::Csv(
            Binary(body),
            "text/csv; charset=utf-8".to_owned(),
            "attachment; filename=\"history.csv\"".to_owned(),
        ))
    }

    /// Show a prediction
    #[oai(path = "/history/:id", method = "get", operation_id = "getPrediction")]
    async fn get_prediction(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        /// The prediction.
        id: Path<Uuid>,
    ) -> Result<Json<PredictionDto>, ApiError<{ AUTHENTICATED | NOT_FOUND }>> {
        let history = &services.prediction_history;
        let prediction = history.get(sender.0.user.id, PredictionId(id.0)).await?;
        Ok(Json(prediction.into()))
    }

    /// Delete a prediction
    ///
    /// Removes it with all that was said of it. Its image stays.
    #[oai(path = "/history/:id", method = "delete", operation_id = "deletePrediction")]
    async fn delete_prediction(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        /// The prediction.
        id: Path<Uuid>,
    ) -> Result<PredictionDeleted, ApiError<{ AUTHENTICATED | NOT_FOUND }>> {
        let history = &services.prediction_history;
        history.delete(sender.0.user.id, PredictionId(id.0)).await?;
        Ok(PredictionDeleted::NoContent)
    }

    /// Fetch the image of a prediction
    ///
    /// The bytes as they were uploaded, as `GET /images/{id}/content` gives them.
    #[oai(
        path = "/history/:id/image",
        method = "get",
        operation_id = "getPredictionImage"
    )]
    async fn get_prediction_image(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        headers: &HeaderMap,
        /// The prediction.
        id: Path<Uuid>,
        /// Whether a link to the bytes will do as well; false when left out.
        redirect: Query<Option<RawField<bool>>>,
    ) -> Result<Content, ApiError<{ AUTHENTICATED | BAD_REQUEST | NOT_FOUND }>> {
        let by_link = parse_redirect(redirect.0)?;
        let owner = sender.0.user.id;
        let history = &services.prediction_history;
        let prediction = history.get(owner, PredictionId(id.0)).await?;
        let content = services
            .images
            .content(owner, prediction.image_id, by_link)
            .await?;
        Ok(Content::of(content, headers))
    }

    /// Fetch the heat map of a prediction
    ///
    /// A PNG of the image, its longer side at most 1600 pixels. The colours show which parts spoke for the predicted label,
    /// from blue (little) to red (much). The model that made the prediction must be loaded.
    #[oai(path = "/history/:id/heatmap", method = "get", operation_id = "getHeatMap")]
    async fn get_heat_map(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        headers: &HeaderMap,
        /// The prediction.
        id: Path<Uuid>,
        /// Whether the colours lie over the image (the default) or on a transparent ground.
        overlay: Query<Option<RawField<bool>>>,
    ) -> Result<HeatMap, ApiError<{ AUTHENTICATED | BAD_REQUEST | NOT_FOUND | UNPROCESSABLE }>> {
        let overlay = parse_overlay(overlay.0)?;
        let (owner, id) = (sender.0.user.id, PredictionId(id.0));
        let tag = explanation_tag(id, if overlay { "overlay" } else { "map" });
        if names_tag(headers, &tag) {
            services.prediction_history.get(owner, id).await?;
            return Ok(HeatMap::NotModified(tag));
        }
        let explain = &services.explain_prediction;
        let png = explain.heat_map(owner, id, overlay).await?;
        let media_type = "image/png".to_owned();
        Ok(HeatMap::Png(
            Binary(png),
            media_type,
            tag,
            CACHE_PRIVATE.to_owned(),
        ))
    }

    /// Fetch the attribution of a prediction
    ///
    /// The values of the heat map: how strongly each cell of a grid over the part of the image that the model saw spoke for
    /// the predicted label. The model that made the prediction must be loaded.
    #[oai(
        path = "/history/:id/attribution",
        method = "get",
        operation_id = "getAttribution"
    )]
    async fn get_attribution(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        headers: &HeaderMap,
        /// The prediction.
        id: Path<Uuid>,
    ) -> Result<AttributionResponse, ApiError<{ AUTHENTICATED | NOT_FOUND | UNPROCESSABLE }>> {
        let (owner, id) = (sender.0.user.id, PredictionId(id.0));
        let tag = explanation_tag(id, "values");
        if names_tag(headers, &tag) {
            services.prediction_history.get(owner, id).await?;
            return Ok(AttributionResponse::NotModified(tag));
        }
        let explain = &services.explain_prediction;
        let (label, attribution) = explain.attribution(owner, id).await?;
        let body = AttributionDto::new(&label, attribution);
        Ok(AttributionResponse::Found(
            Json(body),
            tag,
            CACHE_PRIVATE.to_owned(),
        ))
    }

    /// Say whether a prediction is right
    ///
    /// What is said last counts; what was said before is kept.
    #[oai(path = "/history/:id/feedback", method = "put", operation_id = "giveFeedback")]
    async fn give_feedback(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        /// The prediction.
        id: Path<Uuid>,
        body: JsonBody<NewFeedbackDto>,
    ) -> Result<Json<PredictionDto>, ApiError<{ AUTHENTICATED | JSON_BODY | NOT_FOUND }>> {
        let feedback = body.0.parse()?;
        let history = &services.prediction_history;
        let prediction = history
            .give_feedback(sender.0.user.id, PredictionId(id.0), feedback)
            .await?;
        Ok(Json(prediction.into()))
    }
}

/// The tag of an explanation. The image and the model of a prediction never change, so the release alone matters.
fn explanation_tag(id: PredictionId, form: &str) -> String {
    format!("\"{id}-{form}-{}\"", env!("CARGO_PKG_VERSION"))
}

fn parse_overlay(overlay: Option<RawField<bool>>) -> Result<bool, Error> {
    let mut fields = FieldErrors::default();
    let overlay = fields.optional("overlay", overlay, Some, "must be true or false");
    fields.finish()?;
    Ok(overlay.unwrap_or(true))
}
