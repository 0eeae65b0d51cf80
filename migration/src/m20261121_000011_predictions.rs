//! What classifiers said of images, what people said of that, and counts of both.

use crate::{
    columns::{add_column, create_index, long_text, moment, table},
    m20261121_000001_accounts::Users,
    m20261121_000002_images::Images,
};
use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden, Clone, Copy)]
enum Predictions {
    Table,
    Id,
    OwnerId,
    ImageId,
    Model,
    Version,
    Sha256,
    Label,
    Confidence,
    Probabilities,
    CreatedAt,
    Verdict,
    FeedbackId,
}

#[derive(DeriveIden)]
enum Feedbacks {
    Table,
    Id,
    PredictionId,
    Correct,
    Label,
    Comment,
    GivenAt,
}

#[derive(DeriveIden)]
enum PredictionTallies {
    Table,
    OwnerId,
    Quarter,
    Predictions,
    Given,
    Correct,
    Images,
}

#[derive(DeriveIden)]
enum PredictionOutcomes {
    Table,
    OwnerId,
    Span,
    Start,
    Label,
    Verdict,
    Actual,
    Count,
}

#[derive(DeriveIden)]
enum Tasks {
    Table,
    Model,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_predictions(manager).await?;
        create_feedbacks(manager).await?;
        create_tallies(manager).await?;
        create_outcomes(manager).await?;
        // `name` or `name@version`, of tasks that are predictions.
        let mut model = ColumnDef::new(Tasks::Model).string_len(129).null().take();
        add_column(manager, Tasks::Table, &mut model).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let drop_model = Table::alter()
            .table(Tasks::Table)
            .drop_column(Tasks::Model)
            .take();
        manager.alter_table(drop_model).await?;
        let tables = [
            PredictionOutcomes::Table.into_iden(),
            PredictionTallies::Table.into_iden(),
            Feedbacks::Table.into_iden(),
            Predictions::Table.into_iden(),
        ];
        for table in tables {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}

async fn create_predictions(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let predictions = table(manager, Predictions::Table)
        .col(ColumnDef::new(Predictions::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(Predictions::OwnerId).uuid().not_null())
        .col(ColumnDef::new(Predictions::ImageId).uuid().not_null())
        .col(ColumnDef::new(Predictions::Model).string_len(64).not_null())
        .col(ColumnDef::new(Predictions::Version).string_len(64).not_null())
        .col(ColumnDef::new(Predictions::Sha256).binary_len(32).not_null())
        .col(ColumnDef::new(Predictions::Label).string_len(64).not_null())
        .col(ColumnDef::new(Predictions::Confidence).double().not_null())
        // Rows of [label, probability], in the order of the model.
        .col(ColumnDef::new(Predictions::Probabilities).json().not_null())
        // Microseconds since 1970-01-01T00:00Z: lists are ordered by it, and may be asked from or to any moment.
        .col(ColumnDef::new(Predictions::CreatedAt).big_integer().not_null())
        // Of the latest feedback: 0 none, 1 correct, 2 incorrect.
        .col(ColumnDef::new(Predictions::Verdict).small_integer().not_null())
        .col(ColumnDef::new(Predictions::FeedbackId).uuid().null())
        .foreign_key(
            ForeignKey::create()
                .name("predictions_owner")
                .from(Predictions::Table, Predictions::OwnerId)
                .to(Users::Table, Users::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .foreign_key(
            ForeignKey::create()
                .name("predictions_image")
                .from(Predictions::Table, Predictions::ImageId)
                .to(Images::Table, Images::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take();
    manager.create_table(predictions).await?;
    create_indexes(manager).await
}

/// An index for each list that can be asked for, so that a page costs by its length. A list of all verdicts is made of
/// those of the three.
async fn create_indexes(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use Predictions::{Confidence, CreatedAt, Id, ImageId, Label, Model, OwnerId, Verdict};
    let indexes: [(&str, &[Predictions]); 9] = [
        ("predictions_time", &[OwnerId, Verdict, CreatedAt, Id]),
        (
            "predictions_label_time",
            &[OwnerId, Label, Verdict, CreatedAt, Id],
        ),
        (
            "predictions_model_time",
            &[OwnerId, Model, Verdict, CreatedAt, Id],
        ),
        (
            "predictions_label_model_time",
            &[OwnerId, Label, Model, Verdict, CreatedAt, Id],
        ),
        ("predictions_confidence", &[OwnerId, Verdict, Confidence, Id]),
        (
            "predictions_label_confidence",
            &[OwnerId, Label, Verdict, Confidence, Id],
        ),
        (
            "predictions_model_confidence",
            &[OwnerId, Model, Verdict, Confidence, Id],
        ),
        (
            "predictions_label_model_confidence",
            &[OwnerId, Label, Model, Verdict, Confidence, Id],
        ),
        // The latest prediction of an image.
        ("predictions_image_time", &[ImageId, CreatedAt]),
    ];
    for (name, columns) in indexes {
        let mut index = Index::create().name(name).take();
        for column in columns {
            index.col(*column);
        }
        create_index(manager, Predictions::Table, &mut index).await?;
    }
    Ok(())
}

async fn create_feedbacks(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let feedbacks = table(manager, Feedbacks::Table)
        .col(ColumnDef::new(Feedbacks::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(Feedbacks::PredictionId).uuid().not_null())
        .col(ColumnDef::new(Feedbacks::Correct).boolean().not_null())
        .col(ColumnDef::new(Feedbacks::Label).string_len(64).null())
        .col(long_text(manager, Feedbacks::Comment).null())
        .col(moment(manager, Feedbacks::GivenAt))
        .foreign_key(
            ForeignKey::create()
                .name("feedbacks_prediction")
                .from(Feedbacks::Table, Feedbacks::PredictionId)
                .to(Predictions::Table, Predictions::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take();
    manager.create_table(feedbacks).await?;
    let mut of_prediction = Index::create()
        .name("feedbacks_prediction_id")
        .col(Feedbacks::PredictionId)
        .take();
    create_index(manager, Feedbacks::Table, &mut of_prediction).await
}

/// A table of counts. No foreign key: those of everybody belong to the owner of zeros. On `SQLite` its rows lie in its
/// primary key, which every look goes through.
fn table_of_counts(manager: &SchemaManager<'_>, name: impl IntoTableRef) -> TableCreateStatement {
    let mut table = table(manager, name);
    if manager.get_database_backend() == DbBackend::Sqlite {
        table.extra("WITHOUT ROWID");
    }
    table
}

/// What was predicted in a quarter of an hour, counted from 1970-01-01T00:00Z.
async fn create_tallies(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use PredictionTallies::{Correct, Given, Images, OwnerId, Predictions, Quarter};
    let count = |column| ColumnDef::new(column).big_integer().not_null().take();
    let tallies = table_of_counts(manager, PredictionTallies::Table)
        .col(ColumnDef::new(OwnerId).uuid().not_null())
        .col(count(Quarter))
        .col(count(Predictions))
        // Of so many something was said, and that they are right.
        .col(count(Given))
        .col(count(Correct))
        // So many images were looked at then, and not since.
        .col(count(Images))
        .primary_key(Index::create().col(OwnerId).col(Quarter))
        .take();
    manager.create_table(tallies).await
}

/// What predictions counted as: in a quarter of an hour, and again in each day of 96 of them in UTC, so that a year is not
/// added up of quarters.
async fn create_outcomes(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use PredictionOutcomes::{Actual, Count, Label, OwnerId, Span, Start, Verdict};
    let outcomes = table_of_counts(manager, PredictionOutcomes::Table)
        .col(ColumnDef::new(OwnerId).uuid().not_null())
        // How many quarters the row counts, and the first of them: 1, or 96 from a multiple of that on.
        .col(ColumnDef::new(Span).small_integer().not_null())
        .col(ColumnDef::new(Start).big_integer().not_null())
        .col(ColumnDef::new(Label).string_len(64).not_null())
        .col(ColumnDef::new(Verdict).small_integer().not_null())
        // The right label; empty where it is not known.
        .col(ColumnDef::new(Actual).string_len(64).not_null())
        .col(ColumnDef::new(Count).big_integer().not_null())
        .primary_key(
            Index::create()
                .col(OwnerId)
                .col(Span)
                .col(Start)
                .col(Label)
                .col(Verdict)
                .col(Actual),
        )
        .take();
    manager.create_table(outcomes).await
}
