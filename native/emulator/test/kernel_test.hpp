// What tests of single kernels share: device arrays with guards, launches, and the op contract's tolerance.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "arguments.hpp"  // test/run makes it from kernels/ptx/KERNELS.tsv
#include "emulator.h"

namespace test {

using f16 = _Float16;
using Matrix = std::vector<std::vector<double>>;

inline int failures = 0;

inline void fail(const std::string& what, const std::string& how) {
  std::fprintf(stderr, "FAILED %s: %s\n", what.c_str(), how.c_str());
  failures++;
}

inline void require(int status, const std::string& what) {
  if (status == EMULATOR_OK) return;
  char message[1000];
  emulator_last_error(message, sizeof(message));
  std::fprintf(stderr, "FAILED %s: %s\n", what.c_str(), message);
  std::exit(1);
}

// Rows `pitch` elements apart, between guard rows. Guards and the columns behind `columns` hold `guard`.
template <typename T>
class DeviceMatrix {
 public:
  DeviceMatrix(int rows, int columns, int pitch, T guard) : rows_(rows), columns_(columns), pitch_(pitch), guard_(guard) {
    host_.assign(static_cast<size_t>(rows + 2 * GUARD_ROWS) * pitch, guard);
    require(emulator_allocate(host_.size() * sizeof(T), &base_), "allocation");
    upload();
  }
  DeviceMatrix(const Matrix& values, int pitch, T guard) : DeviceMatrix(values.size(), values[0].size(), pitch, guard) {
    for (int row = 0; row < rows_; row++) {
      for (int i = 0; i < columns_; i++) at(row, i) = static_cast<T>(values[row][i]);
    }
    upload();
  }
  ~DeviceMatrix() { emulator_free(base_); }
  DeviceMatrix(const DeviceMatrix&) = delete;
  DeviceMatrix& operator=(const DeviceMatrix&) = delete;

  uint64_t address() const { return base_ + static_cast<uint64_t>(GUARD_ROWS) * pitch_ * sizeof(T); }
  int pitch() const { return pitch_; }

  // What is there now. Columns from `columns` to the next multiple of 8 must be zeros, guards must be as they were.
  Matrix download(const std::string& what) {
    require(emulator_copy_to_host(host_.data(), base_, host_.size() * sizeof(T)), what);
    Matrix values(rows_, std::vector<double>(columns_));
    for (int row = -GUARD_ROWS; row < rows_ + GUARD_ROWS; row++) {
      bool inside = row >= 0 && row < rows_;
      for (int i = 0; i < pitch_; i++) {
        T value = at(row, i);
        bool padding = inside && i >= columns_ && i < (columns_ + 7) / 8 * 8;
        if (inside && i < columns_) values[row][i] = static_cast<double>(value);
        else if (padding ? value != T(0) : !same(value, guard_)) {
          fail(what, "row " + std::to_string(row) + " column " + std::to_string(i) + " was written, value " +
                         std::to_string(static_cast<double>(value)));
          return values;
        }
      }
    }
    return values;
  }

 private:
  static constexpr int GUARD_ROWS = 3;
  static bool same(T a, T b) { return a == b || (a != a && b != b); }
  T& at(int row, int column) { return host_[static_cast<size_t>(row + GUARD_ROWS) * pitch_ + column]; }
  void upload() { require(emulator_copy_to_device(base_, host_.data(), host_.size() * sizeof(T)), "upload"); }

  int rows_, columns_, pitch_;
  T guard_;
  std::vector<T> host_;
  uint64_t base_ = 0;
};

inline int padded(int columns) { return (columns + 7) / 8 * 8; }

// With zeros up to the next multiple of 8 columns, as the conventions have it.
inline Matrix withPadding(const Matrix& values) {
  Matrix wide = values;
  for (auto& row : wide) row.resize(padded(values[0].size()), 0);
  return wide;
}

// Takes the padding off again, in which there must be zeros.
inline Matrix withoutPadding(const std::string& what, Matrix values, int columns) {
  for (auto& row : values) {
    if (std::any_of(row.begin() + columns, row.end(), [](double value) { return value != 0; })) fail(what, "padding was written");
    row.resize(columns);
  }
  return values;
}

// A plain array, without guards: whatever is behind it is not device memory.
template <typename T>
class DeviceArray {
 public:
  explicit DeviceArray(const std::vector<T>& values) {
    require(emulator_allocate(values.size() * sizeof(T), &address_), "allocation");
    require(emulator_copy_to_device(address_, values.data(), values.size() * sizeof(T)), "upload");
  }
  ~DeviceArray() { emulator_free(address_); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;
  uint64_t address() const { return address_; }

 private:
  uint64_t address_ = 0;
};

inline int fact(const std::string& kernel, const char* name) { return emulator_kernel_fact(kernel.c_str(), name); }

// The compute capability of the device that kernels run on here.
constexpr int CAPABILITY = 90;

// Over so many items in each direction, of which a block takes tileX and tileY, or one.
template <typename Arguments>
void launch(const std::string& kernel, int itemsX, int itemsY, const Arguments& arguments) {
  int tileX = std::max(1, fact(kernel, "tileX")), tileY = std::max(1, fact(kernel, "tileY"));
  require(emulator_launch(kernel.c_str(), (itemsX + tileX - 1) / tileX, (itemsY + tileY - 1) / tileY, 1, fact(kernel, "threads"),
                          fact(kernel, "sharedBytes"), CAPABILITY, &arguments, sizeof(arguments)),
          kernel);
}

// Normally distributed, rounded to T.
template <typename T>
Matrix randomMatrix(int seed, int rows, int columns, double deviation) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal(0, deviation);
  Matrix values(rows, std::vector<double>(columns));
  for (auto& row : values) {
    for (double& value : row) value = static_cast<double>(static_cast<T>(normal(random)));
  }
  return values;
}

// The contract's limit: twice the error of a plain computation at the same precision, plus two roundings of the largest value. For the
// largest error and for the root of the mean squares.
inline void compare(const std::string& what, const Matrix& found, const Matrix& truth, const Matrix& plain, double unit) {
  double largest = 0, plainLargest = 0, scale = 0, squares = 0, plainSquares = 0, scaleSquares = 0;
  for (size_t row = 0; row < truth.size(); row++) {
    for (size_t i = 0; i < truth[row].size(); i++) {
      if (!std::isfinite(found[row][i])) {
        return fail(what, "row " + std::to_string(row) + " column " + std::to_string(i) + " is " + std::to_string(found[row][i]));
      }
      double error = std::abs(found[row][i] - truth[row][i]), plainError = std::abs(plain[row][i] - truth[row][i]);
      largest = std::max(largest, error);
      plainLargest = std::max(plainLargest, plainError);
      scale = std::max(scale, std::abs(truth[row][i]));
      squares += error * error;
      plainSquares += plainError * plainError;
      scaleSquares += truth[row][i] * truth[row][i];
    }
  }
  double limit = 2 * plainLargest + 2 * unit * scale;
  double rootLimit = 2 * std::sqrt(plainSquares) + 2 * unit * std::sqrt(scaleSquares);
  if (!(largest <= limit) || !(std::sqrt(squares) <= rootLimit)) {
    fail(what, "largest error " + std::to_string(largest) + ", limit " + std::to_string(limit) + "; root of squares " +
                   std::to_string(std::sqrt(squares)) + ", limit " + std::to_string(rootLimit));
  }
}

inline void checkIdentical(const std::string& what, const Matrix& found, const Matrix& expected) {
  if (found != expected) fail(what, "bits differ");
}

inline int finish(const char* name) {
  if (failures == 0) std::printf("%s: passed\n", name);
  return failures == 0 ? 0 : 1;
}

constexpr double HALF_UNIT = 0x1p-11;
constexpr double FLOAT_UNIT = 0x1p-24;

}  // namespace test
