package org.conceptclip.bench;

import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.Execution;
import org.conceptclip.model.ModelConfig;
import org.conceptclip.op.Epilogue;
import org.conceptclip.op.Ops;
import org.conceptclip.op.Sequences;
import org.conceptclip.op.WeightStore;
import org.conceptclip.op.Workspace;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Tensor;
import org.conceptclip.util.Sha256;

/**
 * Whether an op of a block computes what it should, before anybody times it: against another backend's float64 on a small shape that
 * fills no tile, and once more with the last sequence alone. Inputs are exact in float16, so that all of the error is the op's.
 */
public final class OpCheck {
  /** Rows of a sequence for products, and for norms: two sequences are more than a tile of 128 rows, and end inside one of 64. */
  private static final int ROWS = 97;

  private final OpName op;
  private final Tower tower;

  private OpCheck(OpName op, Tower tower) {
    this.op = op;
    this.tower = tower;
  }

  /** The ops of a block, by the names that {@link OpsBenchmark} gives them. */
  private enum OpName {
    QKV("qkv"), ATTENTION("attention"), PROJECTION("projection"), FC1("fc1 + GELU"), FC2("fc2"), NORM("add + LayerNorm");

    private final String label;

    OpName(String label) {
      this.label = label;
    }
  }

  private record Tower(String label, int tokens, int width, int hidden, int heads) {
    static List<Tower> of(ModelConfig config) {
      var vision = config.vision();
      var text = config.text();
      return List.of(new Tower("vision", vision.tokens(), vision.width(), vision.mlpHidden(), vision.heads()),
          new Tower("text", text.contextLength(), text.width(), text.mlpHidden(), text.heads()));
    }
  }

  /**
   * What was found.
   *
   * @param rms error against float64
   * @param largest error against float64
   * @param rounding rms error of rounding the float64 results to float16, and nothing else
   * @param largestRounding largest such error
   * @param notFinite results
   * @param otherBits results of the last sequence that have other bits when it is alone
   * @param bits hash of all results: equal for two variants that add in the same order
   */
  public record Result(
      double rms, double largest, double rounding, double largestRounding, long notFinite, long otherBits, String bits) {
    /** Of the rms error: that of a plain computation in float16 is up to 1.4 times that of rounding, by a second rounding. */
    static final double RMS_LIMIT = 2;
    /** Of the largest error: two roundings, the first of which GELU may stretch by 1.13, and what the sums add. */
    static final double LARGEST_LIMIT = 3;

    /** What is wrong; empty if nothing is. */
    public Optional<String> failure() {
      if (notFinite > 0) {
        return Optional.of("wrong: " + notFinite + " results are not finite");
      }
      if (rms > RMS_LIMIT * rounding || largest > LARGEST_LIMIT * largestRounding) {
        return Optional.of(String.format(Locale.ROOT, "wrong: rms error %.3g, expected at most %.3g; largest %.3g, expected at most %.3g",
            rms, RMS_LIMIT * rounding, largest, LARGEST_LIMIT * largestRounding));
      }
      return otherBits == 0 ? Optional.empty()
          : Optional.of("wrong: " + otherBits + " results of a sequence have other bits when it is alone");
    }
  }

  /** Names of all ops that can be checked. */
  public static List<String> names(ModelConfig config) {
    return Tower.of(config).stream()
        .flatMap(tower -> Stream.of(OpName.values()).map(op -> tower.label() + " " + op.label)).toList();
  }

  /**
   * Checks an op.
   *
   * @param name one of {@link #names}
   * @param reference computes the truth
   */
  public static Result run(String name, ModelConfig config, Backend backend, Backend reference) {
    for (Tower tower : Tower.of(config)) {
      for (OpName op : OpName.values()) {
        if (name.equals(tower.label() + " " + op.label)) {
          return new OpCheck(op, tower).run(backend, reference);
        }
      }
    }
    throw new IllegalArgumentException("no op " + name + ", expected one of " + names(config));
  }

  private Result run(Backend backend, Backend reference) {
    Sequences sequences = op == OpName.ATTENTION
        ? Sequences.packed(tower.tokens(), Math.min(5, tower.tokens())) : Sequences.uniform(2, Math.min(ROWS, tower.tokens()));
    int last = sequences.count() - 1;
    float[] truth = compute(reference, sequences, 0);
    float[] found = compute(backend, sequences, 0);
    float[] alone = compute(backend, sequences.range(last, last + 1), sequences.start(last));
    return compare(truth, found, alone);
  }

  static Result compare(float[] truth, float[] found, float[] alone) {
    double squares = 0;
    double roundingSquares = 0;
    double largest = 0;
    double largestRounding = 0;
    long notFinite = 0;
    for (int i = 0; i < truth.length; i++) {
      double error = Math.abs((double) found[i] - truth[i]);
      double rounding = Math.abs((double) Float.float16ToFloat(Float.floatToFloat16(truth[i])) - truth[i]);
      notFinite += Float.isFinite(found[i]) ? 0 : 1;
      squares += error * error;
      roundingSquares += rounding * rounding;
      largest = Math.max(largest, error);
      largestRounding = Math.max(largestRounding, rounding);
    }
    long otherBits = 0;
    for (int i = 0; i < alone.length; i++) {
      if (Float.floatToRawIntBits(alone[i]) != Float.floatToRawIntBits(found[found.length - alone.length + i])) {
        otherBits++;
      }
    }
    return new Result(Math.sqrt(squares / truth.length), largest, Math.sqrt(roundingSquares / truth.length), largestRounding, notFinite,
        otherBits, bits(found));
  }

  private static String bits(float[] values) {
    ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES);
    bytes.asFloatBuffer().put(values);
    return HexFormat.of().formatHex(Sha256.of(bytes.array()), 0, Long.BYTES);
  }

  /** The op's results for these sequences, whose first row is {@code first} of all rows there are. */
  private float[] compute(Backend backend, Sequences sequences, int first) {
    try (WeightStore store = backend.openWeightStore();
        Execution execution = backend.openExecution();
        Arena arena = Arena.ofConfined()) {
      Ops ops = execution.ops();
      Workspace workspace = execution.workspace();
      int width = tower.width();
      Tensor out = switch (op) {
        case QKV -> linear(execution, store, sequences, first, width, 3 * width, Epilogue.NONE);
        case PROJECTION -> linear(execution, store, sequences, first, width, width, Epilogue.NONE);
        case FC1 -> linear(execution, store, sequences, first, width, tower.hidden(), Epilogue.GELU);
        case FC2 -> linear(execution, store, sequences, first, tower.hidden(), width, Epilogue.NONE);
        case ATTENTION -> {
          Tensor results = workspace.buffer("out", workspace.activationType(), sequences.totalRows(), width);
          Tensor qkv = buffer(workspace, "qkv", workspace.activationType(), sequences, first, 3 * width, 1);
          ops.attention(qkv, sequences, tower.heads(), results);
          yield results;
        }
        case NORM -> {
          Tensor results = workspace.buffer("out", workspace.activationType(), sequences.totalRows(), width);
          ops.addNorm(buffer(workspace, "residual", workspace.residualType(), sequences, first, width, 1),
              buffer(workspace, "y", workspace.activationType(), sequences, first, width, 1),
              store.layerNorm("norm", vector(2, width), vector(3, width), 1e-6), results);
          yield results;
        }
      };
      return workspace.download(out, arena).toFloatArray();
    }
  }

  private static Tensor linear(
      Execution execution, WeightStore store, Sequences sequences, int first, int inputs, int outputs, Epilogue epilogue) {
    Workspace workspace = execution.workspace();
    Tensor out = workspace.buffer("out", workspace.activationType(), sequences.totalRows(), outputs);
    // Sums of about one in magnitude, where GELU bends.
    double scale = 1 / Math.sqrt(inputs);
    execution.ops().linear(buffer(workspace, "x", workspace.activationType(), sequences, first, inputs, 1),
        store.linear("op", exact(4, scale, 0, outputs, inputs), vector(5, outputs)), epilogue, out);
    return out;
  }

  private static Tensor buffer(
      Workspace workspace, String name, DType type, Sequences sequences, int first, int columns, double scale) {
    Tensor tensor = workspace.buffer(name, type, sequences.totalRows(), columns);
    workspace.upload(exact(name.hashCode(), scale, first, sequences.totalRows(), columns), tensor);
    return tensor;
  }

  private static HostTensor vector(long seed, int columns) {
    return exact(seed, 1, 0, 1, columns).reshape(columns);
  }

  /** Rows from {@code first} on of a matrix of uniform values between -2 and 2 times a scale, each exact in float16. */
  private static HostTensor exact(long seed, double scale, int first, int rows, int columns) {
    float[] values = new float[rows * columns];
    for (int row = 0; row < rows; row++) {
      SplittableRandom random = new SplittableRandom(seed * 1_000_003 + first + row);
      for (int column = 0; column < columns; column++) {
        double value = (random.nextDouble() - 0.5) * 4 * scale;
        values[row * columns + column] = Float.float16ToFloat(Float.floatToFloat16((float) value));
      }
    }
    return HostTensor.of(values, rows, columns);
  }
}
