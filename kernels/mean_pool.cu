// Masked mean: out[s] = mean of the first keyLength rows of sequence s, in f32; zeros where there are none.
//
// x [rows, columns] f16, out [sequences, columns] f16, sequences int4 {firstRow, rows, keyLength, 0}; any number of columns
// grid: (columns, sequences)
// tile: 32 columns per warp: 4 vectors of 8 columns by 8 rows at a time; the 8 partial sums of a column meet in shuffles
// built: mean_pool, 64 threads, no bytes of dynamic shared memory, tileX=64; registers sm_80 40, sm_90a 46
// work: a text of 77 x 768: 118 kB read, 1.5 kB written, 59 kFLOP
// roof: HBM, 36 ns per text of 77 at the 3.35 TB/s of an H100; once per pass, so the launch dominates
// test: native/emulator/test/pointwise_test.cpp (float64 loops); PoolCases of the op contract
#include "row.cuh"

struct MeanPoolArguments {
  Global<f16> x;
  Global<f16> out;
  Global<int32_t> sequences;
  int32_t columns;
  int32_t xPitch;
  int32_t outPitch;
};

constexpr int POOL_THREADS = 64;
constexpr int LANE_VECTORS = 4;
constexpr int LANE_ROWS = WARP / LANE_VECTORS;

KERNEL(mean_pool, MeanPoolArguments, POOL_THREADS, 16) {
  int sequence = blockIdx.y;
  int lane = threadIdx.x % WARP;
  int vector = (blockIdx.x * POOL_THREADS + threadIdx.x) / WARP * LANE_VECTORS + lane % LANE_VECTORS;
  int column = vector * COLUMNS;
  bool inside = column < args.columns;
  Vector<int32_t, 4> bounds = args.sequences.load<4>(4 * static_cast<int64_t>(sequence));
  int firstRow = bounds[0];
  int keyLength = bounds[2];
  int divisor = keyLength > 0 ? keyLength : 1;

  Floats sum{};
  // Lanes outside take part in the shuffles below.
  int end = inside ? keyLength : 0;
  for (int row = lane / LANE_VECTORS; row < end; row += LANE_ROWS) {
    Floats x = loadFloats(args.x, static_cast<int64_t>(firstRow + row) * args.xPitch + column);
#pragma unroll
    for (int k = 0; k < COLUMNS; k++) {
      sum[k] += x[k];
    }
  }
#pragma unroll
  for (int k = 0; k < COLUMNS; k++) {
#pragma unroll
    for (int mask = WARP / 2; mask >= LANE_VECTORS; mask /= 2) {
      sum[k] += shuffleXor(sum[k], mask);
    }
    sum[k] /= divisor;
  }
  if (inside && lane < LANE_VECTORS) {
    storeFloats(args.out, static_cast<int64_t>(sequence) * args.outPitch + column, sum);
  }
}

LAUNCH_FACT(mean_pool, tileX, POOL_THREADS / WARP * LANE_VECTORS * COLUMNS)
