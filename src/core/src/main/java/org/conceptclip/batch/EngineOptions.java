package org.conceptclip.batch;

import java.util.List;
import java.util.Objects;
import org.conceptclip.image.DecodeLimits;

/**
 * How an engine works. The defaults need no tuning. Immutable.
 *
 * <pre>{@code
 * EngineOptions options = EngineOptions.builder().batchImages(32).warmUp(false).build();
 * }</pre>
 *
 * @param batching how latency is traded for full batches, and how much may wait
 * @param batchImages of a batch at most; 0 for what suits the replicas' backends
 * @param batchTokens of a batch of texts at most, as a budget: a longer text goes alone; 0 for what suits the replicas' backends
 * @param decodeThreads that decode images; 0 for one a core
 * @param decodeLimits what decoders accept
 * @param warmUp whether {@link Engine#open} runs every batch size once before it returns
 * @param listeners told what the engine does
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

  /** A builder that begins with the defaults. */
  public static Builder builder() {
    return new Builder();
  }

  /** These options, to be changed. */
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

  /** Collects options. Not thread-safe. */
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
