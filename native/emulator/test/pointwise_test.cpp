// bias_gelu and to_e4m3 over every f16 there is and over odd shapes; mean_pool over lengths around its eight rows at a time.
#include "e4m3_results.hpp"
#include "kernel_test.hpp"

namespace {

using namespace test;

double exactGelu(double x) { return x * std::erfc(-x / std::sqrt(2.0)) / 2; }

// Rows of 256 f16 by their bits. include/gelu.cuh promises the right f16 or its neighbour, the neighbour 48 times.
void geluOfEveryHalf() {
  constexpr int ROWS = 256, COLUMNS = 256, NEIGHBOURS = 48;
  auto half = [](int row, int i) { return std::bit_cast<f16>(static_cast<uint16_t>(row * COLUMNS + i)); };
  Matrix values(ROWS, std::vector<double>(COLUMNS));
  for (int row = 0; row < ROWS; row++) {
    for (int i = 0; i < COLUMNS; i++) values[row][i] = static_cast<double>(half(row, i));
  }
  DeviceMatrix<f16> x(values, COLUMNS, static_cast<f16>(3));
  arguments::bias_gelu arguments{.x = x.address(), .bias = 0, .rows = ROWS, .columns = COLUMNS, .pitch = x.pitch()};
  launch("bias_gelu", ROWS * COLUMNS, 1, arguments);
  Matrix found = x.download("gelu of every f16");
  int neighbours = 0;
  for (int row = 0; row < ROWS; row++) {
    for (int i = 0; i < COLUMNS; i++) {
      double value = values[row][i], result = found[row][i];
      if (!std::isfinite(value)) {
        // Of minus infinity either 0 or NaN would do.
        bool right = std::isnan(value) ? std::isnan(result) : value < 0 || result == INFINITY;
        if (!right) fail("gelu", "of " + std::to_string(value) + " is " + std::to_string(result));
        continue;
      }
      f16 right = static_cast<f16>(exactGelu(value));
      if (result == static_cast<double>(right)) continue;
      neighbours++;
      int bits = std::bit_cast<int16_t>(right), foundBits = std::bit_cast<int16_t>(static_cast<f16>(result));
      if (std::abs(bits - foundBits) != 1) {
        fail("gelu", "of " + std::to_string(value) + " is " + std::to_string(result) + ", expected " + std::to_string(static_cast<double>(right)));
      }
    }
  }
  if (neighbours > NEIGHBOURS) {
    fail("gelu", std::to_string(neighbours) + " results are neighbours of the right one, expected at most " + std::to_string(NEIGHBOURS));
  }
}

void biasGelu(int rows, int columns, bool withBias) {
  std::string what = "bias_gelu " + std::to_string(rows) + " x " + std::to_string(columns) + (withBias ? "" : " without bias");
  Matrix values = randomMatrix<f16>(1, rows, columns, 3), biasValues = randomMatrix<float>(2, 1, columns, 1);
  std::vector<float> bias(padded(columns));
  for (int i = 0; i < columns && withBias; i++) bias[i] = static_cast<float>(biasValues[0][i]);
  DeviceArray<float> biasArray(bias);
  // Padding of zeros, then columns that are somebody else's.
  DeviceMatrix<f16> x(withPadding(values), padded(columns) + 16, static_cast<f16>(3));
  arguments::bias_gelu arguments{.x = x.address(), .bias = withBias ? biasArray.address() : 0, .rows = rows, .columns = columns, .pitch = x.pitch()};
  launch("bias_gelu", rows * x.pitch(), 1, arguments);
  Matrix found = withoutPadding(what, x.download(what), columns), truth = values, plain = values;
  for (int row = 0; row < rows; row++) {
    for (int i = 0; i < columns; i++) {
      truth[row][i] = exactGelu(values[row][i] + bias[i]);
      float v = static_cast<float>(values[row][i]) + bias[i];
      plain[row][i] = static_cast<double>(static_cast<f16>(0.5f * v * (1 + std::erf(v * static_cast<float>(std::sqrt(0.5))))));
    }
  }
  compare(what, found, truth, plain, HALF_UNIT);
}

Matrix runToE4m3(const std::string& what, const Matrix& values, bool gelu, float outScale) {
  int rows = values.size(), columns = values[0].size();
  DeviceMatrix<f16> x(withPadding(values), padded(columns) + 8, static_cast<f16>(3));
  DeviceMatrix<E4m3> out(rows, columns, padded(columns) + 16, E4m3(3.0));
  arguments::to_e4m3 arguments{.x = x.address(), .out = out.address(), .rows = rows, .columns = columns, .xPitch = x.pitch(),
                               .outPitch = out.pitch(), .applyGelu = gelu, .outScale = outScale};
  launch("to_e4m3", rows * x.pitch(), 1, arguments);
  return out.download(what);
}

// include/gelu.cuh promises an absolute error of 6.8e-7; values themselves are exact, and so is their product with a power of two.
void everyHalfToE4m3(bool gelu) {
  constexpr int ROWS = 256, COLUMNS = 256;
  Matrix values(ROWS, std::vector<double>(COLUMNS));
  for (int i = 0; i < ROWS * COLUMNS; i++) {
    values[i / COLUMNS][i % COLUMNS] = static_cast<double>(std::bit_cast<f16>(static_cast<uint16_t>(i)));
  }
  for (float outScale : {1.0f / 256, 1.0f, 64.0f}) {
    std::string what = std::string("to_e4m3 ") + (gelu ? "with GELU " : "") + "of every f16 * " + std::to_string(outScale);
    Matrix truth = values;
    for (auto& row : truth) {
      for (double& value : row) {
        // Of minus infinity: 0 times infinity.
        if (gelu) value = value == -double(INFINITY) ? double(NAN) : exactGelu(value);
      }
    }
    Matrix found = runToE4m3(what, values, gelu, outScale);
    if (gelu) found[252][0] = NAN;  // 0xfc00, minus infinity: any result will do
    compareCodes(what, found, truth, outScale, gelu ? 6.8e-7 : 0);
  }
}

void toE4m3Of(int rows, int columns, bool gelu) {
  std::string what = "to_e4m3 " + std::to_string(rows) + " x " + std::to_string(columns) + (gelu ? " with GELU" : "");
  Matrix values = randomMatrix<f16>(3, rows, columns, 3), truth = values;
  for (auto& row : truth) {
    for (double& value : row) value = gelu ? exactGelu(value) : value;
  }
  compareCodes(what, runToE4m3(what, values, gelu, 32), truth, 32, gelu ? 6.8e-7 : 0);
}

void meanPool(int columns) {
  std::string what = "mean_pool of " + std::to_string(columns);
  std::vector<int32_t> sequences;
  int rows = 0;
  for (int length : {1, 7, 8, 9, 77, 197}) {
    sequences.insert(sequences.end(), {rows, length + 3, length, 0});
    rows += length + 3;
  }
  int count = sequences.size() / 4;
  Matrix values = randomMatrix<f16>(3, rows, columns, 2);
  // Rows that do not count.
  for (int s = 0; s < count; s++) {
    for (int row = sequences[4 * s + 2]; row < sequences[4 * s + 1]; row++) values[sequences[4 * s] + row][0] = NAN;
  }
  DeviceMatrix<f16> x(withPadding(values), padded(columns) + 8, static_cast<f16>(NAN));
  DeviceMatrix<f16> out(count, columns, padded(columns) + 16, static_cast<f16>(3));
  DeviceArray<int32_t> table(sequences);
  arguments::mean_pool arguments{.x = x.address(), .out = out.address(), .sequences = table.address(), .columns = columns, .xPitch = x.pitch(),
                                 .outPitch = out.pitch()};
  launch("mean_pool", columns, count, arguments);
  Matrix truth(count, std::vector<double>(columns)), plain = truth;
  for (int s = 0; s < count; s++) {
    for (int i = 0; i < columns; i++) {
      float sum = 0;
      for (int row = 0; row < sequences[4 * s + 2]; row++) {
        double value = values[sequences[4 * s] + row][i];
        truth[s][i] += value / sequences[4 * s + 2];
        sum += static_cast<float>(value);
      }
      plain[s][i] = static_cast<double>(static_cast<f16>(sum / sequences[4 * s + 2]));
    }
  }
  compare(what, out.download(what), truth, plain, HALF_UNIT);
}

}  // namespace

int main() {
  geluOfEveryHalf();
  for (int columns : {1, 8, 96, 538, 4304}) {
    for (bool withBias : {true, false}) biasGelu(5, columns, withBias);
  }
  for (bool gelu : {false, true}) {
    everyHalfToE4m3(gelu);
    for (int columns : {1, 8, 144, 538, 577}) toE4m3Of(5, columns, gelu);
  }
  for (int columns : {1, 8, 33, 64, 72, 768, 1000}) meanPool(columns);
  return finish("pointwise_test");
}
