package org.conceptclip.backend;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * What a caller wants of a backend. Immutable; the {@code with} methods return changed copies.
 *
 * @param precision what to compute in; empty for the backend's own default, which gives the same results on every machine
 * @param threads worker threads, 0 for one per core
 * @param device which of several devices, counted from 0
 * @param checkRange whether to record the largest values of the residual stream, see {@link Backend#residualRanges}
 * @param options settings that only some backends have, by name; each provider lists its own in {@link BackendProvider#options}
 * @param notices receives one line for each event that users should know of and that is not a failure
 */
public record BackendRequest(
    Optional<Precision> precision,
    int threads,
    int device,
    boolean checkRange,
    Map<String, String> options,
    Consumer<String> notices) {
  /** The first device, the backend's own precision, a thread per core, no notices. */
  public static final BackendRequest DEFAULT = new BackendRequest(Optional.empty(), 0, 0, false, Map.of(), notice -> {});

  public BackendRequest {
    options = Map.copyOf(options);
  }

  public BackendRequest withPrecision(Precision value) {
    return withPrecision(Optional.of(value));
  }

  public BackendRequest withPrecision(Optional<Precision> value) {
    return new BackendRequest(value, threads, device, checkRange, options, notices);
  }

  public BackendRequest withThreads(int value) {
    return new BackendRequest(precision, value, device, checkRange, options, notices);
  }

  public BackendRequest withDevice(int value) {
    return new BackendRequest(precision, threads, value, checkRange, options, notices);
  }

  public BackendRequest withCheckRange(boolean value) {
    return new BackendRequest(precision, threads, device, value, options, notices);
  }

  public BackendRequest withOptions(Map<String, String> values) {
    return new BackendRequest(precision, threads, device, checkRange, values, notices);
  }

  public BackendRequest withOption(String name, String value) {
    Map<String, String> changed = new TreeMap<>(options);
    changed.put(name, value);
    return withOptions(changed);
  }

  public BackendRequest withNotices(Consumer<String> value) {
    return new BackendRequest(precision, threads, device, checkRange, options, value);
  }

  /** Rejects a device other than the first, for a backend that computes on the host. */
  public void requireFirstDevice(String backend) {
    if (device != 0) {
      throw new UnsupportedRequestException("device " + device + ": the " + backend + " backend has one device, expected 0");
    }
  }

  /** Rejects {@link #checkRange}, for a backend whose types no activation can overflow. */
  public void refuseCheckRange(String backend) {
    if (checkRange) {
      throw new UnsupportedRequestException("check-range: the " + backend + " backend computes in types that no activation can overflow;"
          + " expected a backend that computes in fp16");
    }
  }
}
