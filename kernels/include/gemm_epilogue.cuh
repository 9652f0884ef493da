// What becomes of the sums of a product with f16 operands, for gemm.cu and gemm_sm90.cu: 16 rows x 64 columns of one warp at a time.
//
// A kernel's arguments have bias (f32 [outputs], or none), out (asHalves or asFloats, [rows, outputs]), rows, outputs and outPitch.
//
// Sums lie as the tensor cores leave them: lane 4 g + t has of columns 8 j on, columns 2 t and 2 t + 1 of rows g (sums[4 j], sums[4 j + 1])
// and g + 8 (sums[4 j + 2], sums[4 j + 3]). f16 results are turned around in shared memory and stored as lines of 128 bytes; adding to f16
// turns f32, 32 columns at a time, so that a sum is rounded once. f32 results need no turning: the four lanes that share a row hold 8
// neighbouring columns, a whole sector.
#pragma once

#include "gelu.cuh"

namespace gemm {

enum class Epilogue { BIAS_F16, BIAS_F32, GELU_F16, ADD_F32, ADD_F16 };

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
template <typename Arguments>
DEVICE Vector<float, 2> biases(const Arguments& args, int at) {
  Vector<float, 2> bias;
  bias[0] = bias[1] = 0.0f;
  if (args.bias.present() && at < args.outputs) bias = args.bias.template load<2>(at);
  return bias;
}

// 16 rows x 64 columns of one warp, as f16.
template <Epilogue epilogue, typename Arguments>
DEVICE void writeHalves(const Arguments& args, const float* sums, int row, int column, int turnAt, int lane) {
  constexpr int PITCH = TurnedHalves::PITCH;
  Shared<f16> turned = sharedArray<f16>(turnAt, TurnedHalves::ELEMENTS);
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
      args.out.asHalves.template store<8>(to + i * args.outPitch, turned.load<8>((inRow + i) * PITCH + inColumn));
    }
  }
  syncWarp();
}

// 16 rows x 32 columns of one warp, added to f16.
template <typename Arguments>
DEVICE void addToHalves(const Arguments& args, const float* sums, int row, int column, int turnAt, int lane) {
  constexpr int PITCH = TurnedFloats::PITCH;
  Shared<float> turned = sharedArray<float>(turnAt, TurnedFloats::ELEMENTS);
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
  // Columns are stored up to a multiple of 8: the two lanes that share 8 of them go together. All loads are before all stores: behind a
  // store to what might be the same place a load would wait.
  bool there = column + inColumn / 8 * 8 < args.outputs;
  Vector<f16, 4> stream[4];
#pragma unroll
  for (int i = 0; i < 4; i++) {
    if (there && row + inRow + 4 * i < args.rows) stream[i] = args.out.asHalves.template load<4>(to + 4 * i * args.outPitch);
  }
#pragma unroll
  for (int i = 0; i < 4; i++) {
    Vector<float, 4> values = turned.load<4>((inRow + 4 * i) * PITCH + inColumn);
#pragma unroll
    for (int e = 0; e < 4; e++) stream[i][e] = toHalf(toFloat(stream[i][e]) + values[e]);
    if (there && row + inRow + 4 * i < args.rows) args.out.asHalves.template store<4>(to + 4 * i * args.outPitch, stream[i]);
  }
  syncWarp();
}

// 16 rows x 32 columns of one warp, as f32 or added to f32.
template <Epilogue epilogue, typename Arguments>
DEVICE void writeFloats(const Arguments& args, const float* sums, int row, int column, int lane) {
  constexpr int BLOCKS = 4;  // of 8 columns
  int g = lane / 4, t = lane % 4;
  int64_t to = static_cast<int64_t>(row + g) * args.outPitch + column + 2 * t;
  auto there = [&](int j, int r) { return row + g + 8 * r < args.rows && column + 8 * j < args.outputs; };
  Vector<float, 2> stream[BLOCKS][2];
  if constexpr (epilogue == Epilogue::ADD_F32) {
    // All loads are before all stores: behind a store to what might be the same place a load would wait.
#pragma unroll
    for (int i = 0; i < BLOCKS * 2; i++) {
      int j = i / 2, r = i % 2;
      if (there(j, r)) stream[j][r] = args.out.asFloats.template load<2>(to + 8 * r * args.outPitch + 8 * j);
    }
  }
#pragma unroll
  for (int j = 0; j < BLOCKS; j++) {
    Vector<float, 2> bias = biases(args, column + 8 * j + 2 * t);
#pragma unroll
    for (int r = 0; r < 2; r++) {
      Vector<float, 2> value;
#pragma unroll
      for (int e = 0; e < 2; e++) {
        value[e] = sums[4 * j + 2 * r + e] + bias[e];
        if constexpr (epilogue == Epilogue::ADD_F32) value[e] += stream[j][r][e];
      }
      if (there(j, r)) args.out.asFloats.template store<2>(to + 8 * r * args.outPitch + 8 * j, value);
    }
  }
  // Bounds what is under way side by side.
  syncWarp();
}

// What a warp needs of shared memory for an epilogue.
template <Epilogue epilogue>
constexpr int TURN_BYTES = epilogue == Epilogue::ADD_F16 ? TurnedFloats::BYTES
                           : epilogue == Epilogue::BIAS_F16 || epilogue == Epilogue::GELU_F16 ? TurnedHalves::BYTES : 0;

constexpr int PIECE_COLUMNS = TurnedHalves::COLUMNS;

// 16 rows x 64 columns of one warp from (row, column) on. `turnAt`: the byte of shared memory from which TURN_BYTES are the warp's.
template <Epilogue epilogue, typename Arguments>
DEVICE void writePiece(const Arguments& args, const float* sums, int row, int column, int turnAt, int lane) {
  if constexpr (epilogue == Epilogue::BIAS_F16 || epilogue == Epilogue::GELU_F16) {
    writeHalves<epilogue>(args, sums, row, column, turnAt, lane);
  } else {
#pragma unroll
    for (int c = 0; c < PIECE_COLUMNS; c += PIECE_COLUMNS / 2) {
      if (column + c >= args.outputs) continue;
      if constexpr (epilogue == Epilogue::ADD_F16) addToHalves(args, sums + c / 2, row, column + c, turnAt, lane);
      else writeFloats<epilogue>(args, sums + c / 2, row, column + c, lane);
    }
  }
}

}  // namespace gemm
