package org.conceptclip.bench.throughput;

import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.backend.Precision;
import org.conceptclip.batch.BatcherOptions;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.model.ModelConfig;
import org.conceptclip.tensor.BadInputException;

/**
 * What is measured: a model on a backend behind an engine.
 *
 * @param model folder, or a synthetic model's name
 * @param backend its name
 * @param request the backend's precision, threads and options; its notices are those of the workbench
 * @param batch images of a batch at most, 0 for what suits the backend
 * @param batching the engine's options
 */
public record Setup(
    String model,
    String backend,
    BackendRequest request,
    int batch,
    BatcherOptions batching) {
  /** What can be changed by {@link #with}, for people. */
  public static final String KEYS = "model, backend, precision, threads, batch, max-wait (20ms) or queue-batches";

  private static final Pattern DURATION = Pattern.compile("([0-9.]*[0-9])\\s*(us|ms|s)", Pattern.CASE_INSENSITIVE);

  public Setup withModel(String other) {
    return new Setup(other, backend, request, batch, batching);
  }

  Setup withBackend(String other) {
    return new Setup(model, other, request, batch, batching);
  }

  public Setup withPrecision(Precision other) {
    return with(request.withPrecision(other));
  }

  private Setup with(BackendRequest other) {
    return new Setup(model, backend, other, batch, batching);
  }

  public Setup withBatch(int other) {
    return new Setup(model, backend, request, other, batching);
  }

  /** The model's configuration. Its weights are not loaded. */
  public ModelConfig config() {
    try (OpenModel open = OpenModel.open(model)) {
      return open.config();
    }
  }

  /** Threads of the CPU backend. */
  public int usedThreads() {
    return request.threads() == 0 ? Runtime.getRuntime().availableProcessors() : request.threads();
  }

  /**
   * This setup with other options.
   *
   * @param changes {@code key=value}, separated by commas; keys are {@value #KEYS}
   * @throws BadInputException if one is none
   */
  public Setup with(String changes) {
    Setup changed = this;
    for (String change : changes.split(",")) {
      String[] pair = change.trim().split("=", 2);
      if (pair.length != 2 || pair[1].isBlank()) {
        throw new BadInputException("'" + change + "': expected key=value, keys are " + KEYS);
      }
      try {
        changed = changed.changed(pair[0].trim(), pair[1].trim());
      } catch (IllegalArgumentException e) {
        throw new BadInputException("'" + change + "': " + e.getMessage(), e);
      }
    }
    return changed;
  }

  private Setup changed(String key, String value) {
    return switch (key) {
      case "model" -> withModel(value);
      case "backend" -> withBackend(value);
      case "precision" -> withPrecision(Precision.parse(value));
      case "threads" -> with(request.withThreads(count(value)));
      case "batch" -> withBatch(count(value));
      case "max-wait" -> new Setup(model, backend, request, batch, new BatcherOptions(duration(value), batching.queueBatches()));
      case "queue-batches" ->
          new Setup(model, backend, request, batch, new BatcherOptions(batching.maxWait(), Double.parseDouble(value)));
      default -> throw new BadInputException("'" + key + "': no such option, expected " + KEYS);
    };
  }

  private static int count(String value) {
    int count = Integer.parseInt(value);
    if (count < 0) {
      throw new IllegalArgumentException("expected 0 or more");
    }
    return count;
  }

  /** A duration as people write it: {@code 250us}, {@code 2.5ms} or {@code 1s}. */
  public static Duration duration(String text) {
    Matcher parts = DURATION.matcher(text.trim());
    if (parts.matches()) {
      double nanos = Double.parseDouble(parts.group(1)) * switch (parts.group(2).toLowerCase(Locale.ROOT)) {
        case "us" -> 1e3;
        case "ms" -> 1e6;
        default -> 1e9;
      };
      if (nanos < 1e15) {
        return Duration.ofNanos((long) nanos);
      }
    }
    throw new IllegalArgumentException("'" + text + "' is no duration, expected one such as 250us, 2.5ms or 1s");
  }

  /** {@link #duration} the other way round. */
  static String text(Duration duration) {
    return duration.toNanos() / 1e6 + "ms";
  }
}
