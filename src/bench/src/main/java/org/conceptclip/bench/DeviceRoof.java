package org.conceptclip.bench;

import java.util.Optional;

/**
 * What a GPU's data sheet promises.
 *
 * @param teraflops dense float16 multiply-adds with float32 sums, counted as two operations, 10^12 a second
 * @param gigabytes of device memory traffic, 10^9 a second
 */
public record DeviceRoof(double teraflops, double gigabytes) {

  /** By the name that the driver gives; empty for a device whose data sheet is not known here. */
  public static Optional<DeviceRoof> of(String device) {
    if (device.startsWith("NVIDIA H100 80GB HBM3")) {
      return Optional.of(new DeviceRoof(989, 3350));
    }
    if (device.startsWith("NVIDIA H200")) {
      return Optional.of(new DeviceRoof(989, 4800));
    }
    if (device.startsWith("NVIDIA A100-SXM4-80GB")) {
      return Optional.of(new DeviceRoof(312, 2039));
    }
    return Optional.empty();
  }
}
