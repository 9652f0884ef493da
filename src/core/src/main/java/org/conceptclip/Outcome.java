package org.conceptclip;

import java.util.Objects;

/**
 * The outcome of one input of many: either a result or a failure. Immutable.
 *
 * @param <T> type of the inputs
 * @param <R> type of the results
 * @param input the input
 * @param resultOrNull its result; {@code null} after a failure
 * @param failureOrNull {@link org.conceptclip.tensor.BadInputException} for a bad input, or the exception of the device or the engine;
 *     {@code null} if there is a result
 */
public record Outcome<T, R>(T input, R resultOrNull, Throwable failureOrNull) {
  public Outcome {
    if ((resultOrNull == null) == (failureOrNull == null)) {
      throw new IllegalArgumentException("result " + resultOrNull + " and failure " + failureOrNull + ", expected exactly one of the two");
    }
  }

  static <T, R> Outcome<T, R> done(T input, R result) {
    return new Outcome<>(input, Objects.requireNonNull(result), null);
  }

  static <T, R> Outcome<T, R> failed(T input, Throwable failure) {
    return new Outcome<>(input, null, Objects.requireNonNull(failure));
  }

  /** Whether there is a result. */
  public boolean isDone() {
    return failureOrNull == null;
  }

  /** The result. Throws the failure, without a wrapper, if there is none. */
  public R orThrow() {
    if (failureOrNull != null) {
      throw Calls.unchecked(failureOrNull);
    }
    return resultOrNull;
  }
}
