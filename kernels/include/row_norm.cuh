// LayerNorm of one row by one warp, for the kernels that differ only in where the row comes from.
#pragma once

#include "row.cuh"

// What the three norms share.
struct Norm {
  Global<float> weight;
  Global<float> bias;
  int columns;
  float epsilon;
};

struct RowStatistics {
  float mean;
  float remainder;  // what the rounded mean lacks
  float scale;      // 1 / sqrt(variance + epsilon)
};

// Mean first, then the squares of the distances from it: E[x^2] - E[x]^2 cancels where the mean is large against the deviation.
// Even so the mean is rounded, by more than the deviation in a row around 1000 with a deviation of 1e-3; the mean of the
// distances is that error, and both it and its square are taken back (the corrected two-pass algorithm: Chan, Golub and
// LeVeque, "Algorithms for computing the sample variance", 1983).
template <typename Row>
DEVICE RowStatistics statistics(const Row& row, int columns, float epsilon) {
  float sum = 0;
  row.each([&](int, const Floats& x) {
#pragma unroll
    for (int k = 0; k < COLUMNS; k++) {
      sum += x[k];
    }
  });
  float mean = warpSum(sum) / columns;

  float distances = 0;
  float squares = 0;
  row.each([&](int column, const Floats& x) {
#pragma unroll
    for (int k = 0; k < COLUMNS; k++) {
      float distance = column + k < columns ? x[k] - mean : 0.0f;
      distances += distance;
      squares = fmaf(distance, distance, squares);
    }
  });
  float remainder = warpSum(distances) / columns;
  float variance = warpSum(squares) / columns - remainder * remainder;
  // In a constant row the difference may come out just below zero.
  return {mean, remainder, 1.0f / sqrtf(fmaxf(variance, 0.0f) + epsilon)};
}

// (x - mean) * scale * weight + bias to elements `to` and on of `out`: zero in the padding, where weight and bias are. `keep(column, x)`
// sees each vector of the row before its place in `out` is written.
template <typename Row, typename Out, typename Keep>
DEVICE RowStatistics normalizeRow(const Row& row, const Norm& norm, Out out, int64_t to, const Keep& keep) {
  RowStatistics of = statistics(row, norm.columns, norm.epsilon);
  row.each([&](int column, const Floats& x) {
    keep(column, x);
    Floats weight = loadFloats(norm.weight, column);
    Floats bias = loadFloats(norm.bias, column);
    Floats result;
#pragma unroll
    for (int k = 0; k < COLUMNS; k++) {
      float normal = (x[k] - of.mean - of.remainder) * of.scale;
      result[k] = fmaf(normal, weight[k], bias[k]);
    }
    storeFloats(out, to + column, result);
  });
  return of;
}
