//! Texts and their pages.

use super::{
    Connection, SqlRepositories,
    entities::{
        text_pages::{self, Words},
        texts::{ActiveModel, Column, Entity, Model},
    },
    error::{CorruptRow, store_error},
    images::stored,
};
use async_trait::async_trait;
use domain::{
    clock::Timestamp,
    ids::{ImageId, TextId},
    ocr::{Bounds, LanguageSet, Text, TextPage, TextReader, TextRepository, Word},
    store::StoreError,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
    prelude::SelectExt,
};

/// How many pages one statement inserts.
const BATCH: usize = 500;

fn text(row: Model, pages: Vec<text_pages::Model>) -> Result<Text, CorruptRow> {
    let corrupt = |column| CorruptRow {
        table: "texts",
        column,
    };
    Ok(Text {
        id: TextId(row.id),
        image_id: ImageId(row.image_id),
        languages: LanguageSet::from_joined(&row.languages).ok_or(corrupt("languages"))?,
        pages: pages.into_iter().map(page).collect::<Result<_, _>>()?,
        engine: row.engine,
        duration_ms: row.duration_ms.try_into().map_err(|_| corrupt("duration_ms"))?,
        created_at: Timestamp::new(row.created_at),
    })
}

fn page(row: text_pages::Model) -> Result<TextPage, CorruptRow> {
    let corrupt = |column| CorruptRow {
        table: "text_pages",
        column,
    };
    let word = |(text, confidence, x, y, width, height)| Word {
        text,
        confidence,
        bounds: Bounds { x, y, width, height },
    };
    Ok(TextPage {
        number: row.number.try_into().map_err(|_| corrupt("number"))?,
        width: row.width.try_into().map_err(|_| corrupt("width"))?,
        height: row.height.try_into().map_err(|_| corrupt("height"))?,
        rotation: row.rotation,
        text: row.text,
        words: row.words.0.into_iter().map(word).collect(),
    })
}

fn page_row(text: TextId, page: &TextPage) -> text_pages::ActiveModel {
    let word = |Word {
                    text,
                    confidence,
                    bounds,
                }: &Word| {
        let Bounds { x, y, width, height } = *bounds;
        (text.clone(), *confidence, x, y, width, height)
    };
    text_pages::ActiveModel {
        text_id: Set(text.0),
        number: Set(page.number.into()),
        width: Set(page.width.into()),
        height: Set(page.height.into()),
        rotation: Set(page.rotation),
        text: Set(page.text.clone()),
        words: Set(Words(page.words.iter().map(word).collect())),
    }
}

#[async_trait]
impl<C: Connection> TextReader for SqlRepositories<C> {
    async fn find(&self, image: ImageId, languages: &LanguageSet) -> Result<Option<Text>, StoreError> {
        let select = Entity::find()
            .filter(Column::ImageId.eq(image.0))
            .filter(Column::Languages.eq(languages.joined()));
        let Some(row) = select.clone().one(&self.connection).await.map_err(store_error)? else {
            return Ok(None);
        };
        // Not joined: sea-orm takes a joined row that does not parse for one that is not there.
        let pages = text_pages::Entity::find()
            .filter(text_pages::Column::TextId.eq(row.id))
            .order_by_asc(text_pages::Column::Number)
            .all(&self.connection);
        let pages = pages.await.map_err(store_error)?;
        // Without pages, the text may have gone between the two reads.
        if pages.is_empty() && !select.exists(&self.connection).await.map_err(store_error)? {
            return Ok(None);
        }
        Ok(Some(text(row, pages)?))
    }
}

#[async_trait]
impl TextRepository for SqlRepositories<DatabaseTransaction> {
    async fn insert(&self, text: &Text) -> Result<(), StoreError> {
        let row = ActiveModel {
            id: Set(text.id.0),
            image_id: Set(text.image_id.0),
            languages: Set(text.languages.joined()),
            engine: Set(text.engine.clone()),
            duration_ms: Set(stored(text.duration_ms)),
            created_at: Set(text.created_at.to_utc()),
        };
        let insert = Entity::insert(row).exec_without_returning(&self.connection);
        insert.await.map_err(store_error)?;
        for pages in text.pages.chunks(BATCH) {
            let rows = pages.iter().map(|page| page_row(text.id, page));
            let insert = text_pages::Entity::insert_many(rows).exec_without_returning(&self.connection);
            insert.await.map_err(store_error)?;
        }
        Ok(())
    }
}
