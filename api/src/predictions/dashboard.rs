//! How good predictions are.

use super::{
    chart,
    dashboard_dto::{DashboardDto, Range, Scope},
    query::{ZONE_RULE, parse_zone},
};
use crate::{
    api_error::{ApiError, BAD_REQUEST, FORBIDDEN},
    authentication::{AUTHENTICATED, Bearer},
    fields::{FieldErrors, RawField},
    services::Services,
    tags::Tag,
};
use application::{Error, accounts::Authenticated};
use domain::predictions::{Dashboard, Tz};
use poem::web::Data;
use poem_openapi::{
    ApiResponse, OpenApi,
    param::Query,
    payload::{Binary, Json},
};
use std::sync::Arc;

/// The operations of the dashboard.
pub struct DashboardApi;

#[derive(ApiResponse)]
enum Chart {
    /// A picture.
    #[oai(status = 200)]
    Svg(
        Binary<String>,
        /// Always `image/svg+xml`.
        #[oai(header = "Content-Type")]
        String,
    ),
}

#[OpenApi(tag = "Tag::Predictions")]
impl DashboardApi {
    /// Show how good predictions are
    ///
    /// Counts the predictions of the latest days and what was said of them: by label, by day, and what was predicted where
    /// another label was right.
    #[oai(path = "/dashboard", method = "get", operation_id = "getDashboard")]
    async fn get_dashboard(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        /// `today`, or the latest 7, 30 or 365 days, today among them; `today` when left out.
        range: Query<Option<RawField<Range>>>,
        /// `mine`, or, for admins, everybody's; `mine` when left out.
        scope: Query<Option<RawField<Scope>>>,
        /// The time zone of the days, by its IANA name; UTC when left out.
        tz: Query<Option<RawField<String>>>,
    ) -> Result<Json<DashboardDto>, ApiError<{ AUTHENTICATED | BAD_REQUEST | FORBIDDEN }>> {
        let view = View::parse(range.0, scope.0, tz.0)?;
        let dashboard = view.count(&sender.0, services.0).await?;
        Ok(Json(DashboardDto::new(view.range, view.scope, &dashboard)))
    }

    /// Plot how good predictions are
    ///
    /// The days of the dashboard as a picture: how many predictions were made, and how many of them were said to be right
    /// and wrong.
    #[oai(
        path = "/dashboard/chart.svg",
        method = "get",
        operation_id = "getDashboardChart"
    )]
    async fn get_dashboard_chart(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        /// `today`, or the latest 7, 30 or 365 days, today among them; `today` when left out.
        range: Query<Option<RawField<Range>>>,
        /// `mine`, or, for admins, everybody's; `mine` when left out.
        scope: Query<Option<RawField<Scope>>>,
        /// The time zone of the days, by its IANA name; UTC when left out.
        tz: Query<Option<RawField<String>>>,
    ) -> Result<Chart, ApiError<{ AUTHENTICATED | BAD_REQUEST | FORBIDDEN }>> {
        let view = View::parse(range.0, scope.0, tz.0)?;
        let dashboard = view.count(&sender.0, services.0).await?;
        Ok(Chart::Svg(
            Binary(chart::draw(&dashboard)?),
            "image/svg+xml".to_owned(),
        ))
    }
}

/// What is to be counted.
struct View {
    range: Range,
    scope: Scope,
    zone: Tz,
}

impl View {
    fn parse(
        range: Option<RawField<Range>>,
        scope: Option<RawField<Scope>>,
        tz: Option<RawField<String>>,
    ) -> Result<Self, Error> {
        let mut fields = FieldErrors::default();
        let rule = "must be today, week, month, year or all";
        let range = fields.optional("range", range, Some, rule);
        let scope = fields.optional("scope", scope, Some, "must be mine or all");
        let zone = fields.optional("tz", tz, |text| parse_zone(&text), ZONE_RULE);
        fields.finish()?;
        Ok(Self {
            range: range.unwrap_or_default(),
            scope: scope.unwrap_or_default(),
            zone: zone.unwrap_or(Tz::UTC),
        })
    }

    async fn count(&self, sender: &Authenticated, services: &Services) -> Result<Dashboard, Error> {
        let scope = match self.scope {
            Scope::Mine => domain::predictions::Scope::Of(sender.user.id),
            Scope::All => {
                sender.admin()?;
                domain::predictions::Scope::All
            }
        };
        let dashboards = &services.dashboards;
        dashboards.show(scope, self.range.into(), self.zone).await
    }
}
