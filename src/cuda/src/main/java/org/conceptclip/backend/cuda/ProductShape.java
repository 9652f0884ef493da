package org.conceptclip.backend.cuda;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.conceptclip.op.Epilogue;
import org.conceptclip.tensor.DType;

/**
 * What an engine is chosen by: everything about a product but its number of rows.
 *
 * @param inputs not padded
 * @param outputs not padded
 */
record ProductShape(Kind kind, int inputs, int outputs, boolean hasBias) {
  /** What is done with the sums, and the type that they are stored in. */
  enum Kind {
    /** Stored as activations. */
    BIAS_F16,
    /** Stored as features. */
    BIAS_F32,
    GELU_F16,
    /** Added to activations. */
    ADD_F16,
    /** Added to features. */
    ADD_F32,
    /** Added to a residual stream in float16, whose norm follows. */
    NORM_F16,
    /** Added to a residual stream in float32, whose norm follows. */
    NORM_F32;

    /** The word in a tuning table, and in the names of kernels. */
    String label() {
      return name().toLowerCase(Locale.ROOT);
    }

    boolean beforeNorm() {
      return this == NORM_F16 || this == NORM_F32;
    }
  }

  private static final Pattern TEXT = Pattern.compile("(\\w+) (\\d{1,6}) -> (\\d{1,6})( without bias)?");

  ProductShape {
    if (inputs < 1 || outputs < 1) {
      throw new IllegalArgumentException("product of " + inputs + " inputs and " + outputs + " outputs, expected at least 1 of each");
    }
  }

  /**
   * The shape of {@link org.conceptclip.op.Ops#linear}.
   *
   * @param out F16 or F32; with GELU only F16
   */
  static ProductShape of(DeviceWeights.Linear weights, Epilogue epilogue, DType out) {
    boolean half = out == DType.F16;
    Kind kind = switch (epilogue) {
      case NONE -> half ? Kind.BIAS_F16 : Kind.BIAS_F32;
      case GELU -> Kind.GELU_F16;
      case ACCUMULATE -> half ? Kind.ADD_F16 : Kind.ADD_F32;
    };
    return new ProductShape(kind, weights.inputs(), weights.outputs(), weights.hasBias());
  }

  /** The shape of {@link org.conceptclip.op.Ops#linearAddNorm}. */
  static ProductShape beforeNorm(DeviceWeights.Linear weights, DType residual) {
    return new ProductShape(
        residual == DType.F16 ? Kind.NORM_F16 : Kind.NORM_F32, weights.inputs(), weights.outputs(), weights.hasBias());
  }

  /** The engines that can compute it. */
  List<ProductEngine> engines() {
    return kind.beforeNorm() ? List.of(ProductEngine.values()) : List.of(ProductEngine.CUBLASLT, ProductEngine.OWN);
  }

  /** For example {@code gelu_f16 1152 -> 4304}. {@link #parse} reads it. */
  @Override
  public String toString() {
    return kind.label() + " " + inputs + " -> " + outputs + (hasBias ? "" : " without bias");
  }

  static Optional<ProductShape> parse(String text) {
    Matcher matcher = TEXT.matcher(text);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    for (Kind kind : Kind.values()) {
      int inputs = Integer.parseInt(matcher.group(2));
      int outputs = Integer.parseInt(matcher.group(3));
      if (kind.label().equals(matcher.group(1)) && inputs > 0 && outputs > 0) {
        return Optional.of(new ProductShape(kind, inputs, outputs, matcher.group(4) == null));
      }
    }
    return Optional.empty();
  }
}
