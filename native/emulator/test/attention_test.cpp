// attention_d24, _d64, _d72, attention_short_d64 and pool_attention against float64 loops, over lengths around every tile and fragment.
#include <algorithm>

#include "attention_reference.hpp"

namespace {

using namespace test;

// Queries in tiles of `tileRows`, the last tiles first: a host may sort them as it likes.
Matrix run(const std::string& what, const std::string& kernel, const Matrix& qkv, const std::vector<Sequence>& sequences, int heads, int headWidth,
           int tileRows) {
  int width = heads * headWidth;
  std::vector<int32_t> tiles;
  int start = totalRows(sequences);
  for (auto s = sequences.rbegin(); s != sequences.rend(); ++s) {
    start -= s->rows;
    for (int row = 0; row < s->rows; row += tileRows) {
      tiles.insert(tiles.end(), {start + row, std::min(tileRows, s->rows - row), start, s->keyLength});
    }
  }
  DeviceMatrix<f16> in(qkv, 3 * width + 16, static_cast<f16>(NAN));
  DeviceMatrix<f16> out(qkv.size(), width, width + 8, static_cast<f16>(12288.0f));
  DeviceArray<int32_t> table(tiles);
  arguments::attention_d72 arguments{.qkv = in.address(), .out = out.address(), .tiles = table.address(), .width = width, .qkvPitch = in.pitch(),
                                     .outPitch = out.pitch(), .scaleLog2e = static_cast<float>(scaleLog2e(headWidth))};
  launch(kernel, static_cast<int>(tiles.size()) / 4, heads, arguments);
  return out.download(what);
}

std::string general(int headWidth) { return "attention_d" + std::to_string(headWidth); }

// Right, and the same bits in other tiles.
void attention(const std::string& kernel, const std::string& kind, const std::vector<Sequence>& sequences, int heads, int headWidth,
               double deviation) {
  std::string what = kernel + " " + kind + " of " + std::to_string(sequences[0].rows) + ", " + std::to_string(heads) + " heads";
  Matrix qkv = randomMatrix<f16>(1, totalRows(sequences), 3 * heads * headWidth, deviation);
  Matrix found = run(what, kernel, qkv, sequences, heads, headWidth, fact(kernel, "tileRows"));
  compare(what, found, expected(qkv, sequences, heads, headWidth, false), expected(qkv, sequences, heads, headWidth, true), HALF_UNIT);
  for (int other : {37, 16}) {
    checkIdentical(what + " in tiles of " + std::to_string(other), run(what, kernel, qkv, sequences, heads, headWidth, other), found);
  }
}

void peaked(int headWidth) {
  for (int direction : {1, -1}) {
    Matrix qkv = peakedScores(headWidth, direction);
    std::string what = "attention with scores up to 500, heads of " + std::to_string(headWidth);
    std::vector<Sequence> one{{130, 130}};
    compare(what, run(what, general(headWidth), qkv, one, 1, headWidth, 64), expected(qkv, one, 1, headWidth, false), expected(qkv, one, 1, headWidth, true),
            HALF_UNIT);
  }
}

Matrix runPool(const std::string& what, const Matrix& query, const Matrix& kv, const std::vector<Sequence>& sequences, int first, int count,
               int heads, int headWidth) {
  int width = heads * headWidth;
  std::vector<int32_t> table;
  int start = totalRows({sequences.begin(), sequences.begin() + first});
  for (int s = first; s < first + count; s++) {
    table.insert(table.end(), {start, sequences[s].rows, sequences[s].keyLength, 0});
    start += sequences[s].rows;
  }
  std::vector<float> queryValues(query[0].begin(), query[0].end());
  DeviceArray<float> q(queryValues);
  DeviceMatrix<f16> in(kv, 2 * width + 8, static_cast<f16>(NAN));
  DeviceMatrix<f16> out(count, width, width + 8, static_cast<f16>(12288.0f));
  DeviceArray<int32_t> entries(table);
  arguments::pool_attention arguments{.query = q.address(), .kv = in.address(), .out = out.address(), .sequences = entries.address(),
                                      .heads = heads, .headWidth = headWidth, .kvPitch = in.pitch(), .outPitch = out.pitch(),
                                      .scaleLog2e = static_cast<float>(scaleLog2e(headWidth))};
  launch("pool_attention", heads, count, arguments);
  return out.download(what);
}

void poolAttention(const std::vector<Sequence>& sequences, int heads, int headWidth) {
  std::string what = "pool_attention of " + std::to_string(sequences[0].rows) + ", " + std::to_string(heads) + " heads of " +
                     std::to_string(headWidth);
  int width = heads * headWidth;
  int count = static_cast<int>(sequences.size());
  Matrix query = randomMatrix<float>(2, 1, width, 1);
  Matrix kv = randomMatrix<f16>(3, totalRows(sequences), 2 * width, 1);
  Matrix truth(count, std::vector<double>(width)), plain = truth;
  int start = 0;
  for (int s = 0; s < count; start += sequences[s].rows, s++) {
    for (int column = 0; column < width; column += headWidth) {
      for (bool half : {false, true}) {
        attend(&query[0][column], kv, start, sequences[s].keyLength, column, width + column, headWidth, half,
               &(half ? plain : truth)[s][column]);
      }
    }
  }
  Matrix found = runPool(what, query, kv, sequences, 0, count, heads, headWidth);
  compare(what, found, truth, plain, HALF_UNIT);
  checkIdentical(what + " alone", runPool(what, query, kv, sequences, count - 1, 1, heads, headWidth), {found[count - 1]});
}

// Texts in the kernel of few keys: every number of keys, rows behind the keys that hold anything, and a text alone or among others.
void shortTexts() {
  const std::string kernel = "attention_short_d64";
  std::vector<Sequence> all, padded;
  for (int keys = 1; keys <= fact(kernel, "maxKeys"); keys++) {
    all.push_back({keys, keys});
    padded.push_back({keys + keys % 3 * 40, keys});
  }
  attention(kernel, "every length", all, 1, 64, 1);
  attention(kernel, "every length with padding", padded, 1, 64, 1);
  attention(kernel, "several heads", packed({5, 77, 16, 80}), 3, 64, 1);
  attention(kernel, "wide scores", packed({80, 16}), 2, 64, 6);
  attention(kernel, "equal scores", packed({80, 3}), 1, 64, 1e-3);

  // Keys and values behind those that count are not-a-number; queries there are rows like any other.
  std::vector<Sequence> sequences{{20, 9}, {80, 33}, {7, 7}};
  Matrix qkv = randomMatrix<f16>(5, totalRows(sequences), 3 * 64, 1), spoilt = qkv;
  int start = 0;
  for (Sequence s : sequences) {
    for (int row = start + s.keyLength; row < start + s.rows; row++) std::fill(spoilt[row].begin() + 64, spoilt[row].end(), NAN);
    start += s.rows;
  }
  Matrix found = run("short", kernel, qkv, sequences, 1, 64, 80);
  checkIdentical("short texts with padding of not-a-number", run("short", kernel, spoilt, sequences, 1, 64, 80), found);
  Matrix last(qkv.end() - 7, qkv.end());
  checkIdentical("a short text alone", run("short", kernel, last, {{7, 7}}, 1, 64, 80), {found.end() - 7, found.end()});

  // A row that is not-a-number spoils itself as a query, and all that attend to it; not another sequence.
  qkv[0].assign(qkv[0].size(), NAN);
  Matrix withNan = run("short", kernel, qkv, sequences, 1, 64, 80);
  for (int i = 0; i < 20; i++) {
    if (!std::isnan(withNan[i][0])) fail("short texts", "row " + std::to_string(i) + " attends to not-a-number and is " + std::to_string(withNan[i][0]));
  }
  checkIdentical("short texts behind one of not-a-number", {withNan.begin() + 20, withNan.end()}, {found.begin() + 20, found.end()});
}

}  // namespace

int main() {
  for (int headWidth : {24, 64, 72}) {
    std::string kernel = general(headWidth);
    for (int length : {1, 15, 16, 17, 63, 64, 65, 127, 128, 129, 197}) attention(kernel, "one", packed({length}), 1, headWidth, 1);
    attention(kernel, "mixed", packed({17, 1, 130, 64, 3}), 2, headWidth, 1);
    attention(kernel, "padded", {{77, 1}, {77, 15}, {77, 64}, {77, 76}}, 2, headWidth, 1);
    attention(kernel, "wide scores", packed({65, 16}), 2, headWidth, 6);
    peaked(headWidth);
  }
  attention(general(72), "an image", packed({729}), 1, 72, 1);
  shortTexts();
  for (int headWidth : {8, 24, 64, 72, 128}) {
    poolAttention(packed({1, 15, 127, 128, 129, 300}), 2, headWidth);
    poolAttention({{77, 1}, {77, 40}}, 3, headWidth);
  }
  poolAttention(packed({729}), 16, 72);
  return finish("attention_test");
}
