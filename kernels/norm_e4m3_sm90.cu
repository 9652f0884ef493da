// Norms whose results are e4m3, as layer_norm and add_norm otherwise: out = e4m3(outScale * result), for products of e4m3 (sm_90a only,
// because only there such products exist).
//
// layer_norm_e4m3: result = (x - mean(x)) / sqrt(variance(x) + epsilon) * weight + bias
// add_norm_e4m3: s = x + y; result = the same of s; x = s if storeSum, else x stays as it is (out is memory of its own)
//
// x [rows, columns] f32 or f16, y [rows, columns] f16, weight and bias [columns] f32, out [rows, columns] e4m3, rows outPitch bytes apart,
//   which is a multiple of 8; any number of columns. Columns up to the next multiple of 8 become zeros.
// Results are rounded once, from f32; from 448 / outScale on they saturate; not a number becomes not a number (0x7f).
// maxAbs: as in add_norm
// grid: one warp per row
// tile: one row in the registers of its warp up to 2304 columns; a longer one is read three times
// work: an image of 729 x 1152, f32: layer_norm_e4m3 3.4 MB read, 0.8 MB written, 9.2 MFLOP; add_norm_e4m3 with storeSum 5.0 MB read,
//   4.2 MB written, 10.1 MFLOP. e4m3 rather than f16 saves 0.8 MB of each, and as much again for the product that reads it.
// roof: HBM: 1.3 us and 2.8 us per image at the 3.35 TB/s of an H100, predicted from the bytes; nothing of this was measured
// test: native/emulator/test/norm_test.cpp (float64 loops); CodesCases of the op contract
// built: add_norm_e4m3_f16, 128 threads, no bytes of dynamic shared memory, tileX=4; registers sm_90a 128
// built: add_norm_e4m3_f32, 128 threads, no bytes of dynamic shared memory, tileX=4; registers sm_90a 126
// built: layer_norm_e4m3_f16, 128 threads, no bytes of dynamic shared memory, tileX=4; registers sm_90a 110
// built: layer_norm_e4m3_f32, 128 threads, no bytes of dynamic shared memory, tileX=4; registers sm_90a 110
#include "add_norm.cuh"
#include "e4m3_row.cuh"
#include "layer_norm.cuh"

template <typename T>
struct LayerNormE4m3Arguments {
  Global<T> x;
  Global<float> weight;
  Global<float> bias;
  Global<e4m3> out;
  int32_t rows;
  int32_t columns;
  int32_t xPitch;
  int32_t outPitch;
  float epsilon;
  float outScale;
};

template <typename T>
struct AddNormE4m3Arguments {
  Global<T> x;
  Global<f16> y;
  Global<float> weight;
  Global<float> bias;
  Global<e4m3> out;
  Global<float> maxAbs;
  int32_t rows;
  int32_t columns;
  int32_t xPitch;
  int32_t yPitch;
  int32_t outPitch;
  int32_t storeSum;
  float epsilon;
  float outScale;
};

KERNEL(layer_norm_e4m3_f32, LayerNormE4m3Arguments<float>, THREADS, 4) { layerNorm(args, ScaledRows{args.out, args.outScale}); }
KERNEL(layer_norm_e4m3_f16, LayerNormE4m3Arguments<f16>, THREADS, 4) { layerNorm(args, ScaledRows{args.out, args.outScale}); }
KERNEL(add_norm_e4m3_f32, AddNormE4m3Arguments<float>, THREADS, 4) { addNorm(args, ScaledRows{args.out, args.outScale}); }
KERNEL(add_norm_e4m3_f16, AddNormE4m3Arguments<f16>, THREADS, 4) { addNorm(args, ScaledRows{args.out, args.outScale}); }

LAUNCH_FACT(layer_norm_e4m3_f32, tileX, WARPS)
LAUNCH_FACT(layer_norm_e4m3_f16, tileX, WARPS)
LAUNCH_FACT(add_norm_e4m3_f32, tileX, WARPS)
LAUNCH_FACT(add_norm_e4m3_f16, tileX, WARPS)
