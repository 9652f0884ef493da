// gemm_e4m3_sm90_*: products of activations and weights with their epilogue for Hopper (sm_90a only), e4m3 with f32 sums.
//
// Formula    v[m][n] = scale[n] sum_k x[m][k] weight[n][k] + bias[n]
//            bias_f16, bias_f32   out = v
//            gelu_f16             out = gelu(v), the exact form (erf)
//            gelu_e4m3            out = e4m3(outScale gelu(v)), saturating
//            add_f32, add_f16     out += v, in f32, rounded once
// Shapes     x e4m3 [rows, inputs], weight e4m3 IN THE ORDER BELOW, scale f32 [outputs] (the activations' scale times that of the output's
//            weights), bias f32 [outputs] or none, out [rows, outputs] in the type that the kernel is named for. Pitches of e4m3 are
//            multiples of 16.
// Weights    Rows of a group of 32 are exchanged: row 8 j + 2 t + e of the memory is output 8 t + 2 j + e (j, t < 4; e < 2), which is its
//            own inverse. The host lays weights out so, once, with rows of zeros up to a multiple of 32; bias, scale and out are in plain
//            order. With it a thread has 8 neighbouring outputs of a row in its registers and stores them from there: nothing is turned
//            around in shared memory.
// Names      gemm_e4m3_sm90_EPILOGUE_ROWSxCOLUMNS of a tile. All shapes have the same bits.
// Grid       at most one block per multiprocessor, and no more than tiles: blocks take tiles until there are none left; 384 threads
// Tensor maps of bytes: x {inputs, 1, rows}, box {boxColumns, 1, boxRows}; weight {inputs, 1, outputs rounded up to 32}, box {boxColumns,
//            1, weightBoxRows}; both swizzled over swizzleBytes
//
// Loop       include/gemm_sm90.cuh: one warp copies, two warpgroups multiply a tile each, in turns; the epilogue of one is hidden behind
//            the products of the other.
// Epilogue   f16: 16 bytes a thread, two sectors a quad; e4m3: 8 bytes, one sector. f32: two lanes exchange halves of their 8 outputs, so
//            that an instruction stores whole sectors.
// Rims       Boxes behind the rims are zeros. Results behind them are not stored; columns up to the next multiple of 8 are, as zeros.
//
// Sums       The tensor cores keep about 14 bits of an e4m3 sum. They are not promoted to f32 on the way: at 4304 inputs the error stays
//            far below that of the inputs' own rounding.
// Shared     128x192: 5 stages * (128 + 192) * 128, barriers 80: 204880 bytes. One block per SM.
// Registers  240 a consumer: sums 192, the rest addresses and the epilogue; 24 the copying warps. ptxas reports the launch's 168; no
//            spills.
//
// Work       an image's fc1: 729 x 1152 x 4304, 7.23 GFLOP and 3.1 M GELU of 10 instructions.
// Roofs      H100 SXM. Tensor cores, 8192 FLOP a clock and SM: a step of 128 inputs of 128x192 takes 768 clocks. Shared memory, as of
//            gemm_sm90: 832 clocks. Issue: fc1's tile has 9 steps, 6912 clocks; its epilogue with GELU takes about 2100 of one warp a
//            scheduler.
// Predicted  46656 rows, sustained, on an H200 of 700 W, us: qkv 300; proj 105; fc1 bias 370, GELU to e4m3 385; fc2 390, added to f32 420.
//            The loop and the order of the weights are those of a prototype that was right on the emulator; nothing of this was measured.
//            cuBLASLt was, in bursts and without an epilogue: qkv 284, proj 111, fc1 376, fc2 416.
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

// Outputs whose weights are exchanged with each other: those of a quad of lanes. Each has 8 neighbouring ones of two rows, g and g + 8 of
// its warp's 16; its sum of output i of row g + 8 r is element at(i, r).
constexpr int GROUP_COLUMNS = 32;
DEVICE constexpr int at(int i, int r) { return i / 2 * 4 + 2 * r + i % 2; }

// `column` is the first of a lane's 8 outputs from here on, `row` its first row.

// Where a lane may read scales and biases. Behind the rim: any values, which nobody stores.
DEVICE int readable(const GemmE4m3Arguments& args, int column) { return column < args.outputs ? column : 0; }

// Scale and bias of N outputs.
template <int N>
struct Linear {
  Vector<float, N> scale, bias = {};

  DEVICE Linear(const GemmE4m3Arguments& args, int from) {
    scale = args.scale.load<N>(from);
    if (args.bias.present()) bias = args.bias.load<N>(from);
  }
  DEVICE float operator()(float sum, int i) const { return fmaf(sum, scale[i], bias[i]); }
};

// The values of a lane's outputs 0 to 7.
struct Values {
  Linear<4> low, high;

  DEVICE Values(const GemmE4m3Arguments& args, int column) : low(args, readable(args, column)), high(args, readable(args, column) + 4) {}
  DEVICE float operator()(const float* sums, int i, int r) const { return i < 4 ? low(sums[at(i, r)], i) : high(sums[at(i, r)], i - 4); }
};

// f16: 16 bytes a lane.
template <Epilogue epilogue>
DEVICE void writeHalves(const GemmE4m3Arguments& args, const float* sums, int row, int column) {
  int64_t to = static_cast<int64_t>(row) * args.outPitch + column;
  Vector<f16, 8> stream[2];
  // All loads are before all stores: behind a store to what might be the same place a load would wait.
#pragma unroll
  for (int r = 0; r < 2; r++) {
    bool there = row + 8 * r < args.rows && column < args.outputs;
    if (epilogue == Epilogue::ADD_F16 && there) stream[r] = args.out.asHalves.load<8>(to + 8 * r * args.outPitch);
  }
  Values values(args, column);
#pragma unroll
  for (int r = 0; r < 2; r++) {
    Vector<f16, 8> halves;
#pragma unroll
    for (int i = 0; i < 8; i++) {
      float value = values(sums, i, r);
      if constexpr (epilogue == Epilogue::ADD_F16) halves[i] = toHalf(toFloat(stream[r][i]) + value);
      else halves[i] = toHalf(epilogue == Epilogue::GELU_F16 ? gelu(value) : value);
    }
    if (row + 8 * r < args.rows && column < args.outputs) args.out.asHalves.store<8>(to + 8 * r * args.outPitch, halves);
  }
}

// e4m3: 8 bytes a lane.
DEVICE void writeE4m3(const GemmE4m3Arguments& args, const float* sums, int row, int column) {
  Values values(args, column);
#pragma unroll
  for (int r = 0; r < 2; r++) {
    Vector<float, 8> scaled;
#pragma unroll
    for (int i = 0; i < 8; i++) scaled[i] = geluForE4m3(values(sums, i, r)) * args.outScale;
    if (row + 8 * r < args.rows && column < args.outputs) {
      args.out.asE4m3.store<8>(static_cast<int64_t>(row + 8 * r) * args.outPitch + column, toE4m3(scaled));
    }
  }
}

// f32. A lane would store half a sector at a time. So of a pair of lanes, which has 16 neighbouring outputs, both store 4 of the first 8
// and then 4 of the last: what one has of the other's it hands over.
template <Epilogue epilogue>
DEVICE void writeFloats(const GemmE4m3Arguments& args, const float* sums, int row, int column, int lane) {
  bool odd = lane % 2 == 1;
  int first = odd ? column - 4 : column;
  int64_t to = static_cast<int64_t>(row) * args.outPitch + first;
  int from = readable(args, column);
  auto there = [&](int r, int p) { return row + 8 * r < args.rows && (first + 8 * p) / 8 * 8 < args.outputs; };
  Vector<float, 4> parts[2][2] = {};
  if constexpr (epilogue == Epilogue::ADD_F32) {
    // All loads are before all stores: behind a store to what might be the same place a load would wait.
#pragma unroll
    for (int i = 0; i < 4; i++) {
      if (there(i / 2, i % 2)) parts[i / 2][i % 2] = args.out.asFloats.load<4>(to + 8 * (i / 2) * args.outPitch + 8 * (i % 2));
    }
  }
#pragma unroll
  for (int i = 0; i < 4; i += 2) {
    // Bounds what is computed side by side: more does not fit into the registers.
    syncWarp();
    Linear<2> low(args, from + i), high(args, from + 4 + i);
#pragma unroll
    for (int k = 0; k < 4; k++) {
      int e = k / 2, r = k % 2;
      float mine = low(sums[at(i + e, r)], e), others = high(sums[at(4 + i + e, r)], e);
      float handed = shuffleXor(odd ? mine : others, 1);
      parts[r][0][i + e] += odd ? handed : mine;
      parts[r][1][i + e] += odd ? others : handed;
    }
  }
#pragma unroll
  for (int i = 0; i < 4; i++) {
    if (there(i / 2, i % 2)) args.out.asFloats.store<4>(to + 8 * (i / 2) * args.outPitch + 8 * (i % 2), parts[i / 2][i % 2]);
  }
}

template <Epilogue epilogue>
struct Writer {
  template <typename P>
  static DEVICE void write(const GemmE4m3Arguments& args, const typename P::Sums& sums, int row, int column, int warp, int lane) {
    static_assert(P::COLUMNS % GROUP_COLUMNS == 0);
#pragma unroll
    for (int p = 0; p < P::PRODUCTS; p++) {
      int firstRow = row + p * gemm::PRODUCT_ROWS + warp % 4 * 16;
      if (firstRow >= args.rows) continue;
#pragma unroll
      for (int c = 0; c < P::COLUMNS; c += GROUP_COLUMNS) {
        if (column + c >= args.outputs) continue;
        const float* group = &sums[p][c / 2];
        int myRow = firstRow + lane / 4, myColumn = column + c + 8 * (lane % 4);
        if constexpr (epilogue == Epilogue::BIAS_F32 || epilogue == Epilogue::ADD_F32) {
          writeFloats<epilogue>(args, group, myRow, myColumn, lane);
        } else if constexpr (epilogue == Epilogue::GELU_E4M3) {
          writeE4m3(args, group, myRow, myColumn);
        } else {
          writeHalves<epilogue>(args, group, myRow, myColumn);
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
