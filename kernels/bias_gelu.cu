// Bias and GELU in place: x = gelu(x + bias), gelu(v) = v * Phi(v), the exact form (erf), in f32.
//
// x [rows, columns] f16, bias [columns] f32 or none; any number of columns
// grid: one thread per vector of 8 columns
// built: bias_gelu, 256 threads, no bytes of dynamic shared memory, tileX=2048; registers sm_80 32, sm_90a 32
// work: an image of 729 x 4304: 6.3 MB read, 6.3 MB written, 72 MFLOP; a text token of 3072: 12.3 kB, 71 kFLOP
// roof: HBM, 3.7 us per image at the 3.35 TB/s of an H100. Next: 3.1 M exponentials at 16 per clock and SM take 0.8 us, about 16
//   instructions per element at 128 per clock and SM 1.6 us (132 SMs at 1.83 GHz)
// test: native/emulator/test/pointwise_test.cpp (every f16); LinearCases of the op contract
#include "gelu.cuh"
#include "row.cuh"

constexpr int GELU_THREADS = 256;

struct BiasGeluArguments {
  Global<f16> x;
  Global<float> bias;
  int32_t rows;
  int32_t columns;
  int32_t pitch;
};

KERNEL(bias_gelu, BiasGeluArguments, GELU_THREADS, 4) {
  int vector = blockIdx.x * GELU_THREADS + threadIdx.x;
  int vectorsOfRow = args.pitch / COLUMNS;
  int row = vector / vectorsOfRow;
  int column = vector % vectorsOfRow * COLUMNS;
  if (row >= args.rows || column >= args.columns) {
    return;
  }
  int64_t at = static_cast<int64_t>(row) * args.pitch + column;
  Floats x = loadFloats(args.x, at);
  if (args.bias.present()) {
    Floats bias = loadFloats(args.bias, column);
#pragma unroll
    for (int k = 0; k < COLUMNS; k++) {
      x[k] += bias[k];
    }
  }
#pragma unroll
  for (int k = 0; k < COLUMNS; k++) {
    x[k] = gelu(x[k]);
  }
  storeFloats(args.x, at, x);
}

LAUNCH_FACT(bias_gelu, tileX, GELU_THREADS * COLUMNS)
