// Token embedding: out = LayerNorm(words[id] + positionTable[position] + tokenType), per row.
//
// ids and positions [rows] i32, in range; words and positionTable [.., columns] f16 with rows tablePitch apart, tokenType [columns] f16,
// weight and bias [columns] f32, out [rows, columns] f16; any number of columns
// grid: one warp per row
// tile: one row in the registers of its warp up to 2304 columns; a longer one is read three times
// built: token_embed, 128 threads, no bytes of dynamic shared memory, tileX=4; registers sm_80 105, sm_90a 105
// work: a token of 768: 4.6 kB read (the token type and most positions from L2), 1.5 kB written, 9.2 kFLOP
// roof: HBM, 0.9 ns per token at the 3.35 TB/s of an H100; once per pass, so the launch dominates
// test: native/emulator/test/norm_test.cpp (float64 loops); EmbeddingCases of the op contract
#include "row_norm.cuh"

struct TokenEmbedArguments {
  Global<int32_t> ids;
  Global<int32_t> positions;
  Global<f16> words;
  Global<f16> positionTable;
  Global<f16> tokenType;
  Global<float> weight;
  Global<float> bias;
  Global<f16> out;
  int32_t rows;
  int32_t columns;
  int32_t tablePitch;
  int32_t outPitch;
  float epsilon;
};

KERNEL(token_embed, TokenEmbedArguments, THREADS, 4) {
  int row = warpRow();
  if (row >= args.rows) {
    return;
  }
  int64_t word = static_cast<int64_t>(args.ids.get(row)) * args.tablePitch;
  int64_t position = static_cast<int64_t>(args.positions.get(row)) * args.tablePitch;
  int64_t to = static_cast<int64_t>(row) * args.outPitch;
  Norm norm{args.weight, args.bias, args.columns, args.epsilon};

  auto embedding = [&](int column) {
    Floats x = loadFloats(args.words, word + column);
    Floats y = loadFloats(args.positionTable, position + column);
    Floats z = loadFloats(args.tokenType, column);
#pragma unroll
    for (int k = 0; k < COLUMNS; k++) {
      x[k] = x[k] + y[k] + z[k];
    }
    return x;
  };
  withRow(embedding, args.columns, [&](const auto& x) { normalizeRow(x, norm, args.out, to, [](int, const Floats&) {}); });
}

LAUNCH_FACT(token_embed, tileX, WARPS)
