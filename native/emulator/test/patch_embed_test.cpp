// patch_embed_u8 and patch_embed_f32 against float64 loops.
#include "kernel_test.hpp"

namespace {

using namespace test;

struct Shape {
  int images, size, patch, width;
  int grid() const { return size / patch; }
  int tokens() const { return grid() * grid(); }
  int values() const { return 3 * patch * patch; }
  int kPitch() const { return (values() + 31) / 32 * 32; }
};

constexpr float CENTER[3] = {127.5f, 100, 27.25f};
constexpr float FACTOR[3] = {1, 0.5f, 1.25f};
constexpr float SCALE = 1 / 127.5f;  // of bytes

struct Operands {
  Matrix weight;  // [width][3 * patch * patch], in the kernel's order: y, x, channel
  Matrix bias, positions;
  std::vector<float> pixels;  // [image][y][x][channel]
};

Operands operands(const Shape& shape, bool bytes) {
  Operands made{randomMatrix<f16>(7, shape.width, shape.values(), 0.04), randomMatrix<float>(8, 1, shape.width, 0.5),
                randomMatrix<float>(9, shape.tokens(), shape.width, 0.5), {}};
  std::mt19937 random(10);
  for (int i = 0; i < shape.images * shape.size * shape.size * 3; i++) {
    int byte = random() % 256;
    made.pixels.push_back(bytes ? byte : byte / 127.5f - 1);
  }
  return made;
}

double prepared(float pixel, int channel, bool bytes) { return bytes ? pixel - CENTER[channel] : pixel * FACTOR[channel]; }

// In float64, or as a plain f16 implementation does it, which stores normalised pixels as f16.
Matrix expected(const Shape& shape, const Operands& from, bool bytes, bool plain, bool float32) {
  float scale = bytes ? SCALE : 1;
  Matrix out;
  for (int row = 0; row < shape.images * shape.tokens(); row++) {
    int token = row % shape.tokens(), image = row / shape.tokens();
    out.emplace_back();
    for (int column = 0; column < shape.width; column++) {
      double sum = 0;
      for (int k = 0; k < shape.values(); k++) {
        int y = token / shape.grid() * shape.patch + k / 3 / shape.patch, x = token % shape.grid() * shape.patch + k / 3 % shape.patch;
        double a = prepared(from.pixels[((image * shape.size + y) * shape.size + x) * 3 + k % 3], k % 3, bytes);
        sum += (plain ? static_cast<double>(static_cast<f16>(scale * a)) : scale * a) * from.weight[column][k];
        if (plain) sum = static_cast<float>(sum);
      }
      double value = sum + from.bias[0][column] + from.positions[token][column];
      out.back().push_back(!plain ? value : float32 ? static_cast<float>(value) : static_cast<double>(static_cast<f16>(value)));
    }
  }
  return out;
}

template <typename T>
std::vector<T> flat(const Matrix& rows, int pitch) {
  std::vector<T> values;
  for (const auto& row : rows) {
    for (int i = 0; i < pitch; i++) values.push_back(i < static_cast<int>(row.size()) ? static_cast<T>(row[i]) : T(0));
  }
  return values;
}

// Planes are [image][channel][y][x].
template <typename Pixel>
std::vector<Pixel> stored(const Shape& shape, const std::vector<float>& pixels) {
  std::vector<Pixel> values(pixels.size());
  int plane = shape.size * shape.size;
  for (size_t i = 0; i < pixels.size(); i++) {
    size_t at = sizeof(Pixel) == 1 ? i : (i / 3 / plane * 3 + i % 3) * plane + i / 3 % plane;
    values[at] = static_cast<Pixel>(pixels[i]);
  }
  return values;
}

template <typename Pixel, typename Out>
void patchEmbed(const Shape& shape) {
  constexpr bool BYTES = sizeof(Pixel) == 1, FLOAT32 = sizeof(Out) == 4;
  std::string what = std::string("patch_embed from ") + (BYTES ? "bytes" : "floats") + (FLOAT32 ? " to f32, " : " to f16, ") +
                     std::to_string(shape.images) + " images of " + std::to_string(shape.size) + ", patches of " +
                     std::to_string(shape.patch) + " -> " + std::to_string(shape.width);
  Operands from = operands(shape, BYTES);
  DeviceArray<Pixel> pixels(stored<Pixel>(shape, from.pixels));
  DeviceArray<f16> weight(flat<f16>(from.weight, shape.kPitch()));
  DeviceArray<float> bias(flat<float>(from.bias, shape.width)), positions(flat<float>(from.positions, shape.width));
  int rows = shape.images * shape.tokens();
  DeviceMatrix<Out> out(rows, shape.width, (shape.width + 7) / 8 * 8 + 8, static_cast<Out>(12288.0f));
  arguments::patch_embed_u8 arguments{.pixels = pixels.address(), .weight = weight.address(), .bias = bias.address(),
                                      .positions = positions.address(), .out = out.address(), .center = {CENTER[0], CENTER[1], CENTER[2]},
                                      .factor = {FACTOR[0], FACTOR[1], FACTOR[2]}, .scale = SCALE, .images = shape.images,
                                      .imageSize = shape.size, .patchSize = shape.patch, .grid = shape.grid(), .width = shape.width,
                                      .kPitch = shape.kPitch(), .outPitch = out.pitch(), .outFloat32 = FLOAT32};
  launch(BYTES ? "patch_embed_u8" : "patch_embed_f32", shape.width, rows, arguments);
  compare(what, out.download(what), expected(shape, from, BYTES, false, FLOAT32), expected(shape, from, BYTES, true, FLOAT32),
          FLOAT32 ? FLOAT_UNIT : HALF_UNIT);
}

}  // namespace

int main() {
  for (Shape shape : {Shape{1, 14, 14, 72}, Shape{3, 61, 14, 72}, Shape{2, 29, 7, 144}, Shape{2, 32, 8, 61}, Shape{5, 57, 8, 24}, Shape{1, 14, 7, 24}}) {
    patchEmbed<uint8_t, f16>(shape);
    patchEmbed<uint8_t, float>(shape);
    patchEmbed<float, f16>(shape);
    patchEmbed<float, float>(shape);
  }
  patchEmbed<uint8_t, float>({1, 126, 14, 1152});
  return finish("patch_embed_test");
}
