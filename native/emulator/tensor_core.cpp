#include "tensor_core.hpp"

#include <immintrin.h>

#include <cstring>

#include "shared_memory.hpp"

namespace emulated {

namespace {

constexpr int MATRIX_ROWS = 8;
constexpr uint32_t ROW_BYTES = 16;

struct LoadOperand {
  uint32_t* registers;
  const void* row;
};

// Gathers the addressed rows, then deals them out: lane l gets elements (l / 4, 2 (l % 4)) and the next one of each matrix, of its
// transpose if asked. PTX ISA, "ldmatrix": thread i holds fragment row i / 4, columns 2 (i % 4) and 2 (i % 4) + 1.
void deal(void** operands, int matrices, bool transposed, const Warp& warp, const Site& site) {
  Block& block = *warp.block;
  for (int lane = 0; lane < matrices * MATRIX_ROWS; lane++) {
    const void* row = static_cast<LoadOperand*>(operands[lane])->row;
    block.shared->history().readForWarp(block.thread[warp.number * LANES + lane], block.shared->offsetOf(row), ROW_BYTES, site);
  }
  for (int m = 0; m < matrices; m++) {
    uint16_t rows[MATRIX_ROWS][MATRIX_ROWS];
    for (int r = 0; r < MATRIX_ROWS; r++) {
      std::memcpy(rows[r], static_cast<LoadOperand*>(operands[m * MATRIX_ROWS + r])->row, ROW_BYTES);
    }
    for (int lane = 0; lane < LANES; lane++) {
      int g = lane / 4, t = lane % 4 * 2;
      uint32_t low = transposed ? rows[t][g] : rows[g][t];
      uint32_t high = transposed ? rows[t + 1][g] : rows[g][t + 1];
      static_cast<LoadOperand*>(operands[lane])->registers[m] = high << 16 | low;
    }
  }
}

struct MultiplyOperand {
  float* d;
  const uint32_t* a;
  const uint32_t* b;
};

constexpr int M = 16, N = 8, K = 16;

// Four doubles cut to float32, toward zero: the lower 29 bits of the fraction go. (What is left converts exactly, but for results
// below the normal range of float32, which round.)
__m128 truncate(__m256d value) {
  const __m256d kept = _mm256_castsi256_pd(_mm256_set1_epi64x(~((int64_t{1} << 29) - 1)));
  return _mm256_cvtpd_ps(_mm256_and_pd(value, kept));
}

// f16 values are exact and so is the product of two. ASSUMPTION: the PTX manual leaves the order and the rounding of the sum of one
// k16 step open. Here the 16 products are added in double, the accumulator is added in double, and the result is cut to float32
// toward zero once. Published measurements (Fasi et al., "Numerical behavior of NVIDIA tensor cores", 2021) found truncation of
// this kind, but also bits lost while products are aligned, and steps smaller than 16: a GPU's last bits may differ.
void multiply(void** operands) {
  alignas(32) uint32_t aPairs[M][K / 2];  // A[row][2 column], A[row][2 column + 1]
  alignas(32) double a[M][K];
  alignas(32) double b[K][N];
  uint32_t bPairs[K / 2][N];
  for (int lane = 0; lane < LANES; lane++) {
    const MultiplyOperand& each = *static_cast<MultiplyOperand*>(operands[lane]);
    int g = lane / 4, t = lane % 4;
    aPairs[g][t] = each.a[0];
    aPairs[g + 8][t] = each.a[1];
    aPairs[g][t + 4] = each.a[2];
    aPairs[g + 8][t + 4] = each.a[3];
    bPairs[t][g] = each.b[0];
    bPairs[t + 4][g] = each.b[1];
  }
  for (int row = 0; row < M; row++) {
    for (int half = 0; half < 2; half++) {
      __m256 floats = _mm256_cvtph_ps(_mm_load_si128(reinterpret_cast<const __m128i*>(&aPairs[row][4 * half])));
      _mm256_store_pd(&a[row][8 * half], _mm256_cvtps_pd(_mm256_castps256_ps128(floats)));
      _mm256_store_pd(&a[row][8 * half + 4], _mm256_cvtps_pd(_mm256_extractf128_ps(floats, 1)));
    }
  }
  const __m256i lowHalves = _mm256_set1_epi32(0xffff);
  for (int pair = 0; pair < K / 2; pair++) {
    __m256i both = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bPairs[pair]));
    __m256i even = _mm256_and_si256(both, lowHalves), odd = _mm256_srli_epi32(both, 16);
    __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(even, odd), 0xd8);  // even columns' eight, then odd's
    __m256 floats0 = _mm256_cvtph_ps(_mm256_castsi256_si128(packed));
    __m256 floats1 = _mm256_cvtph_ps(_mm256_extracti128_si256(packed, 1));
    _mm256_store_pd(&b[2 * pair][0], _mm256_cvtps_pd(_mm256_castps256_ps128(floats0)));
    _mm256_store_pd(&b[2 * pair][4], _mm256_cvtps_pd(_mm256_extractf128_ps(floats0, 1)));
    _mm256_store_pd(&b[2 * pair + 1][0], _mm256_cvtps_pd(_mm256_castps256_ps128(floats1)));
    _mm256_store_pd(&b[2 * pair + 1][4], _mm256_cvtps_pd(_mm256_extractf128_ps(floats1, 1)));
  }
  constexpr int TOGETHER = 4;
  for (int row = 0; row < M; row += TOGETHER) {
    __m256d sums[TOGETHER][2] = {};
    for (int k = 0; k < K; k++) {
      __m256d b0 = _mm256_load_pd(&b[k][0]), b1 = _mm256_load_pd(&b[k][4]);
      for (int r = 0; r < TOGETHER; r++) {
        __m256d each = _mm256_broadcast_sd(&a[row + r][k]);
        sums[r][0] = _mm256_fmadd_pd(each, b0, sums[r][0]);
        sums[r][1] = _mm256_fmadd_pd(each, b1, sums[r][1]);
      }
    }
    for (int r = 0; r < TOGETHER; r++) {
      // Lanes 4 g to 4 g + 3 hold two columns each of row g, in d[0..1], and of row g + 8, in d[2..3].
      int g = (row + r) % 8, at = (row + r) / 8 * 2;
      float* d[4];
      for (int t = 0; t < 4; t++) d[t] = static_cast<MultiplyOperand*>(operands[4 * g + t])->d + at;
      for (int side = 0; side < 2; side++) {
        __m128 old = _mm_set_ps(d[2 * side + 1][1], d[2 * side + 1][0], d[2 * side][1], d[2 * side][0]);
        __m128 sum = truncate(_mm256_add_pd(_mm256_cvtps_pd(old), sums[r][side]));
        _mm_storel_pi(reinterpret_cast<__m64*>(d[2 * side]), sum);
        _mm_storeh_pi(reinterpret_cast<__m64*>(d[2 * side + 1]), sum);
      }
    }
  }
}

}  // namespace

void loadMatrices(uint32_t* registers, int matrices, bool transposed, const void* row, const Site& site) {
  if (row != nullptr) current->block->shared->require(row, ROW_BYTES, ROW_BYTES, "ldmatrix reads a row of", site);
  LoadOperand operand{registers, row};
  const Warp& warp = *current->warp;
  current->warp->meet("ldmatrix", site, &operand, [&](void** operands) { deal(operands, matrices, transposed, warp, site); });
}

void multiplyAdd16816(float* d, const uint32_t* a, const uint32_t* b, const Site& site) {
  MultiplyOperand operand{d, a, b};
  current->warp->meet("mma16816", site, &operand, multiply);
}

// The fragments are the lower columns of m16n8k16's, and eight more products of zero change no sum.
void multiplyAdd1688(float* d, const uint32_t* a, uint32_t b, const Site& site) {
  const uint32_t wideA[4] = {a[0], a[1], 0, 0};
  const uint32_t wideB[2] = {b, 0};
  MultiplyOperand operand{d, wideA, wideB};
  current->warp->meet("mma1688", site, &operand, multiply);
}

}  // namespace emulated
