package org.conceptclip.backend;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.conceptclip.tensor.BadInputException;

/** The types in which a backend stores weights and activations. Sums are computed in float32 or better in all of them. */
public enum Precision {
  /** The backend chooses what is fastest on this machine. */
  AUTO("auto"),
  FP64("fp64"),
  FP32("fp32"),
  FP16("fp16"),
  /** bfloat16 weights and activations. */
  BF16("bf16"),
  /** bfloat16 weights, float32 activations: half the memory of {@link #FP32}. */
  BF16_WEIGHTS("bf16-weights"),
  /** {@link #FP16}, but the inputs and weights of the products that a calibration names are 8-bit E4M3, see docs/fp8.md. */
  FP8("fp8");

  private final String label;

  Precision(String label) {
    this.label = label;
  }

  /** The short name, for example {@code bf16-weights}. */
  public String label() {
    return label;
  }

  /**
   * The precision with this label.
   *
   * @throws BadInputException if there is none
   */
  public static Precision parse(String text) {
    for (Precision precision : values()) {
      if (precision.label.equals(text.toLowerCase(Locale.ROOT))) {
        return precision;
      }
    }
    throw new BadInputException("precision " + text + ": unknown; expected one of "
        + Arrays.stream(values()).map(Precision::label).collect(Collectors.joining(", ")));
  }
}
