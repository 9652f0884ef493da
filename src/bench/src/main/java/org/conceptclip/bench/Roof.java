package org.conceptclip.bench;

import java.util.Map;
import java.util.Optional;

/**
 * The highest rates that a machine reaches, which the rates of ops are compared with.
 *
 * @param gflops multiply-adds of the precision in question, counted as two operations, 10^9 per second
 * @param gigabytes of memory traffic, 10^9 per second; infinite where it is not known
 */
public record Roof(double gflops, double gigabytes) {
  private static final Map<String, Roof> DEVICES = Map.of(
      "NVIDIA H100 80GB HBM3", new Roof(989e3, 3350),
      "NVIDIA H200", new Roof(989e3, 4800),
      "NVIDIA A100-SXM4-80GB", new Roof(312e3, 2039));

  /**
   * A GPU's data sheet: dense float16 products with float32 sums, and device memory.
   *
   * @param device by the name that the driver gives; empty for a device whose data sheet is not known here
   */
  public static Optional<Roof> ofDevice(String device) {
    return DEVICES.entrySet().stream().filter(known -> device.startsWith(known.getKey())).map(Map.Entry::getValue).findFirst();
  }
}
