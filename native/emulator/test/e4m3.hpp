// E4M3 numbers for tests: decoded from their definition, rounded by search. Nothing here is shared with the kernels.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>

namespace test {

// The value of a code: sign, four bits of exponent with a bias of 7, three of fraction; 0x7f and 0xff are not a number.
inline double decodeE4m3(int code) {
  int exponent = code >> 3 & 15, fraction = code & 7;
  double size = (code & 0x7f) == 0x7f ? NAN : exponent == 0 ? std::ldexp(fraction, -9) : std::ldexp(8 + fraction, exponent - 10);
  return code & 0x80 ? -size : size;
}

// The nearest code, of two the even one; what is larger than 448 becomes 448.
inline int encodeE4m3(double value) {
  static const std::array<double, 128> sizes = [] {
    std::array<double, 128> all;
    for (int code = 0; code < 128; code++) all[code] = decodeE4m3(code);
    return all;
  }();
  if (std::isnan(value)) return 0x7f;
  int best = 0;
  for (int code = 1; code < 0x7f; code++) {
    double distance = std::abs(std::abs(value) - sizes[code]), least = std::abs(std::abs(value) - sizes[best]);
    if (distance < least || (distance == least && code % 2 == 0)) best = code;
  }
  if (std::isinf(value)) best = 0x7e;
  return best | (std::signbit(value) ? 0x80 : 0);
}

// An element of a DeviceMatrix.
struct E4m3 {
  uint8_t bits;

  E4m3() = default;
  explicit E4m3(double value) : bits(static_cast<uint8_t>(encodeE4m3(value))) {}
  explicit operator double() const { return decodeE4m3(bits); }
  bool operator==(const E4m3& other) const { return static_cast<double>(*this) == static_cast<double>(other); }
};

}  // namespace test
