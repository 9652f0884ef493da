// How tensor cores add: the rounding of `d += a b`, on which the last bits of every matrix product depend.
//
// All products of one addition are exact. They and the value that they are added to are aligned to the largest exponent among them and cut
// toward zero to a fixed number of fraction bits; the pieces are added exactly, and the sum is cut toward zero to the result's fraction bits.
// How many products are added at once and how many bits are kept differs between generations.
//
// Source: Xie, Wang, Yang, Yang, "MMA-Sim: Bit-Accurate Reference Model of Tensor Cores and Matrix Cores", arXiv:2511.10909 (2025), which was
// validated bit by bit on the devices; in agreement with Fasi et al., "Numerical behavior of NVIDIA tensor cores", PeerJ Computer Science 7
// (2021), for Ampere, and with Khattak and Mikaitis, "Accurate Models of NVIDIA Tensor Cores", arXiv:2512.07004 (2025). An H200 erred in two
// cases of the op contract by exactly what Hopper's rule predicts (docs/parity.md).
#pragma once

#include <cstdint>

namespace emulated {

struct SumRule {
  int products;      // that are added at once
  int fractionBits;  // kept of each piece, below the largest exponent
  int resultBits;    // fraction bits of the sum
};

// f16 products. Hopper's mma and wgmma add 16 at once, and Blackwell's do; Ampere and Ada Lovelace add a step of 16 in two halves.
constexpr SumRule HOPPER_F16{16, 25, 23};
constexpr SumRule AMPERE_F16{8, 24, 23};
// e4m3 products of Hopper's wgmma: sums have 13 fraction bits, though they are stored as float32.
constexpr SumRule HOPPER_E4M3{32, 13, 13};

constexpr SumRule f16Rule(int capability) { return capability >= 90 ? HOPPER_F16 : AMPERE_F16; }

// The smallest exponents of normal numbers: subnormal ones count as having these.
constexpr int F16_SMALLEST_EXPONENT = -14;
constexpr int E4M3_SMALLEST_EXPONENT = -6;

// Columns that addProducts takes together.
constexpr int SUM_COLUMNS = 8;

// The exponents of values of a type with this smallest exponent. A zero's is far below all others, that of infinity and not-a-number far above.
void exponentsOf(const float* values, int count, int smallest, int32_t* exponents);

// sums[c] += sum over i < count of a[i] b[i * stride + c], for SUM_COLUMNS columns c. `count` is a multiple of the rule's products, at most
// 32. Values that are not finite give what float32 arithmetic gives.
void addProducts(const SumRule& rule, int count, const float* a, const int32_t* aExponents, const float* b, const int32_t* bExponents, int stride,
                 float* sums);

}  // namespace emulated
