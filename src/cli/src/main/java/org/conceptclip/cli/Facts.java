package org.conceptclip.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
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

  /** The field in GiB; {@code unknown} where the system has no such file or field. */
  private static String memory(String field) {
    try {
      return Files.readAllLines(MEMORY_INFO).stream()
          .filter(line -> line.startsWith(field))
          .map(line -> line.replaceAll("\\D", ""))
          .filter(kibibytes -> !kibibytes.isEmpty())
          .map(kibibytes -> String.format(Locale.ROOT, "%.1f GiB", Long.parseLong(kibibytes) / 1048576.0))
          .findFirst()
          .orElse("unknown");
    } catch (IOException e) {
      return "unknown";
    }
  }
}
