// The matrix product that cuBLASLt does on a GPU.
#pragma once

#include <cstdint>
#include <string>

namespace emulated {

// See emulator_matmul.
struct MatrixProduct {
  int rows, inputs, outputs;
  uint64_t x;
  int64_t xPitch;
  uint64_t weight, bias, out;
  int64_t outPitch;
  bool outFloat32, accumulate;
  int capability;
};

// Empty, or what is wrong with the arguments; then nothing was written.
std::string multiplyMatrices(const MatrixProduct& product);

}  // namespace emulated
