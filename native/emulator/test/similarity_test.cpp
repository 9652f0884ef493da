// similarity_f32, similarity_f16 and top_k_mean against float64 loops and sorting.
#include <algorithm>
#include <functional>
#include <numeric>

#include "kernel_test.hpp"

namespace {

using namespace test;

template <typename T>
Matrix runSimilarity(const std::string& what, const Matrix& a, const Matrix& b, float scale) {
  int columns = a[0].size();
  DeviceMatrix<T> inA(withPadding(a), padded(columns) + 8, static_cast<T>(NAN));
  DeviceMatrix<T> inB(withPadding(b), padded(columns) + 16, static_cast<T>(NAN));
  int m = a.size(), n = b.size();
  DeviceMatrix<float> out(m, n, padded(n) + 8, 0.0f);
  arguments::similarity_f32 arguments{.a = inA.address(), .b = inB.address(), .out = out.address(), .m = m, .n = n, .columns = columns,
                                      .aPitch = inA.pitch(), .bPitch = inB.pitch(), .outPitch = out.pitch(), .scale = scale};
  launch(sizeof(T) == 2 ? "similarity_f16" : "similarity_f32", n, m, arguments);
  return out.download(what);
}

template <typename T>
void similarity(int m, int n, int columns, float scale) {
  std::string what = "similarity of " + std::to_string(8 * sizeof(T)) + " bits, " + std::to_string(m) + " x " + std::to_string(n) + " of " +
                     std::to_string(columns);
  Matrix a = randomMatrix<T>(4, m, columns, 0.1), b = randomMatrix<T>(5, n, columns, 0.1);
  Matrix truth(m, std::vector<double>(n)), plain = truth;
  for (int i = 0; i < m; i++) {
    for (int j = 0; j < n; j++) {
      float sum = 0;
      for (int c = 0; c < columns; c++) {
        truth[i][j] += scale * a[i][c] * b[j][c];
        sum += static_cast<float>(a[i][c] * b[j][c]);
      }
      plain[i][j] = scale * sum;
    }
  }
  Matrix found = runSimilarity<T>(what, a, b, scale);
  compare(what, found, truth, plain, FLOAT_UNIT);
  Matrix alone = runSimilarity<T>(what, {a[m - 1]}, b, scale);
  checkIdentical(what + ": last row alone", alone, {found[m - 1]});
}

// Sums in T.
template <typename T>
double topMean(std::vector<double> scores, int k) {
  std::sort(scores.begin(), scores.end(), std::greater<>());
  k = std::min<int>(k, scores.size());
  return std::accumulate(scores.begin(), scores.begin() + k, T(0), [](T sum, double score) { return sum + static_cast<T>(score); }) / k;
}

// Sequences of these rows, of which all but `padding` count; padding holds the largest scores.
void topK(const std::string& kind, const std::vector<int>& rows, int padding, int concepts, int k, const std::function<double(double)>& shape) {
  std::string what = "top_k_mean of " + kind + ", first of " + std::to_string(rows[0]) + ", k " + std::to_string(k);
  Matrix scores = randomMatrix<float>(6, std::accumulate(rows.begin(), rows.end(), 0), concepts, 3);
  std::vector<int32_t> sequences;
  Matrix truth, plain;
  int start = 0;
  for (int length : rows) {
    int keyLength = length - padding;
    sequences.insert(sequences.end(), {start, length, keyLength, 0});
    truth.emplace_back();
    plain.emplace_back();
    for (int c = 0; c < concepts; c++) {
      std::vector<double> column;
      for (int row = 0; row < length; row++) {
        double& score = scores[start + row][c];
        score = row < keyLength ? static_cast<float>(shape(score)) : 1000;
        if (row < keyLength) column.push_back(score);
      }
      truth.back().push_back(topMean<double>(column, k));
      plain.back().push_back(topMean<float>(column, k));
    }
    start += length;
  }
  DeviceMatrix<float> in(scores, padded(concepts) + 8, NAN);
  int count = rows.size();
  DeviceMatrix<float> out(count, concepts, padded(concepts) + 8, 0.0f);
  DeviceArray<int32_t> table(sequences);
  arguments::top_k_mean arguments{.scores = in.address(), .sequences = table.address(), .out = out.address(), .concepts = concepts,
                                  .scoresPitch = in.pitch(), .outPitch = out.pitch(), .k = k};
  launch("top_k_mean", concepts, count, arguments);
  compare(what, out.download(what), truth, plain, FLOAT_UNIT);
}

}  // namespace

int main() {
  similarity<float>(1, 1, 1, 1);
  similarity<float>(3, 130, 33, 14.25f);
  similarity<float>(65, 64, 144, 100);
  similarity<float>(2, 5, 1152, 20);
  similarity<f16>(63, 7, 72, 20);
  similarity<f16>(130, 65, 45, 20);
  similarity<f16>(200, 3, 1152, 20);
  auto same = [](double score) { return score; };
  for (int k : {1, 2, 16, 127, 729, 100000}) {
    topK("any", {1, 15, 128, 129, 729}, 0, 3, k, same);
    topK("padded", {3, 40}, 2, 2, k, same);
    topK("negative", {40, 129}, 0, 2, k, [](double score) { return -1 - std::abs(score); });
    topK("ties", {50, 257}, 0, 2, k, [](double score) { return std::round(score / 3); });
    topK("one value", {33}, 0, 1, k, [](double) { return 0.3; });
    topK("more than are cached", {1023, 1024, 1025, 3000}, 0, 1, k, same);
  }
  return finish("similarity_test");
}
