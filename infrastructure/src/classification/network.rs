//! A loaded ONNX model: numbers in, numbers out.

use super::manifest::Manifest;
use image::{Rgb, RgbImage};
use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool};
use rten_tensor::{NdTensor, NdTensorView, prelude::*};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

/// The most places of a map: more than any model gives, and what keeps memory in bounds.
const MOST_PLACES: usize = 1 << 20;

/// A model and its ends. Sharing it between threads costs nothing: running it changes nothing of it.
pub(super) struct Network {
    model: Model,
    image: NodeId,
    logits: NodeId,
    maps: Option<NodeId>,
    /// Height and width of the input, and how many outputs there are.
    input: [usize; 2],
    outputs: usize,
}

/// Evidence for each output at each place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Maps {
    /// One output after the other, row by row.
    pub(super) values: Vec<f32>,
    pub(super) height: usize,
    pub(super) width: usize,
}

/// What a model says of one input.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) logits: Vec<f32>,
    /// Those that were asked for, where the model has them.
    pub(super) maps: Option<Maps>,
}

impl Network {
    /// Loads a model and shows, by running it once, that it is what its manifest says.
    ///
    /// # Errors
    ///
    /// What is wrong with it, as a sentence.
    pub(super) fn load(onnx: Vec<u8>, manifest: &Manifest) -> Result<Self, String> {
        let load = || ModelOptions::with_all_ops().prepack_weights(true).load(onnx);
        let model = catch_unwind(AssertUnwindSafe(load))
            .map_err(|_| "model.onnx breaks the engine".to_owned())?
            .map_err(|error| format!("model.onnx cannot be loaded: {error}"))?;
        let &[image] = model.input_ids() else {
            return Err("model.onnx must have one input, the image".to_owned());
        };
        let output = |name| {
            let found = model.find_node(name);
            found.filter(|id| model.output_ids().contains(id))
        };
        let logits = output("logits").ok_or("model.onnx has no output “logits”")?;
        let maps = output("maps");
        let size = manifest.preprocessing.size;
        let network = Self {
            image,
            logits,
            maps,
            input: [size.height as usize, size.width as usize],
            outputs: manifest.model.labels.as_slice().len(),
            model,
        };
        let pool = Arc::new(ThreadPool::with_num_threads(1));
        let gray = RgbImage::from_pixel(size.width, size.height, Rgb([128; 3]));
        let prepared = manifest.preprocessing.prepare(&gray);
        let prepared = prepared.map_err(|error| error.to_string())?;
        let answer = network.answer(&prepared, true, &pool)?;
        if answer.logits.iter().all(|logit| logit.is_finite()) {
            Ok(network)
        } else {
            Err("model.onnx answers a gray picture with what is no number".to_owned())
        }
    }

    /// Whether the model says what speaks for its answer.
    pub(super) fn has_maps(&self) -> bool {
        self.maps.is_some()
    }

    /// Runs the model on threads of the pool.
    ///
    /// # Errors
    ///
    /// What is wrong with the model or with its answer, as a sentence; an answer may hold what is no number.
    pub(super) fn answer(&self, input: &[f32], maps: bool, pool: &Arc<ThreadPool>) -> Result<Answer, String> {
        let run = || self.run(input, self.maps.filter(|_| maps), pool);
        catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Err("the model breaks the engine".to_owned()))
    }

    fn run(&self, input: &[f32], maps: Option<NodeId>, pool: &Arc<ThreadPool>) -> Result<Answer, String> {
        let [height, width] = self.input;
        let image = NdTensorView::try_from_data([1, 3, height, width], input)
            .map_err(|_| "the input has another size".to_owned())?;
        let wanted: Vec<NodeId> = [Some(self.logits), maps].into_iter().flatten().collect();
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(pool)));
        let mut given = self
            .model
            .run(vec![(self.image, image.into())], &wanted, Some(options))
            .map_err(|error| format!("the model cannot be run: {error}"))?
            .into_iter();
        let logits: NdTensor<f32, 2> = given
            .next()
            .and_then(|value| value.try_into().ok())
            .ok_or("the output “logits” has another type or number of dimensions")?;
        if logits.shape() != [1, self.outputs] {
            return Err(format!(
                "the model gives {:?} and has {} labels",
                logits.shape(),
                self.outputs
            ));
        }
        let maps = given.next().map(|value| self.maps_of(value)).transpose()?;
        Ok(Answer {
            logits: logits.to_vec(),
            maps,
        })
    }

    fn maps_of(&self, value: rten::Value) -> Result<Maps, String> {
        let maps: NdTensor<f32, 4> = value
            .try_into()
            .map_err(|_| "the output “maps” has another type or number of dimensions")?;
        let [one, outputs, height, width] = maps.shape();
        if one != 1 || outputs != self.outputs || height * width == 0 || height * width > MOST_PLACES {
            return Err(format!("the output “maps” has the shape {:?}", maps.shape()));
        }
        Ok(Maps {
            values: maps.to_vec(),
            height,
            width,
        })
    }
}
