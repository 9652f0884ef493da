// L2 normalisation: out = x / max(norm2(x), 1e-12), per row, in f32; a zero row stays zero.
//
// x and out [rows, columns], both f32 or both f16; out may be x; any number of columns
// grid: one warp per row
// tile: one row in the registers of its warp up to 2304 columns; a longer one is read twice
// built: l2_normalize_f32, 128 threads, no bytes of dynamic shared memory, tileX=4; registers sm_80 96, sm_90a 96
// built: l2_normalize_f16, 128 threads, no bytes of dynamic shared memory, tileX=4; registers sm_80 110, sm_90a 110
// work: an image feature of 1152, f32: 9.2 kB, 3.5 kFLOP; all 729 patches of an image, f16 in place: 3.4 MB, 2.5 MFLOP
// roof: HBM, 1.0 us for the patches of an image at the 3.35 TB/s of an H100
// test: native/emulator/test/norm_test.cpp (float64 loops); SimilarityCases of the op contract
#include "row.cuh"

template <typename T>
struct L2NormalizeArguments {
  Global<T> x;
  Global<T> out;
  int32_t rows;
  int32_t columns;
  int32_t xPitch;
  int32_t outPitch;
};

template <typename T>
DEVICE void l2Normalize(const L2NormalizeArguments<T>& args) {
  int row = warpRow();
  if (row >= args.rows) {
    return;
  }
  int64_t from = static_cast<int64_t>(row) * args.xPitch;
  int64_t to = static_cast<int64_t>(row) * args.outPitch;
  auto source = [&](int column) { return loadFloats(args.x, from + column); };
  withRow(source, args.columns, [&](const auto& values) {
    float squares = 0;
    values.each([&](int, const Floats& x) {
#pragma unroll
      for (int k = 0; k < COLUMNS; k++) {
        squares = fmaf(x[k], x[k], squares);
      }
    });
    float norm = fmaxf(sqrtf(warpSum(squares)), 1e-12f);
    values.each([&](int column, const Floats& x) {
      Floats result;
#pragma unroll
      for (int k = 0; k < COLUMNS; k++) {
        result[k] = x[k] / norm;
      }
      storeFloats(args.out, to + column, result);
    });
  });
}

KERNEL(l2_normalize_f32, L2NormalizeArguments<float>, THREADS, 4) { l2Normalize(args); }
KERNEL(l2_normalize_f16, L2NormalizeArguments<f16>, THREADS, 4) { l2Normalize(args); }

LAUNCH_FACT(l2_normalize_f32, tileX, WARPS)
LAUNCH_FACT(l2_normalize_f16, tileX, WARPS)
