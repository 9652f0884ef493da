// gemm_sm90_* against float64 loops, at shapes around every rim: of tiles, of pieces of the epilogue, of a stage's inputs. All shapes of
// tiles must give the same bits, and a row has the same bits wherever it is and however many blocks there are.
#include "gemm_reference.hpp"

namespace {

using namespace test;

const char* const TILES[] = {"128x192", "64x128", "64x64"};

// The last `rows` rows of the result, computed alone. What is behind x's and the weight's columns is not-a-number, what is behind the
// results is somebody else's.
Matrix run(const F16Epilogue& epilogue, const std::string& tile, const F16Operands& all, int rows, int blocks) {
  std::string kernel = std::string("gemm_sm90_") + epilogue.name + "_" + tile;
  int inputs = all.inputs(), outputs = all.outputs();
  std::string what = kernel + " of " + shapeOf(rows, inputs, outputs);
  DeviceMatrix<f16> x(lastRows(all.x, rows), padded(inputs) + 8, static_cast<f16>(NAN));
  DeviceMatrix<f16> weight(all.weight, padded(inputs), static_cast<f16>(NAN));
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
  int boxColumns = fact(kernel, "boxColumns");
  encodeRows(what, x.address(), 2, rows, inputs, x.pitch(), boxColumns, fact(kernel, "boxRows"), arguments.x);
  encodeRows(what, weight.address(), 2, outputs, inputs, weight.pitch(), boxColumns, fact(kernel, "weightBoxRows"), arguments.weight);
  launch(kernel, blocks, 1, arguments);
  return withoutPadding(what, epilogue.floats ? floats.download(what) : halves.download(what), outputs);
}

void check(const F16Epilogue& epilogue, int rows, int inputs, int outputs, int blocks, bool withBias) {
  std::string what = std::string("gemm_sm90_") + epilogue.name + " of " + shapeOf(rows, inputs, outputs) +
                     (withBias ? "" : " without bias");
  F16Operands all(rows, inputs, outputs, withBias);
  Matrix found = run(epilogue, TILES[0], all, rows, blocks);
  compareProduct(what, found, all, epilogue, F16_SUMS);
  int part = (rows + 2) / 3;
  for (const char* tile : TILES) {
    if (tile != TILES[0]) checkIdentical(what + " in tiles of " + tile, run(epilogue, tile, all, rows, blocks), found);
    checkIdentical(what + ", last rows alone, " + tile, run(epilogue, tile, all, part, blocks + 1), lastRows(found, part));
  }
}

}  // namespace

int main() {
  for (const F16Epilogue& epilogue : F16_EPILOGUES) {
    check(epilogue, 1, 8, 8, 1, true);
    check(epilogue, 63, 72, 72, 1, false);
    check(epilogue, 65, 144, 200, 2, true);
    // No multiples of 8; more rounds of every ring than one, and tiles of both warpgroups of three blocks.
    check(epilogue, 193, 333, 393, 3, true);
    for (std::string tile : TILES) {
      std::string what = std::string("gemm_sm90_") + epilogue.name + "_" + tile;
      checkBadRows(what, [&](const F16Operands& all) { return run(epilogue, tile, all, all.rows(), 1); });
    }
  }
  check(F16_EPILOGUES[1], 129, 1152, 24, 1, true);
  return finish("gemm_sm90_test");
}
