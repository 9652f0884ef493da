package org.conceptclip.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The bar is there, learns its total late, makes room for lines, and nobody suffers when it cannot be drawn. */
@Timeout(30)
class ProgressTest {
  @Test
  void aBarLearnsItsTotalAndMakesRoom() throws InterruptedException {
    ByteArrayOutputStream drawn = new ByteArrayOutputStream();
    assertEquals(List.of("message", "result"), run(drawn));
    String text = drawn.toString(StandardCharsets.UTF_8);
    assertTrue(text.contains("4/5"), text);
    assertTrue(text.contains("\r\u001b[K"), text);
  }

  @Test
  void aBarThatCannotBeDrawnDoesNotMatter() throws InterruptedException {
    assertEquals(List.of("message", "result"), run(new OutputStream() {
      @Override
      public void write(int one) throws IOException {
        throw new IOException("Bad file descriptor");
      }
    }));
  }

  private static List<String> run(OutputStream err) throws InterruptedException {
    Console console = new Console(InputStream.nullInputStream(), Results.to(OutputStream.nullOutputStream()),
        new PrintStream(err, true, StandardCharsets.UTF_8), true, false);
    List<String> ran = new ArrayList<>();
    try (Progress progress = new Progress(console, "task", Progress.UNKNOWN)) {
      Thread.sleep(1600);
      progress.advance(1);
      progress.total(5);
      progress.reach(4);
      progress.aside(() -> ran.add("message"));
      progress.asideOfResults(() -> ran.add("result"));
    }
    return ran;
  }
}
