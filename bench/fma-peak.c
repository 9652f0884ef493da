/* Multiply-add peak of this machine now, in GFLOP/s over all threads: the roof that `conceptclip bench cpu --ops` holds ops against.
 *
 *   cc -O2 -march=native -pthread bench/fma-peak.c -o fma-peak && ./fma-peak THREADS
 *
 * Prints two numbers: float32 fused multiply-adds, and bfloat16 dot products with float32 sums (0 where the processor has none).
 * 24 independent accumulators hide the latency of any processor known to us where there are 32 registers; with AVX2's 16, 24 spill to
 * memory (96 GFLOP/s on two cores of a Zen 3, where 12 reach twice that). The best of several runs counts, since this is a roof. */
#include <immintrin.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SWEEPS = 2000000, ATTEMPTS = 5, MAX_THREADS = 1024 };

#if defined(__AVX512F__)
enum { ACCUMULATORS = 24 };
typedef __m512 lanes;
static lanes fill(float value) { return _mm512_set1_ps(value); }
static lanes multiply_add(lanes a, lanes b, lanes c) { return _mm512_fmadd_ps(a, b, c); }
#elif defined(__FMA__)
enum { ACCUMULATORS = 12 };
typedef __m256 lanes;
static lanes fill(float value) { return _mm256_set1_ps(value); }
static lanes multiply_add(lanes a, lanes b, lanes c) { return _mm256_fmadd_ps(a, b, c); }
#else
#error "needs a processor with fused multiply-adds (AVX2 or AVX-512)"
#endif

static volatile float sink;

static void *float32(void *unused) {
  lanes sums[ACCUMULATORS], x = fill(0.999f), y = fill(1e-4f);
  for (int i = 0; i < ACCUMULATORS; i++) sums[i] = fill(i * 1e-3f);
  for (long n = 0; n < SWEEPS; n++) {
#pragma GCC unroll 24
    for (int i = 0; i < ACCUMULATORS; i++) sums[i] = multiply_add(sums[i], x, y);
    __asm__ volatile("" : : "x"(sums[0]));
  }
  for (int i = 0; i < ACCUMULATORS; i++) sink = ((float *)&sums[i])[0];
  return unused;
}

#if defined(__AVX512BF16__)
static void *bfloat16(void *unused) {
  lanes sums[ACCUMULATORS];
  __m512bh x = (__m512bh)fill(0.999f), y = (__m512bh)fill(1e-4f);
  for (int i = 0; i < ACCUMULATORS; i++) sums[i] = fill(i * 1e-3f);
  for (long n = 0; n < SWEEPS; n++) {
#pragma GCC unroll 24
    for (int i = 0; i < ACCUMULATORS; i++) sums[i] = _mm512_dpbf16_ps(sums[i], x, y);
    __asm__ volatile("" : : "x"(sums[0]));
  }
  for (int i = 0; i < ACCUMULATORS; i++) sink = ((float *)&sums[i])[0];
  return unused;
}
#endif

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + 1e-9 * now.tv_nsec;
}

static double best(void *(*loop)(void *), int threads, int flops_per_lane) {
  double best = 0;
  for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
    pthread_t ids[MAX_THREADS];
    double start = seconds();
    for (int t = 0; t < threads; t++) pthread_create(&ids[t], NULL, loop, NULL);
    for (int t = 0; t < threads; t++) pthread_join(ids[t], NULL);
    double rate = (double)threads * ACCUMULATORS * SWEEPS * (sizeof(lanes) / 4) * flops_per_lane / (seconds() - start);
    if (rate > best) best = rate;
  }
  return best / 1e9;
}

int main(int count, char **arguments) {
  int threads = count == 2 ? atoi(arguments[1]) : 0;
  if (threads < 1 || threads > MAX_THREADS) {
    fprintf(stderr, "usage: fma-peak THREADS\n");
    return 2;
  }
  double narrow = 0;
#if defined(__AVX512BF16__)
  narrow = best(bfloat16, threads, 4);
#endif
  printf("%.1f %.1f\n", best(float32, threads, 2), narrow);
  return 0;
}
