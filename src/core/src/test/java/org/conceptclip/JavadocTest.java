package org.conceptclip;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.spi.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The public packages' documentation is made by the JDK's own tool without a complaint, with the examples of the tests in it. */
@Timeout(300)
class JavadocTest {
  @TempDir private Path out;

  @Test
  void referencesResolveAndExamplesAreShown() throws IOException {
    assertEquals("", javadoc("src/core/src/test/java"));
    String page = Files.readString(out.resolve("org/conceptclip/ConceptClip.html"));
    assertTrue(page.contains("clip.embedText("), "the example is not on the page of ConceptClip");
  }

  @Test
  void anExampleThatIsNotThereIsSeen() {
    String complaints = javadoc("src/core/src/main/java");
    assertTrue(complaints.contains("LibraryExamples.java"), complaints);
  }

  private String javadoc(String examples) {
    StringWriter said = new StringWriter();
    PrintWriter writer = new PrintWriter(said);
    int status = ToolProvider.findFirst("javadoc").orElseThrow().run(writer, writer, List.of(
        "-quiet",
        "-Xdoclint:all,-missing",
        "-Werror",
        "-d", out.toString(),
        "-sourcepath", "src/core/src/main/java",
        "-classpath", System.getProperty("java.class.path"),
        "--snippet-path", examples,
        "org.conceptclip",
        "org.conceptclip.batch",
        "org.conceptclip.metrics",
        "org.conceptclip.task").toArray(String[]::new));
    return status == 0 ? said.toString() : "javadoc ended with " + status + ":\n" + said;
  }
}
