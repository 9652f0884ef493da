// attention_sm90_d64 and _d72 against float64 loops, over lengths around every tile and fragment. Rows between sequences, and keys and values
// that do not count, are not-a-number: the kernel's boxes hold them, its results must not.
#include <cstring>

#include "attention_reference.hpp"
#include "e4m3_results.hpp"

namespace {

using namespace test;

std::string kernelOf(int headWidth) { return "attention_sm90_d" + std::to_string(headWidth); }

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

void encode(const std::string& what, const DeviceMatrix<f16>& qkv, int rows, int heads, int headWidth, const char* columns, unsigned char* map) {
  uint64_t extents[] = {static_cast<uint64_t>(headWidth), static_cast<uint64_t>(3 * heads), static_cast<uint64_t>(rows)};
  uint64_t strides[] = {2 * extents[0], 2 * static_cast<uint64_t>(qkv.pitch())};
  int32_t box[] = {fact(kernelOf(headWidth), columns), 1, fact(kernelOf(headWidth), "boxRows")};
  require(emulator_encode_tensor_map(qkv.address(), 2, 3, extents, strides, box, box[0] == 64 ? 3 : 1, map), what);
}

// In tiles of `tileRows`, with so many blocks. Results are of type `Out`: f16, or e4m3 of heads 72 wide, times `outScale`.
template <typename Out = f16>
Matrix run(const std::string& what, const Matrix& qkv, const std::vector<Sequence>& sequences, int heads, int headWidth, int tileRows, int gap,
           int blocks, float outScale = 1) {
  int width = heads * headWidth;
  std::vector<int> starts = places(sequences, gap);
  Matrix placed = spread(qkv, sequences, gap);
  std::vector<int32_t> tiles;
  for (size_t s = 0; s < sequences.size(); s++) {
    for (int row = 0; row < sequences[s].rows; row += tileRows) {
      tiles.insert(tiles.end(), {starts[s] + row, std::min(tileRows, sequences[s].rows - row), starts[s], sequences[s].keyLength});
    }
  }
  constexpr bool CODES = sizeof(Out) == 1;
  constexpr double UNTOUCHED = CODES ? 13 : 12288;
  int rows = static_cast<int>(placed.size());
  DeviceMatrix<f16> in(placed, 3 * width, static_cast<f16>(NAN));
  DeviceMatrix<Out> out(Matrix(rows, std::vector<double>(width, UNTOUCHED)), width + 8, static_cast<Out>(UNTOUCHED));
  DeviceArray<int32_t> table(tiles);
  int items = static_cast<int>(tiles.size()) / 4 * heads;
  arguments::attention_sm90_d72_e4m3 arguments{
      .qkv = {}, .rest = {}, .out = out.address(), .tiles = table.address(), .items = items, .heads = heads, .outPitch = out.pitch(),
      .scaleLog2e = static_cast<float>(scaleLog2e(headWidth)), .headroomLog2 = static_cast<float>(fact(kernelOf(headWidth), "headroomLog2")), .outScale = outScale};
  // The other kernels' arguments are the beginning of these.
  static_assert(sizeof(arguments) == sizeof(arguments::attention_sm90_d72));
  encode(what, in, rows, heads, headWidth, "boxColumns", arguments.qkv);
  encode(what, in, rows, heads, headWidth, "restColumns", arguments.rest);
  launch(kernelOf(headWidth) + (CODES ? "_e4m3" : ""), std::min(blocks, items), 1, arguments);
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

int tileRows() { return fact(kernelOf(72), "tileRows"); }

// Right, and the same bits in other tiles on other numbers of blocks: there a block's items, stages and phases are others.
void attention(const std::string& kind, const std::vector<Sequence>& sequences, int heads, int headWidth, double deviation,
               std::initializer_list<int> otherTiles) {
  std::string what = "attention_sm90 " + kind + " of " + std::to_string(sequences[0].rows) + ", " + std::to_string(heads) + " heads of " +
                     std::to_string(headWidth);
  Matrix qkv = randomMatrix<f16>(1, totalRows(sequences), 3 * heads * headWidth, deviation);
  Matrix found = run(what, qkv, sequences, heads, headWidth, tileRows(), 3, 2);
  compare(what, found, expected(qkv, sequences, heads, headWidth, false), expected(qkv, sequences, heads, headWidth, true), HALF_UNIT);
  for (int rows : otherTiles) {
    std::string other = what + " in tiles of " + std::to_string(rows);
    checkIdentical(other, run(other, qkv, sequences, heads, headWidth, rows, 0, 3), found);
  }
}

// What f16 results may err, results may err here before they are rounded to e4m3.
void codes(const std::string& kind, const std::vector<Sequence>& sequences, int heads, float outScale, std::initializer_list<int> otherTiles) {
  std::string what = "attention_sm90_d72_e4m3 " + kind + " of " + std::to_string(sequences[0].rows) + " * " + std::to_string(outScale);
  Matrix qkv = randomMatrix<f16>(2, totalRows(sequences), 3 * heads * 72, 1);
  Matrix truth = expected(qkv, sequences, heads, 72, false), plain = expected(qkv, sequences, heads, 72, true);
  double error = 0, scale = 0;
  for (size_t row = 0; row < truth.size(); row++) {
    for (size_t i = 0; i < truth[row].size(); i++) {
      error = std::max(error, std::abs(plain[row][i] - truth[row][i]));
      scale = std::max(scale, std::abs(truth[row][i]));
    }
  }
  Matrix found = run<E4m3>(what, qkv, sequences, heads, 72, tileRows(), 3, 2, outScale);
  compareCodes(what, found, truth, outScale, 2 * error + 2 * HALF_UNIT * scale);
  for (int rows : otherTiles) {
    std::string other = what + " in tiles of " + std::to_string(rows);
    checkIdentical(other, run<E4m3>(other, qkv, sequences, heads, 72, rows, 0, 3, outScale), found);
  }
}

// Not a number is not lost, and stays in its sequence.
void codesOfNotANumber() {
  std::vector<Sequence> sequences = packed({17, 30, 100});
  Matrix qkv = randomMatrix<f16>(3, totalRows(sequences), 3 * 72, 1), before = qkv;
  qkv[20][2 * 72 + 5] = NAN;
  Matrix found = run<E4m3>("codes of NaN", qkv, sequences, 1, 72, tileRows(), 0, 2, 16);
  Matrix others = run<E4m3>("codes beside NaN", before, sequences, 1, 72, tileRows(), 0, 2, 16);
  for (int row = 0; row < totalRows(sequences); row++) {
    bool sick = row >= 17 && row < 47;
    if (sick ? !std::isnan(found[row][5]) : found[row] != others[row]) fail("codes of NaN", "row " + std::to_string(row));
  }
}

void peaked(int headWidth) {
  for (int direction : {1, -1}) {
    Matrix qkv = peakedScores(headWidth, direction);
    std::string what = "attention_sm90 with scores up to 500, heads of " + std::to_string(headWidth);
    std::vector<Sequence> one{{130, 130}};
    compare(what, run(what, qkv, one, 1, headWidth, tileRows(), 0, 1), expected(qkv, one, 1, headWidth, false),
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
  for (int length : {1, 17, 96, 193}) codes("one", packed({length}), 1, 64, {});
  codes("mixed", packed({17, 1, 130, 64, 3}), 2, 64, {64, 37});
  codes("padded, saturating", {{77, 1}, {77, 15}, {200, 96}}, 2, 600, {});
  codes("five tiles of keys, small", {{70, 70}, {400, 397}}, 1, 0.25, {50});
  codesOfNotANumber();
  return finish("attention_sm90_test");
}
