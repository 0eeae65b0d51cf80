//! The classifiers. None yet: the adapter comes with the next merge.

use domain::predictions::{Classifier, Classifiers, RefusedModel};
use std::sync::Arc;

pub(super) struct NoClassifiers;

impl Classifiers for NoClassifiers {
    fn loaded(&self) -> Vec<Arc<dyn Classifier>> {
        vec![]
    }

    fn refused(&self) -> Vec<RefusedModel> {
        vec![]
    }
}
