// What the program uses of dlib: finding faces and describing one by a vector. bridge.rs is the other side.
#pragma once

#include "rust/cxx.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace ocellus {

// Defined by the bridge.
struct Detection;

// A detector, a landmark predictor and a network, with the memory that they work in. For one thread at a time.
class DlibEngine {
public:
    // Reads the models from these files; throws when they are absent or something else.
    DlibEngine(const std::string& landmarks, const std::string& network);
    ~DlibEngine();

    // The faces in `width * height` RGB pixels whose score is at least `score`, the best first.
    rust::Vec<Detection> detect(
        rust::Slice<const std::uint8_t> pixels, std::size_t width, std::size_t height, double score
    );

    // Writes the 128 numbers that describe the face at `detection` in these pixels.
    void describe(
        rust::Slice<const std::uint8_t> pixels,
        std::size_t width,
        std::size_t height,
        const Detection& detection,
        rust::Slice<float> embedding
    );

private:
    struct Parts;
    std::unique_ptr<Parts> parts;
};

std::unique_ptr<DlibEngine> open_engine(rust::Str landmarks, rust::Str network);

} // namespace ocellus
