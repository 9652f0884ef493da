package org.conceptclip.model;

import org.conceptclip.tensor.BadInputException;
import org.conceptclip.weights.TensorLoan;
import org.conceptclip.weights.WeightSource;

/**
 * The model's learned scalars. The checkpoint stores the scales as logarithms; here they are exponentiated, as in the output of
 * the official model.
 */
public record Scalars(double logitScale, double logitBias, double conceptLogitScale, double conceptLogitBias) {
  /**
   * Reads the scalars.
   *
   * @throws BadInputException if one is not a finite number, or a scale is zero or infinite as float32
   */
  public static Scalars of(WeightSource source) {
    return new Scalars(
        scale(source, "logit_scale"), finite(source, "logit_bias"),
        scale(source, "concept_logit_scale"), finite(source, "concept_logit_bias"));
  }

  private static double scale(WeightSource source, String name) {
    double logarithm = finite(source, name);
    double scale = Math.exp(logarithm);
    if (!(scale >= Float.MIN_NORMAL && scale <= Float.MAX_VALUE)) {
      throw new BadInputException(
          source.description() + ": " + name + " is " + logarithm + ", expected the logarithm of a scale, from -87 to 88");
    }
    return scale;
  }

  private static double finite(WeightSource source, String name) {
    try (TensorLoan loan = source.borrow(name)) {
      double value = loan.tensor().getDouble(0);
      if (!Double.isFinite(value)) {
        throw new BadInputException(source.description() + ": " + name + " is " + value + ", expected a finite number");
      }
      return value;
    }
  }
}
