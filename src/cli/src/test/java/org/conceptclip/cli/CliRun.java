package org.conceptclip.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;


/**
 * One run of the command line in this process.
 *
 * @param code exit code
 * @param out stdout
 * @param err stderr
 */
record CliRun(int code, String out, String err) {

  static CliRun of(Object... arguments) {
    return fed(new byte[0], arguments);
  }

  /** A run with these bytes on stdin. */
  static CliRun fed(byte[] in, Object... arguments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    CliRun run = into(new ByteArrayInputStream(in), out, arguments);
    return new CliRun(run.code(), out.toString(StandardCharsets.UTF_8), run.err());
  }

  /** A run that delivers its results to a stream of the test's; {@link #out} is empty. */
  static CliRun into(InputStream in, OutputStream out, Object... arguments) {
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Console console = new Console(in, Results.to(out), new PrintStream(err, true, StandardCharsets.UTF_8), false, false);
    String[] args = Stream.of(arguments).map(Object::toString).toArray(String[]::new);
    int code = CommandLineApp.run(args, console);
    return new CliRun(code, "", err.toString(StandardCharsets.UTF_8));
  }

  /** Arguments as one array. */
  static Object[] join(Object[] first, Object... more) {
    return Stream.concat(Stream.of(first), Stream.of(more)).toArray();
  }

  List<String> outLines() {
    return out.lines().toList();
  }

  /** Fails unless the run ended so. */
  CliRun ended(int expected) {
    assertEquals(expected, code, () -> "exit code; stderr:\n" + err + "stdout:\n" + out);
    return this;
  }

  /** Fails unless exactly one line of stderr holds these words, and no stack trace is shown. */
  CliRun said(String words) {
    assertEquals(1, err.lines().filter(line -> line.contains(words)).count(), () -> "lines with \"" + words + "\" on stderr:\n" + err);
    assertFalse(err.contains("\tat "), err);
    return this;
  }

  /** Fails unless exactly one line of stderr is a refusal with these words, and no stack trace is shown. */
  CliRun refused(String... words) {
    List<String> lines = err.lines()
        .filter(line -> !line.startsWith("conceptclip: no model was named") && !line.contains("; not cuda: ") && !line.contains("try: "))
        .toList();
    assertEquals(1, lines.size(), () -> "lines on stderr:\n" + err);
    for (String word : words) {
      assertTrue(lines.getFirst().contains(word), () -> "\"" + word + "\" in: " + lines.getFirst());
    }
    assertFalse(err.contains("\tat "), err);
    return this;
  }
}
