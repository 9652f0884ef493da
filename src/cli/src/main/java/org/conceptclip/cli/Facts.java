package org.conceptclip.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.conceptclip.bench.Machine;
import org.conceptclip.util.CacheFolder;
import org.conceptclip.util.OneLine;

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

  /** Where files go, and how their names are decoded. */
  static Map<String, String> places() {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("cache", cache());
    Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
    facts.put("temporary files", temporary + (Files.isDirectory(temporary) ? state(temporary) : ", which is no folder; set TMPDIR"));
    facts.put("names of files", System.getProperty("sun.jnu.encoding") + "; other bytes are shown as \\xE9");
    return facts;
  }

  private static String cache() {
    try {
      Path cache = CacheFolder.location();
      Path there = cache;
      while (!Files.exists(there)) {
        there = there.getParent();
      }
      return cache + (Files.isDirectory(there) ? state(there) : ", which cannot be made: " + there + " is a file");
    } catch (IOException e) {
      return "none: " + OneLine.of(e.getMessage()) + "; " + CacheFolder.VARIABLE + " names one";
    }
  }

  private static String state(Path folder) {
    return Files.isWritable(folder) ? "" : ", which cannot be written";
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
