//! Showing the models.

use domain::predictions::{Classifier, Classifiers, Model};
use std::sync::Arc;

/// Lists the models that are loaded.
pub struct ListModels {
    /// The models.
    pub classifiers: Arc<dyn Classifiers>,
}

impl ListModels {
    /// The models in the order of the configuration; the first is the default one.
    pub fn execute(&self) -> Vec<Model> {
        let loaded = self.classifiers.loaded();
        let models = loaded
            .iter()
            .map(|classifier: &Arc<dyn Classifier>| classifier.model().clone());
        models.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{classifier, classifiers};

    #[test]
    fn models_are_listed_in_their_order() {
        let list = ListModels {
            classifiers: classifiers(vec![classifier("lungs", "1"), classifier("eyes", "2")]),
        };
        let names: Vec<_> = list
            .execute()
            .into_iter()
            .map(|model| model.name.to_string())
            .collect();
        assert_eq!(names, ["lungs", "eyes"]);
    }
}
