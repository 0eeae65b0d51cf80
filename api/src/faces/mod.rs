//! Faces that users log in with.

mod dto;
mod form;

use crate::{
    accounts::{Registered, TokensDto},
    api_error::{
        ApiError, BAD_REQUEST, CONFLICT, FORBIDDEN, NOT_FOUND, TOO_LARGE, TOO_MANY, UNAUTHORIZED,
        UNPROCESSABLE, UNSUPPORTED,
    },
    authentication::{AUTHENTICATED, Bearer},
    http::{AcceptedLanguage, ClientOrigin},
    services::Services,
    tags::Tag,
};
use dto::{Enrolment, FaceDto, Login, Registration, registration};
use form::FaceForm;
use poem::web::Data;
use poem_openapi::{ApiResponse, OpenApi, payload::Json};
use std::sync::Arc;

/// The operations of faces.
pub struct FacesApi;

/// What a body with photos can always be answered with.
const PHOTOS: u16 = BAD_REQUEST | TOO_LARGE | UNSUPPORTED | UNPROCESSABLE;

#[derive(ApiResponse)]
enum FaceDeleted {
    /// The face and everything that was kept of it is gone.
    #[oai(status = 204)]
    NoContent,
}

#[OpenApi(tag = "Tag::Faces")]
impl FacesApi {
    /// Enrol my face
    ///
    /// Takes three photos of the same face, alone in each, clear and from nearby, in the place of the face that was enrolled
    /// before. The photos are forgotten unless the service is configured to keep them; what is kept tells the face from
    /// others and is encrypted. Not for API keys.
    #[oai(path = "/user/face", method = "put", operation_id = "enrolFace")]
    async fn enrol_face(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        origin: ClientOrigin,
        form: FaceForm<Enrolment>,
    ) -> Result<Json<FaceDto>, ApiError<{ AUTHENTICATED | FORBIDDEN | CONFLICT | PHOTOS }>> {
        sender.0.session()?;
        let photos = form.read(&services.face_photos).await?.photos()?;
        let face = services
            .enrolments
            .enrol(sender.0.user.id, photos, origin.0)
            .await?;
        Ok(Json(face.into()))
    }

    /// Show what is known of my face
    #[oai(path = "/user/face", method = "get", operation_id = "getFace")]
    async fn get_face(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
    ) -> Result<Json<FaceDto>, ApiError<{ AUTHENTICATED | NOT_FOUND }>> {
        let face = services.enrolments.get(sender.0.user.id).await?;
        Ok(Json(face.into()))
    }

    /// Remove my face
    ///
    /// Nobody logs in with it any more; sessions that it opened stay. Not for API keys.
    #[oai(path = "/user/face", method = "delete", operation_id = "deleteFace")]
    async fn delete_face(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        origin: ClientOrigin,
    ) -> Result<FaceDeleted, ApiError<{ AUTHENTICATED | FORBIDDEN | NOT_FOUND }>> {
        sender.0.session()?;
        services.enrolments.delete(sender.0.user.id, origin.0).await?;
        Ok(FaceDeleted::NoContent)
    }

    /// Log in with a face
    ///
    /// Opens a session for the user of this name or e-mail, if the photo shows the enrolled face; where the service is
    /// configured so, the name may be left out. Another face, an unknown user and one without a face are answered alike. A
    /// printed photo is not told from a person. After too many failures only networks from which the user logged in before
    /// may go on.
    #[oai(path = "/login/face", method = "post", operation_id = "loginWithFace")]
    async fn log_in(
        &self,
        services: Data<&Arc<Services>>,
        origin: ClientOrigin,
        form: FaceForm<Login>,
    ) -> Result<Json<TokensDto>, ApiError<{ PHOTOS | UNAUTHORIZED | FORBIDDEN | TOO_MANY }>> {
        let parts = form.read(&services.face_photos).await?;
        let login = parts.text("username").map(str::to_owned);
        let [photo] = parts.photos()?;
        let logins = &services.face_logins;
        let tokens = logins.log_in(login.as_deref(), photo, origin.0).await?;
        Ok(Json(tokens.into()))
    }

    /// Register with a face
    ///
    /// Makes an account without a password, together with its face: see `PUT /user/face`. A code for `POST /email/verify` is
    /// mailed to the e-mail, in English or Spanish by `Accept-Language`; with `POST /password/forgot` the account gets a
    /// password.
    #[oai(path = "/register/face", method = "post", operation_id = "registerWithFace")]
    async fn register(
        &self,
        services: Data<&Arc<Services>>,
        origin: ClientOrigin,
        language: AcceptedLanguage,
        form: FaceForm<Registration>,
    ) -> Result<Registered, ApiError<{ PHOTOS | CONFLICT | TOO_MANY }>> {
        let registration = registration(form.read(&services.face_photos).await?)?;
        let registrations = &services.face_registrations;
        let user = registrations.register(registration, language.0, origin.0).await?;
        Ok(Registered::Created(Json(user.into()), "/user".to_owned()))
    }
}
