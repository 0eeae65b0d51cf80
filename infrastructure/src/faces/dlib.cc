#include "infrastructure/src/faces/dlib.h"
#include "infrastructure/src/faces/bridge.rs.h"

#include <dlib/dnn.h>
#include <dlib/image_processing.h>
#include <dlib/image_processing/frontal_face_detector.h>
#include <dlib/image_transforms.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

namespace ocellus {
namespace {

// The residual network of dlib_face_recognition_resnet_model_v1.dat: the file holds its numbers, its shape is stated here.
// Residual blocks of two 3x3 convolutions, each followed by an affine layer (batch normalization, frozen); 32, 64, 128 and
// 256 channels, the image halved between them; at the end 128 numbers.
template <template <int, template <typename> class, int, typename> class Block, int Channels,
          template <typename> class Normalization, typename Below>
using Residual = dlib::add_prev1<Block<Channels, Normalization, 1, dlib::tag1<Below>>>;

template <template <int, template <typename> class, int, typename> class Block, int Channels,
          template <typename> class Normalization, typename Below>
using HalvingResidual =
    dlib::add_prev2<dlib::avg_pool<2, 2, 2, 2,
                                   dlib::skip1<dlib::tag2<Block<Channels, Normalization, 2, dlib::tag1<Below>>>>>>;

template <int Channels, template <typename> class Normalization, int Stride, typename Below>
using TwoConvolutions = Normalization<dlib::con<
    Channels, 3, 3, 1, 1,
    dlib::relu<Normalization<dlib::con<Channels, 3, 3, Stride, Stride, Below>>>>>;

template <int Channels, typename Below>
using Same = dlib::relu<Residual<TwoConvolutions, Channels, dlib::affine, Below>>;
template <int Channels, typename Below>
using Halving = dlib::relu<HalvingResidual<TwoConvolutions, Channels, dlib::affine, Below>>;

template <typename Below> using Level0 = Halving<256, Below>;
template <typename Below> using Level1 = Same<256, Same<256, Halving<256, Below>>>;
template <typename Below> using Level2 = Same<128, Same<128, Halving<128, Below>>>;
template <typename Below> using Level3 = Same<64, Same<64, Same<64, Halving<64, Below>>>>;
template <typename Below> using Level4 = Same<32, Same<32, Same<32, Below>>>;

constexpr unsigned long CHIP = 150;
// How much of the face's surroundings the network was trained with, as a share of the face.
constexpr double PADDING = 0.25;
constexpr std::size_t DIMENSIONS = 128;

using Network = dlib::loss_metric<dlib::fc_no_bias<
    DIMENSIONS,
    dlib::avg_pool_everything<Level0<Level1<Level2<Level3<Level4<dlib::max_pool<
        3, 3, 2, 2, dlib::relu<dlib::affine<dlib::con<32, 7, 7, 2, 2, dlib::input_rgb_image_sized<CHIP>>>>>>>>>>>>>;

using Image = dlib::matrix<dlib::rgb_pixel>;

Image image_of(rust::Slice<const std::uint8_t> pixels, std::size_t width, std::size_t height) {
    if (width == 0 || height == 0 || pixels.size() / 3 / width != height || pixels.size() != width * height * 3) {
        throw std::invalid_argument("the pixels are not as many as the sides say");
    }
    Image image(static_cast<long>(height), static_cast<long>(width));
    const std::uint8_t* pixel = pixels.data();
    for (dlib::rgb_pixel& to : image) {
        to = dlib::rgb_pixel(pixel[0], pixel[1], pixel[2]);
        pixel += 3;
    }
    return image;
}

} // namespace

struct DlibEngine::Parts {
    dlib::frontal_face_detector detector = dlib::get_frontal_face_detector();
    dlib::shape_predictor landmarks;
    Network network;
};

DlibEngine::DlibEngine(const std::string& landmarks, const std::string& network) : parts(new Parts) {
    dlib::deserialize(landmarks) >> parts->landmarks;
    dlib::deserialize(network) >> parts->network;
}

DlibEngine::~DlibEngine() = default;

rust::Vec<Detection> DlibEngine::detect(
    rust::Slice<const std::uint8_t> pixels, std::size_t width, std::size_t height, double score
) {
    std::vector<dlib::rect_detection> found;
    parts->detector(image_of(pixels, width, height), found, score);
    rust::Vec<Detection> faces;
    for (const dlib::rect_detection& face : found) {
        faces.push_back(Detection{
            face.rect.left(),
            face.rect.top(),
            face.rect.right(),
            face.rect.bottom(),
            face.detection_confidence,
        });
    }
    return faces;
}

void DlibEngine::describe(
    rust::Slice<const std::uint8_t> pixels,
    std::size_t width,
    std::size_t height,
    const Detection& detection,
    rust::Slice<float> embedding
) {
    if (embedding.size() != DIMENSIONS) {
        throw std::invalid_argument("an embedding has 128 numbers");
    }
    const Image image = image_of(pixels, width, height);
    const dlib::rectangle place(detection.left, detection.top, detection.right, detection.bottom);
    const dlib::full_object_detection shape = parts->landmarks(image, place);
    Image chip;
    dlib::extract_image_chip(image, dlib::get_face_chip_details(shape, CHIP, PADDING), chip);
    const dlib::matrix<float, 0, 1>& numbers = parts->network(chip);
    std::copy(numbers.begin(), numbers.end(), embedding.begin());
}

std::unique_ptr<DlibEngine> open_engine(rust::Str landmarks, rust::Str network) {
    return std::unique_ptr<DlibEngine>(new DlibEngine(std::string(landmarks), std::string(network)));
}

} // namespace ocellus
