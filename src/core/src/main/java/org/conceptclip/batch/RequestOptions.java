package org.conceptclip.batch;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * Priority, timeout and caller of a request. Immutable.
 *
 * @param priority requests of a higher priority are computed first
 * @param timeout time from the submission, after which the result is no longer wanted. If it ends before a device has started the
 *     request, the request fails with {@link DeadlineExceededException} and is not computed. Empty for no timeout
 * @param caller name of the user or client. Callers of one priority share the device evenly by cost, however many requests each submits
 */
public record RequestOptions(Priority priority, Optional<Duration> timeout, String caller) {
  /** Normal priority, no timeout, and the empty string as the caller. */
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
