// Residual sum and its LayerNorm, for every type of the stream and of the results.
#pragma once

#include "row_norm.cuh"

// `out` is where results go: memory, or memory with what is done to them on the way.
template <typename Arguments, typename Out>
DEVICE void addNorm(const Arguments& args, Out out) {
  int row = warpRow();
  if (row >= args.rows) {
    return;
  }
  int64_t xRow = static_cast<int64_t>(row) * args.xPitch;
  int64_t yRow = static_cast<int64_t>(row) * args.yPitch;
  int64_t outRow = static_cast<int64_t>(row) * args.outPitch;
  Norm norm{args.weight, args.bias, args.columns, args.epsilon};

  auto sum = [&](int column) {
    Floats x = loadFloats(args.x, xRow + column);
    Floats y = loadFloats(args.y, yRow + column);
#pragma unroll
    for (int k = 0; k < COLUMNS; k++) {
      x[k] += y[k];
    }
    return x;
  };
  float largest = 0;
  auto keep = [&](int column, const Floats& x) {
    if (args.storeSum) {
      storeFloats(args.x, xRow + column, x);
    }
#pragma unroll
    for (int k = 0; k < COLUMNS; k++) {
      largest = fmaxf(largest, fabsf(x[k]));
    }
  };
  withRow(sum, args.columns, [&](const auto& x) {
    RowStatistics of = normalizeRow(x, norm, out, outRow, keep);
    // fmaxf passes over NaN; the mean is then NaN, or infinite where a sum is.
    if (args.maxAbs.present()) {
      largest = fabsf(of.mean) < INFINITY ? warpMax(largest) : INFINITY;
    }
  });
  if (args.maxAbs.present() && threadIdx.x % WARP == 0) {
    args.maxAbs.atomicMaxNonNegative(0, largest);
  }
}
