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

// How far scores outgrow a row's shift before that follows; 0: not at all.
float headroom() { return static_cast<float>(fact(kernelOf(72), "headroomLog2")); }

// In tiles of `tileRows`, with so many blocks. Results are of type `Out`: f16, or e4m3 of heads 72 wide, times `outScale`.
template <typename Out = f16>
Matrix run(const std::string& what, const Matrix& qkv, const std::vector<Sequence>& sequences, int heads, int headWidth, int tileRows, int gap,
           int blocks, float headroomLog2 = headroom(), float outScale = 1) {
  int width = heads * headWidth;
  std::vector<int> starts = places(sequences, gap);
  Matrix placed = spread(qkv, sequences, gap);
  std::vector<int32_t> tiles;
  for (size_t s = 0; s < sequences.size(); s++) {
    for (int row = 0; row < sequences[s].rows; row += tileRows) {
      tiles.insert(tiles.end(), {starts[s] + row, std::min(tileRows, sequences[s].rows - row), starts[s], sequences[s].keyLength});
    }
  }
  // An idle tile between others, for which nothing is written.
  tiles.insert(tiles.begin() + 4, {0, 0, 0, 1});
  constexpr bool CODES = sizeof(Out) == 1;
  constexpr double UNTOUCHED = CODES ? 13 : 12288;
  int rows = static_cast<int>(placed.size());
  DeviceMatrix<f16> in(placed, 3 * width, static_cast<f16>(NAN));
  DeviceMatrix<Out> out(Matrix(rows, std::vector<double>(width, UNTOUCHED)), width + 8, static_cast<Out>(UNTOUCHED));
  DeviceArray<int32_t> table(tiles);
  int items = static_cast<int>(tiles.size()) / 4 * heads;
  arguments::attention_sm90_d72_e4m3 arguments{
      .qkv = {}, .rest = {}, .out = out.address(), .tiles = table.address(), .items = items, .heads = heads, .outPitch = out.pitch(),
      .scaleLog2e = static_cast<float>(scaleLog2e(headWidth)), .headroomLog2 = headroomLog2, .outScale = outScale};
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
  Matrix found = run<E4m3>(what, qkv, sequences, heads, 72, tileRows(), 3, 2, headroom(), outScale);
  compareCodes(what, found, truth, outScale, 2 * error + 2 * HALF_UNIT * scale);
  for (int rows : otherTiles) {
    std::string other = what + " in tiles of " + std::to_string(rows);
    checkIdentical(other, run<E4m3>(other, qkv, sequences, heads, 72, rows, 0, 3, headroom(), outScale), found);
  }
}

// Not a number is not lost, and stays in its sequence.
void codesOfNotANumber() {
  std::vector<Sequence> sequences = packed({17, 30, 100});
  Matrix qkv = randomMatrix<f16>(3, totalRows(sequences), 3 * 72, 1), before = qkv;
  qkv[20][2 * 72 + 5] = NAN;
  Matrix found = run<E4m3>("codes of NaN", qkv, sequences, 1, 72, tileRows(), 0, 2, headroom(), 16);
  Matrix others = run<E4m3>("codes beside NaN", before, sequences, 1, 72, tileRows(), 0, 2, headroom(), 16);
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

// A query that is not-a-number spoils its own row. The rows of its warp, with whom it votes on moving shifts, keep their bits.
void notANumber(int headWidth) {
  std::string what = "attention_sm90 beside not-a-number, heads of " + std::to_string(headWidth);
  std::vector<Sequence> one{{100, 100}};
  Matrix qkv = randomMatrix<f16>(3, 100, 3 * headWidth, 3);
  Matrix found = run(what, qkv, one, 1, headWidth, tileRows(), 0, 1);
  qkv[40][headWidth - 1] = NAN;
  Matrix spoilt = run(what, qkv, one, 1, headWidth, tileRows(), 0, 1);
  for (double each : spoilt[40]) {
    if (!std::isnan(each)) return fail(what, "a result is " + std::to_string(each) + ", expected not-a-number");
  }
  spoilt[40] = found[40];
  checkIdentical(what, spoilt, found);
}

// ---- The shift that follows late, against the exact maximum ------------------------------------------------------------------

constexpr int KEYS = 290;  // four tiles

// One head of 72 in which query r's score of key j is about factor(r) * score(j), and values are near `value`, or around 0 if that is 0.
template <typename Score>
Matrix scored(Score score, double value) {
  Matrix qkv = randomMatrix<f16>(7, KEYS, 3 * 72, 1);
  for (int row = 0; row < KEYS; row++) {
    for (int i = 0; i < 2 * 72; i++) qkv[row][i] = 0;
    // A score as a coarse and a fine part, each exact enough in f16; sqrt(72) is what the scale takes off again.
    double scaled = score(row) * std::sqrt(72.0) / 8, coarse = static_cast<double>(static_cast<f16>(scaled));
    qkv[row][0] = qkv[row][1] = static_cast<double>(static_cast<f16>(8 * (0.5 + row / (2.0 * KEYS))));
    qkv[row][72] = coarse;
    qkv[row][73] = static_cast<double>(static_cast<f16>(scaled - coarse));
    for (int i = 2 * 72; i < 3 * 72 && value != 0; i++) qkv[row][i] = static_cast<double>(static_cast<f16>(value + 8 * qkv[row][i]));
  }
  return qkv;
}

double rootError(const Matrix& found, const Matrix& truth) {
  double squares = 0;
  for (size_t row = 0; row < truth.size(); row++) {
    for (size_t i = 0; i < truth[row].size(); i++) squares += (found[row][i] - truth[row][i]) * (found[row][i] - truth[row][i]);
  }
  return std::sqrt(squares / static_cast<double>(truth.size() * truth[0].size()));
}

// What rounding allows, whatever the common factor of a row's weights: with u = 2^-11, one u of the weighted mean of |values| because weights
// are stored as f16 and one because the result is; steps of 2^-25 where weights are below 2^-14, and the largest is at least 1; and float32.
// There the score, of 5 steps, is cut to 2^-23 of itself each time, above and below the fraction; the rest is a few roundings a step.
Matrix roundingAllows(const Matrix& qkv) {
  Matrix sizes = qkv;
  double largest = 0, score = 0;
  for (auto& row : sizes) {
    for (int i = 2 * 72; i < 3 * 72; i++) largest = std::max(largest, row[i] = std::abs(row[i]));
    score = std::max(score, std::abs(qkv.back()[0] * row[72] + qkv.back()[1] * row[73]) / std::sqrt(72.0));
  }
  Matrix allowed = expected(sizes, {{KEYS, KEYS}}, 1, 72, false);
  for (auto& row : allowed) {
    for (double& each : row) each = each * (2 * HALF_UNIT + (10 * score + 40) * 2 * FLOAT_UNIT) + KEYS * 0x1p-25 * largest;
  }
  return allowed;
}

// The shift that follows late and the exact maximum, both within the contract's limit of twice a plain f16 implementation's error, and
// within what rounding allows.
void maximum(const char* kind, const Matrix& qkv, bool figures) {
  std::vector<Sequence> one{{KEYS, KEYS}};
  Matrix truth = expected(qkv, one, 1, 72, false), plain = expected(qkv, one, 1, 72, true), allowed = roundingAllows(qkv);
  if (figures) std::printf("%-42s plain f16 %.2e", kind, rootError(plain, truth));
  for (float headroomLog2 : {headroom(), 0.0f}) {
    std::string what = std::string("attention_sm90, scores ") + kind + ", headroom " + std::to_string(headroomLog2);
    Matrix found = run(what, qkv, one, 1, 72, tileRows(), 0, 2, headroomLog2);
    compare(what, found, truth, plain, HALF_UNIT);
    double most = 0;
    for (size_t row = 0; row < truth.size(); row++) {
      for (size_t i = 0; i < truth[row].size(); i++) most = std::max(most, std::abs(found[row][i] - truth[row][i]) / allowed[row][i]);
    }
    if (!(most <= 1)) fail(what, "an error is " + std::to_string(most) + " times what rounding allows");
    if (figures) std::printf("; headroom %g: %.2e, %.2f of the limit", headroomLog2, rootError(found, truth), most);
  }
  if (figures) std::printf("\n");
}

void maxima(bool figures) {
  double ln2 = std::log(2.0);
  maximum("equal", scored([](int) { return 3.0; }, 0), figures);
  maximum("growing by 2^8 in a tile", scored([&](int key) { return key * 8 * ln2 / 96; }, 0), figures);
  // The last query's scores outgrow the first tile's by just less than the headroom, so its weights reach 2^8.
  maximum("growing to the headroom and no more", scored([&](int key) { return key < 96 ? 0 : 7.99 * ln2; }, 0), figures);
  maximum("growing by 2^40 in a tile", scored([&](int key) { return key * 40 * ln2 / 96; }, 0), figures);
  maximum("falling by 2^8 in a tile", scored([&](int key) { return -key * 8 * ln2 / 96; }, 0), figures);
  maximum("with one dominant key, late", scored([](int key) { return key == KEYS - 3 ? 60 : std::sin(key); }, 0), figures);
  maximum("with a late key a little above the rest", scored([](int key) { return key == KEYS - 3 ? 5 : std::sin(key); }, 0), figures);
  maximum("very negative", scored([](int key) { return -20000 + std::sin(key); }, 0), figures);
  maximum("and values near the end of f16", scored([&](int key) { return key < 96 ? 0 : 7.99 * ln2; }, 65000), figures);
}

}  // namespace

// With --figures: the errors that the kernel's card quotes.
int main(int argc, char** argv) {
  maxima(argc > 1 && std::string(argv[1]) == "--figures");
  for (int headWidth : {64, 72}) {
    for (int length : {1, 15, 16, 17, 63, 64, 65, 95, 96, 97, 129, 192, 193, 197}) attention("one", packed({length}), 1, headWidth, 1, {});
    // Five tiles of keys an item, of four stages: every barrier is used in several phases, and an item begins at any stage.
    attention("five tiles of keys", {{70, 70}, {400, 397}}, 1, headWidth, 1, {50});
    attention("mixed", packed({17, 1, 130, 64, 3}), 2, headWidth, 1, {64, 37});
    attention("padded", {{77, 1}, {77, 15}, {77, 64}, {200, 96}}, 2, headWidth, 1, {128});
    attention("wide scores", packed({65, 16}), 2, headWidth, 6, {});
    // Rows whose shift moves beside others whose does not, in other company in other tiles.
    attention("wide scores in three tiles of keys", packed({200}), 1, headWidth, 3, {37});
    peaked(headWidth);
    notANumber(headWidth);
  }
  attention("an image", packed({729}), 1, 72, 1, {});
  for (int length : {1, 17, 96, 193}) codes("one", packed({length}), 1, 64, {});
  codes("mixed", packed({17, 1, 130, 64, 3}), 2, 64, {64, 37});
  codes("padded, saturating", {{77, 1}, {77, 15}, {200, 96}}, 2, 600, {});
  codes("five tiles of keys, small", {{70, 70}, {400, 397}}, 1, 0.25, {50});
  codesOfNotANumber();
  return finish("attention_sm90_test");
}
