// f16 results of an op that has no e4m3 results of its own: out = e4m3(outScale * v), v = x or gelu(x) (exact, erf), in f32.
// It stands between an f16 product and an e4m3 one where a calibration leaves a layer in f16, and behind attention of head widths that have
// no kernel with results in e4m3 (sm_90a only, because only there products of e4m3 exist).
//
// x [rows, columns] f16, out [rows, columns] e4m3; both pitches are multiples of 8. Columns up to the next multiple of 8 become zeros, as x
//   has there. From 448 / outScale on results saturate; not a number becomes not a number (0x7f).
// grid: one thread per vector of 8 columns of x's pitch
// work: an image of 729 x 4304 with GELU: 6.3 MB read, 3.1 MB written, 72 MFLOP
// roof: HBM, 2.8 us per image at the 3.35 TB/s of an H100, predicted from the bytes; nothing of this was measured
// test: native/emulator/test/pointwise_test.cpp (every f16); CodesCases of the op contract
// built: to_e4m3, 256 threads, no bytes of dynamic shared memory, tileX=2048; registers sm_90a 32
#include "e4m3_row.cuh"
#include "gelu.cuh"

constexpr int CONVERSION_THREADS = 256;

struct ToE4m3Arguments {
  Global<f16> x;
  Global<e4m3> out;
  int32_t rows;
  int32_t columns;
  int32_t xPitch;
  int32_t outPitch;
  int32_t applyGelu;
  float outScale;
};

KERNEL(to_e4m3, ToE4m3Arguments, CONVERSION_THREADS, 4) {
  int vector = blockIdx.x * CONVERSION_THREADS + threadIdx.x;
  int vectorsOfRow = args.xPitch / COLUMNS;
  int row = vector / vectorsOfRow;
  int column = vector % vectorsOfRow * COLUMNS;
  if (row >= args.rows || column >= args.columns) {
    return;
  }
  Floats x = loadFloats(args.x, static_cast<int64_t>(row) * args.xPitch + column);
  if (args.applyGelu) {
#pragma unroll
    for (int k = 0; k < COLUMNS; k++) {
      x[k] = gelu(x[k]);
    }
  }
  storeFloats(ScaledRows{args.out, args.outScale}, static_cast<int64_t>(row) * args.outPitch + column, x);
}

LAUNCH_FACT(to_e4m3, tileX, CONVERSION_THREADS * COLUMNS)
