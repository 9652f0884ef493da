// How results in e4m3 are judged.
#pragma once

#include <algorithm>

#include "e4m3.hpp"
#include "kernel_test.hpp"

namespace test {

// The largest error of a plain computation in f32, twice, and two roundings of the largest value: what results may err before they are
// rounded to e4m3.
inline double errorBeforeRounding(const Matrix& truth, const Matrix& plain) {
  double error = 0, scale = 0;
  for (size_t row = 0; row < truth.size(); row++) {
    for (size_t i = 0; i < truth[row].size(); i++) {
      error = std::max(error, std::abs(plain[row][i] - truth[row][i]));
      scale = std::max(scale, std::abs(truth[row][i]));
    }
  }
  return 2 * error + 2 * FLOAT_UNIT * scale;
}

// Every result is the code of truth * outScale, or of a number that is no further from it than `error` allows: near the middle of two codes
// that may be the neighbour. Not a number must be the code for it.
inline void compareCodes(const std::string& what, const Matrix& found, const Matrix& truth, double outScale, double error) {
  for (size_t row = 0; row < truth.size(); row++) {
    for (size_t i = 0; i < truth[row].size(); i++) {
      double value = found[row][i], exact = truth[row][i];
      double least = decodeE4m3(encodeE4m3((exact - error) * outScale)), most = decodeE4m3(encodeE4m3((exact + error) * outScale));
      if (std::isnan(exact) ? !std::isnan(value) : !(least <= value && value <= most)) {
        return fail(what, "row " + std::to_string(row) + " column " + std::to_string(i) + " is " + std::to_string(value) + ", expected " +
                              std::to_string(least) + " to " + std::to_string(most) + ", the codes of " + std::to_string(exact) + " * " +
                              std::to_string(outScale) + " and what f32 may make of it");
      }
    }
  }
}

}  // namespace test
