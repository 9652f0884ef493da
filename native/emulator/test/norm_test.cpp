// layer_norm and add_norm (to f16 and e4m3), token_embed and l2_normalize against float64 loops, over the widths at which a row takes more
// registers or none.
#include <algorithm>

#include "e4m3_results.hpp"
#include "kernel_test.hpp"

namespace {

using namespace test;

constexpr int WIDTHS[] = {1, 7, 8, 72, 144, 256, 257, 538, 768, 769, 1152, 1281, 2304, 2305, 3000};
constexpr double EPSILON = 1e-6;

template <typename T>
std::string named(const char* kernel, int rows, int columns) {
  return std::string(kernel) + (sizeof(T) == 2 ? "_f16 " : "_f32 ") + std::to_string(rows) + " x " + std::to_string(columns);
}

template <typename T>
const char* pick(const char* half, const char* single) {
  return sizeof(T) == 2 ? half : single;
}

Matrix roundedTo16(const Matrix& values) {
  Matrix rounded = values;
  for (auto& row : rounded) {
    for (double& value : row) value = static_cast<double>(static_cast<f16>(value));
  }
  return rounded;
}

Matrix sum(const Matrix& a, const Matrix& b) {
  Matrix result = a;
  for (size_t row = 0; row < a.size(); row++) {
    for (size_t i = 0; i < a[row].size(); i++) result[row][i] += b[row % b.size()][i];
  }
  return result;
}

// Weights and biases of f32; nothing lies behind their padding.
struct NormVectors {
  std::vector<float> weight, bias;

  explicit NormVectors(int columns) : weight(padded(columns)), bias(padded(columns)) {
    Matrix values = randomMatrix<float>(1, 2, columns, 0.2);
    for (int i = 0; i < columns; i++) {
      weight[i] = static_cast<float>(1 + values[0][i]);
      bias[i] = static_cast<float>(values[1][i]);
    }
  }

  // In float64; in the order of a plain f32 loop and stored as f16 where `Number` is float.
  template <typename Number>
  Matrix of(const Matrix& x) const {
    Matrix result = computed<Number>(x);
    return sizeof(Number) == sizeof(float) ? roundedTo16(result) : result;
  }

  template <typename Number>
  Matrix computed(const Matrix& x) const {
    Matrix result = x;
    for (auto& row : result) {
      Number total = 0, squares = 0;
      for (double value : row) total += static_cast<Number>(value);
      Number mean = total / static_cast<Number>(row.size());
      for (double value : row) squares += (static_cast<Number>(value) - mean) * (static_cast<Number>(value) - mean);
      Number scale = 1 / std::sqrt(squares / static_cast<Number>(row.size()) + static_cast<Number>(static_cast<float>(EPSILON)));
      for (size_t i = 0; i < row.size(); i++) row[i] = (static_cast<Number>(row[i]) - mean) * scale * weight[i] + bias[i];
    }
    return result;
  }
};

template <typename T>
Matrix runLayerNorm(const std::string& what, const Matrix& values, const NormVectors& norm) {
  int rows = values.size(), columns = values[0].size();
  DeviceMatrix<T> x(withPadding(values), padded(columns) + 8, static_cast<T>(NAN));
  DeviceMatrix<f16> out(rows, columns, padded(columns) + 16, static_cast<f16>(3));
  DeviceArray<float> weight(norm.weight), bias(norm.bias);
  arguments::layer_norm_f32 arguments{.x = x.address(), .weight = weight.address(), .bias = bias.address(), .out = out.address(), .rows = rows,
                                      .columns = columns, .xPitch = x.pitch(), .outPitch = out.pitch(), .epsilon = EPSILON};
  launch(pick<T>("layer_norm_f16", "layer_norm_f32"), rows, 1, arguments);
  return out.download(what);
}

template <typename T>
void layerNorm(int rows, int columns) {
  std::string what = named<T>("layer_norm", rows, columns);
  Matrix x = randomMatrix<T>(2, rows, columns, 3);
  NormVectors norm(columns);
  Matrix found = runLayerNorm<T>(what, x, norm);
  compare(what, found, norm.of<double>(x), norm.of<float>(x), HALF_UNIT);
  checkIdentical(what + ": last row alone", runLayerNorm<T>(what, {x.back()}, norm), {found.back()});
}

// Here f32 loops err by the mean's rounding, which is 6 % of the deviation; so the limit is what f16 results must have, no more.
void largeMean(double mean, double deviation, int columns) {
  std::string what = "layer_norm_f32 around " + std::to_string(mean) + " by " + std::to_string(deviation);
  Matrix x = randomMatrix<float>(3, 5, columns, deviation);
  for (auto& row : x) {
    for (double& value : row) value = static_cast<double>(static_cast<float>(value + mean));
  }
  NormVectors norm(columns);
  Matrix truth = norm.of<double>(x);
  compare(what, runLayerNorm<float>(what, x, norm), truth, roundedTo16(truth), HALF_UNIT);
}

void constantRow(double value) {
  std::string what = "layer_norm_f32 of constant " + std::to_string(value);
  Matrix x(1, std::vector<double>(1152, static_cast<double>(static_cast<float>(value))));
  NormVectors norm(1152);
  Matrix bias(1, std::vector<double>(norm.bias.begin(), norm.bias.end()));
  checkIdentical(what, runLayerNorm<float>(what, x, norm), roundedTo16(bias));
}

struct AddNorm {
  Matrix x, out;
  float maxAbs;
};

// Without `storeSum`, x of f16 is the place of the result, too.
template <typename T>
AddNorm runAddNorm(const std::string& what, const Matrix& xValues, const Matrix& yValues, const NormVectors& norm, bool storeSum) {
  int rows = xValues.size(), columns = xValues[0].size();
  DeviceMatrix<T> x(withPadding(xValues), padded(columns) + 8, static_cast<T>(5));
  DeviceMatrix<f16> y(withPadding(yValues), padded(columns) + 24, static_cast<f16>(NAN));
  DeviceMatrix<f16> out(rows, columns, padded(columns), static_cast<f16>(3));
  DeviceArray<float> weight(norm.weight), bias(norm.bias), maxAbs(std::vector<float>{0});
  bool inPlace = !storeSum && sizeof(T) == 2;
  arguments::add_norm_f32 arguments{.x = x.address(), .y = y.address(), .weight = weight.address(), .bias = bias.address(),
                                    .out = inPlace ? x.address() : out.address(), .maxAbs = maxAbs.address(), .rows = rows, .columns = columns,
                                    .xPitch = x.pitch(), .yPitch = y.pitch(), .outPitch = inPlace ? x.pitch() : out.pitch(),
                                    .storeSum = storeSum, .epsilon = EPSILON};
  launch(pick<T>("add_norm_f16", "add_norm_f32"), rows, 1, arguments);
  Matrix xAfter = withoutPadding(what, x.download(what), columns);
  AddNorm result{xAfter, inPlace ? xAfter : out.download(what), 0};
  require(emulator_copy_to_host(&result.maxAbs, maxAbs.address(), sizeof(float)), what);
  return result;
}

template <typename T>
void addNorm(int rows, int columns, bool storeSum) {
  std::string what = named<T>("add_norm", rows, columns) + (storeSum ? "" : " without the sum");
  Matrix x = randomMatrix<T>(4, rows, columns, 2), y = randomMatrix<f16>(5, rows, columns, 1);
  NormVectors norm(columns);
  AddNorm found = runAddNorm<T>(what, x, y, norm, storeSum);
  Matrix exact = sum(x, y), stored = exact;
  float largest = 0;
  for (auto& row : stored) {
    for (double& value : row) {
      largest = std::max(largest, std::abs(static_cast<float>(value)));
      value = static_cast<double>(static_cast<T>(static_cast<float>(value)));
    }
  }
  compare(what, found.out, norm.of<double>(exact), norm.of<float>(exact), HALF_UNIT);
  if (storeSum) checkIdentical(what + ": the sum", found.x, stored);
  else if (sizeof(T) == 4) checkIdentical(what + ": x, which nobody may write", found.x, x);
  if (found.maxAbs != largest) fail(what, "maxAbs is " + std::to_string(found.maxAbs) + ", expected " + std::to_string(largest));
  checkIdentical(what + ": last row alone", runAddNorm<T>(what, {x.back()}, {y.back()}, norm, storeSum).out, {found.out.back()});
}

template <typename T>
Matrix runLayerNormE4m3(const std::string& what, const Matrix& values, const NormVectors& norm, float outScale) {
  int rows = values.size(), columns = values[0].size();
  DeviceMatrix<T> x(withPadding(values), padded(columns) + 8, static_cast<T>(NAN));
  DeviceMatrix<E4m3> out(rows, columns, padded(columns) + 16, E4m3(3.0));
  DeviceArray<float> weight(norm.weight), bias(norm.bias);
  arguments::layer_norm_e4m3_f32 arguments{.x = x.address(), .weight = weight.address(), .bias = bias.address(), .out = out.address(),
                                           .rows = rows, .columns = columns, .xPitch = x.pitch(), .outPitch = out.pitch(), .epsilon = EPSILON,
                                           .outScale = outScale};
  launch(pick<T>("layer_norm_e4m3_f16", "layer_norm_e4m3_f32"), rows, 1, arguments);
  return out.download(what);
}

// At scales that leave small codes only, that use most of them, and that saturate.
template <typename T>
void layerNormE4m3(int rows, int columns) {
  Matrix x = randomMatrix<T>(12, rows, columns, 3);
  NormVectors norm(columns);
  Matrix truth = norm.of<double>(x);
  double error = errorBeforeRounding(truth, norm.computed<float>(x));
  for (float outScale : {0.01f, 100.0f, 300.0f}) {
    std::string what = named<T>("layer_norm_e4m3", rows, columns) + " * " + std::to_string(outScale);
    Matrix found = runLayerNormE4m3<T>(what, x, norm, outScale);
    compareCodes(what, found, truth, outScale, error);
    checkIdentical(what + ": last row alone", runLayerNormE4m3<T>(what, {x.back()}, norm, outScale), {found.back()});
  }
}

// Not a number is not lost, and stays in its row.
void layerNormE4m3OfNonFinite() {
  NormVectors norm(144);
  for (double value : {double(NAN), double(INFINITY), -double(INFINITY)}) {
    std::string what = "layer_norm_e4m3_f32 with a value of " + std::to_string(value);
    Matrix x = randomMatrix<float>(13, 6, 144, 1);
    Matrix truth = norm.of<double>(x);
    double error = errorBeforeRounding(truth, norm.computed<float>(x));
    x[4][77] = value;
    std::fill(truth[4].begin(), truth[4].end(), NAN);
    compareCodes(what, runLayerNormE4m3<float>(what, x, norm, 64), truth, 64, error);
  }
}

template <typename T>
AddNorm runAddNormE4m3(const std::string& what, const Matrix& xValues, const Matrix& yValues, const NormVectors& norm, bool storeSum,
                       float outScale) {
  int rows = xValues.size(), columns = xValues[0].size();
  DeviceMatrix<T> x(withPadding(xValues), padded(columns) + 8, static_cast<T>(5));
  DeviceMatrix<f16> y(withPadding(yValues), padded(columns) + 24, static_cast<f16>(NAN));
  DeviceMatrix<E4m3> out(rows, columns, padded(columns), E4m3(3.0));
  DeviceArray<float> weight(norm.weight), bias(norm.bias), maxAbs(std::vector<float>{0});
  arguments::add_norm_e4m3_f32 arguments{.x = x.address(), .y = y.address(), .weight = weight.address(), .bias = bias.address(),
                                         .out = out.address(), .maxAbs = maxAbs.address(), .rows = rows, .columns = columns,
                                         .xPitch = x.pitch(), .yPitch = y.pitch(), .outPitch = out.pitch(), .storeSum = storeSum,
                                         .epsilon = EPSILON, .outScale = outScale};
  launch(pick<T>("add_norm_e4m3_f16", "add_norm_e4m3_f32"), rows, 1, arguments);
  AddNorm result{withoutPadding(what, x.download(what), columns), out.download(what), 0};
  require(emulator_copy_to_host(&result.maxAbs, maxAbs.address(), sizeof(float)), what);
  return result;
}

template <typename T>
void addNormE4m3(int rows, int columns, bool storeSum) {
  std::string what = named<T>("add_norm_e4m3", rows, columns) + (storeSum ? "" : " without the sum");
  float outScale = 90;
  Matrix x = randomMatrix<T>(14, rows, columns, 2), y = randomMatrix<f16>(15, rows, columns, 1);
  NormVectors norm(columns);
  AddNorm found = runAddNormE4m3<T>(what, x, y, norm, storeSum, outScale);
  Matrix exact = sum(x, y), stored = exact, truth = norm.of<double>(exact);
  float largest = 0;
  for (auto& row : stored) {
    for (double& value : row) {
      largest = std::max(largest, std::abs(static_cast<float>(value)));
      value = static_cast<double>(static_cast<T>(static_cast<float>(value)));
    }
  }
  compareCodes(what, found.out, truth, outScale, errorBeforeRounding(truth, norm.computed<float>(exact)));
  checkIdentical(what + ": x", found.x, storeSum ? stored : x);
  if (found.maxAbs != largest) fail(what, "maxAbs is " + std::to_string(found.maxAbs) + ", expected " + std::to_string(largest));
  checkIdentical(what + ": last row alone", runAddNormE4m3<T>(what, {x.back()}, {y.back()}, norm, storeSum, outScale).out, {found.out.back()});
}

// Both signs of infinity make a row's mean NaN, and fmaxf passes over NaN.
void rangeOfNonFinite() {
  NormVectors norm(96);
  for (double value : {double(NAN), double(INFINITY), -double(INFINITY)}) {
    Matrix x(6, std::vector<double>(96, 1.0)), y(6, std::vector<double>(96, 1.0));
    x[4][90] = value;
    std::string what = "add_norm_f32 with a value of " + std::to_string(value);
    AddNorm found = runAddNorm<float>(what, x, y, norm, true);
    if (found.maxAbs != INFINITY) fail(what, "maxAbs is " + std::to_string(found.maxAbs) + ", expected infinity");
  }
}

void tokenEmbed(int columns) {
  std::string what = "token_embed of " + std::to_string(columns);
  Matrix words = randomMatrix<f16>(6, 9, columns, 0.05), positions = randomMatrix<f16>(7, 5, columns, 0.02);
  Matrix type = randomMatrix<f16>(8, 1, columns, 0.02);
  std::vector<int32_t> ids{8, 0, 3, 3, 7}, places{4, 0, 1, 2, 4};
  NormVectors norm(columns);
  int tablePitch = padded(columns) + 8, rows = ids.size();
  DeviceMatrix<f16> wordTable(withPadding(words), tablePitch, static_cast<f16>(NAN));
  DeviceMatrix<f16> positionTable(withPadding(positions), tablePitch, static_cast<f16>(NAN));
  DeviceMatrix<f16> tokenType(withPadding(type), tablePitch, static_cast<f16>(NAN));
  DeviceMatrix<f16> out(rows, columns, padded(columns) + 8, static_cast<f16>(3));
  DeviceArray<int32_t> idArray(ids), placeArray(places);
  DeviceArray<float> weight(norm.weight), bias(norm.bias);
  arguments::token_embed arguments{.ids = idArray.address(), .positions = placeArray.address(), .words = wordTable.address(),
                                   .positionTable = positionTable.address(), .tokenType = tokenType.address(), .weight = weight.address(),
                                   .bias = bias.address(), .out = out.address(), .rows = rows, .columns = columns, .tablePitch = tablePitch,
                                   .outPitch = out.pitch(), .epsilon = EPSILON};
  launch("token_embed", rows, 1, arguments);
  Matrix gathered;
  for (int row = 0; row < rows; row++) {
    gathered.push_back(sum(sum({words[ids[row]]}, {positions[places[row]]}), type)[0]);
  }
  compare(what, out.download(what), norm.of<double>(gathered), norm.of<float>(gathered), HALF_UNIT);
}

template <typename T>
void l2Normalize(int rows, int columns, bool inPlace) {
  std::string what = named<T>("l2_normalize", rows, columns) + (inPlace ? " in place" : "");
  Matrix values = randomMatrix<T>(9, rows, columns, 4);
  std::fill(values[rows / 2].begin(), values[rows / 2].end(), 0.0);
  DeviceMatrix<T> x(withPadding(values), padded(columns) + 8, static_cast<T>(5));
  DeviceMatrix<T> out(rows, columns, padded(columns) + 16, static_cast<T>(3));
  arguments::l2_normalize_f32 arguments{.x = x.address(), .out = inPlace ? x.address() : out.address(), .rows = rows, .columns = columns,
                                        .xPitch = x.pitch(), .outPitch = inPlace ? x.pitch() : out.pitch()};
  launch(pick<T>("l2_normalize_f16", "l2_normalize_f32"), rows, 1, arguments);
  Matrix found = inPlace ? withoutPadding(what, x.download(what), columns) : out.download(what);
  Matrix truth = values, plain = values;
  for (int row = 0; row < rows; row++) {
    double squares = 0;
    float plainSquares = 0;
    for (double value : values[row]) {
      squares += value * value;
      plainSquares += static_cast<float>(value) * static_cast<float>(value);
    }
    for (int i = 0; i < columns; i++) {
      truth[row][i] /= std::max(std::sqrt(squares), 1e-12);
      plain[row][i] = static_cast<double>(static_cast<T>(static_cast<float>(values[row][i]) / std::max(std::sqrt(plainSquares), 1e-12f)));
    }
  }
  compare(what, found, truth, plain, sizeof(T) == 2 ? HALF_UNIT : FLOAT_UNIT);
}

}  // namespace

int main() {
  for (int columns : WIDTHS) {
    layerNorm<float>(5, columns);
    layerNorm<f16>(5, columns);
    for (bool storeSum : {true, false}) {
      addNorm<float>(5, columns, storeSum);
      addNorm<f16>(5, columns, storeSum);
      addNormE4m3<float>(5, columns, storeSum);
      addNormE4m3<f16>(5, columns, storeSum);
    }
    layerNormE4m3<float>(5, columns);
    layerNormE4m3<f16>(5, columns);
    tokenEmbed(columns);
    for (bool inPlace : {true, false}) {
      l2Normalize<float>(5, columns, inPlace);
      l2Normalize<f16>(5, columns, inPlace);
    }
  }
  layerNorm<float>(1, 1152);
  layerNorm<float>(4, 1152);
  for (int columns : {144, 1152, 2400}) {
    largeMean(1000, 1e-3, columns);
    largeMean(-50, 1, columns);
  }
  constantRow(0);
  constantRow(0.1);
  constantRow(1234.567);
  rangeOfNonFinite();
  layerNormE4m3OfNonFinite();
  return finish("norm_test");
}
