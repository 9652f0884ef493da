// gemm_e4m3_sm90_* against float64 loops, at shapes around every rim: of tiles, of groups of exchanged weights, of a stage's inputs. Both
// shapes of tiles must give the same bits, and a row has the same bits wherever it is and however many blocks there are.
#include "e4m3.hpp"
#include "gemm_reference.hpp"

namespace {

using namespace test;

const char* const TILES[] = {"128x192", "64x128"};
constexpr double LARGEST = 448;

enum class Stored { F16, F32, E4M3 };

struct Epilogue {
  const char* name;
  Result result;
  Stored stored;
};
constexpr Epilogue EPILOGUES[] = {{"bias_f16", Result::BIAS, Stored::F16}, {"bias_f32", Result::BIAS, Stored::F32},
                                  {"gelu_f16", Result::GELU, Stored::F16}, {"gelu_e4m3", Result::GELU, Stored::E4M3},
                                  {"add_f32", Result::ADD, Stored::F32},   {"add_f16", Result::ADD, Stored::F16}};

struct Operands {
  Matrix x, weight, stream;
  std::vector<double> scale, bias;  // zeros: the kernel is given none
  bool withBias;

  Operands(int rows, int inputs, int outputs, bool withBias)
      : x(randomMatrix<E4m3>(1, rows, inputs, 16)),
        weight(randomMatrix<E4m3>(2, outputs, inputs, 60)),
        stream(randomMatrix<f16>(4, rows, outputs, 1)),
        scale(outputs),
        bias(withBias ? randomMatrix<float>(3, 1, outputs, 1)[0] : std::vector<double>(outputs)),
        withBias(withBias) {
    for (int n = 0; n < outputs; n++) scale[n] = static_cast<float>((1 + n % 5 * 0.25) / (16 * 60 * std::sqrt(inputs)));
  }
};

// Output n at row 8 j + 2 t + e of its group of 32, where n = 8 t + 2 j + e there; zeros up to a multiple of 32 rows.
Matrix exchanged(const Matrix& weight) {
  Matrix rows((weight.size() + 31) / 32 * 32, std::vector<double>(weight[0].size()));
  for (size_t n = 0; n < weight.size(); n++) rows[n / 32 * 32 + n / 2 % 4 * 8 + n / 8 % 4 * 2 + n % 2] = weight[n];
  return rows;
}

int rounded(int count, int multiple) { return (count + multiple - 1) / multiple * multiple; }

// The last `rows` rows of the result, computed alone. What is behind x's and the weight's columns is not-a-number, what is behind the
// results is somebody else's.
Matrix run(const Epilogue& epilogue, const std::string& tile, const Operands& all, float outScale, int rows, int blocks) {
  std::string kernel = std::string("gemm_e4m3_sm90_") + epilogue.name + "_" + tile;
  int inputs = all.x[0].size(), outputs = all.weight.size();
  std::string what = kernel + " of " + shapeOf(rows, inputs, outputs);
  DeviceMatrix<E4m3> x(lastRows(all.x, rows), rounded(inputs, 16) + 16, E4m3(NAN));
  DeviceMatrix<E4m3> weight(exchanged(all.weight), rounded(inputs, 16), E4m3(NAN));
  DeviceArray<float> bias(paddedFloats(all.bias)), scale(paddedFloats(all.scale));
  bool adds = epilogue.result == Result::ADD;
  Matrix start = adds ? withPadding(lastRows(all.stream, rows)) : Matrix(rows, std::vector<double>(padded(outputs), NAN));
  int pitch = padded(outputs) + 16;
  DeviceMatrix<f16> halves(start, pitch, static_cast<f16>(NAN));
  DeviceMatrix<float> floats(start, pitch, NAN);
  DeviceMatrix<E4m3> codes(start, pitch, E4m3(NAN));
  uint64_t out = epilogue.stored == Stored::F16 ? halves.address() : epilogue.stored == Stored::F32 ? floats.address() : codes.address();
  arguments::gemm_e4m3_sm90_bias_f16_128x192 arguments{.x = {},
                                                       .weight = {},
                                                       .bias = all.withBias ? bias.address() : 0,
                                                       .scale = scale.address(),
                                                       .out = out,
                                                       .rows = rows,
                                                       .inputs = inputs,
                                                       .outputs = outputs,
                                                       .outPitch = pitch,
                                                       .outScale = outScale};
  int boxColumns = fact(kernel, "boxColumns"), weightRows = rounded(outputs, 32);
  encodeRows(what, x.address(), 1, rows, inputs, x.pitch(), boxColumns, fact(kernel, "boxRows"), arguments.x);
  encodeRows(what, weight.address(), 1, weightRows, inputs, weight.pitch(), boxColumns, fact(kernel, "weightBoxRows"), arguments.weight);
  launch(kernel, blocks, 1, arguments);
  Matrix found = epilogue.stored == Stored::F16   ? halves.download(what)
                 : epilogue.stored == Stored::F32 ? floats.download(what)
                                                  : codes.download(what);
  return withoutPadding(what, found, outputs);
}

void check(const Epilogue& epilogue, int rows, int inputs, int outputs, int blocks, bool withBias, float outScale = 1) {
  std::string what = std::string("gemm_e4m3_sm90_") + epilogue.name + " of " + shapeOf(rows, inputs, outputs) +
                     (withBias ? "" : " without bias");
  Operands all(rows, inputs, outputs, withBias);
  Matrix found = run(epilogue, TILES[0], all, outScale, rows, blocks);
  auto store = [&](double value) {
    switch (epilogue.stored) {
      case Stored::F16: return static_cast<double>(static_cast<f16>(value));
      case Stored::F32: return static_cast<double>(static_cast<float>(value));
      default: return static_cast<double>(E4m3(value * outScale));
    }
  };
  Matrix truth = finished(products(all.x, all.weight, exactSum), epilogue.result, all.scale, all.bias, all.stream, false, store);
  Matrix plain = finished(products(all.x, all.weight, E4M3_SUMS), epilogue.result, all.scale, all.bias, all.stream, true, store);
  for (auto& row : truth) {
    for (double& value : row) value = epilogue.stored == Stored::E4M3 ? std::min(value * outScale, LARGEST) : value;
  }
  compare(what, found, truth, plain, epilogue.stored == Stored::E4M3 ? 0x1p-4 : epilogue.stored == Stored::F32 ? FLOAT_UNIT : HALF_UNIT);
  checkIdentical(what + " in tiles of " + TILES[1], run(epilogue, TILES[1], all, outScale, rows, blocks), found);
  int part = (rows + 2) / 3;
  for (const char* tile : TILES) {
    checkIdentical(what + ", last rows alone, " + tile, run(epilogue, tile, all, outScale, part, blocks + 1), lastRows(found, part));
  }
}

// A row with something that is not a number is so as a whole, and alone.
void badRow(const Epilogue& epilogue, const std::string& tile) {
  constexpr int ROWS = 70, BAD = 17;
  std::string what = std::string("gemm_e4m3_sm90_") + epilogue.name + "_" + tile;
  Operands all(ROWS, 72, 40, true);
  Matrix good = run(epilogue, tile, all, 4, ROWS, 1);
  all.x[BAD][3] = NAN;
  Matrix found = run(epilogue, tile, all, 4, ROWS, 1);
  for (double value : found[BAD]) {
    if (!std::isnan(value)) fail(what, "hides what is not a number");
  }
  found[BAD] = good[BAD];
  checkIdentical(what + " beside a row that is not a number", found, good);
}

// include/gelu.cuh promises the right e4m3 or its neighbour: every code of x times many scales, through a product of one input.
void geluNeighbours() {
  constexpr int OUTPUTS = 64;
  constexpr float OUT_SCALE = 40;
  Operands all(256, 8, OUTPUTS, false);
  for (int row = 0; row < 256; row++) all.x[row] = std::vector<double>{decodeE4m3((row & 0x7f) == 0x7f ? 0 : row), 0, 0, 0, 0, 0, 0, 0};
  for (int n = 0; n < OUTPUTS; n++) {
    all.weight[n] = std::vector<double>{1, 0, 0, 0, 0, 0, 0, 0};
    all.scale[n] = static_cast<float>(std::exp2(-9 + n * 0.07));
  }
  Matrix found = run(EPILOGUES[3], TILES[0], all, OUT_SCALE, 256, 1);
  int neighbours = 0;
  for (int row = 0; row < 256; row++) {
    for (int n = 0; n < OUTPUTS; n++) {
      double right = geluExact(all.x[row][0] * all.scale[n]) * OUT_SCALE;
      // By the order of values: minus zero is zero.
      auto place = [](int code) { return code & 0x80 ? -(code & 0x7f) : code; };
      int off = std::abs(place(encodeE4m3(found[row][n])) - place(encodeE4m3(right)));
      neighbours += off == 1;
      if (off > 1) fail("gelu for e4m3", "of " + std::to_string(all.x[row][0] * all.scale[n]) + " is " + std::to_string(found[row][n]));
    }
  }
  if (neighbours > 256 * OUTPUTS / 100) fail("gelu for e4m3", std::to_string(neighbours) + " results are neighbours of the right one");
}

}  // namespace

int main() {
  geluNeighbours();
  for (const Epilogue& epilogue : EPILOGUES) {
    check(epilogue, 1, 8, 8, 1, true, 40);
    check(epilogue, 63, 144, 72, 1, false, 40);
    // No multiples of 8; more rounds of both rings than one, and tiles of both warpgroups of three blocks.
    check(epilogue, 193, 333, 393, 3, true, 40);
    for (const char* tile : TILES) badRow(epilogue, tile);
  }
  check(EPILOGUES[3], 65, 72, 40, 1, true, 300);  // results past 448
  check(EPILOGUES[1], 129, 1152, 24, 1, true);
  return finish("gemm_e4m3_sm90_test");
}
