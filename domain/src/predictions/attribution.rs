//! The parts of an image that speak for a label.

/// The attribution of a label: how strongly each cell of a grid over the part of an image that the model saw speaks for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribution {
    /// The rows of the grid, at least 1.
    pub rows: u32,
    /// The columns of the grid, at least 1.
    pub columns: u32,
    /// One value per cell, row by row from the top left, each finite and at least 0. The unit depends on the model: an output
    /// (a logit) if the model has maps, else the probability that is lost if the cell is covered.
    pub values: Vec<f32>,
}

impl Attribution {
    /// The lowest value.
    pub fn minimum(&self) -> f32 {
        self.values.iter().copied().reduce(f32::min).unwrap_or(0.0)
    }

    /// The highest value.
    pub fn maximum(&self) -> f32 {
        self.values.iter().copied().reduce(f32::max).unwrap_or(0.0)
    }

    /// The value of a cell; 0 outside the grid.
    pub fn value(&self, row: u32, column: u32) -> f32 {
        let cell = row as usize * self.columns as usize + column as usize;
        self.values.get(cell).copied().unwrap_or(0.0)
    }
}
