// gemm_sm90_*: products of activations and weights with their epilogue for Hopper (sm_90a only), f16 with f32 sums.
//
// Formula    v[m][n] = sum_k x[m][k] weight[n][k] + bias[n]
//            bias_f16, bias_f32   out = v
//            gelu_f16             out = gelu(v), the exact form (erf)
//            add_f32, add_f16     out += v, in f32, rounded once
// Shapes     x f16 [rows, inputs], weight f16 [outputs, inputs] with rows `inputs` rounded up to 8 apart (as cuBLASLt takes it), bias f32 [outputs]
//            or none, out [rows, outputs] in the type that the kernel is named for
// Names      gemm_sm90_EPILOGUE_ROWSxCOLUMNS of a tile. All shapes have the same bits.
// Grid       at most one block per multiprocessor, and no more than tiles: blocks take tiles until there are none left; 384 threads
// Tensor maps x {inputs, 1, rows}, box {boxColumns, 1, boxRows}; weight {inputs, 1, outputs}, box {boxColumns, 1, weightBoxRows}; both swizzled over
//            swizzleBytes
//
// Loop       include/gemm_sm90.cuh: one warp copies, two warpgroups multiply a tile each, in turns; the epilogue of one is hidden behind the
//            products of the other.
// Epilogue   f16: a warp turns 16 rows x 64 columns around in shared memory of its own and stores lines of 128 bytes; adding to f16 turns f32, 32
//            columns at a time, so that a sum is rounded once. f32: the four lanes that share a row hold 8 neighbouring columns, a whole sector:
//            no turning around.
// Rims       Boxes behind the rims are zeros. Results behind them are not stored; columns up to the next multiple of 8 are, as zeros.
//
// Shapes     128x192, for many rows: 192 divides 1152 and 3456 (256 would waste 10 % and 3.6 %), and 192 sums a thread fit. 64x128, for some hundred
//            rows: 729 rows x 1152 outputs are 108 tiles instead of 36. 64x64, for few rows: more multiprocessors share the weight's bytes.
// Shared     128x192: 5 stages * (128 + 192) * 128, barriers 80, the epilogue's 8 warps * 2304 (add_f16: 2560). One block per SM.
// Registers  232 a consumer: sums 192, the rest addresses and the epilogue; 40 the copying warps. ptxas reports the launch's 168; no spills.
// Banks      128-byte swizzle. Pitches of 36 (f16) and 40 words (f32): stores of 4 and 8 bytes and loads of 16 hit each bank once.
//
// Work       an image's fc1: 729 x 1152 x 4304, 7.23 GFLOP and 3.1 M GELU of 13 instructions.
// Roofs      H100 SXM. Tensor cores, 4096 FLOP a clock and SM: a step of 64 inputs of 128x192 takes 768 clocks. Shared memory, 128 bytes a clock:
//            products read 64 KB, boxes bring 40 KB: 832 clocks, 94 % of the tensor roof. L2: 40 KB a step. Issue: a tile's epilogue, about 2900 clocks
//            of one warp a scheduler, behind 13824.
// Measured   128x192 on an NVIDIA H200 (driver 580, 700 W), 46656 rows, us in bursts (in brackets: sustained): qkv 493; proj 169; fc1 bias 657 (711), GELU
//            770 (801); fc2 780 (841). cuBLASLt beside it: 487; 187; 710 (735), with a pass of GELU 902; 692 (729). Predicted had been 600; 200; 758, 758; 746.
//            One image: qkv 18, proj 17, fc1 GELU 29, fc2 40 (cuBLASLt 13, 7, 17, 15).
//            That was the kernel with an f16 result or one added to an f16 stream after a rounding of its own; f32 results and the smaller tiles have
//            not been measured. Predicted for one image with 64x128: proj 9, fc2 21: 0.2 us a step of 64 inputs and 7 us that every launch above had.
// Test       native/emulator/test/gemm_sm90_test.cpp (float64 loops); LinearCases of the op contract
// built: gemm_sm90_add_f16_64x64, 384 threads, 151680 bytes of dynamic shared memory, tileRows=64 tileColumns=64 boxColumns=64 boxRows=64 weightBoxRows=64 swizzleBytes=128; registers sm_90a 168
// built: gemm_sm90_add_f16_64x128, 384 threads, 217216 bytes of dynamic shared memory, tileRows=64 tileColumns=128 boxColumns=64 boxRows=64 weightBoxRows=128 swizzleBytes=128; registers sm_90a 168
// built: gemm_sm90_add_f16_128x192, 384 threads, 225360 bytes of dynamic shared memory, tileRows=128 tileColumns=192 boxColumns=64 boxRows=128 weightBoxRows=192 swizzleBytes=128; registers sm_90a 168
// built: gemm_sm90_add_f32_64x64, 384 threads, 131200 bytes of dynamic shared memory, tileRows=64 tileColumns=64 boxColumns=64 boxRows=64 weightBoxRows=64 swizzleBytes=128; registers sm_90a 168
// built: gemm_sm90_add_f32_64x128, 384 threads, 196736 bytes of dynamic shared memory, tileRows=64 tileColumns=128 boxColumns=64 boxRows=64 weightBoxRows=128 swizzleBytes=128; registers sm_90a 168
// built: gemm_sm90_add_f32_128x192, 384 threads, 204880 bytes of dynamic shared memory, tileRows=128 tileColumns=192 boxColumns=64 boxRows=128 weightBoxRows=192 swizzleBytes=128; registers sm_90a 168
// built: gemm_sm90_gelu_f16_64x64, 384 threads, 149632 bytes of dynamic shared memory, tileRows=64 tileColumns=64 boxColumns=64 boxRows=64 weightBoxRows=64 swizzleBytes=128; registers sm_90a 168
// built: gemm_sm90_gelu_f16_64x128, 384 threads, 215168 bytes of dynamic shared memory, tileRows=64 tileColumns=128 boxColumns=64 boxRows=64 weightBoxRows=128 swizzleBytes=128; registers sm_90a 168
// built: gemm_sm90_gelu_f16_128x192, 384 threads, 223312 bytes of dynamic shared memory, tileRows=128 tileColumns=192 boxColumns=64 boxRows=128 weightBoxRows=192 swizzleBytes=128; registers sm_90a 168
// built: gemm_sm90_bias_f32_64x64, 384 threads, 131200 bytes of dynamic shared memory, tileRows=64 tileColumns=64 boxColumns=64 boxRows=64 weightBoxRows=64 swizzleBytes=128; registers sm_90a 168
// built: gemm_sm90_bias_f32_64x128, 384 threads, 196736 bytes of dynamic shared memory, tileRows=64 tileColumns=128 boxColumns=64 boxRows=64 weightBoxRows=128 swizzleBytes=128; registers sm_90a 168
// built: gemm_sm90_bias_f32_128x192, 384 threads, 204880 bytes of dynamic shared memory, tileRows=128 tileColumns=192 boxColumns=64 boxRows=128 weightBoxRows=192 swizzleBytes=128; registers sm_90a 168
// built: gemm_sm90_bias_f16_64x64, 384 threads, 149632 bytes of dynamic shared memory, tileRows=64 tileColumns=64 boxColumns=64 boxRows=64 weightBoxRows=64 swizzleBytes=128; registers sm_90a 168
// built: gemm_sm90_bias_f16_64x128, 384 threads, 215168 bytes of dynamic shared memory, tileRows=64 tileColumns=128 boxColumns=64 boxRows=64 weightBoxRows=128 swizzleBytes=128; registers sm_90a 168
// built: gemm_sm90_bias_f16_128x192, 384 threads, 223312 bytes of dynamic shared memory, tileRows=128 tileColumns=192 boxColumns=64 boxRows=128 weightBoxRows=192 swizzleBytes=128; registers sm_90a 168
#include "gelu.cuh"
#include "gemm_sm90.cuh"

namespace {

enum class Epilogue { BIAS_F16, BIAS_F32, GELU_F16, ADD_F32, ADD_F16 };

struct GemmArguments {
  TensorMap x;         // {inputs, 1, rows}, box {Plan::DEPTH, 1, Plan::TILE_ROWS}
  TensorMap weight;    // {inputs, 1, outputs}, box {Plan::DEPTH, 1, Plan::COLUMNS}
  Global<float> bias;  // [outputs], or none
  union {              // [rows, outputs]
    Global<f16> asHalves;
    Global<float> asFloats;
  } out;
  int32_t rows;
  int32_t inputs;
  int32_t outputs;
  int32_t outPitch;
};

// A warp's part of shared memory, where it turns 16 rows around.
template <typename T, int columns, int pitch>
struct Turned {
  static constexpr int COLUMNS = columns;
  static constexpr int PITCH = pitch;
  static constexpr int ELEMENTS = 16 * pitch;
  static constexpr int BYTES = ELEMENTS * sizeof(T);
};
// Pitches of 36 and 40 words: rows of a store instruction are 4 and 8 banks apart.
using TurnedHalves = Turned<f16, 64, 72>;
using TurnedFloats = Turned<float, 32, 40>;

// Biases of columns `at` and at + 1; zeros behind the last output.
DEVICE Vector<float, 2> biases(const GemmArguments& args, int at) {
  Vector<float, 2> bias;
  bias[0] = bias[1] = 0.0f;
  if (args.bias.present() && at < args.outputs) bias = args.bias.load<2>(at);
  return bias;
}

// 16 rows x 64 columns of one warp, as f16.
template <Epilogue epilogue, typename P>
DEVICE void writeHalves(const GemmArguments& args, const float* sums, int row, int column, int warp, int lane) {
  constexpr int PITCH = TurnedHalves::PITCH;
  Shared<f16> turned = sharedArray<f16>(P::EPILOGUE_OFFSET + warp * TurnedHalves::BYTES, TurnedHalves::ELEMENTS);
  int g = lane / 4, t = lane % 4;
#pragma unroll
  for (int j = 0; j < TurnedHalves::COLUMNS / 8; j++) {
    // Bounds what is computed side by side: more does not fit into the registers.
    if (j == TurnedHalves::COLUMNS / 16) syncWarp();
    Vector<float, 2> bias = biases(args, column + 8 * j + 2 * t);
#pragma unroll
    for (int r = 0; r < 2; r++) {
      Vector<f16, 2> pair;
#pragma unroll
      for (int e = 0; e < 2; e++) {
        float value = sums[4 * j + 2 * r + e] + bias[e];
        pair[e] = toHalf(epilogue == Epilogue::GELU_F16 ? gelu(value) : value);
      }
      turned.store<2>((g + 8 * r) * PITCH + 8 * j + 2 * t, pair);
    }
  }
  syncWarp();
  int inRow = lane / 8, inColumn = lane % 8 * 8;
  int64_t to = static_cast<int64_t>(row + inRow) * args.outPitch + column + inColumn;
#pragma unroll
  for (int i = 0; i < 16; i += 4) {
    if (row + inRow + i < args.rows && column + inColumn < args.outputs) {
      args.out.asHalves.store<8>(to + i * args.outPitch, turned.load<8>((inRow + i) * PITCH + inColumn));
    }
  }
  syncWarp();
}

// 16 rows x 32 columns of one warp, added to f16.
template <typename P>
DEVICE void addToHalves(const GemmArguments& args, const float* sums, int row, int column, int warp, int lane) {
  constexpr int PITCH = TurnedFloats::PITCH;
  Shared<float> turned = sharedArray<float>(P::EPILOGUE_OFFSET + warp * TurnedFloats::BYTES, TurnedFloats::ELEMENTS);
  int g = lane / 4, t = lane % 4;
#pragma unroll
  for (int j = 0; j < TurnedFloats::COLUMNS / 8; j++) {
    Vector<float, 2> bias = biases(args, column + 8 * j + 2 * t);
#pragma unroll
    for (int r = 0; r < 2; r++) {
      Vector<float, 2> pair;
#pragma unroll
      for (int e = 0; e < 2; e++) pair[e] = sums[4 * j + 2 * r + e] + bias[e];
      turned.store<2>((g + 8 * r) * PITCH + 8 * j + 2 * t, pair);
    }
  }
  syncWarp();
  int inRow = lane / 8, inColumn = lane % 8 * 4;
  int64_t to = static_cast<int64_t>(row + inRow) * args.outPitch + column + inColumn;
#pragma unroll
  for (int i = 0; i < 16; i += 4) {
    // Columns are stored up to a multiple of 8: the two lanes that share 8 of them go together.
    if (row + inRow + i < args.rows && column + inColumn / 8 * 8 < args.outputs) {
      Vector<float, 4> values = turned.load<4>((inRow + i) * PITCH + inColumn);
      Vector<f16, 4> stream = args.out.asHalves.load<4>(to + i * args.outPitch);
#pragma unroll
      for (int e = 0; e < 4; e++) stream[e] = toHalf(toFloat(stream[e]) + values[e]);
      args.out.asHalves.store<4>(to + i * args.outPitch, stream);
    }
  }
  syncWarp();
}

// 16 rows x 32 columns of one warp, as f32 or added to f32.
template <Epilogue epilogue>
DEVICE void writeFloats(const GemmArguments& args, const float* sums, int row, int column, int lane) {
  constexpr int BLOCKS = 4;  // of 8 columns
  int g = lane / 4, t = lane % 4;
  int64_t to = static_cast<int64_t>(row + g) * args.outPitch + column + 2 * t;
  Vector<float, 2> values[BLOCKS][2];
#pragma unroll
  for (int j = 0; j < BLOCKS; j++) {
    Vector<float, 2> bias = biases(args, column + 8 * j + 2 * t);
#pragma unroll
    for (int r = 0; r < 2; r++) {
      bool there = row + g + 8 * r < args.rows && column + 8 * j < args.outputs;
      Vector<float, 2>& value = values[j][r];
      if constexpr (epilogue == Epilogue::ADD_F32) {
        if (there) value = args.out.asFloats.load<2>(to + 8 * r * args.outPitch + 8 * j);
      }
#pragma unroll
      for (int e = 0; e < 2; e++) {
        float sum = sums[4 * j + 2 * r + e] + bias[e];
        if constexpr (epilogue == Epilogue::ADD_F32) value[e] += sum;
        else value[e] = sum;
      }
      if (there) args.out.asFloats.store<2>(to + 8 * r * args.outPitch + 8 * j, value);
    }
  }
  // Bounds what is under way side by side.
  syncWarp();
}

template <Epilogue epilogue>
struct Writer {
  static constexpr bool FLOATS = epilogue == Epilogue::BIAS_F32 || epilogue == Epilogue::ADD_F32;
  static constexpr bool HALVES_ADDED = epilogue == Epilogue::ADD_F16;
  static constexpr int PIECE_COLUMNS = FLOATS ? 32 : HALVES_ADDED ? TurnedFloats::COLUMNS : TurnedHalves::COLUMNS;
  static constexpr int SHARED_BYTES = gemm::CONSUMER_WARPS * (FLOATS ? 0 : HALVES_ADDED ? TurnedFloats::BYTES : TurnedHalves::BYTES);

  template <typename P>
  static DEVICE void write(const GemmArguments& args, const typename P::Sums& sums, int row, int column, int warp, int lane) {
#pragma unroll
    for (int p = 0; p < P::PRODUCTS; p++) {
      int firstRow = row + p * gemm::PRODUCT_ROWS + warp % 4 * 16;
      if (firstRow >= args.rows) continue;
#pragma unroll
      for (int c = 0; c < P::COLUMNS; c += PIECE_COLUMNS) {
        if (column + c >= args.outputs) continue;
        const float* piece = &sums[p][c / 2];
        if constexpr (FLOATS) writeFloats<epilogue>(args, piece, firstRow, column + c, lane);
        else if constexpr (HALVES_ADDED) addToHalves<P>(args, piece, firstRow, column + c, warp, lane);
        else writeHalves<epilogue, P>(args, piece, firstRow, column + c, warp, lane);
      }
    }
  }
};

template <Epilogue epilogue, int tileRows, int columns, int stages>
using Shape = gemm::Plan<f16, tileRows, columns, stages, Writer<epilogue>::SHARED_BYTES>;
template <Epilogue epilogue>
using Large = Shape<epilogue, 128, 192, 5>;
template <Epilogue epilogue>
using Medium = Shape<epilogue, 64, 128, 8>;
template <Epilogue epilogue>
using Small = Shape<epilogue, 64, 64, 8>;

}  // namespace

KERNEL(gemm_sm90_bias_f16_128x192, GemmArguments, gemm::THREADS, 1) { gemm::run<Large<Epilogue::BIAS_F16>, Writer<Epilogue::BIAS_F16>>(args); }
KERNEL(gemm_sm90_bias_f16_64x128, GemmArguments, gemm::THREADS, 1) { gemm::run<Medium<Epilogue::BIAS_F16>, Writer<Epilogue::BIAS_F16>>(args); }
KERNEL(gemm_sm90_bias_f16_64x64, GemmArguments, gemm::THREADS, 1) { gemm::run<Small<Epilogue::BIAS_F16>, Writer<Epilogue::BIAS_F16>>(args); }
KERNEL(gemm_sm90_bias_f32_128x192, GemmArguments, gemm::THREADS, 1) { gemm::run<Large<Epilogue::BIAS_F32>, Writer<Epilogue::BIAS_F32>>(args); }
KERNEL(gemm_sm90_bias_f32_64x128, GemmArguments, gemm::THREADS, 1) { gemm::run<Medium<Epilogue::BIAS_F32>, Writer<Epilogue::BIAS_F32>>(args); }
KERNEL(gemm_sm90_bias_f32_64x64, GemmArguments, gemm::THREADS, 1) { gemm::run<Small<Epilogue::BIAS_F32>, Writer<Epilogue::BIAS_F32>>(args); }
KERNEL(gemm_sm90_gelu_f16_128x192, GemmArguments, gemm::THREADS, 1) { gemm::run<Large<Epilogue::GELU_F16>, Writer<Epilogue::GELU_F16>>(args); }
KERNEL(gemm_sm90_gelu_f16_64x128, GemmArguments, gemm::THREADS, 1) { gemm::run<Medium<Epilogue::GELU_F16>, Writer<Epilogue::GELU_F16>>(args); }
KERNEL(gemm_sm90_gelu_f16_64x64, GemmArguments, gemm::THREADS, 1) { gemm::run<Small<Epilogue::GELU_F16>, Writer<Epilogue::GELU_F16>>(args); }
KERNEL(gemm_sm90_add_f32_128x192, GemmArguments, gemm::THREADS, 1) { gemm::run<Large<Epilogue::ADD_F32>, Writer<Epilogue::ADD_F32>>(args); }
KERNEL(gemm_sm90_add_f32_64x128, GemmArguments, gemm::THREADS, 1) { gemm::run<Medium<Epilogue::ADD_F32>, Writer<Epilogue::ADD_F32>>(args); }
KERNEL(gemm_sm90_add_f32_64x64, GemmArguments, gemm::THREADS, 1) { gemm::run<Small<Epilogue::ADD_F32>, Writer<Epilogue::ADD_F32>>(args); }
KERNEL(gemm_sm90_add_f16_128x192, GemmArguments, gemm::THREADS, 1) { gemm::run<Large<Epilogue::ADD_F16>, Writer<Epilogue::ADD_F16>>(args); }
KERNEL(gemm_sm90_add_f16_64x128, GemmArguments, gemm::THREADS, 1) { gemm::run<Medium<Epilogue::ADD_F16>, Writer<Epilogue::ADD_F16>>(args); }
KERNEL(gemm_sm90_add_f16_64x64, GemmArguments, gemm::THREADS, 1) { gemm::run<Small<Epilogue::ADD_F16>, Writer<Epilogue::ADD_F16>>(args); }

GEMM_SM90_FACTS(gemm_sm90_bias_f16_128x192, Large<Epilogue::BIAS_F16>)
GEMM_SM90_FACTS(gemm_sm90_bias_f16_64x128, Medium<Epilogue::BIAS_F16>)
GEMM_SM90_FACTS(gemm_sm90_bias_f16_64x64, Small<Epilogue::BIAS_F16>)
GEMM_SM90_FACTS(gemm_sm90_bias_f32_128x192, Large<Epilogue::BIAS_F32>)
GEMM_SM90_FACTS(gemm_sm90_bias_f32_64x128, Medium<Epilogue::BIAS_F32>)
GEMM_SM90_FACTS(gemm_sm90_bias_f32_64x64, Small<Epilogue::BIAS_F32>)
GEMM_SM90_FACTS(gemm_sm90_gelu_f16_128x192, Large<Epilogue::GELU_F16>)
GEMM_SM90_FACTS(gemm_sm90_gelu_f16_64x128, Medium<Epilogue::GELU_F16>)
GEMM_SM90_FACTS(gemm_sm90_gelu_f16_64x64, Small<Epilogue::GELU_F16>)
GEMM_SM90_FACTS(gemm_sm90_add_f32_128x192, Large<Epilogue::ADD_F32>)
GEMM_SM90_FACTS(gemm_sm90_add_f32_64x128, Medium<Epilogue::ADD_F32>)
GEMM_SM90_FACTS(gemm_sm90_add_f32_64x64, Small<Epilogue::ADD_F32>)
GEMM_SM90_FACTS(gemm_sm90_add_f16_128x192, Large<Epilogue::ADD_F16>)
GEMM_SM90_FACTS(gemm_sm90_add_f16_64x128, Medium<Epilogue::ADD_F16>)
GEMM_SM90_FACTS(gemm_sm90_add_f16_64x64, Small<Epilogue::ADD_F16>)
