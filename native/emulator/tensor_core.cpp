#include "tensor_core.hpp"

#include <immintrin.h>

#include <cstring>

#include "shared_memory.hpp"
#include "tensor_core_sum.hpp"

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

constexpr int M = 16, N = 8;
static_assert(N == SUM_COLUMNS);

// Sums and their rounding: tensor_core_sum.hpp. `K` is that of the instruction.
template <int K>
void multiply(void** operands, const SumRule& rule) {
  uint32_t aPairs[M][K / 2];  // A[row][2 column], A[row][2 column + 1]
  uint32_t bPairs[K / 2][N];
  for (int lane = 0; lane < LANES; lane++) {
    const MultiplyOperand& each = *static_cast<MultiplyOperand*>(operands[lane]);
    int g = lane / 4, t = lane % 4;
    for (int half = 0; half < K / 8; half++) {
      aPairs[g][t + 4 * half] = each.a[2 * half];
      aPairs[g + 8][t + 4 * half] = each.a[2 * half + 1];
      bPairs[t + 4 * half][g] = each.b[half];
    }
  }
  float a[M][K];
  float b[K][N];
  for (int row = 0; row < M; row++) {
    for (int half = 0; half < K / 8; half++) {
      _mm256_storeu_ps(&a[row][8 * half], _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(&aPairs[row][4 * half]))));
    }
  }
  const __m256i lowHalves = _mm256_set1_epi32(0xffff);
  for (int pair = 0; pair < K / 2; pair++) {
    __m256i both = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bPairs[pair]));
    __m256i even = _mm256_and_si256(both, lowHalves), odd = _mm256_srli_epi32(both, 16);
    __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(even, odd), 0xd8);  // even columns' eight, then odd's
    _mm256_storeu_ps(b[2 * pair], _mm256_cvtph_ps(_mm256_castsi256_si128(packed)));
    _mm256_storeu_ps(b[2 * pair + 1], _mm256_cvtph_ps(_mm256_extracti128_si256(packed, 1)));
  }
  int32_t aExponents[M][K];
  int32_t bExponents[K][N];
  exponentsOf(&a[0][0], M * K, F16_SMALLEST_EXPONENT, &aExponents[0][0]);
  exponentsOf(&b[0][0], K * N, F16_SMALLEST_EXPONENT, &bExponents[0][0]);
  for (int row = 0; row < M; row++) {
    // Lanes 4 g to 4 g + 3 hold two columns each of row g, in d[0..1], and of row g + 8, in d[2..3].
    int g = row % 8, at = row / 8 * 2;
    float sums[N];
    for (int c = 0; c < N; c++) sums[c] = static_cast<MultiplyOperand*>(operands[4 * g + c / 2])->d[at + c % 2];
    addProducts(rule, K, a[row], aExponents[row], &b[0][0], &bExponents[0][0], N, sums);
    for (int c = 0; c < N; c++) static_cast<MultiplyOperand*>(operands[4 * g + c / 2])->d[at + c % 2] = sums[c];
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
  const SumRule rule = f16Rule(current->block->capability);
  current->warp->meet("mma16816", site, &operand, [&](void** operands) { multiply<16>(operands, rule); });
}

void multiplyAdd1688(float* d, const uint32_t* a, uint32_t b, const Site& site) {
  MultiplyOperand operand{d, a, &b};
  // An instruction of 8 columns adds all of them at once on every device.
  const SumRule all = f16Rule(current->block->capability);
  const SumRule rule{8, all.fractionBits, all.resultBits};
  current->warp->meet("mma1688", site, &operand, [&](void** operands) { multiply<8>(operands, rule); });
}

}  // namespace emulated
