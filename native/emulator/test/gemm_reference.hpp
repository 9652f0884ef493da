// Products of activations and weights in float64, and as a plain implementation on tensor cores would do them, for the tests of the
// kernels.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernel_test.hpp"

namespace test {

inline double geluExact(double x) { return 0.5 * x * std::erfc(-x / std::sqrt(2.0)); }

// In f32, by the usual formula.
inline float geluPlain(float x) { return 0.5f * x * (1 + std::erf(x * 0.70710678f)); }

// Toward zero, to a multiple of 2^exponent.
inline double truncated(double value, int exponent) { return std::ldexp(std::trunc(std::ldexp(value, -exponent)), exponent); }

// How tensor cores add products: so many at a time, each cut to `fractionBits` behind the leading bit of the largest addend (the sum so far
// is one of them), and the result cut to `resultBits` (emulator/tensor_core_sum.hpp has the sources; this is another implementation). A
// kernel has to be no worse than twice this.
struct TensorCoreSums {
  int together;
  int fractionBits;
  int resultBits;

  template <typename A, typename B>
  double operator()(const A& a, const B& b, int count) const {
    double sum = 0;
    for (int begin = 0; begin < count; begin += together) {
      int end = std::min(count, begin + together);
      double largest = std::abs(sum);
      for (int k = begin; k < end; k++) largest = std::max(largest, std::abs(a[k] * b[k]));
      if (largest == 0) continue;
      int unit = std::ilogb(largest) - fractionBits;
      double total = truncated(sum, unit);
      for (int k = begin; k < end; k++) total += truncated(a[k] * b[k], unit);
      sum = total == 0 ? 0 : truncated(total, std::ilogb(total) - resultBits);
    }
    return sum;
  }
};

constexpr TensorCoreSums F16_SUMS{16, 25, 23}, E4M3_SUMS{32, 13, 13};
// A100's.
constexpr TensorCoreSums AMPERE_F16_SUMS{8, 24, 23};

// a[row] . b[column] of all rows and columns.
template <typename Sum>
Matrix products(const Matrix& a, const Matrix& b, Sum sum) {
  Matrix all(a.size(), std::vector<double>(b.size()));
  for (size_t m = 0; m < a.size(); m++) {
    for (size_t n = 0; n < b.size(); n++) all[m][n] = sum(a[m], b[n], static_cast<int>(a[m].size()));
  }
  return all;
}

inline double exactSum(const std::vector<double>& a, const std::vector<double>& b, int count) {
  double sum = 0;
  for (int k = 0; k < count; k++) sum += a[k] * b[k];
  return sum;
}

// What an epilogue makes of a sum.
enum class Result { BIAS, GELU, ADD };

// `values` hold sums; `scales` may be empty (1), `stream` is what is added to. Plain: every step is rounded to f32, by the usual formulas,
// and the result by `store`.
template <typename Store>
Matrix finished(const Matrix& sums, Result result, const std::vector<double>& scales, const std::vector<double>& bias, const Matrix& stream,
                bool plain, Store store) {
  auto rounded = [plain](double value) { return plain ? static_cast<double>(static_cast<float>(value)) : value; };
  Matrix values = sums;
  for (size_t m = 0; m < sums.size(); m++) {
    for (size_t n = 0; n < bias.size(); n++) {
      double v = rounded(rounded(scales.empty() ? sums[m][n] : sums[m][n] * scales[n]) + bias[n]);
      if (result == Result::GELU) v = plain ? geluPlain(static_cast<float>(v)) : geluExact(v);
      if (result == Result::ADD) v = rounded(v + stream[m][n]);
      values[m][n] = plain ? store(v) : v;
    }
  }
  return values;
}

// The epilogues of products with f16 operands, by the names of their kernels.
struct F16Epilogue {
  const char* name;
  Result result;
  bool floats;

  double store(double value) const {
    return floats ? static_cast<double>(static_cast<float>(value)) : static_cast<double>(static_cast<f16>(value));
  }
  double unit() const { return floats ? FLOAT_UNIT : HALF_UNIT; }
};
constexpr F16Epilogue F16_EPILOGUES[] = {{"bias_f16", Result::BIAS, false},
                                         {"bias_f32", Result::BIAS, true},
                                         {"gelu_f16", Result::GELU, false},
                                         {"add_f32", Result::ADD, true},
                                         {"add_f16", Result::ADD, false}};

struct F16Operands {
  Matrix x, weight, stream;
  std::vector<double> bias;  // zeros: the kernel is given none
  bool withBias;

  F16Operands(int rows, int inputs, int outputs, bool withBias)
      : x(randomMatrix<f16>(1, rows, inputs, 1)),
        weight(randomMatrix<f16>(2, outputs, inputs, 1 / std::sqrt(inputs))),
        stream(randomMatrix<f16>(4, rows, outputs, 1)),
        bias(withBias ? randomMatrix<float>(3, 1, outputs, 1)[0] : std::vector<double>(outputs)),
        withBias(withBias) {}

  int rows() const { return static_cast<int>(x.size()); }
  int inputs() const { return static_cast<int>(x[0].size()); }
  int outputs() const { return static_cast<int>(weight.size()); }
};

// Compares with the contract's limit, where tensor cores add by this rule.
inline void compareProduct(const std::string& what, const Matrix& found, const F16Operands& all, const F16Epilogue& epilogue,
                           const TensorCoreSums& sums) {
  auto store = [&](double value) { return epilogue.store(value); };
  Matrix truth = finished(products(all.x, all.weight, exactSum), epilogue.result, {}, all.bias, all.stream, false, store);
  Matrix plain = finished(products(all.x, all.weight, sums), epilogue.result, {}, all.bias, all.stream, true, store);
  compare(what, found, truth, plain, epilogue.unit());
}

// `run(operands)` gives the result of a kernel. A row that is not a number, and one of infinities, must be theirs alone.
template <typename Run>
void checkBadRows(const std::string& what, Run run) {
  constexpr int ROWS = 70, NAN_ROW = 17, INFINITE_ROW = 65;
  F16Operands all(ROWS, 72, 40, true);
  Matrix good = run(all);
  all.x[NAN_ROW][3] = NAN;
  all.x[INFINITE_ROW] = std::vector<double>(72, INFINITY);
  Matrix found = run(all);
  for (double value : found[NAN_ROW]) {
    if (!std::isnan(value)) fail(what, "hides what is not a number");
  }
  for (size_t i = 0; i < found[INFINITE_ROW].size(); i++) {
    if (found[INFINITE_ROW][i] == good[INFINITE_ROW][i]) fail(what, "hides what is infinite");
  }
  for (int row : {NAN_ROW, INFINITE_ROW}) found[row] = good[row];
  checkIdentical(what + " beside rows that are not finite", found, good);
}

// The descriptor of a matrix whose rows are `pitch` elements apart, in boxes of whole lines of 128 bytes.
inline void encodeRows(const std::string& what, uint64_t address, int elementBytes, int rows, int columns, int pitch, int boxColumns,
                       int boxRows, unsigned char* map) {
  uint64_t extents[] = {static_cast<uint64_t>(columns), 1, static_cast<uint64_t>(rows)};
  uint64_t rowBytes = static_cast<uint64_t>(pitch) * elementBytes;
  uint64_t strides[] = {rowBytes, rowBytes};
  int32_t box[] = {boxColumns, 1, boxRows};
  require(emulator_encode_tensor_map(address, elementBytes, 3, extents, strides, box, 3, map), what);
}

// As the host lays a bias out: f32, with zeros up to a multiple of 8.
inline std::vector<float> paddedFloats(const std::vector<double>& values) {
  std::vector<float> wide(padded(static_cast<int>(values.size())));
  for (size_t i = 0; i < values.size(); i++) wide[i] = static_cast<float>(values[i]);
  return wide;
}

inline std::string shapeOf(int rows, int inputs, int outputs) {
  return std::to_string(rows) + " rows, " + std::to_string(inputs) + " inputs, " + std::to_string(outputs) + " outputs";
}

inline Matrix lastRows(const Matrix& values, int count) { return Matrix(values.end() - count, values.end()); }

}  // namespace test
