// gemm_sm90_*: products of activations and weights with their epilogue for Hopper (sm_90a only), f16 with f32 sums.
//
// Formula    v[m][n] = sum_k x[m][k] weight[n][k] + bias[n]
//            bias_f16, bias_f32   out = v
//            gelu_f16             out = gelu(v), the exact form (erf)
//            add_f32, add_f16     out += v, in f32, rounded once
// Shapes     x f16 [rows, inputs], weight f16 [outputs, inputs] with rows `inputs` rounded up to 8 apart (as cuBLASLt takes it), bias f32
//            [outputs] or none, out [rows, outputs] in the type that the kernel is named for
// Names      gemm_sm90_EPILOGUE_ROWSxCOLUMNS of a tile. All shapes have the same bits.
// Grid       at most one block per multiprocessor, and no more than tiles: blocks take tiles until there are none left; 384 threads
// Tensor maps x {inputs, 1, rows}, box {boxColumns, 1, boxRows}; weight {inputs, 1, outputs}, box {boxColumns, 1, weightBoxRows}; both
//            swizzled over swizzleBytes
//
// Loop       include/gemm_sm90.cuh: one warp copies, two warpgroups multiply a tile each, in turns; the epilogue of one is hidden behind
//            the products of the other.
// Epilogue   include/gemm_epilogue.cuh: f16 results are turned around in shared memory, f32 results are stored from registers.
// Rims       Boxes behind the rims are zeros. Results behind them are not stored; columns up to the next multiple of 8 are, as zeros.
//
// Shapes     128x192, for many rows: 192 divides 1152 and 3456 (256 would waste 10 % and 3.6 %), and 192 sums a thread fit. 64x128, for
//            some hundred rows: 729 rows x 1152 outputs are 108 tiles instead of 36. 64x64, for few rows: more multiprocessors share the
//            weight's bytes.
// Shared     128x192: 5 stages * (128 + 192) * 128, barriers 80, the epilogue's 8 warps * 2304 (add_f16: 2560). One block per SM.
// Registers  232 a consumer (add_f16: 240): sums 192, the rest addresses and the epilogue; 40 (24) the copying warps. ptxas reports the
//            launch's 168; no spills.
// Banks      128-byte swizzle. Pitches of 36 (f16) and 40 words (f32): stores of 4 and 8 bytes and loads of 16 hit each bank once.
//
// Work       an image's fc1: 729 x 1152 x 4304, 7.23 GFLOP and 3.1 M GELU of 12 instructions.
// Roofs      H100 SXM. Tensor cores, 4096 FLOP a clock and SM: a step of 64 inputs of 128x192 takes 768 clocks. Shared memory, 128 bytes a
//            clock: products read 64 KB, boxes bring 40 KB: 832 clocks, 94 % of the tensor roof. L2: 40 KB a step. Issue: a tile's
//            epilogue, about 2900 clocks of one warp a scheduler, behind 13824.
// Measured   128x192 on an NVIDIA H200 (driver 580, 700 W), 46656 rows, us in bursts (in brackets: sustained): qkv 493; proj 169; fc1 bias
//            657 (711), GELU 770 (801); fc2 780 (841). cuBLASLt beside it: 487; 187; 710 (735), with a pass of GELU 902; 692 (729).
//            Predicted had been 600; 200; 758, 758; 746. One image: qkv 18, proj 17, fc1 GELU 29, fc2 40 (cuBLASLt 13, 7, 17, 15).
//            That was a prototype: its GELU had an instruction more, and it added to f32 (proj 291, fc2 844) a sum that was rounded to f16,
//            loading and storing in turns. Now a lane has eight loads under way, predicted 190 and 800. Results in f32 and the smaller
//            tiles have not been measured. Predicted for one image with 64x128: proj 9, fc2 21: 0.2 us a step of 64 inputs and 7 us that
//            every launch above had.
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
#include "gemm_epilogue.cuh"
#include "gemm_sm90.cuh"

namespace {

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

using gemm::Epilogue;

template <Epilogue epilogue>
struct Writer {
  static constexpr int SHARED_BYTES = gemm::CONSUMER_WARPS * gemm::TURN_BYTES<epilogue>;

  template <typename P>
  static DEVICE void write(const GemmArguments& args, const typename P::Sums& sums, int row, int column, int warp, int lane) {
    int turnAt = P::EPILOGUE_OFFSET + warp * gemm::TURN_BYTES<epilogue>;
#pragma unroll
    for (int p = 0; p < P::PRODUCTS; p++) {
      int firstRow = row + p * gemm::PRODUCT_ROWS + warp % 4 * 16;
      if (firstRow >= args.rows) continue;
#pragma unroll
      for (int c = 0; c < P::COLUMNS; c += gemm::PIECE_COLUMNS) {
        if (column + c < args.outputs) gemm::writePiece<epilogue>(args, &sums[p][c / 2], firstRow, column + c, turnAt, lane);
      }
    }
  }
};

template <Epilogue epilogue, int tileRows, int columns, int stages>
using Shape =
    gemm::Plan<f16, tileRows, columns, stages, Writer<epilogue>::SHARED_BYTES, epilogue == Epilogue::ADD_F16 ? 240 : 232>;
template <Epilogue epilogue>
using Large = Shape<epilogue, 128, 192, 5>;
template <Epilogue epilogue>
using Medium = Shape<epilogue, 64, 128, 8>;
template <Epilogue epilogue>
using Small = Shape<epilogue, 64, 64, 8>;

template <Epilogue epilogue>
DEVICE void large(const GemmArguments& args) {
  gemm::run<Large<epilogue>, Writer<epilogue>>(args);
}
template <Epilogue epilogue>
DEVICE void medium(const GemmArguments& args) {
  gemm::run<Medium<epilogue>, Writer<epilogue>>(args);
}
template <Epilogue epilogue>
DEVICE void small(const GemmArguments& args) {
  gemm::run<Small<epilogue>, Writer<epilogue>>(args);
}

}  // namespace

KERNEL(gemm_sm90_bias_f16_128x192, GemmArguments, gemm::THREADS, 1) { large<Epilogue::BIAS_F16>(args); }
KERNEL(gemm_sm90_bias_f16_64x128, GemmArguments, gemm::THREADS, 1) { medium<Epilogue::BIAS_F16>(args); }
KERNEL(gemm_sm90_bias_f16_64x64, GemmArguments, gemm::THREADS, 1) { small<Epilogue::BIAS_F16>(args); }
KERNEL(gemm_sm90_bias_f32_128x192, GemmArguments, gemm::THREADS, 1) { large<Epilogue::BIAS_F32>(args); }
KERNEL(gemm_sm90_bias_f32_64x128, GemmArguments, gemm::THREADS, 1) { medium<Epilogue::BIAS_F32>(args); }
KERNEL(gemm_sm90_bias_f32_64x64, GemmArguments, gemm::THREADS, 1) { small<Epilogue::BIAS_F32>(args); }
KERNEL(gemm_sm90_gelu_f16_128x192, GemmArguments, gemm::THREADS, 1) { large<Epilogue::GELU_F16>(args); }
KERNEL(gemm_sm90_gelu_f16_64x128, GemmArguments, gemm::THREADS, 1) { medium<Epilogue::GELU_F16>(args); }
KERNEL(gemm_sm90_gelu_f16_64x64, GemmArguments, gemm::THREADS, 1) { small<Epilogue::GELU_F16>(args); }
KERNEL(gemm_sm90_add_f32_128x192, GemmArguments, gemm::THREADS, 1) { large<Epilogue::ADD_F32>(args); }
KERNEL(gemm_sm90_add_f32_64x128, GemmArguments, gemm::THREADS, 1) { medium<Epilogue::ADD_F32>(args); }
KERNEL(gemm_sm90_add_f32_64x64, GemmArguments, gemm::THREADS, 1) { small<Epilogue::ADD_F32>(args); }
KERNEL(gemm_sm90_add_f16_128x192, GemmArguments, gemm::THREADS, 1) { large<Epilogue::ADD_F16>(args); }
KERNEL(gemm_sm90_add_f16_64x128, GemmArguments, gemm::THREADS, 1) { medium<Epilogue::ADD_F16>(args); }
KERNEL(gemm_sm90_add_f16_64x64, GemmArguments, gemm::THREADS, 1) { small<Epilogue::ADD_F16>(args); }

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
