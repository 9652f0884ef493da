package org.conceptclip.bench;

import java.util.Map;

/**
 * One contestant in one workload: a line of a results file.
 *
 * @param date ISO 8601, UTC
 * @param commit of the measured sources; "+" at its end when the tree had changes
 * @param machine where
 * @param gpu that computed, as it was right after the last round; {@code null} when the CPU computed, or an emulated device
 * @param threads given to every contestant; {@code null} when a GPU computed
 * @param workload label
 * @param contestant name
 * @param precision what it computed in
 * @param version library and version, or the backend's description
 * @param unit of the figures: {@code images/s} or {@code texts/s}
 * @param median items a second at the median time
 * @param low items a second at the upper quartile of the times
 * @param high items a second at the lower quartile of the times
 * @param rounds measured runs
 * @param ratios speed of our first contestant over each other one's, by medians; only in its row
 * @param failure why there are no figures; {@code null} when there are
 */
public record BenchRow(
    String date,
    String commit,
    Machine machine,
    Gpu gpu,
    Integer threads,
    String workload,
    String contestant,
    String precision,
    String version,
    String unit,
    Double median,
    Double low,
    Double high,
    int rounds,
    Map<String, Double> ratios,
    String failure) {}
