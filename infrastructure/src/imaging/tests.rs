//! Tests of the whole decoder, on images made here.

mod colours;
mod facts;
mod hostile;
mod inspection;
mod pixels;
mod samples;
