// gemm_* against float64 loops, at shapes around every rim: of tiles, of pieces of the epilogue, of a stage's inputs. Both shapes of tiles
// must give the same bits, and a row has the same bits wherever it is.
#include "gemm_reference.hpp"

namespace {

using namespace test;

const char* const TILES[] = {"128x128", "64x64"};
constexpr int AMPERE = 80;

// The last `rows` rows of the result, computed alone. What is behind x's and the weight's padding is not-a-number, what is behind the
// results is somebody else's.
Matrix run(const F16Epilogue& epilogue, const std::string& tile, const F16Operands& all, int rows) {
  std::string kernel = std::string("gemm_") + epilogue.name + "_" + tile;
  int inputs = all.inputs(), outputs = all.outputs();
  std::string what = kernel + " of " + shapeOf(rows, inputs, outputs);
  DeviceMatrix<f16> x(withPadding(lastRows(all.x, rows)), padded(inputs) + 8, static_cast<f16>(NAN));
  DeviceMatrix<f16> weight(withPadding(all.weight), padded(inputs), static_cast<f16>(NAN));
  DeviceArray<float> bias(paddedFloats(all.bias));
  bool adds = epilogue.result == Result::ADD;
  Matrix start = adds ? withPadding(lastRows(all.stream, rows)) : Matrix(rows, std::vector<double>(padded(outputs), NAN));
  DeviceMatrix<f16> halves(start, padded(outputs) + 16, static_cast<f16>(NAN));
  DeviceMatrix<float> floats(start, padded(outputs) + 16, NAN);
  arguments::gemm_bias_f16_128x128 arguments{.x = x.address(),
                                             .weight = weight.address(),
                                             .bias = all.withBias ? bias.address() : 0,
                                             .out = epilogue.floats ? floats.address() : halves.address(),
                                             .rows = rows,
                                             .inputs = inputs,
                                             .outputs = outputs,
                                             .xPitch = x.pitch(),
                                             .outPitch = halves.pitch()};
  launch(kernel, outputs, rows, arguments, AMPERE);
  return withoutPadding(what, epilogue.floats ? floats.download(what) : halves.download(what), outputs);
}

void check(const F16Epilogue& epilogue, int rows, int inputs, int outputs, bool withBias) {
  std::string what = std::string("gemm_") + epilogue.name + " of " + shapeOf(rows, inputs, outputs) + (withBias ? "" : " without bias");
  F16Operands all(rows, inputs, outputs, withBias);
  Matrix found = run(epilogue, TILES[0], all, rows);
  compareProduct(what, found, all, epilogue, AMPERE_F16_SUMS);
  checkIdentical(what + " in tiles of " + TILES[1], run(epilogue, TILES[1], all, rows), found);
  int part = (rows + 2) / 3;
  for (const char* tile : TILES) checkIdentical(what + ", last rows alone, " + tile, run(epilogue, tile, all, part), lastRows(found, part));
}

}  // namespace

int main() {
  for (const F16Epilogue& epilogue : F16_EPILOGUES) {
    check(epilogue, 1, 8, 8, true);
    check(epilogue, 63, 72, 72, false);
    check(epilogue, 65, 144, 200, true);
    check(epilogue, 193, 333, 150, true);
    for (std::string tile : TILES) {
      std::string what = std::string("gemm_") + epilogue.name + "_" + tile;
      checkBadRows(what, [&](const F16Operands& all) { return run(epilogue, tile, all, all.rows()); });
    }
  }
  check(F16_EPILOGUES[1], 129, 1152, 24, true);
  return finish("gemm_test");
}
