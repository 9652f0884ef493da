#include "tensor_core_sum.hpp"

#include <immintrin.h>

#include <algorithm>

namespace emulated {

namespace {

constexpr int32_t ZERO_EXPONENT = -1000;
// Below every sum of two exponents of factors that are not zero, above every sum with a zero's.
constexpr int32_t NO_PRODUCT = -500;
// Of infinity and not-a-number: large even in a sum with a zero's.
constexpr int32_t NOT_FINITE_EXPONENT = 4000;
// Above every exponent of a finite value or product.
constexpr int32_t FINITE = 1000;
constexpr int FLOAT_SMALLEST_EXPONENT = -126;
constexpr int FLOAT_LARGEST_EXPONENT = 127;
constexpr int DOUBLE_FRACTION_BITS = 52;

__m256i exponents(__m256 values, int smallest) {
  __m256i bits = _mm256_castps_si256(values);
  __m256i biased = _mm256_and_si256(_mm256_srli_epi32(bits, 23), _mm256_set1_epi32(0xff));
  __m256i exponent = _mm256_max_epi32(_mm256_sub_epi32(biased, _mm256_set1_epi32(127)), _mm256_set1_epi32(smallest));
  exponent = _mm256_blendv_epi8(exponent, _mm256_set1_epi32(NOT_FINITE_EXPONENT), _mm256_cmpeq_epi32(biased, _mm256_set1_epi32(0xff)));
  __m256i zero = _mm256_castps_si256(_mm256_cmp_ps(values, _mm256_setzero_ps(), _CMP_EQ_OQ));
  return _mm256_blendv_epi8(exponent, _mm256_set1_epi32(ZERO_EXPONENT), zero);
}

// Powers of two with these exponents, which float64 must hold as normal numbers.
__m256d powers(__m128i exponent) {
  __m256i biased = _mm256_cvtepi32_epi64(_mm_add_epi32(exponent, _mm_set1_epi32(1023)));
  return _mm256_castsi256_pd(_mm256_slli_epi64(biased, DOUBLE_FRACTION_BITS));
}

// Four sums in units of 2^(largest - fraction bits), cut toward zero to so many fraction bits of their own. What is below the normal range of
// float32 is rounded by the conversion.
__m128 finished(__m128i products, __m128 before, __m128i largest, const SumRule& rule) {
  __m128i unit = _mm_sub_epi32(largest, _mm_set1_epi32(rule.fractionBits));
  __m256d inverse = powers(_mm_sub_epi32(_mm_setzero_si128(), unit));
  __m256d kept = _mm256_round_pd(_mm256_mul_pd(_mm256_cvtps_pd(before), inverse), _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
  __m256d sum = _mm256_mul_pd(_mm256_add_pd(kept, _mm256_cvtepi32_pd(products)), powers(unit));
  const __m256d mask = _mm256_castsi256_pd(_mm256_set1_epi64x(~((int64_t{1} << (DOUBLE_FRACTION_BITS - rule.resultBits)) - 1)));
  return _mm256_cvtpd_ps(_mm256_and_pd(sum, mask));
}

// One addition of rule.products products.
__m256 add(const SumRule& rule, const float* a, const int32_t* aExponents, const float* b, const int32_t* bExponents, int stride, __m256 before) {
  __m256i largest = _mm256_set1_epi32(2 * ZERO_EXPONENT);
  for (int i = 0; i < rule.products; i++) {
    __m256i exponent = _mm256_add_epi32(_mm256_set1_epi32(aExponents[i]), _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bExponents + i * stride)));
    largest = _mm256_max_epi32(largest, exponent);
  }
  __m256i beforeExponent = exponents(before, FLOAT_SMALLEST_EXPONENT);
  __m256i notFinite = _mm256_cmpgt_epi32(_mm256_max_epi32(largest, beforeExponent), _mm256_set1_epi32(FINITE));
  __m256 plain = before;
  if (!_mm256_testz_si256(notFinite, notFinite)) {
    for (int i = 0; i < rule.products; i++) {
      plain = _mm256_add_ps(plain, _mm256_mul_ps(_mm256_set1_ps(a[i]), _mm256_loadu_ps(b + i * stride)));
    }
  }
  __m256i none = _mm256_cmpgt_epi32(_mm256_set1_epi32(NO_PRODUCT), largest);
  largest = _mm256_max_epi32(_mm256_max_epi32(largest, beforeExponent), _mm256_set1_epi32(FLOAT_SMALLEST_EXPONENT));
  largest = _mm256_min_epi32(largest, _mm256_set1_epi32(FLOAT_LARGEST_EXPONENT));

  // Products have at most 22 significant bits, so they and their multiples by powers of two are exact in float32 until they are cut. Where the
  // value before is so much larger that the factor underflows, nothing of the products is left.
  __m256i factorExponent = _mm256_sub_epi32(_mm256_set1_epi32(rule.fractionBits + 127), largest);
  factorExponent = _mm256_max_epi32(_mm256_min_epi32(factorExponent, _mm256_set1_epi32(254)), _mm256_setzero_si256());
  __m256 factor = _mm256_castsi256_ps(_mm256_slli_epi32(factorExponent, 23));
  // Sixteen pieces below 4 * 2^25 - 2^16 are below 2^31 together, as are 32 below 4 * 2^13.
  __m256i sum = _mm256_setzero_si256();
  for (int i = 0; i < rule.products; i++) {
    __m256 product = _mm256_mul_ps(_mm256_set1_ps(a[i]), _mm256_loadu_ps(b + i * stride));
    sum = _mm256_add_epi32(sum, _mm256_cvttps_epi32(_mm256_mul_ps(product, factor)));
  }
  __m128 low = finished(_mm256_castsi256_si128(sum), _mm256_castps256_ps128(before), _mm256_castsi256_si128(largest), rule);
  __m128 high = finished(_mm256_extracti128_si256(sum, 1), _mm256_extractf128_ps(before, 1), _mm256_extracti128_si256(largest, 1), rule);
  // Products of zeros alone leave the sum as it is. A column that is not finite must not change its neighbours.
  __m256 cut = _mm256_blendv_ps(_mm256_set_m128(high, low), before, _mm256_castsi256_ps(none));
  return _mm256_blendv_ps(cut, plain, _mm256_castsi256_ps(notFinite));
}

}  // namespace

void exponentsOf(const float* values, int count, int smallest, int32_t* into) {
  for (int i = 0; i < count; i += 8) {
    int together = std::min(8, count - i);
    alignas(32) float part[8] = {};
    alignas(32) int32_t found[8];
    std::copy_n(values + i, together, part);
    _mm256_store_si256(reinterpret_cast<__m256i*>(found), exponents(_mm256_load_ps(part), smallest));
    std::copy_n(found, together, into + i);
  }
}

void addProducts(const SumRule& rule, int count, const float* a, const int32_t* aExponents, const float* b, const int32_t* bExponents, int stride,
                 float* sums) {
  __m256 sum = _mm256_loadu_ps(sums);
  for (int i = 0; i < count; i += rule.products) {
    sum = add(rule, a + i, aExponents + i, b + i * stride, bExponents + i * stride, stride, sum);
  }
  _mm256_storeu_ps(sums, sum);
}

}  // namespace emulated
