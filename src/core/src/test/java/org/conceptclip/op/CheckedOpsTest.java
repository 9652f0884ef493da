package org.conceptclip.op;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Stream;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.conceptclip.tensor.Tensor;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Each broken rule is an {@link IllegalArgumentException} whose message has what was found and what was expected. */
class CheckedOpsTest {
  /** Whatever passes the checks ends in a NullPointerException here, which no case expects. */
  private static final Ops OPS = new CheckedOps(new ForwardingOps(null));

  private static final LinearWeights LINEAR = new Linear("layer.weight", 64, 96, true);
  private static final NormWeights NORM = new Norm("norm.weight", 64, 1e-6);
  private static final QueryWeights QUERY = new Query("pool.query", 64);
  private static final TokenEmbeddingWeights TOKENS = new TokenTable("words.weight", 50, 24, 64);
  private static final PatchEmbeddingWeights PATCHES = new Patches("patch.weight", new PatchGeometry(28, 14), 64);
  private static final Sequences TWO = Sequences.packed(3, 4);

  private record Linear(String name, int inputs, int outputs, boolean hasBias) implements LinearWeights {}

  /** Weights that read codes of scale 0.5. */
  private record Codes(String name, int inputs, int outputs, boolean hasBias) implements LinearWeights {
    @Override
    public Optional<Float> inputScale() {
      return Optional.of(0.5f);
    }
  }

  private record Norm(String name, int width, double epsilon) implements NormWeights {}

  private record Query(String name, int width) implements QueryWeights {}

  private record TokenTable(String name, int vocabulary, int positions, int width) implements TokenEmbeddingWeights {}

  private record Patches(String name, PatchGeometry geometry, int width) implements PatchEmbeddingWeights {}

  /** Memory that nobody can look into, as on a device. */
  private record Opaque(DType dtype, Shape shape) implements Tensor {}

  private static Tensor tensor(long... extents) {
    return new Opaque(DType.F32, Shape.of(extents));
  }

  private static Tensor tensor(DType dtype, long... extents) {
    return new Opaque(dtype, Shape.of(extents));
  }

  private static DynamicTest refused(String rule, Runnable call, String... inMessage) {
    return DynamicTest.dynamicTest(rule, () -> {
      String message = assertThrows(IllegalArgumentException.class, call::run).getMessage();
      for (String part : inMessage) {
        assertTrue(message.contains(part), () -> "message \"" + message + "\" should contain \"" + part + "\"");
      }
    });
  }

  @TestFactory
  Stream<DynamicTest> patchEmbed() {
    return Stream.of(
        refused("another image size", () -> OPS.patchEmbed(tensor(DType.U8, 2, 30, 28, 3), PATCHES, tensor(8, 64)),
            "[2, 30, 28, 3]", "[2, 28, 28, 3]", "patch.weight"),
        refused("floats with channels last", () -> OPS.patchEmbed(tensor(2, 28, 28, 3), PATCHES, tensor(8, 64)),
            "[2, 28, 28, 3]", "[2, 3, 28, 28]"),
        refused("bytes with channels first", () -> OPS.patchEmbed(tensor(DType.U8, 2, 3, 28, 28), PATCHES, tensor(8, 64)),
            "[2, 3, 28, 28]", "[2, 28, 28, 3]"),
        refused("rank 3", () -> OPS.patchEmbed(tensor(DType.U8, 28, 28, 3), PATCHES, tensor(4, 64)),
            "[28, 28, 3]", "[1, 28, 28, 3]"),
        refused("no image", () -> OPS.patchEmbed(tensor(DType.U8, 0, 28, 28, 3), PATCHES, tensor(4, 64)),
            "[0, 28, 28, 3]", "[1, 28, 28, 3]"),
        refused("integers", () -> OPS.patchEmbed(tensor(DType.I32, 1, 28, 28, 3), PATCHES, tensor(4, 64)), "I32", "U8"),
        refused("rows of out", () -> OPS.patchEmbed(tensor(DType.U8, 2, 28, 28, 3), PATCHES, tensor(4, 64)), "4", "8"),
        refused("columns of out", () -> OPS.patchEmbed(tensor(DType.U8, 2, 28, 28, 3), PATCHES, tensor(8, 72)), "72", "64"));
  }

  @TestFactory
  Stream<DynamicTest> tokenEmbed() {
    Tensor out = tensor(2, 64);
    Sequences sequences = Sequences.packed(2);
    return Stream.of(
        refused("id beyond the vocabulary",
            () -> OPS.tokenEmbed(new TokenBatch(new int[] {1, 50}, new int[] {0, 1}, sequences), TOKENS, out),
            "row 1", "is 50", "has 50", "words.weight"),
        refused("negative id",
            () -> OPS.tokenEmbed(new TokenBatch(new int[] {-1, 5}, new int[] {0, 1}, sequences), TOKENS, out), "-1", "50"),
        refused("position beyond the table",
            () -> OPS.tokenEmbed(new TokenBatch(new int[] {1, 2}, new int[] {0, 24}, sequences), TOKENS, out),
            "is 24", "has 24"),
        refused("negative position",
            () -> OPS.tokenEmbed(new TokenBatch(new int[] {1, 2}, new int[] {0, -7}, sequences), TOKENS, out), "-7", "24"),
        refused("rows of out",
            () -> OPS.tokenEmbed(new TokenBatch(new int[] {1, 2}, new int[] {0, 1}, sequences), TOKENS, tensor(3, 64)),
            "3", "2"),
        refused("columns of out",
            () -> OPS.tokenEmbed(new TokenBatch(new int[] {1, 2}, new int[] {0, 1}, sequences), TOKENS, tensor(2, 65)),
            "65", "64"));
  }

  @TestFactory
  Stream<DynamicTest> layerNorm() {
    Tensor x = tensor(5, 64);
    return Stream.of(
        refused("width", () -> OPS.layerNorm(tensor(5, 72), NORM, tensor(5, 72)), "72", "64", "norm.weight"),
        refused("rows of out", () -> OPS.layerNorm(x, NORM, tensor(6, 64)), "6", "5"),
        refused("columns of out", () -> OPS.layerNorm(x, NORM, tensor(5, 63)), "63", "64"),
        refused("in place", () -> OPS.layerNorm(x, NORM, x), "overlaps", "x"),
        refused("a vector", () -> OPS.layerNorm(tensor(64), NORM, tensor(1, 64)), "rank 1", "2"),
        refused("no rows", () -> OPS.layerNorm(tensor(0, 64), NORM, tensor(0, 64)), "[0, 64]", "[1, 1]"),
        refused("bytes", () -> OPS.layerNorm(tensor(DType.U8, 5, 64), NORM, tensor(5, 64)), "U8", "floating"));
  }

  @TestFactory
  Stream<DynamicTest> addNorm() {
    Tensor x = tensor(5, 64);
    Tensor y = tensor(5, 64);
    HostTensor memory = HostTensor.allocate(Arena.ofAuto(), DType.F32, 12, 64);
    return Stream.of(
        refused("width", () -> OPS.addNorm(tensor(5, 72), tensor(5, 72), NORM, tensor(5, 72)), "72", "64"),
        refused("rows of y", () -> OPS.addNorm(x, tensor(4, 64), NORM, tensor(5, 64)), "4", "5"),
        refused("columns of y", () -> OPS.addNorm(x, tensor(5, 32), NORM, tensor(5, 64)), "32", "64"),
        refused("rows of out", () -> OPS.addNorm(x, y, NORM, tensor(7, 64)), "7", "5"),
        refused("y is x", () -> OPS.addNorm(x, x, NORM, tensor(5, 64)), "y", "overlaps"),
        refused("out is y", () -> OPS.addNorm(x, y, NORM, y), "out", "overlaps y"),
        refused("out is a part of x", () -> OPS.addNorm(memory.rows(0, 5), y, NORM, memory.rows(2, 5)), "overlaps a part of x"));
  }

  @TestFactory
  Stream<DynamicTest> linear() {
    Tensor x = tensor(5, 64);
    HostTensor memory = HostTensor.allocate(Arena.ofAuto(), DType.F32, 20, 96);
    return Stream.of(
        refused("inputs", () -> OPS.linear(tensor(5, 72), LINEAR, Epilogue.NONE, tensor(5, 96)), "72", "64", "layer.weight"),
        refused("outputs", () -> OPS.linear(x, LINEAR, Epilogue.GELU, tensor(5, 64)), "64", "96"),
        refused("rows", () -> OPS.linear(x, LINEAR, Epilogue.ACCUMULATE, tensor(4, 96)), "4", "5"),
        refused("out is x", () -> OPS.linear(x, new Linear("square", 64, 64, false), Epilogue.NONE, x), "overlaps"),
        refused("views of one memory",
            () -> OPS.linear(memory.rows(0, 5), new Linear("square", 96, 96, false), Epilogue.NONE, memory.rows(4, 5)),
            "overlaps", "[5, 96]"));
  }

  @TestFactory
  Stream<DynamicTest> linearAddNorm() {
    LinearWeights weights = new Linear("proj.weight", 96, 64, true);
    Tensor x = tensor(5, 96);
    Tensor residual = tensor(5, 64);
    Tensor update = tensor(5, 64);
    Tensor out = tensor(5, 64);
    HostTensor memory = HostTensor.allocate(Arena.ofAuto(), DType.F32, 12, 64);
    return Stream.of(
        refused("inputs", () -> OPS.linearAddNorm(tensor(5, 72), weights, residual, NORM, update, out), "72", "96", "proj.weight"),
        refused("width of the norm", () -> OPS.linearAddNorm(tensor(5, 64), LINEAR, tensor(5, 96), NORM, tensor(5, 96), tensor(5, 96)),
            "norm.weight", "64", "96"),
        refused("rows of the stream", () -> OPS.linearAddNorm(x, weights, tensor(4, 64), NORM, update, out), "residual", "4", "5"),
        refused("columns of the update", () -> OPS.linearAddNorm(x, weights, residual, NORM, tensor(5, 96), out), "update", "96", "64"),
        refused("rows of out", () -> OPS.linearAddNorm(x, weights, residual, NORM, update, tensor(6, 64)), "out", "6", "5"),
        refused("out is the stream", () -> OPS.linearAddNorm(x, weights, residual, NORM, update, residual), "out", "overlaps residual"),
        refused("out is the update", () -> OPS.linearAddNorm(x, weights, residual, NORM, update, update), "out", "overlaps update"),
        refused("the update is a part of the stream",
            () -> OPS.linearAddNorm(x, weights, memory.rows(0, 5), NORM, memory.rows(4, 5), out), "update", "overlaps residual"),
        refused("the stream is x",
            () -> OPS.linearAddNorm(residual, new Linear("square", 64, 64, true), residual, NORM, update, out), "residual", "overlaps x"));
  }

  @TestFactory
  Stream<DynamicTest> attention() {
    Tensor qkv = tensor(7, 192);
    return Stream.of(
        refused("rows", () -> OPS.attention(tensor(8, 192), TWO, 2, tensor(8, 64)), "8", "7"),
        refused("heads that do not divide", () -> OPS.attention(qkv, TWO, 5, tensor(7, 64)), "192", "15"),
        refused("columns that are not three", () -> OPS.attention(tensor(7, 64), TWO, 2, tensor(7, 21)), "64", "6"),
        refused("no heads", () -> OPS.attention(qkv, TWO, 0, tensor(7, 64)), "0", "1"),
        refused("negative heads", () -> OPS.attention(qkv, TWO, -2, tensor(7, 64)), "-2", "1"),
        refused("columns of out", () -> OPS.attention(qkv, TWO, 2, tensor(7, 192)), "192", "64"),
        refused("rows of out", () -> OPS.attention(qkv, TWO, 2, tensor(2, 64)), "2", "7"),
        refused("out is qkv", () -> OPS.attention(qkv, TWO, 2, qkv), "192", "64"));
  }

  @TestFactory
  Stream<DynamicTest> poolAttention() {
    Tensor kv = tensor(7, 128);
    return Stream.of(
        refused("rows", () -> OPS.poolAttention(QUERY, tensor(9, 128), TWO, 2, tensor(2, 64)), "9", "7", "pool.query"),
        refused("width", () -> OPS.poolAttention(QUERY, tensor(7, 144), TWO, 2, tensor(2, 64)), "144", "128"),
        refused("heads", () -> OPS.poolAttention(QUERY, kv, TWO, 3, tensor(2, 64)), "64", "3"),
        refused("no heads", () -> OPS.poolAttention(QUERY, kv, TWO, 0, tensor(2, 64)), "0", "1"),
        refused("rows of out", () -> OPS.poolAttention(QUERY, kv, TWO, 2, tensor(7, 64)), "7", "2"),
        refused("columns of out", () -> OPS.poolAttention(QUERY, kv, TWO, 2, tensor(2, 128)), "128", "64"));
  }

  @TestFactory
  Stream<DynamicTest> meanPool() {
    Tensor x = tensor(7, 64);
    Tensor single = tensor(1, 64);
    return Stream.of(
        refused("rows", () -> OPS.meanPool(tensor(6, 64), TWO, tensor(2, 64)), "6", "7"),
        refused("rows of out", () -> OPS.meanPool(x, TWO, tensor(7, 64)), "7", "2"),
        refused("columns of out", () -> OPS.meanPool(x, TWO, tensor(2, 63)), "63", "64"),
        refused("out is x", () -> OPS.meanPool(single, Sequences.packed(1), single), "overlaps"));
  }

  @TestFactory
  Stream<DynamicTest> similarity() {
    Tensor a = tensor(5, 64);
    Tensor b = tensor(3, 64);
    Tensor square = tensor(64, 64);
    HostTensor memory = HostTensor.allocate(Arena.ofAuto(), DType.F32, 12, 64);
    return Stream.of(
        refused("l2 rows", () -> OPS.l2Normalize(a, tensor(4, 64)), "4", "5"),
        refused("l2 columns", () -> OPS.l2Normalize(a, tensor(5, 32)), "32", "64"),
        refused("l2 into a part of x", () -> OPS.l2Normalize(memory.rows(0, 5), memory.rows(1, 5)), "overlaps a part of x"),
        refused("widths", () -> OPS.similarity(a, tensor(3, 72), 1, tensor(5, 3)), "72", "64"),
        refused("rows of out", () -> OPS.similarity(a, b, 1, tensor(3, 3)), "3", "5"),
        refused("columns of out", () -> OPS.similarity(a, b, 1, tensor(5, 5)), "5", "3"),
        refused("scale", () -> OPS.similarity(a, b, Double.NaN, tensor(5, 3)), "NaN", "finite"),
        refused("out is a", () -> OPS.similarity(square, tensor(64, 64), 1, square), "overlaps a"),
        refused("out is b", () -> OPS.similarity(tensor(64, 64), square, 1, square), "overlaps b"));
  }

  @TestFactory
  Stream<DynamicTest> topKMeanSimilarity() {
    Tensor patches = tensor(7, 64);
    Tensor concepts = tensor(3, 64);
    Tensor out = tensor(2, 3);
    return Stream.of(
        refused("rows", () -> OPS.topKMeanSimilarity(tensor(8, 64), TWO, concepts, 1, 2, out), "8", "7"),
        refused("widths", () -> OPS.topKMeanSimilarity(patches, TWO, tensor(3, 72), 1, 2, out), "72", "64"),
        refused("k of 0", () -> OPS.topKMeanSimilarity(patches, TWO, concepts, 1, 0, out), "0", "1"),
        refused("negative k", () -> OPS.topKMeanSimilarity(patches, TWO, concepts, 1, -3, out), "-3", "1"),
        refused("scale", () -> OPS.topKMeanSimilarity(patches, TWO, concepts, Double.POSITIVE_INFINITY, 2, out), "Infinity"),
        refused("rows of out", () -> OPS.topKMeanSimilarity(patches, TWO, concepts, 1, 2, tensor(7, 3)), "7", "2"),
        refused("columns of out", () -> OPS.topKMeanSimilarity(patches, TWO, concepts, 1, 2, tensor(2, 4)), "4", "3"));
  }

  /** Codes of F8_E4M3 are an input of the products that read them, and an output of the ops that make such an input. */
  @TestFactory
  Stream<DynamicTest> codes() {
    Tensor x = tensor(5, 64);
    Tensor codes = codes(0.5f, 5, 64);
    LinearWeights reader = new Codes("coded.weight", 64, 96, true);
    return Stream.of(
        refused("codes for weights that read none", () -> OPS.linear(codes, LINEAR, Epilogue.NONE, tensor(5, 96)), "F8_E4M3", "floating"),
        refused("floats for weights that read codes", () -> OPS.linear(x, reader, Epilogue.NONE, tensor(5, 96)),
            "coded.weight", "F32 [5, 64]", "F8_E4M3 of scale 0.5"),
        refused("another scale", () -> OPS.linear(codes(0.25f, 5, 64), reader, Epilogue.NONE, tensor(5, 96)), "0.25", "0.5"),
        refused("a vector of codes", () -> OPS.linear(codes(0.5f, 64), reader, Epilogue.NONE, tensor(1, 96)), "rank 1"),
        refused("rows of codes", () -> OPS.linear(codes, reader, Epilogue.GELU, codes(1, 4, 96)), "4", "5"),
        refused("sums of codes", () -> OPS.linear(x, LINEAR, Epilogue.ACCUMULATE, codes(1, 5, 96)), "F8_E4M3", "floating"),
        refused("norm of codes", () -> OPS.layerNorm(codes, NORM, x), "F8_E4M3", "floating"),
        refused("norm of a sum of codes", () -> OPS.addNorm(codes, x, NORM, tensor(5, 64)), "F8_E4M3", "floating"),
        refused("codes in place of an update", () -> OPS.addNorm(x, codes, NORM, tensor(5, 64)), "F8_E4M3", "floating"),
        refused("columns of a norm's codes", () -> OPS.layerNorm(x, NORM, codes(1, 5, 63)), "63", "64"),
        refused("codes for a product before a norm that reads none", () -> OPS.linearAddNorm(
            codes(1, 5, 96), new Linear("l", 96, 64, false), tensor(5, 64), NORM, tensor(5, 64), tensor(5, 64)), "F8_E4M3", "floating"),
        refused("a residual stream of codes", () -> OPS.linearAddNorm(
            tensor(5, 96), new Linear("l", 96, 64, false), codes(1, 5, 64), NORM, tensor(5, 64), tensor(5, 64)), "F8_E4M3", "floating"),
        refused("attention over codes", () -> OPS.attention(codes(1, 7, 192), TWO, 2, tensor(7, 64)), "F8_E4M3", "floating"),
        refused("pooled codes", () -> OPS.meanPool(tensor(7, 64), TWO, codes(1, 2, 64)), "F8_E4M3", "floating"),
        refused("codes of length 1", () -> OPS.l2Normalize(x, codes(1, 5, 64)), "F8_E4M3", "floating"),
        refused("a buffer of codes in a workspace without them",
            () -> DecoratedBackend.storing(DType.F32, DType.F32, null).inputOf(reader, "x", 5), "coded.weight", "F8_E4M3"));
  }

  private static Tensor codes(float scale, long... extents) {
    return HostTensor.allocate(Arena.ofAuto(), DType.F8_E4M3, extents).scaled(scale);
  }

  /** What the rules allow must get through. */
  @TestFactory
  Stream<DynamicTest> allowed() {
    HostTensor memory = HostTensor.allocate(Arena.ofAuto(), DType.F32, 12, 64);
    Tensor x = tensor(5, 64);
    Stream<Runnable> calls = Stream.of(
        () -> OPS.addNorm(x, tensor(5, 64), NORM, x),
        () -> OPS.addNorm(memory.rows(0, 5), memory.rows(5, 5), NORM, memory.rows(0, 5)),
        () -> OPS.l2Normalize(x, x),
        () -> OPS.l2Normalize(memory.rows(3, 2), memory.rows(3, 2)),
        () -> OPS.l2Normalize(memory.rows(0, 5), memory.rows(5, 5)),
        () -> OPS.linear(memory.rows(0, 1), LINEAR, Epilogue.NONE, tensor(DType.BF16, 1, 96)),
        () -> OPS.layerNorm(x, NORM, codes(0.5f, 5, 64)),
        () -> OPS.addNorm(x, tensor(5, 64), NORM, codes(0.5f, 5, 64)),
        () -> OPS.attention(tensor(7, 192), TWO, 2, codes(0.5f, 7, 64)),
        () -> OPS.linear(codes(0.5f, 5, 64), new Codes("coded", 64, 96, true), Epilogue.GELU, codes(2, 5, 96)),
        () -> OPS.linear(codes(0.5f, 5, 64), new Codes("coded", 64, 96, true), Epilogue.ACCUMULATE, tensor(5, 96)),
        () -> OPS.linearAddNorm(
            codes(0.5f, 5, 96), new Codes("coded", 96, 64, true), tensor(5, 64), NORM, tensor(5, 64), codes(0.25f, 5, 64)),
        () -> OPS.linearAddNorm(tensor(5, 96), new Linear("l", 96, 64, false), memory.rows(0, 5), NORM, memory.rows(5, 5), tensor(5, 64)),
        () -> OPS.topKMeanSimilarity(tensor(7, 64), TWO, tensor(3, 64), -1, 1_000_000, tensor(2, 3)));
    Runnable[] all = calls.toArray(Runnable[]::new);
    return Arrays.stream(all).map(call -> DynamicTest.dynamicTest(
        "allowed " + Arrays.asList(all).indexOf(call), () -> assertThrows(NullPointerException.class, call::run)));
  }
}
