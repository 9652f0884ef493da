package org.conceptclip.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.conceptclip.tensor.BadInputException;
import picocli.CommandLine.Option;

/** Where a benchmark's results go. */
final class BenchOutput {
  @Option(names = "--out", paramLabel = "FILE", description = "append results to this file, one JSON object a line")
  private Path out;

  @Option(names = "--json", description = "results as JSON lines instead of a table")
  private boolean json;

  /** Appends the rows to the file, and prints them. At once: what a long run has measured must not be lost with the rest of it. */
  void report(Console console, List<Object> rows, BenchTables.Table table) {
    Gson gson = new GsonBuilder().disableHtmlEscaping().create();
    List<String> lines = rows.stream().map(gson::toJson).toList();
    if (out != null) {
      try {
        Files.createDirectories(out.toAbsolutePath().getParent());
        Files.write(out, lines, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      } catch (IOException e) {
        throw new BadInputException("--out " + out + ": cannot be written: " + e.getMessage(), e);
      }
    }
    (json ? lines : table.lines(rows)).forEach(console.out()::println);
    console.out().flush();
  }
}
