// attention_sm90_d64 and _d72 against float64 loops, over lengths around every tile and fragment. Rows between sequences, and keys and values
// that do not count, are not-a-number: the kernel's boxes hold them, its results must not.
#include <cstring>

#include "attention_reference.hpp"

namespace {

using namespace test;


// First rows of sequences that are `gap` rows apart.
std::vector<int> places(const std::vector<Sequence>& sequences, int gap) {
  std::vector<int> starts;
  int row = 0;
  for (Sequence s : sequences) {
    starts.push_back(row);
    row += s.rows + gap;
  }
  return starts;
}

Matrix spread(const Matrix& qkv, const std::vector<Sequence>& sequences, int gap) {
  std::vector<int> starts = places(sequences, gap);
  size_t width = qkv[0].size() / 3;
  Matrix all(starts.back() + sequences.back().rows + gap, std::vector<double>(3 * width, NAN));
  size_t from = 0;
  for (size_t s = 0; s < sequences.size(); s++) {
    for (int row = 0; row < sequences[s].rows; row++, from++) {
      auto end = row < sequences[s].keyLength ? qkv[from].end() : qkv[from].begin() + width;
      std::copy(qkv[from].begin(), end, all[starts[s] + row].begin());
    }
  }
  return all;
}

void encode(const std::string& what, const DeviceMatrix<f16>& qkv, int rows, int heads, int headWidth, unsigned char* map) {
  uint64_t extents[] = {static_cast<uint64_t>(headWidth), static_cast<uint64_t>(3 * heads), static_cast<uint64_t>(rows)};
  uint64_t strides[] = {2 * extents[0], 2 * static_cast<uint64_t>(qkv.pitch())};
  std::string kernel = "attention_sm90_d" + std::to_string(headWidth);
  int32_t box[] = {fact(kernel, "boxColumns"), 1, fact(kernel, "boxRows")};
  int swizzle = fact(kernel, "swizzleBytes") == 128 ? 3 : 1;
  require(emulator_encode_tensor_map(qkv.address(), 2, 3, extents, strides, box, swizzle, map), what);
}

Matrix run(const std::string& what, const Matrix& qkv, const std::vector<Sequence>& sequences, int heads, int headWidth, int tileRows, int gap) {
  int width = heads * headWidth;
  std::vector<int> starts = places(sequences, gap);
  Matrix placed = spread(qkv, sequences, gap);
  std::vector<int32_t> tiles;
  for (size_t s = 0; s < sequences.size(); s++) {
    for (int row = 0; row < sequences[s].rows; row += tileRows) {
      tiles.insert(tiles.end(), {starts[s] + row, std::min(tileRows, sequences[s].rows - row), starts[s], sequences[s].keyLength});
    }
  }
  constexpr double UNTOUCHED = 12288;
  DeviceMatrix<f16> in(placed, 3 * width, static_cast<f16>(NAN));
  DeviceMatrix<f16> out(Matrix(placed.size(), std::vector<double>(width, UNTOUCHED)), width + 8, static_cast<f16>(UNTOUCHED));
  DeviceArray<int32_t> table(tiles);
  arguments::attention_sm90_d72 arguments{.qkv = {}, .out = out.address(), .tiles = table.address(), .heads = heads, .outPitch = out.pitch(),
                                          .scaleLog2e = static_cast<float>(scaleLog2e(headWidth))};
  encode(what, in, static_cast<int>(placed.size()), heads, headWidth, arguments.qkv);
  launch("attention_sm90_d" + std::to_string(headWidth), static_cast<int>(tiles.size()) / 4, heads, arguments);
  Matrix all = out.download(what), found;
  for (size_t s = 0; s < sequences.size(); s++) {
    int end = starts[s] + sequences[s].rows;
    found.insert(found.end(), all.begin() + starts[s], all.begin() + end);
    for (int row = end; row < end + gap; row++) {
      if (all[row] != std::vector<double>(width, UNTOUCHED)) fail(what, "row " + std::to_string(row) + ", which no tile has, was written");
    }
  }
  return found;
}

void attention(const std::string& kind, const std::vector<Sequence>& sequences, int heads, int headWidth, double deviation,
               std::initializer_list<int> otherTiles) {
  std::string what = "attention_sm90 " + kind + " of " + std::to_string(sequences[0].rows) + ", " + std::to_string(heads) + " heads of " +
                     std::to_string(headWidth);
  Matrix qkv = randomMatrix<f16>(1, totalRows(sequences), 3 * heads * headWidth, deviation);
  Matrix found = run(what, qkv, sequences, heads, headWidth, fact("attention_sm90_d72", "tileRows"), 3);
  compare(what, found, expected(qkv, sequences, heads, headWidth, false), expected(qkv, sequences, heads, headWidth, true), HALF_UNIT);
  for (int tileRows : otherTiles) {
    std::string other = what + " in tiles of " + std::to_string(tileRows);
    checkIdentical(other, run(other, qkv, sequences, heads, headWidth, tileRows, 0), found);
  }
}

void peaked(int headWidth) {
  for (int direction : {1, -1}) {
    Matrix qkv = peakedScores(headWidth, direction);
    std::string what = "attention_sm90 with scores up to 500, heads of " + std::to_string(headWidth);
    std::vector<Sequence> one{{130, 130}};
    compare(what, run(what, qkv, one, 1, headWidth, fact("attention_sm90_d72", "tileRows"), 0), expected(qkv, one, 1, headWidth, false),
            expected(qkv, one, 1, headWidth, true), HALF_UNIT);
  }
}

}  // namespace

int main() {
  for (int headWidth : {64, 72}) {
    for (int length : {1, 15, 16, 17, 63, 64, 65, 95, 96, 97, 129, 192, 193, 197}) attention("one", packed({length}), 1, headWidth, 1, {});
    // Five tiles of keys: every barrier of both stages is used in three phases.
    attention("five tiles of keys", {{70, 70}, {400, 397}}, 1, headWidth, 1, {50});
    attention("mixed", packed({17, 1, 130, 64, 3}), 2, headWidth, 1, {64, 37});
    attention("padded", {{77, 1}, {77, 15}, {77, 64}, {200, 96}}, 2, headWidth, 1, {128});
    attention("wide scores", packed({65, 16}), 2, headWidth, 6, {});
    peaked(headWidth);
  }
  attention("an image", packed({729}), 1, 72, 1, {});
  return finish("attention_sm90_test");
}
