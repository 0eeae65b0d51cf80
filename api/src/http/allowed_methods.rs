//! Which methods a path takes.

use poem::http::HeaderValue;
use serde_json::Value;

/// The methods of every documented path, for the `Allow` header of a 405.
pub struct AllowedMethods(Vec<(Vec<String>, HeaderValue)>);

impl AllowedMethods {
    /// Reads them from the `OpenAPI` document.
    pub fn from_spec(spec: &str) -> Self {
        let document: Value = serde_json::from_str(spec).unwrap_or_default();
        let paths = document["paths"].as_object().into_iter().flatten();
        let entry = |(path, operations): (&String, &Value)| {
            let methods: Vec<_> = operations
                .as_object()?
                .keys()
                .map(|method| method.to_uppercase())
                .collect();
            let segments = path.split('/').map(str::to_owned).collect();
            Some((segments, HeaderValue::from_str(&methods.join(", ")).ok()?))
        };
        Self(paths.filter_map(entry).collect())
    }

    /// The methods that the path takes; `None` when it is no path of the API.
    pub fn of(&self, path: &str) -> Option<HeaderValue> {
        let fits = |template: &[String]| {
            let mut segments = path.split('/');
            let all = template.iter().all(|expected| {
                segments
                    .next()
                    .is_some_and(|segment| expected.starts_with('{') || segment == expected)
            });
            all && segments.next().is_none()
        };
        self.0
            .iter()
            .find(|(template, _)| fits(template))
            .map(|(_, methods)| methods.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_methods_of_a_path_are_found_through_its_parameters() {
        let spec = r#"{"paths": {"/images": {"get": {}, "post": {}}, "/images/{id}": {"delete": {}}}}"#;
        let methods = AllowedMethods::from_spec(spec);
        assert_eq!(methods.of("/images").expect("known"), "GET, POST");
        assert_eq!(methods.of("/images/7").expect("known"), "DELETE");
        assert_eq!(methods.of("/images/7/more"), None);
        assert_eq!(methods.of("/"), None);
    }
}
