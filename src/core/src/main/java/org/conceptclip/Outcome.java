package org.conceptclip;

import java.util.Objects;

/**
 * What became of one input of many: a result, or why there is none. Exactly one of the two is there. Immutable.
 *
 * @param <T> type of the inputs
 * @param <R> type of the results
 * @param input as it was given
 * @param resultOrNull what was made of it
 * @param failureOrNull why nothing was: {@link org.conceptclip.tensor.BadInputException} for a broken file, else what the device or
 *     the engine threw
 */
public record Outcome<T, R>(T input, R resultOrNull, Throwable failureOrNull) {
  public Outcome {
    if ((resultOrNull == null) == (failureOrNull == null)) {
      throw new IllegalArgumentException("result " + resultOrNull + " and failure " + failureOrNull + ", expected one of the two");
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

  /** The result; throws the failure itself if there is none. */
  public R orThrow() {
    if (failureOrNull != null) {
      throw Calls.unchecked(failureOrNull);
    }
    return resultOrNull;
  }
}
