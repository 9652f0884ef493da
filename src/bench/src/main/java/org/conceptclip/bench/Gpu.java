package org.conceptclip.bench;

import java.util.Locale;
import java.util.Optional;

/**
 * A GPU at one moment, as {@code nvidia-smi} reports it. Figures compare only where name, driver and power limit are the same, and
 * clocks say whether it was throttled. What a device does not report ("[N/A]") is {@code null}.
 *
 * @param name of the device
 * @param driver version
 * @param smClockMhz of the multiprocessors now
 * @param maxSmClockMhz that they can reach
 * @param memoryClockMhz of the memory now
 * @param powerLimitWatts that the board may draw
 * @param celsius temperature now
 */
public record Gpu(
    String name,
    String driver,
    Double smClockMhz,
    Double maxSmClockMhz,
    Double memoryClockMhz,
    Double powerLimitWatts,
    Double celsius) {
  private static final String FIELDS =
      "name,driver_version,clocks.sm,clocks.max.sm,clocks.mem,power.limit,temperature.gpu";

  /** The first GPU; empty where there is none, or no nvidia-smi that answers. */
  public static Optional<Gpu> current() {
    return Programs.output("nvidia-smi", "--query-gpu=" + FIELDS, "--format=csv,noheader,nounits", "--id=0").map(Gpu::parse);
  }

  /** What stays the same from one reading to the next: name, driver, and what limits its clocks. */
  public String board() {
    return name + ", driver " + driver + (maxSmClockMhz == null ? "" : ", SM clock at most " + whole(maxSmClockMhz) + " MHz")
        + (powerLimitWatts == null ? "" : ", power limit " + whole(powerLimitWatts) + " W");
  }

  private static String whole(double value) {
    return String.format(Locale.ROOT, "%.0f", value);
  }

  static Gpu parse(String line) {
    String[] values = line.strip().split("\\s*,\\s*");
    if (values.length != FIELDS.split(",").length) {
      throw new ContestantFailedException("nvidia-smi answered '" + line.strip() + "', expected the values of " + FIELDS);
    }
    return new Gpu(
        values[0], values[1], number(values[2]), number(values[3]), number(values[4]), number(values[5]), number(values[6]));
  }

  private static Double number(String value) {
    return value.startsWith("[") ? null : Double.valueOf(value);
  }
}
