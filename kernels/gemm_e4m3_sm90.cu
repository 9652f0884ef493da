// gemm_e4m3_sm90_*: products of activations and weights with their epilogue for Hopper (sm_90a only), e4m3 with f32 sums.
//
// Formula    v[m][n] = scale[n] sum_k x[m][k] weight[n][k] + bias[n]
//            bias_f16, bias_f32   out = v
//            gelu_f16             out = gelu(v), the exact form (erf)
//            gelu_e4m3            out = e4m3(outScale gelu(v)), saturating
//            add_f32, add_f16     out += v, in f32, rounded once
// Shapes     x e4m3 [rows, inputs], weight e4m3 IN THE ORDER BELOW, scale f32 [outputs] (the activations' scale times that of the output's weights), bias
//            f32 [outputs] or none, out [rows, outputs] in the type that the kernel is named for. Pitches of e4m3 are multiples of 16.
// Weights    Rows of a group of 32 are exchanged: row 8 j + 2 t + e of the memory is output 8 t + 2 j + e (j, t < 4; e < 2), which is its own inverse.
//            The host lays weights out so, once, with rows of zeros up to a multiple of 32; bias, scale and out are in plain order. With it a thread
//            has 8 neighbouring outputs of a row in its registers and stores them from there: nothing is turned around in shared memory.
// Names      gemm_e4m3_sm90_EPILOGUE_ROWSxCOLUMNS of a tile. All shapes have the same bits.
// Grid       at most one block per multiprocessor, and no more than tiles: blocks take tiles until there are none left; 384 threads
// Tensor maps of bytes: x {inputs, 1, rows}, box {boxColumns, 1, boxRows}; weight {inputs, 1, outputs rounded up to 32}, box {boxColumns, 1,
//            weightBoxRows}; both swizzled over swizzleBytes
//
// Loop       include/gemm_sm90.cuh: one warp copies, two warpgroups multiply a tile each, in turns; the epilogue of one is hidden behind the
//            products of the other.
// Epilogue   f16: 16 bytes a thread, two sectors a quad; e4m3: 8 bytes, one sector. f32: two lanes exchange halves of their 8 outputs, so that an
//            instruction stores whole sectors.
// Rims       Boxes behind the rims are zeros. Results behind them are not stored; columns up to the next multiple of 8 are, as zeros.
//
// Sums       The tensor cores keep about 14 bits of an e4m3 sum. They are not promoted to f32 on the way: at 4304 inputs the error stays far below that
//            of the inputs' own rounding.
// Shared     128x192: 5 stages * (128 + 192) * 128, barriers 80: 204880 bytes. One block per SM.
// Registers  240 a consumer: sums 192, the rest addresses and the epilogue; 24 the copying warps. ptxas reports the launch's 168; no spills.
//
// Work       an image's fc1: 729 x 1152 x 4304, 7.23 GFLOP and 3.1 M GELU of 10 instructions.
// Roofs      H100 SXM. Tensor cores, 8192 FLOP a clock and SM: a step of 128 inputs of 128x192 takes 768 clocks. Shared memory, as of gemm_sm90: 832
//            clocks. Issue: fc1's tile has 9 steps, 6912 clocks; its epilogue with GELU takes about 2100 of one warp a scheduler.
// Predicted  46656 rows, sustained, on an H200 of 700 W, us: qkv 300; proj 105; fc1 bias 370, GELU to e4m3 385; fc2 390, added to f32 420. The loop and the
//            order of the weights are those of a prototype that was right on the emulator; nothing of this was measured. cuBLASLt was, in bursts and
//            without an epilogue: qkv 284, proj 111, fc1 376, fc2 416.
// Test       native/emulator/test/gemm_e4m3_sm90_test.cpp (float64 loops)
// built: gemm_e4m3_sm90_add_f16_64x128, 384 threads, 196736 bytes of dynamic shared memory, tileRows=64 tileColumns=128 boxColumns=128 boxRows=64 weightBoxRows=128 swizzleBytes=128; registers sm_90a 168
// built: gemm_e4m3_sm90_add_f16_128x192, 384 threads, 204880 bytes of dynamic shared memory, tileRows=128 tileColumns=192 boxColumns=128 boxRows=128 weightBoxRows=192 swizzleBytes=128; registers sm_90a 168
// built: gemm_e4m3_sm90_add_f32_64x128, 384 threads, 196736 bytes of dynamic shared memory, tileRows=64 tileColumns=128 boxColumns=128 boxRows=64 weightBoxRows=128 swizzleBytes=128; registers sm_90a 168
// built: gemm_e4m3_sm90_add_f32_128x192, 384 threads, 204880 bytes of dynamic shared memory, tileRows=128 tileColumns=192 boxColumns=128 boxRows=128 weightBoxRows=192 swizzleBytes=128; registers sm_90a 168
// built: gemm_e4m3_sm90_gelu_e4m3_64x128, 384 threads, 196736 bytes of dynamic shared memory, tileRows=64 tileColumns=128 boxColumns=128 boxRows=64 weightBoxRows=128 swizzleBytes=128; registers sm_90a 168
// built: gemm_e4m3_sm90_gelu_e4m3_128x192, 384 threads, 204880 bytes of dynamic shared memory, tileRows=128 tileColumns=192 boxColumns=128 boxRows=128 weightBoxRows=192 swizzleBytes=128; registers sm_90a 168
// built: gemm_e4m3_sm90_gelu_f16_64x128, 384 threads, 196736 bytes of dynamic shared memory, tileRows=64 tileColumns=128 boxColumns=128 boxRows=64 weightBoxRows=128 swizzleBytes=128; registers sm_90a 168
// built: gemm_e4m3_sm90_gelu_f16_128x192, 384 threads, 204880 bytes of dynamic shared memory, tileRows=128 tileColumns=192 boxColumns=128 boxRows=128 weightBoxRows=192 swizzleBytes=128; registers sm_90a 168
// built: gemm_e4m3_sm90_bias_f32_64x128, 384 threads, 196736 bytes of dynamic shared memory, tileRows=64 tileColumns=128 boxColumns=128 boxRows=64 weightBoxRows=128 swizzleBytes=128; registers sm_90a 168
// built: gemm_e4m3_sm90_bias_f32_128x192, 384 threads, 204880 bytes of dynamic shared memory, tileRows=128 tileColumns=192 boxColumns=128 boxRows=128 weightBoxRows=192 swizzleBytes=128; registers sm_90a 168
// built: gemm_e4m3_sm90_bias_f16_64x128, 384 threads, 196736 bytes of dynamic shared memory, tileRows=64 tileColumns=128 boxColumns=128 boxRows=64 weightBoxRows=128 swizzleBytes=128; registers sm_90a 168
// built: gemm_e4m3_sm90_bias_f16_128x192, 384 threads, 204880 bytes of dynamic shared memory, tileRows=128 tileColumns=192 boxColumns=128 boxRows=128 weightBoxRows=192 swizzleBytes=128; registers sm_90a 168
#include "gelu.cuh"
#include "gemm_sm90.cuh"

namespace {

enum class Epilogue { BIAS_F16, BIAS_F32, GELU_F16, GELU_E4M3, ADD_F32, ADD_F16 };

struct GemmE4m3Arguments {
  TensorMap x;          // {inputs, 1, rows}, box {Plan::DEPTH, 1, Plan::TILE_ROWS}
  TensorMap weight;     // {inputs, 1, outputs rounded up to 32}, box {Plan::DEPTH, 1, Plan::COLUMNS}
  Global<float> bias;   // [outputs], or none
  Global<float> scale;  // [outputs]
  union {               // [rows, outputs]
    Global<f16> asHalves;
    Global<float> asFloats;
    Global<e4m3> asE4m3;
  } out;
  int32_t rows;
  int32_t inputs;
  int32_t outputs;
  int32_t outPitch;
  float outScale;       // gelu_e4m3
};

// Outputs whose weights are exchanged with each other.
constexpr int GROUP_COLUMNS = 32;

// 8 neighbouring outputs of a thread.
using Eight = Vector<float, 8>;

DEVICE Eight loadEight(Global<float> from, int at) {
  Eight values;
#pragma unroll
  for (int i = 0; i < 8; i += 4) {
    Vector<float, 4> four = from.load<4>(at + i);
#pragma unroll
    for (int k = 0; k < 4; k++) values[i + k] = four[k];
  }
  return values;
}

// Where a thread stores: outputs `column` to column + 7 of row `row`, if `there`.
struct Place {
  int row, column;
  bool there;
};

template <Epilogue epilogue>
DEVICE void storeHalves(const GemmE4m3Arguments& args, const Eight& values, Place place) {
  if (!place.there) return;
  int64_t to = static_cast<int64_t>(place.row) * args.outPitch + place.column;
  Vector<f16, 8> halves;
  if constexpr (epilogue == Epilogue::ADD_F16) halves = args.out.asHalves.load<8>(to);
#pragma unroll
  for (int i = 0; i < 8; i++) {
    if constexpr (epilogue == Epilogue::ADD_F16) halves[i] = toHalf(toFloat(halves[i]) + values[i]);
    else halves[i] = toHalf(epilogue == Epilogue::GELU_F16 ? gelu(values[i]) : values[i]);
  }
  args.out.asHalves.store<8>(to, halves);
}

DEVICE void storeE4m3(const GemmE4m3Arguments& args, Eight values, Place place) {
#pragma unroll
  for (int i = 0; i < 8; i++) values[i] = geluForE4m3(values[i]) * args.outScale;
  if (place.there) args.out.asE4m3.store<8>(static_cast<int64_t>(place.row) * args.outPitch + place.column, toE4m3(values));
}

// All lanes. Of a pair of lanes, which has 16 neighbouring outputs, both store 4 of the first 8 and then 4 of the last: whole sectors.
template <Epilogue epilogue>
DEVICE void storeFloats(const GemmE4m3Arguments& args, const Eight& values, Place place, int lane) {
  bool odd = lane % 2 == 1;
  Vector<float, 4> parts[2];
#pragma unroll
  for (int i = 0; i < 4; i++) {
    float other = shuffleXor(odd ? values[i] : values[4 + i], 1);
    parts[0][i] = odd ? other : values[i];
    parts[1][i] = odd ? values[4 + i] : other;
  }
  int column = odd ? place.column - 4 : place.column;
  int64_t to = static_cast<int64_t>(place.row) * args.outPitch + column;
#pragma unroll
  for (int p = 0; p < 2; p++) {
    if (place.row >= args.rows || (column + 8 * p) / 8 * 8 >= args.outputs) continue;
    if constexpr (epilogue == Epilogue::ADD_F32) {
      Vector<float, 4> stream = args.out.asFloats.load<4>(to + 8 * p);
#pragma unroll
      for (int i = 0; i < 4; i++) parts[p][i] += stream[i];
    }
    args.out.asFloats.store<4>(to + 8 * p, parts[p]);
  }
}

template <Epilogue epilogue>
DEVICE void storeEight(const GemmE4m3Arguments& args, const Eight& values, Place place, int lane) {
  if constexpr (epilogue == Epilogue::BIAS_F32 || epilogue == Epilogue::ADD_F32) storeFloats<epilogue>(args, values, place, lane);
  else if constexpr (epilogue == Epilogue::GELU_E4M3) storeE4m3(args, values, place);
  else storeHalves<epilogue>(args, values, place);
}

template <Epilogue epilogue>
struct Writer {
  // Thread (g, t) of warp w has rows 16 w + g (+ 8, + 64) and of every group of 32 columns those from 8 t on.
  template <typename P>
  static DEVICE void write(const GemmE4m3Arguments& args, const typename P::Sums& sums, int row, int column, int warp, int lane) {
    static_assert(P::COLUMNS % GROUP_COLUMNS == 0);
    int g = lane / 4, t = lane % 4;
    int firstRow = row + warp % 4 * 16 + g;
#pragma unroll
    for (int c = 0; c < P::COLUMNS; c += GROUP_COLUMNS) {
      if (column + c >= args.outputs) continue;
      int at = column + c + 8 * t;
      // Behind the rim: any values, not stored.
      int from = at < args.outputs ? at : 0;
      Eight scale = loadEight(args.scale, from), bias = {};
      if (args.bias.present()) bias = loadEight(args.bias, from);
#pragma unroll
      for (int p = 0; p < P::PRODUCTS; p++) {
#pragma unroll
        for (int r = 0; r < 2; r++) {
          Eight values;
#pragma unroll
          for (int i = 0; i < 8; i++) {
            // Output i = 2 j + e of the thread is in block j of 8 columns, element e.
            values[i] = fmaf(sums[p][(c / 8 + i / 2) * 4 + 2 * r + i % 2], scale[i], bias[i]);
          }
          int m = firstRow + p * gemm::PRODUCT_ROWS + 8 * r;
          storeEight<epilogue>(args, values, {m, at, m < args.rows && at < args.outputs}, lane);
        }
        // Bounds what is computed side by side.
        syncWarp();
      }
    }
  }
};

using Large = gemm::Plan<e4m3, 128, 192, 5, 0, 240>;
using Small = gemm::Plan<e4m3, 64, 128, 8, 0, 240>;

}  // namespace

KERNEL(gemm_e4m3_sm90_bias_f16_128x192, GemmE4m3Arguments, gemm::THREADS, 1) { gemm::run<Large, Writer<Epilogue::BIAS_F16>>(args); }
KERNEL(gemm_e4m3_sm90_bias_f16_64x128, GemmE4m3Arguments, gemm::THREADS, 1) { gemm::run<Small, Writer<Epilogue::BIAS_F16>>(args); }
KERNEL(gemm_e4m3_sm90_bias_f32_128x192, GemmE4m3Arguments, gemm::THREADS, 1) { gemm::run<Large, Writer<Epilogue::BIAS_F32>>(args); }
KERNEL(gemm_e4m3_sm90_bias_f32_64x128, GemmE4m3Arguments, gemm::THREADS, 1) { gemm::run<Small, Writer<Epilogue::BIAS_F32>>(args); }
KERNEL(gemm_e4m3_sm90_gelu_f16_128x192, GemmE4m3Arguments, gemm::THREADS, 1) { gemm::run<Large, Writer<Epilogue::GELU_F16>>(args); }
KERNEL(gemm_e4m3_sm90_gelu_f16_64x128, GemmE4m3Arguments, gemm::THREADS, 1) { gemm::run<Small, Writer<Epilogue::GELU_F16>>(args); }
KERNEL(gemm_e4m3_sm90_gelu_e4m3_128x192, GemmE4m3Arguments, gemm::THREADS, 1) { gemm::run<Large, Writer<Epilogue::GELU_E4M3>>(args); }
KERNEL(gemm_e4m3_sm90_gelu_e4m3_64x128, GemmE4m3Arguments, gemm::THREADS, 1) { gemm::run<Small, Writer<Epilogue::GELU_E4M3>>(args); }
KERNEL(gemm_e4m3_sm90_add_f32_128x192, GemmE4m3Arguments, gemm::THREADS, 1) { gemm::run<Large, Writer<Epilogue::ADD_F32>>(args); }
KERNEL(gemm_e4m3_sm90_add_f32_64x128, GemmE4m3Arguments, gemm::THREADS, 1) { gemm::run<Small, Writer<Epilogue::ADD_F32>>(args); }
KERNEL(gemm_e4m3_sm90_add_f16_128x192, GemmE4m3Arguments, gemm::THREADS, 1) { gemm::run<Large, Writer<Epilogue::ADD_F16>>(args); }
KERNEL(gemm_e4m3_sm90_add_f16_64x128, GemmE4m3Arguments, gemm::THREADS, 1) { gemm::run<Small, Writer<Epilogue::ADD_F16>>(args); }

GEMM_SM90_FACTS(gemm_e4m3_sm90_bias_f16_128x192, Large)
GEMM_SM90_FACTS(gemm_e4m3_sm90_bias_f16_64x128, Small)
GEMM_SM90_FACTS(gemm_e4m3_sm90_bias_f32_128x192, Large)
GEMM_SM90_FACTS(gemm_e4m3_sm90_bias_f32_64x128, Small)
GEMM_SM90_FACTS(gemm_e4m3_sm90_gelu_f16_128x192, Large)
GEMM_SM90_FACTS(gemm_e4m3_sm90_gelu_f16_64x128, Small)
GEMM_SM90_FACTS(gemm_e4m3_sm90_gelu_e4m3_128x192, Large)
GEMM_SM90_FACTS(gemm_e4m3_sm90_gelu_e4m3_64x128, Small)
GEMM_SM90_FACTS(gemm_e4m3_sm90_add_f32_128x192, Large)
GEMM_SM90_FACTS(gemm_e4m3_sm90_add_f32_64x128, Small)
GEMM_SM90_FACTS(gemm_e4m3_sm90_add_f16_128x192, Large)
GEMM_SM90_FACTS(gemm_e4m3_sm90_add_f16_64x128, Small)
