package org.conceptclip.cli;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.xml.parsers.DocumentBuilderFactory;

/** What every report has to be. */
final class EvalPages {
  private EvalPages() {}

  /** Fails unless the page stands alone, is XML, and says these words and what every page has to. */
  static void check(Path file, String... words) throws Exception {
    String page = Files.readString(file);
    for (String word : words) {
      assertTrue(page.contains(word), word);
    }
    assertTrue(page.contains("For research. Not a medical device."), "notice");
    assertFalse(page.replace("http://www.w3.org/2000/svg", "").contains("http"), "an address");
    assertFalse(page.contains("<script") || page.contains("NaN") || page.contains("null"), "script, NaN or null");
    DocumentBuilderFactory.newInstance().newDocumentBuilder()
        .parse(new ByteArrayInputStream(page.getBytes(StandardCharsets.UTF_8)));
  }
}
