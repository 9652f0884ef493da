package org.conceptclip.batch;

import java.util.List;
import java.util.Objects;
import org.conceptclip.image.DecodeLimits;

/**
 * Options of an engine. The defaults suit most programs. Immutable.
 *
 * <pre>{@code
 * EngineOptions options = EngineOptions.builder().batchImages(32).warmUp(false).build();
 * }</pre>
 *
 * @param batching how long requests wait for a fuller batch, and how many may wait
 * @param batchImages most images in a batch; 0 for the replicas' own limit
 * @param batchTokens most tokens in a batch of texts; a longer text forms a batch by itself; 0 for the replicas' own limit
 * @param decodeThreads threads that decode images, besides a quarter as many, at least one, for large images; 0 for one per core
 * @param decodeLimits limits on image files
 * @param warmUp whether {@link Engine#open} runs every batch size once before it returns
 * @param listeners receive the events of the engine
 */
public record EngineOptions(
    BatcherOptions batching,
    int batchImages,
    int batchTokens,
    int decodeThreads,
    DecodeLimits decodeLimits,
    boolean warmUp,
    List<BatchListener<WorkKind>> listeners) {
  /** All defaults. */
  public static final EngineOptions DEFAULT = builder().build();

  public EngineOptions {
    Objects.requireNonNull(batching, "batching");
    Objects.requireNonNull(decodeLimits, "decodeLimits");
    listeners = List.copyOf(listeners);
    if (batchImages < 0 || batchTokens < 0 || decodeThreads < 0) {
      throw new IllegalArgumentException("batches of " + batchImages + " images and " + batchTokens + " tokens, " + decodeThreads
          + " decoding threads: expected 0 for the default, or more");
    }
  }

  /** A builder that starts with the defaults. */
  public static Builder builder() {
    return new Builder();
  }

  /** A builder that starts with these options. */
  public Builder toBuilder() {
    Builder builder = new Builder();
    builder.batching = batching;
    builder.batchImages = batchImages;
    builder.batchTokens = batchTokens;
    builder.decodeThreads = decodeThreads;
    builder.decodeLimits = decodeLimits;
    builder.warmUp = warmUp;
    builder.listeners = listeners;
    return builder;
  }

  /** Collects options. A method without a comment sets the component of its name in {@link EngineOptions}. Not thread-safe. */
  public static final class Builder {
    private BatcherOptions batching = BatcherOptions.DEFAULT;
    private int batchImages;
    private int batchTokens;
    private int decodeThreads;
    private DecodeLimits decodeLimits = DecodeLimits.DEFAULT;
    private boolean warmUp = true;
    private List<BatchListener<WorkKind>> listeners = List.of();

    private Builder() {}

    public Builder batching(BatcherOptions value) {
      batching = value;
      return this;
    }

    public Builder batchImages(int value) {
      batchImages = value;
      return this;
    }

    public Builder batchTokens(int value) {
      batchTokens = value;
      return this;
    }

    public Builder decodeThreads(int value) {
      decodeThreads = value;
      return this;
    }

    public Builder decodeLimits(DecodeLimits value) {
      decodeLimits = value;
      return this;
    }

    public Builder warmUp(boolean value) {
      warmUp = value;
      return this;
    }

    /** Replaces the listeners. */
    public Builder listeners(List<BatchListener<WorkKind>> value) {
      listeners = List.copyOf(value);
      return this;
    }

    public EngineOptions build() {
      return new EngineOptions(batching, batchImages, batchTokens, decodeThreads, decodeLimits, warmUp, listeners);
    }
  }
}
