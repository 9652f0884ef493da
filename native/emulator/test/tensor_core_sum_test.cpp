// The rounding of tensor cores against its rule, piece by piece in long double, and against figures that were read off the rule by hand.
#include "tensor_core_sum.hpp"

#include <bit>
#include <cmath>
#include <cstdio>
#include <random>
#include <string>

#include "../tensor_core_sum.cpp"
#include "kernel_test.hpp"

namespace {

using namespace emulated;
using test::fail;

constexpr int MOST = 32;

int exponent(double value, int smallest) { return value == 0 ? -5000 : std::max(smallest, std::ilogb(value)); }

// One addition by the rule: everything aligned to the largest exponent and cut, added exactly, cut.
float byTheRule(const SumRule& rule, const float* a, const float* b, int stride, int smallest, float before) {
  int largest = exponent(before, -126);
  for (int i = 0; i < rule.products; i++) {
    if (a[i] != 0 && b[i * stride] != 0) largest = std::max(largest, exponent(a[i], smallest) + exponent(b[i * stride], smallest));
  }
  if (largest < -4000) return before;
  long double unit = std::ldexp(1.0L, largest - rule.fractionBits);
  long double sum = std::trunc(before / unit);
  for (int i = 0; i < rule.products; i++) sum += std::trunc(static_cast<long double>(a[i]) * b[i * stride] / unit);
  sum *= unit;
  if (sum == 0) return 0;
  long double last = std::ldexp(1.0L, std::max(-126, std::ilogb(sum)) - rule.resultBits);
  return static_cast<float>(std::trunc(sum / last) * last);
}

float half(double value) { return static_cast<float>(static_cast<_Float16>(value)); }

// An e4m3 number from three fraction bits and an exponent.
float e4m3(std::mt19937& random) {
  int exponentOf = static_cast<int>(random() % 15) - 6;
  double fraction = exponentOf == -6 && random() % 2 == 0 ? random() % 8 / 8.0 : 1 + random() % 8 / 8.0;
  return static_cast<float>((random() % 2 == 0 ? 1 : -1) * std::ldexp(fraction, exponentOf));
}

void testRandom(const char* what, const SumRule& rule, int smallest) {
  std::mt19937 random(7);
  std::normal_distribution<double> normal;
  for (int round = 0; round < 20000; round++) {
    float a[MOST], b[MOST * SUM_COLUMNS], sums[SUM_COLUMNS], expected[SUM_COLUMNS];
    int spread = round % 5 * 3;
    auto value = [&] {
      if (random() % 8 == 0) return 0.0f;
      if (smallest == E4M3_SMALLEST_EXPONENT) return e4m3(random);
      return half(std::ldexp(normal(random), -static_cast<int>(random() % (2 * spread + 1))));
    };
    for (float& each : a) each = value();
    for (float& each : b) each = value();
    int32_t aExponents[MOST], bExponents[MOST * SUM_COLUMNS];
    exponentsOf(a, MOST, smallest, aExponents);
    exponentsOf(b, MOST * SUM_COLUMNS, smallest, bExponents);
    for (int c = 0; c < SUM_COLUMNS; c++) {
      float before = round % 7 == 0 ? 0.0f : static_cast<float>(std::ldexp(normal(random), static_cast<int>(random() % 60) - 40));
      if (rule.resultBits < 23) before = std::bit_cast<float>(std::bit_cast<uint32_t>(before) & ~((1u << (23 - rule.resultBits)) - 1));
      expected[c] = sums[c] = before;
      for (int i = 0; i < MOST; i += rule.products) {
        expected[c] = byTheRule(rule, a + i, b + i * SUM_COLUMNS + c, SUM_COLUMNS, smallest, expected[c]);
      }
    }
    addProducts(rule, MOST, a, aExponents, b, bExponents, SUM_COLUMNS, sums);
    for (int c = 0; c < SUM_COLUMNS; c++) {
      if (sums[c] != expected[c]) {
        return fail(what, "round " + std::to_string(round) + ": " + std::to_string(sums[c]) + ", by the rule " + std::to_string(expected[c]));
      }
    }
  }
}

// before + the products' sum, for one column.
float added(const SumRule& rule, float before, std::initializer_list<std::pair<float, float>> factors) {
  float a[MOST] = {}, b[MOST * SUM_COLUMNS] = {}, sums[SUM_COLUMNS];
  int at = 0;
  for (auto [x, y] : factors) {
    a[at] = x;
    for (int c = 0; c < SUM_COLUMNS; c++) b[at * SUM_COLUMNS + c] = y;
    at++;
  }
  int32_t aExponents[MOST], bExponents[MOST * SUM_COLUMNS];
  exponentsOf(a, MOST, F16_SMALLEST_EXPONENT, aExponents);
  exponentsOf(b, MOST * SUM_COLUMNS, F16_SMALLEST_EXPONENT, bExponents);
  std::fill_n(sums, SUM_COLUMNS, before);
  addProducts(rule, rule.products, a, aExponents, b, bExponents, SUM_COLUMNS, sums);
  return sums[0];
}

// A column with a number that is not finite leaves its neighbours alone.
void testNeighbours() {
  float a[MOST] = {0x1p-13f, 0x1p-13f, 0x1p-13f, 0x1p-13f}, b[MOST * SUM_COLUMNS] = {}, sums[SUM_COLUMNS];
  for (int i = 0; i < 4 * SUM_COLUMNS; i++) b[i] = 0x1p-12f;
  b[3] = NAN;
  std::fill_n(sums, SUM_COLUMNS, 1.0f);
  int32_t aExponents[MOST], bExponents[MOST * SUM_COLUMNS];
  exponentsOf(a, MOST, F16_SMALLEST_EXPONENT, aExponents);
  exponentsOf(b, MOST * SUM_COLUMNS, F16_SMALLEST_EXPONENT, bExponents);
  addProducts(HOPPER_F16, HOPPER_F16.products, a, aExponents, b, bExponents, SUM_COLUMNS, sums);
  for (int c = 0; c < SUM_COLUMNS; c++) {
    if (c == 3 ? !std::isnan(sums[c]) : sums[c] != 1 + 0x1p-23f) fail("neighbours of not-a-number", "column " + std::to_string(c));
  }
}

void requireSum(const char* what, float found, float expected) {
  if (std::isnan(expected) ? !std::isnan(found) : found != expected) {
    fail(what, std::to_string(found) + ", expected " + std::to_string(expected));
  }
}

void testByHand() {
  // Four products of 2^-24 beside 1: in float32 one by one they would vanish, here they make 2^-22.
  requireSum("small products together", added(HOPPER_F16, 1, {{0x1p-12f, 0x1p-12f}, {0x1p-12f, 0x1p-12f}, {0x1p-12f, 0x1p-12f}, {0x1p-12f, 0x1p-12f}}), 1 + 0x1p-22f);
  // 2^-26 beside 1 is cut before it is added, however often.
  requireSum("cut one by one", added(HOPPER_F16, 1, {{0x1p-13f, 0x1p-13f}, {0x1p-13f, 0x1p-13f}, {0x1p-13f, 0x1p-13f}, {0x1p-13f, 0x1p-13f}}), 1);
  // On Ampere 2^-25 is cut, too.
  requireSum("Ampere's bit less", added(AMPERE_F16, 1, {{0x1p-12f, 0x1p-13f}, {0x1p-12f, 0x1p-13f}, {0x1p-12f, 0x1p-13f}, {0x1p-12f, 0x1p-13f}}), 1);
  requireSum("Hopper keeps it", added(HOPPER_F16, 1, {{0x1p-12f, 0x1p-13f}, {0x1p-12f, 0x1p-13f}, {0x1p-12f, 0x1p-13f}, {0x1p-12f, 0x1p-13f}}), 1 + 0x1p-23f);
  // Toward zero on both sides.
  requireSum("toward zero", added(HOPPER_F16, -1, {{-0x1p-12f, 0x1p-12f}, {-0x1p-12f, 0x1p-13f}}), -1);
  requireSum("no products", added(HOPPER_F16, 0x1p-140f, {{0, 3}}), 0x1p-140f);
  float infinity = HUGE_VALF;
  requireSum("infinity", added(HOPPER_F16, 1, {{infinity, 2}}), infinity);
  requireSum("infinity times zero", added(HOPPER_F16, 1, {{infinity, 0}}), NAN);
  requireSum("opposite infinities", added(HOPPER_F16, -infinity, {{infinity, 2}}), NAN);
  requireSum("not a number", added(HOPPER_F16, NAN, {{1, 1}}), NAN);
}

}  // namespace

int main() {
  testRandom("f16 on Hopper", HOPPER_F16, F16_SMALLEST_EXPONENT);
  testRandom("f16 on Ampere", AMPERE_F16, F16_SMALLEST_EXPONENT);
  testRandom("e4m3 on Hopper", HOPPER_E4M3, E4M3_SMALLEST_EXPONENT);
  testByHand();
  testNeighbours();
  return test::finish("tensor_core_sum_test");
}
