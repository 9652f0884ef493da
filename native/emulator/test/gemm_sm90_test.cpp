// gemm_sm90_* against float64 loops, at shapes around every rim: of tiles, of pieces of the epilogue, of a stage's inputs. All shapes of tiles must
// give the same bits, and a row has the same bits wherever it is and however many blocks there are.
#include "gemm_reference.hpp"

namespace {

using namespace test;

const char* const TILES[] = {"128x192", "64x128", "64x64"};

struct Epilogue {
  const char* name;
  Result result;
  bool floats;
};
constexpr Epilogue EPILOGUES[] = {{"bias_f16", Result::BIAS, false},
                                  {"bias_f32", Result::BIAS, true},
                                  {"gelu_f16", Result::GELU, false},
                                  {"add_f32", Result::ADD, true},
                                  {"add_f16", Result::ADD, false}};

struct Operands {
  Matrix x, weight, stream;
  std::vector<double> bias;  // zeros: the kernel is given none
  bool withBias;

  Operands(int rows, int inputs, int outputs, bool withBias)
      : x(randomMatrix<f16>(1, rows, inputs, 1)),
        weight(randomMatrix<f16>(2, outputs, inputs, 1 / std::sqrt(inputs))),
        stream(randomMatrix<f16>(4, rows, outputs, 1)),
        bias(withBias ? randomVector(3, outputs, 1) : std::vector<double>(outputs)),
        withBias(withBias) {}
};

// The last `rows` rows of the result, computed alone. What is behind x's and the weight's columns is not-a-number, what is behind the results
// is somebody else's.
Matrix run(const Epilogue& epilogue, const std::string& tile, const Operands& all, int rows, int blocks) {
  std::string kernel = std::string("gemm_sm90_") + epilogue.name + "_" + tile;
  int inputs = all.x[0].size(), outputs = all.weight.size();
  std::string what = kernel + " of " + std::to_string(rows) + " rows, " + std::to_string(inputs) + " inputs, " + std::to_string(outputs) + " outputs";
  DeviceMatrix<f16> x(lastRows(all.x, rows), padded(inputs) + 8, static_cast<f16>(NAN)), weight(all.weight, padded(inputs), static_cast<f16>(NAN));
  DeviceArray<float> bias(paddedFloats(all.bias));
  bool adds = epilogue.result == Result::ADD;
  Matrix start = adds ? withPadding(lastRows(all.stream, rows)) : Matrix(rows, std::vector<double>(padded(outputs), NAN));
  DeviceMatrix<f16> halves(start, padded(outputs) + 16, static_cast<f16>(NAN));
  DeviceMatrix<float> floats(start, padded(outputs) + 16, NAN);
  arguments::gemm_sm90_bias_f16_128x192 arguments{.x = {},
                                                  .weight = {},
                                                  .bias = all.withBias ? bias.address() : 0,
                                                  .out = epilogue.floats ? floats.address() : halves.address(),
                                                  .rows = rows,
                                                  .inputs = inputs,
                                                  .outputs = outputs,
                                                  .outPitch = halves.pitch()};
  encodeRows(what, x.address(), 2, rows, inputs, x.pitch(), fact(kernel, "boxColumns"), fact(kernel, "boxRows"), arguments.x);
  encodeRows(what, weight.address(), 2, outputs, inputs, weight.pitch(), fact(kernel, "boxColumns"), fact(kernel, "weightBoxRows"), arguments.weight);
  launch(kernel, blocks, 1, arguments);
  return withoutPadding(what, epilogue.floats ? floats.download(what) : halves.download(what), outputs);
}

void check(const Epilogue& epilogue, int rows, int inputs, int outputs, int blocks, bool withBias) {
  std::string what = std::string("gemm_sm90_") + epilogue.name + " " + std::to_string(rows) + " x " + std::to_string(inputs) + " x " +
                     std::to_string(outputs) + (withBias ? "" : " without bias");
  Operands all(rows, inputs, outputs, withBias);
  Matrix found = run(epilogue, TILES[0], all, rows, blocks);
  auto store = [&](double value) { return epilogue.floats ? static_cast<double>(static_cast<float>(value)) : static_cast<double>(static_cast<f16>(value)); };
  Matrix truth = finished(products(all.x, all.weight, exactSum), epilogue.result, {}, all.bias, all.stream, false, store);
  Matrix plain = finished(products(all.x, all.weight, F16_SUMS), epilogue.result, {}, all.bias, all.stream, true, store);
  compare(what, found, truth, plain, epilogue.floats ? FLOAT_UNIT : HALF_UNIT);
  for (const char* tile : {TILES[1], TILES[2]}) checkIdentical(what + " in tiles of " + tile, run(epilogue, tile, all, rows, blocks), found);
  int part = (rows + 2) / 3;
  for (const char* tile : TILES) checkIdentical(what + ", last rows alone, " + tile, run(epilogue, tile, all, part, blocks + 1), lastRows(found, part));
}

// A row that is not a number, and one of infinities, are theirs alone.
void badRows(const Epilogue& epilogue, const std::string& tile) {
  constexpr int ROWS = 70, NAN_ROW = 17, INFINITE_ROW = 65;
  Operands all(ROWS, 72, 40, true);
  Matrix good = run(epilogue, tile, all, ROWS, 1);
  all.x[NAN_ROW][3] = NAN;
  all.x[INFINITE_ROW] = std::vector<double>(72, INFINITY);
  Matrix found = run(epilogue, tile, all, ROWS, 1);
  for (int row : {NAN_ROW, INFINITE_ROW}) {
    bool finite = std::any_of(found[row].begin(), found[row].end(), [&](double value) { return row == NAN_ROW ? !std::isnan(value) : value == good[row][0]; });
    if (finite) fail(std::string("gemm_sm90_") + epilogue.name + "_" + tile, "row " + std::to_string(row) + " hides what was not finite");
    found[row] = good[row];
  }
  checkIdentical(std::string("gemm_sm90_") + epilogue.name + "_" + tile + " beside rows that are not finite", found, good);
}

}  // namespace

int main() {
  for (const Epilogue& epilogue : EPILOGUES) {
    check(epilogue, 1, 8, 8, 1, true);
    check(epilogue, 63, 72, 72, 1, false);
    check(epilogue, 65, 144, 200, 2, true);
    // No multiples of 8; more rounds of every ring than one, and tiles of both warpgroups of three blocks.
    check(epilogue, 193, 333, 393, 3, true);
    for (const char* tile : TILES) badRows(epilogue, tile);
  }
  check(EPILOGUES[1], 129, 1152, 24, 1, true);
  return finish("gemm_sm90_test");
}
