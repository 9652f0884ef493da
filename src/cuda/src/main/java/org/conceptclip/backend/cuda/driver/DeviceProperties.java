package org.conceptclip.backend.cuda.driver;

/**
 * A device.
 *
 * @param name for people
 * @param major of the compute capability: 9 for sm_90
 * @param minor of the compute capability
 * @param multiprocessors streaming multiprocessors
 * @param memoryBytes in all
 * @param driverVersion as CUDA counts: 13000 for 13.0
 */
public record DeviceProperties(
    String name, int major, int minor, int multiprocessors, long memoryBytes, int driverVersion) {
  /** Compute capability as one number: 90 for sm_90. */
  public int capability() {
    return 10 * major + minor;
  }

  /** One line for reports. */
  public String describe() {
    return name + ", compute capability " + major + "." + minor + ", " + multiprocessors + " multiprocessors, "
        + (memoryBytes >> 20) + " MiB";
  }
}
