package org.conceptclip.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** What this process runs on, as the system tells it. */
final class Machine {
  private static final Path CPU_INFO = Path.of("/proc/cpuinfo");
  private static final Path MEMORY_INFO = Path.of("/proc/meminfo");

  /** Instruction sets that matter to the speed of matrix products, as Linux calls them. */
  private static final List<String> INSTRUCTION_SETS = List.of(
      "avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile",
      "amx_bf16", "amx_int8", "avx_vnni");

  private Machine() {}

  static Map<String, String> describe() {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("os", System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
        + System.getProperty("os.arch"));
    facts.put("cpu", field(CPU_INFO, "model name").orElse("unknown"));
    facts.put("cores", Runtime.getRuntime().availableProcessors() + " available to this process");
    Set<String> flags = Set.of(field(CPU_INFO, "flags").orElse("").split("\\s+"));
    facts.put("instruction sets", INSTRUCTION_SETS.stream().filter(flags::contains).collect(Collectors.joining(" ")));
    facts.put("memory", memory("MemTotal") + ", " + memory("MemAvailable") + " available");
    return facts;
  }

  static Map<String, String> jdk() {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("version", System.getProperty("java.runtime.version") + " (" + System.getProperty("java.vendor") + ")");
    facts.put("home", System.getProperty("java.home"));
    facts.put("max heap", Runtime.getRuntime().maxMemory() / (1 << 20) + " MiB");
    return facts;
  }

  private static String memory(String field) {
    return field(MEMORY_INFO, field)
        .map(value -> value.replaceAll("\\D", ""))
        .filter(digits -> !digits.isEmpty())
        .map(kibibytes -> String.format(java.util.Locale.ROOT, "%.1f GiB", Long.parseLong(kibibytes) / 1048576.0))
        .orElse("unknown");
  }

  /** Value of the first {@code name : value} line; empty where the system has no such file or field. */
  private static Optional<String> field(Path file, String name) {
    try {
      return Files.readAllLines(file).stream()
          .filter(line -> line.startsWith(name))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst();
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
