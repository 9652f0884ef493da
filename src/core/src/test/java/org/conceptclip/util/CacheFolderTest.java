package org.conceptclip.util;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Where caches lie. {@code NativePlacesTest} has what is done about folders of others. */
class CacheFolderTest {
  @Test
  void theVariableComesBeforeXdgAndXdgBeforeHome() throws IOException {
    assertEquals("/h/.cache/conceptclip", at(Map.of(), "/h"));
    assertEquals("/h/.cache/conceptclip", at(Map.of("XDG_CACHE_HOME", "", "CONCEPTCLIP_CACHE", ""), "/h"));
    assertEquals("/x/conceptclip", at(Map.of("XDG_CACHE_HOME", "/x"), "?"));
    assertEquals("/h/.cache/conceptclip", at(Map.of("XDG_CACHE_HOME", "x"), "/h"), "a relative path is ignored, as the standard says");
    assertEquals("/c c\n", at(Map.of("XDG_CACHE_HOME", "/x", "CONCEPTCLIP_CACHE", "/c c\n"), "/h"));
    assertEquals(Path.of("c").toAbsolutePath().toString(), at(Map.of("CONCEPTCLIP_CACHE", "c"), "?"), "relative to the working directory");
  }

  @Test
  void aUserWithoutAPlaceIsToldSoInOneLine() {
    for (String home : new String[] {"?", "", "home", "/j\uFFFDrg", "/a\0b"}) {
      String problem = assertThrows(IOException.class, () -> at(Map.of(), home)).getMessage();
      assertEquals(1, problem.lines().count(), problem);
      assertTrue(problem.contains("user.home"), problem);
    }
    String problem = assertThrows(IOException.class, () -> at(Map.of("CONCEPTCLIP_CACHE", "/j\uFFFDrg"), "/h")).getMessage();
    assertTrue(problem.contains("CONCEPTCLIP_CACHE") && problem.endsWith("set LC_ALL=C.UTF-8"), problem);
  }

  private static String at(Map<String, String> environment, String home) throws IOException {
    return CacheFolder.location(environment, home).toString();
  }
}
