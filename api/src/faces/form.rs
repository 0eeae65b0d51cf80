//! Multipart bodies with photos of faces.

use crate::{
    multipart::{self, PartSource, next_part, text_of},
    problem::Problem,
    services::Services,
};
use application::{
    Error, FieldError,
    faces::{PhotoIntake, ReceivedPhoto},
};
use multer::Multipart;
use poem::{FromRequest, Request, RequestBody, web::Data};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaMediaType, MetaRequest, MetaSchema, MetaSchemaRef},
};
use std::{collections::HashMap, marker::PhantomData, sync::Arc, time::Duration};
use tokio::time::timeout;

/// How long a whole body may take: what was read of it waits in memory that all of them share.
const WHOLE_BODY: Duration = Duration::from_mins(2);

/// What a body holds.
pub trait Shape: Send {
    /// The parts with photos.
    const PHOTOS: &'static str;
    /// How many photos there are.
    const COUNT: usize;
    /// Parts with text: what each is, and whether it must be there.
    const TEXTS: &'static [(&'static str, &'static str, bool)];
}

/// A multipart body of this shape, read when it is asked for.
pub struct FaceForm<S>(Multipart<'static>, PhantomData<S>);

/// What was read of one.
pub struct Parts {
    texts: HashMap<&'static str, String>,
    photos: Vec<ReceivedPhoto>,
    photos_part: &'static str,
}

impl<S: Shape> FaceForm<S> {
    /// Reads every part; unknown ones are passed over.
    pub async fn read(self, intake: &PhotoIntake) -> Result<Parts, Problem> {
        intake.check().map_err(Problem::from_error)?;
        let late = |_| Problem::from_error(Error::InterruptedUpload);
        timeout(WHOLE_BODY, self.read_parts(intake)).await.map_err(late)?
    }

    async fn read_parts(mut self, intake: &PhotoIntake) -> Result<Parts, Problem> {
        let mut parts = Parts {
            texts: HashMap::new(),
            photos: Vec::new(),
            photos_part: S::PHOTOS,
        };
        while let Some(part) = next_part(&mut self.0).await? {
            if part.name() == Some(S::PHOTOS) {
                if parts.photos.len() == S::COUNT {
                    return Err(Problem::from_error(parts.wrong_count(S::COUNT)));
                }
                let photo = intake.receive(Box::new(PartSource::new(part))).await;
                parts.photos.push(photo.map_err(Problem::from_error)?);
            } else if let Some((name, ..)) = S::TEXTS.iter().find(|(name, ..)| part.name() == Some(*name)) {
                parts.texts.insert(*name, text_of(part).await?);
            }
        }
        Ok(parts)
    }
}

impl Parts {
    /// The text of a part, if it was there.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }

    /// Exactly so many photos.
    pub fn photos<const COUNT: usize>(self) -> Result<[ReceivedPhoto; COUNT], Error> {
        let wrong_count = self.wrong_count(COUNT);
        self.photos.try_into().map_err(|_| wrong_count)
    }

    fn wrong_count(&self, count: usize) -> Error {
        let message = if count == 1 {
            "must be one photo".to_owned()
        } else {
            format!("must be {count} photos, each in a part of this name")
        };
        Error::InvalidRequest(vec![FieldError::new(self.photos_part, message)])
    }
}

impl<'a, S: Shape> ApiExtractor<'a> for FaceForm<S> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn request_meta() -> Option<MetaRequest> {
        let photo = |description| MetaSchema {
            description: Some(description),
            ..MetaSchema::new_with_format("string", "binary")
        };
        let photos = if S::COUNT == 1 {
            photo("The photo.")
        } else {
            MetaSchema {
                description: Some("The photos."),
                items: Some(Box::new(MetaSchemaRef::Inline(Box::new(photo("A photo."))))),
                min_items: Some(S::COUNT),
                max_items: Some(S::COUNT),
                ..MetaSchema::new("array")
            }
        };
        let mut properties = Vec::new();
        let mut required = Vec::new();
        for (name, description, must) in S::TEXTS {
            let text = MetaSchema {
                description: Some(description),
                ..MetaSchema::new("string")
            };
            properties.push((*name, MetaSchemaRef::Inline(Box::new(text))));
            required.extend(must.then_some(*name));
        }
        properties.push((S::PHOTOS, MetaSchemaRef::Inline(Box::new(photos))));
        required.push(S::PHOTOS);
        let form = MetaSchema {
            properties,
            required,
            ..MetaSchema::new("object")
        };
        let content = vec![MetaMediaType {
            content_type: "multipart/form-data",
            schema: MetaSchemaRef::Inline(Box::new(form)),
        }];
        Some(MetaRequest {
            description: None,
            content,
            required: true,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<Self::ParamType>,
    ) -> poem::Result<Self> {
        let Data(services) = <Data<&Arc<Services>> as FromRequest>::from_request(request, body).await?;
        let max_bytes = services.face_photos.max_bytes();
        let max_bytes = max_bytes.saturating_mul(S::COUNT as u64);
        let body = multipart::open(request, body, S::PHOTOS, max_bytes)?;
        Ok(Self(body, PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use bytes::Bytes;
    use domain::faces::{DescribedFace, FaceEngine, FaceError, Photo};
    use futures_util::{StreamExt, stream};
    use std::io;
    use tokio::time::{Instant, sleep};

    /// An engine that never sees a photo.
    struct Ready;

    #[async_trait]
    impl FaceEngine for Ready {
        fn model(&self) -> String {
            String::new()
        }

        fn check(&self) -> Result<(), FaceError> {
            Ok(())
        }

        async fn describe(&self, _photo: Photo) -> Result<DescribedFace, FaceError> {
            Err(FaceError::NoFace)
        }
    }

    /// One photo and nothing else.
    struct OnePhoto;

    impl Shape for OnePhoto {
        const PHOTOS: &'static str = "image";
        const COUNT: usize = 1;
        const TEXTS: &'static [(&'static str, &'static str, bool)] = &[];
    }

    #[tokio::test(start_paused = true)]
    async fn a_sender_who_is_never_quite_silent_has_two_minutes() {
        let head = b"--B\r\ncontent-disposition: form-data; name=\"image\"\r\n\r\n\x89PNG\r\n\x1a\n";
        let head = stream::iter([Ok::<_, io::Error>(Bytes::from_static(head))]);
        let rest = stream::repeat(()).then(async |()| {
            sleep(Duration::from_secs(29)).await;
            Ok(Bytes::from_static(&[0; 64]))
        });
        let body = Multipart::new(head.chain(rest.boxed()), "B");
        let intake = PhotoIntake::new(Arc::new(Ready), 1 << 20);
        let begun = Instant::now();
        let outcome = FaceForm(body, PhantomData::<OnePhoto>).read(&intake).await;
        let (status, said) = outcome.err().expect("refused").to_kept();
        assert_eq!(begun.elapsed(), WHOLE_BODY);
        assert!(status == 400 && said.contains("invalid_request"), "{said}");
    }
}
