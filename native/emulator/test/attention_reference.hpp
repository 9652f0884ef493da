// Attention over packed sequences in plain loops, for the tests of the kernels.
#pragma once

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <numeric>
#include <vector>

#include "kernel_test.hpp"

namespace test {

struct Sequence {
  int rows, keyLength;
};

inline std::vector<Sequence> packed(std::initializer_list<int> lengths) {
  std::vector<Sequence> sequences;
  for (int length : lengths) sequences.push_back({length, length});
  return sequences;
}

inline int totalRows(const std::vector<Sequence>& sequences) {
  return std::accumulate(sequences.begin(), sequences.end(), 0, [](int sum, Sequence s) { return sum + s.rows; });
}

// One head's queries, keys and values with scores of +-500 and more, rising from key to key or falling: their exponentials overflow
// unless the largest is taken off.
inline Matrix peakedScores(int headWidth, int direction) {
  Matrix qkv(130, std::vector<double>(3 * headWidth));
  for (int row = 0; row < 130; row++) {
    for (int i = 0; i < headWidth; i++) {
      qkv[row][i] = 8;
      qkv[row][headWidth + i] = direction * (row - 65) * 0.125;
      qkv[row][2 * headWidth + i] = row * 0.125 - i * 0.5;
    }
  }
  return qkv;
}

inline double scaleLog2e(int headWidth) { return 1 / std::sqrt(headWidth) / std::log(2.0); }

// One query's attention in float64, or as a plain f16 implementation does it: scores, weights and output stored as f16.
inline void attend(const double* query, const Matrix& rows, int start, int length, int keyColumn, int valueColumn, int headWidth, bool plain,
            double* out) {
  auto stored = [plain](double value) { return plain ? static_cast<double>(static_cast<f16>(static_cast<float>(value))) : value; };
  auto summed = [plain](double value) { return plain ? static_cast<double>(static_cast<float>(value)) : value; };
  std::vector<double> weights(length);
  for (int key = 0; key < length; key++) {
    double sum = 0;
    for (int i = 0; i < headWidth; i++) sum = summed(sum + query[i] * rows[start + key][keyColumn + i]);
    weights[key] = stored(sum / std::sqrt(headWidth));
  }
  double largest = *std::max_element(weights.begin(), weights.end());
  double total = 0;
  for (double& weight : weights) total += weight = std::exp(weight - largest);
  for (int i = 0; i < headWidth; i++) {
    double sum = 0;
    for (int key = 0; key < length; key++) sum = summed(sum + stored(weights[key] / total) * rows[start + key][valueColumn + i]);
    out[i] = stored(sum);
  }
}

inline Matrix expected(const Matrix& qkv, const std::vector<Sequence>& sequences, int heads, int headWidth, bool plain) {
  int width = heads * headWidth;
  Matrix out(qkv.size(), std::vector<double>(width));
  int start = 0;
  for (Sequence s : sequences) {
    for (int row = start; row < start + s.rows; row++) {
      for (int column = 0; column < width; column += headWidth) {
        attend(&qkv[row][column], qkv, start, s.keyLength, width + column, 2 * width + column, headWidth, plain, &out[row][column]);
      }
    }
    start += s.rows;
  }
  return out;
}

}  // namespace test
