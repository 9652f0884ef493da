package org.conceptclip.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.conceptclip.bench.Machine;

/** Facts about the machine and the JDK. */
final class Facts {
  private static final Path MEMORY_INFO = Path.of("/proc/meminfo");

  private Facts() {}

  static Map<String, String> machine() {
    Map<String, String> facts = new LinkedHashMap<>();
    Machine machine = Machine.current();
    facts.put("os", machine.os() + " " + System.getProperty("os.arch"));
    facts.put("cpu", machine.cpu());
    facts.put("cores", machine.cores() + " available to this process");
    facts.put("instruction sets", String.join(" ", machine.features()));
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
    return line(field)
        .map(value -> value.replaceAll("\\D", ""))
        .filter(digits -> !digits.isEmpty())
        .map(kibibytes -> String.format(java.util.Locale.ROOT, "%.1f GiB", Long.parseLong(kibibytes) / 1048576.0))
        .orElse("unknown");
  }

  /** Value of the first {@code name : value} line; empty where the system has no such file or field. */
  private static Optional<String> line(String name) {
    try {
      return Files.readAllLines(MEMORY_INFO).stream()
          .filter(line -> line.startsWith(name))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst();
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
