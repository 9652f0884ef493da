// LayerNorm: out = (x - mean(x)) / sqrt(variance(x) + epsilon) * weight + bias, per row; biased variance, f32.
//
// x [rows, columns] f32 or f16, weight and bias [columns] f32, out [rows, columns] f16; any number of columns
// grid: one warp per row
// tile: one row in the registers of its warp up to 2304 columns; a longer one is read three times
// built: layer_norm_f32, 128 threads, no bytes of dynamic shared memory, tileX=4; registers sm_80 110, sm_90a 110
// built: layer_norm_f16, 128 threads, no bytes of dynamic shared memory, tileX=4; registers sm_80 108, sm_90a 110
// work: an image of 729 x 1152, f32: 3.4 MB read, 1.7 MB written, 8.4 MFLOP; a text token of 768, f16: 3.1 kB, 7.7 kFLOP
// roof: HBM, 1.5 us per image at the 3.35 TB/s of an H100: 1.7 FLOP per byte
// test: native/emulator/test/norm_test.cpp (float64 loops); NormCases of the op contract
#include "layer_norm.cuh"

template <typename T>
struct LayerNormArguments {
  Global<T> x;
  Global<float> weight;
  Global<float> bias;
  Global<f16> out;
  int32_t rows;
  int32_t columns;
  int32_t xPitch;
  int32_t outPitch;
  float epsilon;
};

KERNEL(layer_norm_f32, LayerNormArguments<float>, THREADS, 4) { layerNorm(args, args.out); }
KERNEL(layer_norm_f16, LayerNormArguments<f16>, THREADS, 4) { layerNorm(args, args.out); }

LAUNCH_FACT(layer_norm_f32, tileX, WARPS)
LAUNCH_FACT(layer_norm_f16, tileX, WARPS)
