package org.conceptclip.bench;

import java.util.Optional;

/**
 * The rates that a machine reaches at most: what the rates of ops are compared with.
 *
 * @param gflops multiply-adds of the precision in question, counted as two operations, 10^9 per second
 * @param gigabytes of memory traffic, 10^9 per second; infinite where it is not known
 */
public record Roof(double gflops, double gigabytes) {

  /**
   * A GPU's data sheet: dense float16 products with float32 sums, and device memory.
   *
   * @param device by the name that the driver gives; empty for a device whose data sheet is not known here
   */
  public static Optional<Roof> ofDevice(String device) {
    if (device.startsWith("NVIDIA H100 80GB HBM3")) {
      return Optional.of(new Roof(989e3, 3350));
    }
    if (device.startsWith("NVIDIA H200")) {
      return Optional.of(new Roof(989e3, 4800));
    }
    if (device.startsWith("NVIDIA A100-SXM4-80GB")) {
      return Optional.of(new Roof(312e3, 2039));
    }
    return Optional.empty();
  }
}
