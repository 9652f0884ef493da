package org.conceptclip.backend.cuda.driver.nvidia;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.conceptclip.util.CacheFolder;
import org.conceptclip.util.NativeFiles;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The folder that JavaCPP is given. */
class CudaBindingsTest {
  private static final String PROPERTY = "org.bytedeco.javacpp.cachedir";

  private final String trueHome = System.getProperty("user.home");
  private final String trueTemporary = System.getProperty("java.io.tmpdir");

  @TempDir Path folder;

  @BeforeEach
  void withoutAHome() {
    assumeTrue(System.getenv(CacheFolder.VARIABLE) == null && System.getenv("XDG_CACHE_HOME") == null, "the environment names a cache");
    System.setProperty("user.home", "?");
    System.setProperty("java.io.tmpdir", folder.toString());
  }

  @AfterEach
  void restore() {
    System.setProperty("user.home", trueHome);
    System.setProperty("java.io.tmpdir", trueTemporary);
    assertNull(System.getProperty(PROPERTY));
  }

  @Test
  void aTemporaryFolderLastsUntilTheLibrariesAreLoaded() throws IOException {
    try (NativeFiles files = CudaBindings.privateFolder(() -> assertTrue(System.getProperty(PROPERTY).startsWith(folder.toString())))) {
      assertTrue(Files.isDirectory(files.last()));
      Files.createFile(files.last().resolve("unpacked"));
    }
    assertEquals(List.of(), unpacked());
  }

  @Test
  void aFailureToLookAtItLeavesNothing() throws IOException {
    for (Throwable failure : List.of(new IOException("full"), new IllegalStateException("x"), new NoClassDefFoundError("Loader"))) {
      CudaBindings.Look look = () -> {
        Files.createFile(Path.of(System.getProperty(PROPERTY), "unpacked"));
        switch (failure) {
          case IOException e -> throw e;
          case RuntimeException e -> throw e;
          default -> throw (Error) failure;
        }
      };
      assertSame(failure, assertThrows(Throwable.class, () -> CudaBindings.privateFolder(look)));
      assertEquals(List.of(), unpacked());
      assertNull(System.getProperty(PROPERTY));
    }
  }

  /** All but the empty folder around, which goes when the process ends: JavaCPP may make its own in it again. */
  private List<Path> unpacked() throws IOException {
    try (var all = Files.walk(folder, 3)) {
      return all.filter(path -> folder.relativize(path).getNameCount() > 1).toList();
    }
  }
}
