//! Faces that users log in with.

mod dto;
mod form;
mod use_cases;

use crate::{
    accounts::{Registered, TokensDto},
    api_error::{
        ApiError, BAD_REQUEST, CONFLICT, FORBIDDEN, NOT_FOUND, TOO_LARGE, TOO_MANY, UNAUTHORIZED,
        UNPROCESSABLE, UNSUPPORTED,
    },
    authentication::{AUTHENTICATED, Bearer},
    http::{AcceptedLanguage, ClientOrigin},
    tags::Tag,
    use_cases::UseCases,
};
use dto::{Enrolment, FaceDto, Login, Registration, registration};
use form::FaceForm;
use poem::web::Data;
use poem_openapi::{ApiResponse, OpenApi, payload::Json};
use std::sync::Arc;
pub use use_cases::{Accounts, FaceUseCases};

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
        use_cases: Data<&Arc<UseCases>>,
        origin: ClientOrigin,
        form: FaceForm<Enrolment>,
    ) -> Result<Json<FaceDto>, ApiError<{ AUTHENTICATED | FORBIDDEN | CONFLICT | PHOTOS }>> {
        sender.0.session()?;
        let faces = &use_cases.faces;
        let photos = form.read(&faces.photos).await?.photos()?;
        let face = faces.enrol.execute(sender.0.user.id, photos, origin.0).await?;
        Ok(Json(face.into()))
    }

    /// Show what is known of my face
    #[oai(path = "/user/face", method = "get", operation_id = "getFace")]
    async fn get_face(
        &self,
        sender: Bearer,
        use_cases: Data<&Arc<UseCases>>,
    ) -> Result<Json<FaceDto>, ApiError<{ AUTHENTICATED | NOT_FOUND }>> {
        let face = use_cases.faces.get.execute(sender.0.user.id).await?;
        Ok(Json(face.into()))
    }

    /// Remove my face
    ///
    /// Nobody logs in with it any more; sessions that it opened stay. Not for API keys.
    #[oai(path = "/user/face", method = "delete", operation_id = "deleteFace")]
    async fn delete_face(
        &self,
        sender: Bearer,
        use_cases: Data<&Arc<UseCases>>,
        origin: ClientOrigin,
    ) -> Result<FaceDeleted, ApiError<{ AUTHENTICATED | FORBIDDEN | NOT_FOUND }>> {
        sender.0.session()?;
        let delete = &use_cases.faces.delete;
        delete.execute(sender.0.user.id, origin.0).await?;
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
        use_cases: Data<&Arc<UseCases>>,
        origin: ClientOrigin,
        form: FaceForm<Login>,
    ) -> Result<Json<TokensDto>, ApiError<{ PHOTOS | UNAUTHORIZED | FORBIDDEN | TOO_MANY }>> {
        let faces = &use_cases.faces;
        let parts = form.read(&faces.photos).await?;
        let login = parts.text("username").map(str::to_owned);
        let [photo] = parts.photos()?;
        let tokens = faces.log_in.execute(login.as_deref(), photo, origin.0).await?;
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
        use_cases: Data<&Arc<UseCases>>,
        origin: ClientOrigin,
        language: AcceptedLanguage,
        form: FaceForm<Registration>,
    ) -> Result<Registered, ApiError<{ PHOTOS | CONFLICT | TOO_MANY }>> {
        let faces = &use_cases.faces;
        let registration = registration(form.read(&faces.photos).await?)?;
        let register = &faces.register;
        let user = register.execute(registration, language.0, origin.0).await?;
        Ok(Registered::Created(Json(user.into()), "/user".to_owned()))
    }
}
