package org.conceptclip.batch;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * How one request is treated. Immutable.
 *
 * @param priority who goes first
 * @param timeout how long after its submission it is still wanted; when this ends before the device has begun, it fails with {@link
 *     DeadlineExceededException} and never reaches the device. Empty for no end
 * @param caller on whose behalf: callers of one priority share the device evenly by cost, however many requests each submits
 */
public record RequestOptions(Priority priority, Optional<Duration> timeout, String caller) {
  /** Normal priority, no timeout, the anonymous caller. */
  public static final RequestOptions DEFAULT = new RequestOptions(Priority.NORMAL, Optional.empty(), "");

  public RequestOptions {
    Objects.requireNonNull(priority, "priority");
    Objects.requireNonNull(caller, "caller");
    timeout.ifPresent(limit -> {
      if (limit.isNegative() || limit.isZero()) {
        throw new IllegalArgumentException("timeout is " + limit + ", expected more than 0");
      }
    });
  }

  /** These options with another priority. */
  public RequestOptions withPriority(Priority other) {
    return new RequestOptions(other, timeout, caller);
  }

  /** These options with a timeout. */
  public RequestOptions withTimeout(Duration limit) {
    return new RequestOptions(priority, Optional.of(limit), caller);
  }

  /** These options on behalf of another caller. */
  public RequestOptions withCaller(String other) {
    return new RequestOptions(priority, timeout, other);
  }
}
