package org.conceptclip;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.conceptclip.catalog.DemoFolder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The examples of Javadoc, README and guide run, and the guides show them as they are. */
@Timeout(120)
class LibraryExamplesTest {
  private static final Path XRAY = Path.of("examples/chest-xray-normal.png");
  private static final Path MRI = Path.of("examples/brain-mri-tumour.png");

  @TempDir private Path folder;

  @Test
  void aModelOfAFolder() throws IOException {
    double xray = LibraryExamples.open(DemoFolder.unpack(folder), XRAY);
    double mri = LibraryExamples.open(folder, MRI);
    assertTrue(xray > mri, "cosine with \"chest X-ray\" is " + xray + " for one, " + mri + " for an MRI");
  }

  @Test
  void theDemoModel() {
    assertEquals("chest X-ray", LibraryExamples.demo(XRAY));
    assertEquals("brain MRI", LibraryExamples.demo(MRI));
  }

  @Test
  void optionsOpen() throws IOException {
    MeterRegistry registry = new SimpleMeterRegistry();
    try (ConceptClip clip = ConceptClip.open(LibraryExamples.options(DemoFolder.unpack(folder), registry))) {
      assertEquals(clip.dimension(), clip.embedImage(XRAY).length);
      assertNotNull(registry.find("conceptclip.replicas").gauge());
    }
  }

  @Test
  void classifierStreamAndServer() throws IOException {
    Path broken = Files.writeString(folder.resolve("broken.png"), "no image");
    Files.copy(XRAY, folder.resolve("sound.png"));
    try (ConceptClip clip = ConceptClip.open()) {
      assertEquals(List.of("chest X-ray", "brain MRI"), LibraryExamples.classifier(clip, List.of(XRAY, MRI)));

      List<String> failures = LibraryExamples.stream(clip, folder);
      assertEquals(1, failures.size());
      assertTrue(failures.getFirst().startsWith(broken + ": "), failures.getFirst());

      assertEquals(200, LibraryExamples.submit(clip, Files.readAllBytes(XRAY), "ada").join());
      assertEquals(422, LibraryExamples.submit(clip, "no image".getBytes(StandardCharsets.UTF_8), "ada").join());
    }
    try (ConceptClip clip = ConceptClip.open(LibraryExamples.uploads())) {
      assertEquals(List.of("chest X-ray"), LibraryExamples.classifier(clip, List.of(XRAY)));
    }
  }

  /** A fenced block in a guide that begins with the first line of a region is that region. */
  @Test
  void guidesShowTheExamplesAsTheyAre() throws IOException {
    int shown = 0;
    for (String guide : List.of("README.md", "docs/embedding.md")) {
      for (String block : blocks(Files.readString(Path.of(guide)))) {
        assertTrue(regions().contains(block), guide + " shows what is no example of the tests:\n" + block);
        shown++;
      }
    }
    assertFalse(shown < 3, "only " + shown + " examples were found in the guides");
  }

  private static List<String> blocks(String guide) {
    List<String> blocks = new ArrayList<>();
    Matcher fences = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL).matcher(guide);
    while (fences.find()) {
      blocks.add(fences.group(1).stripIndent().strip());
    }
    return blocks;
  }

  private static List<String> regions() throws IOException {
    String source = Files.readString(Path.of("src/core/src/test/java/org/conceptclip/LibraryExamples.java"));
    List<String> regions = new ArrayList<>();
    Matcher marks = Pattern.compile("// @start region=\"\\w+\"\n(.*?)\n +// @end", Pattern.DOTALL).matcher(source);
    while (marks.find()) {
      regions.add(marks.group(1).stripIndent().strip());
    }
    return regions;
  }
}
