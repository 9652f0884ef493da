package org.conceptclip.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * Where a figure was measured. Figures compare only between equal tuples.
 *
 * @param cpu model name, family and model number (a virtual machine may hide the name's rest)
 * @param cores logical processors that this JVM may use
 * @param features the instruction sets that matter here, of those that the processor has
 * @param os kernel name and version
 * @param jdk Java runtime version
 */
public record Machine(String cpu, int cores, List<String> features, String os, String jdk) {
  private static final List<String> FEATURES =
      List.of("avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile",
          "amx_bf16", "amx_int8", "avx_vnni");

  /** This machine. */
  public static Machine current() {
    return new Machine(
        cpu(cpuInfo()),
        Runtime.getRuntime().availableProcessors(),
        features(cpuInfo()),
        System.getProperty("os.name") + " " + System.getProperty("os.version"),
        System.getProperty("java.runtime.version"));
  }

  private static List<String> cpuInfo() {
    try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      return lines.takeWhile(line -> !line.isBlank()).toList();
    } catch (IOException e) {
      return List.of();
    }
  }

  static String cpu(List<String> cpuInfo) {
    return value(cpuInfo, "model name", System.getProperty("os.arch")) + ", family " + value(cpuInfo, "cpu family", "unknown")
        + ", model " + value(cpuInfo, "model", "unknown");
  }

  static List<String> features(List<String> cpuInfo) {
    List<String> flags = Arrays.asList(value(cpuInfo, "flags", "").split(" "));
    return FEATURES.stream().filter(flags::contains).toList();
  }

  private static String value(List<String> cpuInfo, String key, String missing) {
    return cpuInfo.stream()
        .map(line -> line.split(":", 2))
        .filter(pair -> pair.length == 2 && pair[0].trim().equals(key))
        .map(pair -> pair[1].trim())
        .findFirst()
        .orElse(missing);
  }
}
