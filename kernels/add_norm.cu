// Residual and LayerNorm: s = x + y; out = (s - mean(s)) / sqrt(variance(s) + epsilon) * weight + bias; x = s if storeSum.
//
// x [rows, columns] f32 or f16, y and out [rows, columns] f16, weight and bias [columns] f32; any number of columns
// out may be x if both are f16 and storeSum is 0. Statistics come from s before it is rounded to the type of x.
// maxAbs, one f32 that the host sets to 0: the largest |s| of all rows, infinity if a row has a value that is not finite
// grid: one warp per row
// tile: one row in the registers of its warp up to 2304 columns; a longer one is read three times
// built: add_norm_f32, 128 threads, no bytes of dynamic shared memory, tileX=4; registers sm_80 126, sm_90a 126
// built: add_norm_f16, 128 threads, no bytes of dynamic shared memory, tileX=4; registers sm_80 128, sm_90a 128
// work: an image of 729 x 1152, f32 with storeSum: 5.0 MB read, 5.0 MB written, 9.2 MFLOP; a text token of 768, f16 in place:
//   4.6 kB, 8.4 kFLOP
// roof: HBM, 3.0 us per image at the 3.35 TB/s of an H100: 0.9 FLOP per byte
// test: native/emulator/test/norm_test.cpp (float64 loops); NormCases of the op contract
#include "add_norm.cuh"

template <typename T>
struct AddNormArguments {
  Global<T> x;
  Global<f16> y;
  Global<float> weight;
  Global<float> bias;
  Global<f16> out;
  Global<float> maxAbs;
  int32_t rows;
  int32_t columns;
  int32_t xPitch;
  int32_t yPitch;
  int32_t outPitch;
  int32_t storeSum;
  float epsilon;
};

KERNEL(add_norm_f32, AddNormArguments<float>, THREADS, 4) { addNorm(args, args.out); }
KERNEL(add_norm_f16, AddNormArguments<f16>, THREADS, 4) { addNorm(args, args.out); }

LAUNCH_FACT(add_norm_f32, tileX, WARPS)
LAUNCH_FACT(add_norm_f16, tileX, WARPS)
