package org.conceptclip.cli;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.conceptclip.batch.BatcherOptions;
import org.conceptclip.batch.EngineOptions;
import org.conceptclip.image.DecodeLimits;
import org.conceptclip.image.DecodeMemory;
import picocli.CommandLine.Option;

/** Options of commands that decode images. */
final class ImageOptions {
  private static final Pattern SIZE = Pattern.compile("([0-9]{1,18})([kmgt]?)");

  @Option(
      names = "--max-pixels",
      paramLabel = "N",
      defaultValue = "178956970",
      description = "reject images with more pixels before they are decoded (default: ${DEFAULT-VALUE})")
  private long maxPixels;

  @Option(
      names = "--decode-seconds",
      paramLabel = "S",
      defaultValue = "60",
      description = "give up an image whose decoding takes longer (default: ${DEFAULT-VALUE})")
  private BigDecimal seconds;

  @Option(
      names = "--decode-memory",
      paramLabel = "SIZE",
      description = "memory for decoding in all, for example 512m or 4g, half of it heap; images that do not fit now wait, and larger ones"
          + " are rejected (default: half of the heap, and a quarter of what the heap leaves of the machine's memory)")
  private String memory;

  /**
   * The engine of a command that ends with its images: a warm-up, and waiting for further requests of a batch, would cost it more time than
   * they save.
   */
  EngineOptions engine() {
    return EngineOptions.builder()
        .decodeLimits(limits())
        .warmUp(false)
        .batching(new BatcherOptions(Duration.ZERO, BatcherOptions.DEFAULT.queueBatches()))
        .build();
  }

  DecodeLimits limits() {
    DecodeLimits limits = DecodeLimits.DEFAULT;
    try {
      limits = limits.withMaxPixels(maxPixels);
    } catch (IllegalArgumentException e) {
      throw new UsageException("--max-pixels " + maxPixels + ": " + e.getMessage());
    }
    if (seconds.signum() <= 0) {
      throw new UsageException("--decode-seconds " + seconds + ": expected more than 0");
    }
    limits = limits.withTimeLimit(duration());
    if (memory == null) {
      return limits;
    }
    try {
      return limits.withMemory(DecodeMemory.ofBytes(bytes()));
    } catch (IllegalArgumentException e) {
      throw new UsageException("--decode-memory " + memory + ": " + e.getMessage());
    }
  }

  /** At least a nanosecond, at most 292 years. */
  private Duration duration() {
    BigInteger nanos = seconds.movePointRight(9).toBigInteger();
    return Duration.ofNanos(nanos.max(BigInteger.ONE).min(BigInteger.valueOf(Long.MAX_VALUE)).longValueExact());
  }

  private long bytes() {
    Matcher size = SIZE.matcher(memory.toLowerCase(Locale.ROOT));
    if (!size.matches()) {
      throw new UsageException("--decode-memory " + memory + ": expected a number of bytes, or one with k, m, g or t");
    }
    int shift = 10 * ("kmgt".indexOf(size.group(2)) + 1);
    BigInteger bytes = new BigInteger(size.group(1)).shiftLeft(size.group(2).isEmpty() ? 0 : shift);
    return bytes.min(BigInteger.valueOf(Long.MAX_VALUE)).longValueExact();
  }
}
