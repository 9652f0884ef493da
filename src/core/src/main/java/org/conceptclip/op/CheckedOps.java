package org.conceptclip.op;

import java.util.Optional;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.Shape;
import org.conceptclip.tensor.Tensor;

/**
 * Checks the arguments of every op against the {@link Ops} contract, then calls a backend's own ops, which need not check them again.
 *
 * <p>A violation is a programming error. It is reported as an {@link IllegalArgumentException} that names the op, the value found and
 * the value expected, before anything is written. Matrices must have rank 2 and a floating-point type (or be codes of F8_E4M3 where
 * {@link Ops} says so), and must not be empty. {@link Tensor#overlaps} decides whether an output overlaps an input.
 */
public final class CheckedOps implements Ops {
  private final Ops ops;

  /** Wraps the ops of a backend. */
  public CheckedOps(Ops ops) {
    this.ops = ops;
  }

  @Override
  public void patchEmbed(Tensor pixels, PatchEmbeddingWeights weights, Tensor out) {
    String op = "patchEmbed " + weights.name();
    PatchGeometry geometry = weights.geometry();
    long images = checkPixels(op, pixels, geometry.imageSize());
    checkMatrix(op, "out", out, images * geometry.tokens(), "images * tokens", weights.width(), "width");
    checkDisjoint(op, "pixels", pixels, out);
    ops.patchEmbed(pixels, weights, out);
  }

  @Override
  public void tokenEmbed(TokenBatch tokens, TokenEmbeddingWeights weights, Tensor out) {
    String op = "tokenEmbed " + weights.name();
    for (int row = 0; row < tokens.ids().length; row++) {
      checkIndex(op, row, "token id", tokens.ids()[row], "the vocabulary", weights.vocabulary());
      checkIndex(op, row, "position", tokens.positions()[row], "the position table", weights.positions());
    }
    checkMatrix(op, "out", out, tokens.ids().length, "tokens", weights.width(), "width");
    ops.tokenEmbed(tokens, weights, out);
  }

  @Override
  public void layerNorm(Tensor x, NormWeights weights, Tensor out) {
    String op = "layerNorm " + weights.name();
    checkMatrix(op, "x", x);
    checkEqual(op, "x", x.columns(), "columns", "width", weights.width());
    checkOutput(op, out, x.rows(), "rows of x", x.columns(), "columns of x");
    checkDisjoint(op, "x", x, out);
    ops.layerNorm(x, weights, out);
  }

  @Override
  public void addNorm(Tensor x, Tensor y, NormWeights weights, Tensor out) {
    String op = "addNorm " + weights.name();
    checkMatrix(op, "x", x);
    checkEqual(op, "x", x.columns(), "columns", "width", weights.width());
    checkMatrix(op, "y", y, x.rows(), "rows of x", x.columns(), "columns of x");
    checkOutput(op, out, x.rows(), "rows of x", x.columns(), "columns of x");
    if (x.overlaps(y)) {
      throw new IllegalArgumentException(op + ": y " + y.shape() + " overlaps x " + x.shape() + ", which is written");
    }
    checkSameOrDisjoint(op, "x", x, out);
    checkDisjoint(op, "y", y, out);
    ops.addNorm(x, y, weights, out);
  }

  @Override
  public void linear(Tensor x, LinearWeights weights, Epilogue epilogue, Tensor out) {
    String op = "linear " + weights.name();
    checkInput(op, x, weights);
    checkEqual(op, "x", x.columns(), "columns", "inputs of the weights", weights.inputs());
    if (epilogue == Epilogue.ACCUMULATE) {
      checkMatrix(op, "out", out);
    }
    checkOutput(op, out, x.rows(), "rows of x", weights.outputs(), "outputs of the weights");
    checkDisjoint(op, "x", x, out);
    ops.linear(x, weights, epilogue, out);
  }

  @Override
  public void linearAddNorm(Tensor x, LinearWeights weights, Tensor residual, NormWeights norm, Tensor update, Tensor out) {
    String op = "linearAddNorm " + weights.name();
    checkInput(op, x, weights);
    checkEqual(op, "x", x.columns(), "columns", "inputs of the weights", weights.inputs());
    checkEqual(op, "norm " + norm.name(), norm.width(), "columns", "outputs of the weights", weights.outputs());
    checkMatrix(op, "residual", residual, x.rows(), "rows of x", weights.outputs(), "outputs of the weights");
    checkMatrix(op, "update", update, x.rows(), "rows of x", weights.outputs(), "outputs of the weights");
    checkOutput(op, out, x.rows(), "rows of x", weights.outputs(), "outputs of the weights");
    Tensor[] written = {residual, update, out};
    String[] names = {"residual", "update", "out"};
    for (int i = 0; i < written.length; i++) {
      checkDisjoint(op, "x", x, names[i], written[i]);
      for (int j = 0; j < i; j++) {
        checkDisjoint(op, names[j], written[j], names[i], written[i]);
      }
    }
    ops.linearAddNorm(x, weights, residual, norm, update, out);
  }

  @Override
  public void attention(Tensor qkv, Sequences sequences, int heads, Tensor out) {
    String op = "attention";
    checkMatrix(op, "qkv", qkv, sequences.totalRows(), "rows of the sequences");
    checkDivides(op, "qkv", qkv.columns(), "columns", "3 * heads", 3L * checkHeads(op, heads));
    checkOutput(op, out, qkv.rows(), "rows of qkv", qkv.columns() / 3, "a third of qkv's columns");
    checkDisjoint(op, "qkv", qkv, out);
    ops.attention(qkv, sequences, heads, out);
  }

  @Override
  public void poolAttention(QueryWeights query, Tensor kv, Sequences sequences, int heads, Tensor out) {
    String op = "poolAttention " + query.name();
    checkNotEmpty(op, sequences);
    checkMatrix(op, "kv", kv, sequences.totalRows(), "rows of the sequences", 2L * query.width(), "2 * width of the query");
    checkDivides(op, "query", query.width(), "values", "heads", checkHeads(op, heads));
    checkMatrix(op, "out", out, sequences.count(), "sequences", query.width(), "width of the query");
    checkDisjoint(op, "kv", kv, out);
    ops.poolAttention(query, kv, sequences, heads, out);
  }

  @Override
  public void meanPool(Tensor x, Sequences sequences, Tensor out) {
    String op = "meanPool";
    checkMatrix(op, "x", x, sequences.totalRows(), "rows of the sequences");
    checkMatrix(op, "out", out, sequences.count(), "sequences", x.columns(), "columns of x");
    checkDisjoint(op, "x", x, out);
    ops.meanPool(x, sequences, out);
  }

  @Override
  public void l2Normalize(Tensor x, Tensor out) {
    String op = "l2Normalize";
    checkMatrix(op, "x", x);
    checkMatrix(op, "out", out, x.rows(), "rows of x", x.columns(), "columns of x");
    checkSameOrDisjoint(op, "x", x, out);
    ops.l2Normalize(x, out);
  }

  @Override
  public void similarity(Tensor a, Tensor b, double scale, Tensor out) {
    String op = "similarity";
    checkMatrix(op, "a", a);
    checkMatrix(op, "b", b);
    checkEqual(op, "b", b.columns(), "columns", "columns of a", a.columns());
    checkFinite(op, scale);
    checkMatrix(op, "out", out, a.rows(), "rows of a", b.rows(), "rows of b");
    checkDisjoint(op, "a", a, out);
    checkDisjoint(op, "b", b, out);
    ops.similarity(a, b, scale, out);
  }

  @Override
  public void topKMeanSimilarity(
      Tensor patches, Sequences sequences, Tensor concepts, double scale, int k, Tensor out) {
    String op = "topKMeanSimilarity";
    checkNotEmpty(op, sequences);
    checkMatrix(op, "patches", patches, sequences.totalRows(), "rows of the sequences");
    checkMatrix(op, "concepts", concepts);
    checkEqual(op, "concepts", concepts.columns(), "columns", "columns of patches", patches.columns());
    checkFinite(op, scale);
    if (k < 1) {
      throw new IllegalArgumentException(op + ": k is " + k + ", expected at least 1");
    }
    checkMatrix(op, "out", out, sequences.count(), "sequences", concepts.rows(), "rows of concepts");
    checkDisjoint(op, "patches", patches, out);
    checkDisjoint(op, "concepts", concepts, out);
    ops.topKMeanSimilarity(patches, sequences, concepts, scale, k, out);
  }

  /** Checks pixels of any accepted type and returns the number of images. */
  private static long checkPixels(String op, Tensor pixels, long size) {
    Shape shape = pixels.shape();
    long images = shape.rank() == 4 ? shape.extent(0) : 0;
    Shape expected = switch (pixels.dtype()) {
      case U8 -> Shape.of(Math.max(images, 1), size, size, 3);
      case F32, F64 -> Shape.of(Math.max(images, 1), 3, size, size);
      default -> throw new IllegalArgumentException(op + ": pixels are " + pixels.dtype() + ", expected U8, F32 or F64");
    };
    if (!shape.equals(expected)) {
      throw new IllegalArgumentException(
          op + ": pixels are " + pixels.dtype() + " " + shape + ", expected " + pixels.dtype() + " " + expected);
    }
    return images;
  }

  private static void checkNotEmpty(String op, Sequences sequences) {
    for (int s = 0; s < sequences.count(); s++) {
      if (sequences.rows(s) == 0) {
        throw new IllegalArgumentException(op + ": sequence " + s + " is empty, expected at least one row");
      }
    }
  }

  private static void checkIndex(String op, int row, String what, int index, String table, int size) {
    if (index < 0 || index >= size) {
      throw new IllegalArgumentException(op + ": " + what + " of row " + row + " is " + index + ", " + table + " has " + size);
    }
  }

  /** Whether the product reads what {@code x} holds: codes of the scale of the weights, or floating-point numbers. */
  private static void checkInput(String op, Tensor x, LinearWeights weights) {
    Optional<Float> scale = weights.inputScale();
    if (scale.isEmpty()) {
      checkMatrix(op, "x", x);
      return;
    }
    if (x.dtype() != DType.F8_E4M3 || x.scale() != scale.get()) {
      throw new IllegalArgumentException(op + ": x is " + x.dtype() + " " + x.shape() + " of scale " + x.scale()
          + ", the weights read F8_E4M3 of scale " + scale.get());
    }
    checkExtents(op, "x", x.shape());
  }

  /** A matrix in floating point or of codes. */
  private static void checkOutput(String op, Tensor out, long rows, String rowsAre, long columns, String columnsAre) {
    if (out.dtype() == DType.F8_E4M3) {
      checkExtents(op, "out", out.shape());
    } else {
      checkMatrix(op, "out", out);
    }
    checkEqual(op, "out", out.rows(), "rows", rowsAre, rows);
    checkEqual(op, "out", out.columns(), "columns", columnsAre, columns);
  }

  private static void checkMatrix(String op, String name, Tensor tensor) {
    if (!tensor.dtype().isFloat()) {
      throw new IllegalArgumentException(op + ": " + name + " is " + tensor.dtype() + " " + tensor.shape() + ", expected floating point");
    }
    checkExtents(op, name, tensor.shape());
  }

  private static void checkExtents(String op, String name, Shape shape) {
    if (shape.rank() != 2) {
      throw new IllegalArgumentException(op + ": " + name + " " + shape + " has rank " + shape.rank() + ", expected 2");
    }
    if (shape.elements() == 0) {
      throw new IllegalArgumentException(op + ": " + name + " is empty: " + shape + ", expected at least [1, 1]");
    }
  }

  private static void checkMatrix(String op, String name, Tensor tensor, long rows, String rowsAre) {
    checkMatrix(op, name, tensor);
    checkEqual(op, name, tensor.rows(), "rows", rowsAre, rows);
  }

  private static void checkMatrix(
      String op, String name, Tensor tensor, long rows, String rowsAre, long columns, String columnsAre) {
    checkMatrix(op, name, tensor, rows, rowsAre);
    checkEqual(op, name, tensor.columns(), "columns", columnsAre, columns);
  }

  private static void checkEqual(String op, String name, long found, String unit, String expectedIs, long expected) {
    if (found != expected) {
      throw new IllegalArgumentException(
          op + ": " + name + " has " + found + " " + unit + ", " + expectedIs + (expectedIs.endsWith("s") ? " are " : " is ")
              + expected);
    }
  }

  private static int checkHeads(String op, int heads) {
    if (heads < 1) {
      throw new IllegalArgumentException(op + ": heads is " + heads + ", expected at least 1");
    }
    return heads;
  }

  private static void checkDivides(String op, String name, long found, String unit, String divisorIs, long divisor) {
    if (found % divisor != 0) {
      throw new IllegalArgumentException(
          op + ": " + name + " has " + found + " " + unit + ", which " + divisorIs + " = " + divisor + " does not divide");
    }
  }

  private static void checkFinite(String op, double scale) {
    if (!Double.isFinite(scale)) {
      throw new IllegalArgumentException(op + ": scale is " + scale + ", expected a finite number");
    }
  }

  private static void checkDisjoint(String op, String name, Tensor input, Tensor out) {
    checkDisjoint(op, name, input, "out", out);
  }

  private static void checkDisjoint(String op, String name, Tensor tensor, String otherName, Tensor other) {
    if (tensor.overlaps(other)) {
      throw new IllegalArgumentException(
          op + ": " + otherName + " " + other.shape() + " overlaps " + name + " " + tensor.shape() + ", expected memory of its own");
    }
  }

  private static void checkSameOrDisjoint(String op, String name, Tensor input, Tensor out) {
    if (input.overlaps(out) && !input.sameMemory(out)) {
      throw new IllegalArgumentException(op + ": out " + out.dtype() + " " + out.shape() + " overlaps a part of " + name + " "
          + input.dtype() + " " + input.shape() + ", expected the same tensor or memory of its own");
    }
  }
}
