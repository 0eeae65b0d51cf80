//! Everything the API can do.

use application::{
    accounts::{Authenticate, DeleteUser, LogIn, RegisterUser, UpdateProfile},
    images::{DeleteImage, GetImage, ListImages, ReadImageContent, UploadImage},
    ocr::ReadText,
    operations::CheckReadiness,
};
use domain::accounts::AccessTokens;
use std::sync::Arc;

/// The use cases behind the operations, made once at start.
pub struct UseCases {
    pub register_user: RegisterUser,
    pub log_in: LogIn,
    pub authenticate: Authenticate,
    pub update_profile: UpdateProfile,
    pub delete_user: DeleteUser,
    pub upload_image: UploadImage,
    pub list_images: ListImages,
    pub get_image: GetImage,
    pub read_image_content: ReadImageContent,
    pub delete_image: DeleteImage,
    pub read_text: ReadText,
    pub check_readiness: CheckReadiness,
    /// Whose public keys `/.well-known/jwks.json` shows.
    pub access_tokens: Arc<dyn AccessTokens>,
}
