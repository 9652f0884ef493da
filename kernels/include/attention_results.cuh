// How attention's results become rows in memory. The attention kernels are templates over a policy R, which says it for one type:
//
//   R::Element       what a result is stored as: one or two bytes
//   out, pitch       the matrix that results go to, its rows `pitch` elements apart
//   factor(sum)      what a row's weighted sum of values is multiplied with, given the sum of its weights
//   pair(a, b)       two neighbouring results, rounded once from float32
//
// A kernel makes its policy from its arguments. Results lie in shared memory for a moment, as pieces of 8 columns, and are written piece by
// piece: 16 bytes a thread of two-byte elements, 8 of one-byte elements.
#pragma once

#include "device.cuh"

// Rows of f16.
struct HalfResults {
  using Element = f16;

  Global<f16> out;
  int pitch;

  DEVICE float factor(float sum) const { return 1.0f / sum; }
  DEVICE Vector<f16, 2> pair(float a, float b) const { return __builtin_bit_cast(Vector<f16, 2>, packHalves(a, b)); }
};

// Rows of e4m3: results times `scale`, which the product that reads them takes back.
struct CodedResults {
  using Element = e4m3;

  Global<e4m3> out;
  int pitch;
  float scale;

  DEVICE float factor(float sum) const { return scale / sum; }
  DEVICE Vector<e4m3, 2> pair(float a, float b) const { return __builtin_bit_cast(Vector<e4m3, 2>, packE4m3(a, b)); }
};

// A piece of 8 columns from shared memory, where it begins at element `from`, to a row.
template <typename R>
DEVICE void writePiece(const R& results, int row, int column, Shared<typename R::Element> staged, int from) {
  results.out.template store<8>(static_cast<int64_t>(row) * results.pitch + column, staged.template load<8>(from));
}
