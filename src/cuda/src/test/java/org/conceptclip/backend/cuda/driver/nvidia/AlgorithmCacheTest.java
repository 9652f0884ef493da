package org.conceptclip.backend.cuda.driver.nvidia;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.conceptclip.backend.cuda.driver.MatmulCall.Shape;
import org.conceptclip.util.CacheFolder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Chosen algorithms survive a start, and nothing that is not ours is believed. */
class AlgorithmCacheTest {
  private static final String OWNER = "GPU\u00ae One sm_90 cublasLt 130201 driver 13000";
  private static final Shape FIRST = new Shape(768, 2304, true, false, false);
  private static final Shape SECOND = new Shape(768, 2304, false, true, true);
  private static final long[] NUMBERS = {1, -1, 0, Long.MIN_VALUE, Long.MAX_VALUE, 6, 7, 8};

  private final List<String> notices = new ArrayList<>();
  @TempDir Path folder;

  private AlgorithmCache open(String owner) {
    return new AlgorithmCache(Optional.of(folder.resolve("new")), owner, notices::add);
  }

  private Path file() throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve("new"))) {
      List<Path> all = files.toList();
      assertEquals(1, all.size(), all.toString());
      return all.getFirst();
    }
  }

  @Test
  void algorithmsComeBackByShape() {
    AlgorithmCache cache = open(OWNER);
    assertEquals(Optional.empty(), cache.get(FIRST));
    cache.put(FIRST, NUMBERS);
    long[] other = new long[8];
    cache.put(SECOND, other);
    AlgorithmCache later = open(OWNER);
    assertArrayEquals(NUMBERS, later.get(FIRST).orElseThrow());
    assertArrayEquals(other, later.get(SECOND).orElseThrow());
    assertEquals(Optional.empty(), later.get(new Shape(768, 2304, false, false, false)));
    assertEquals(List.of(), notices);
  }

  @Test
  void theFolderIsInTheCacheOfEverythingElseAndAUserWithoutOneIsTold() throws IOException {
    assumeTrue(System.getenv(CacheFolder.VARIABLE) == null && System.getenv("XDG_CACHE_HOME") == null, "the environment names a cache");
    String home = System.getProperty("user.home");
    try {
      System.setProperty("user.home", folder.toString());
      assertEquals(Optional.of(CacheFolder.location().resolve("cublaslt")), AlgorithmCache.userFolder(notices::add));
      assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(CacheFolder.location().resolve("cublaslt"))));
      assertEquals(List.of(), notices);
      System.setProperty("user.home", "?");
      assertEquals(Optional.empty(), AlgorithmCache.userFolder(notices::add));
      assertEquals(1, notices.size());
      assertTrue(notices.getFirst().contains("no home") && notices.getFirst().contains("set CONCEPTCLIP_CACHE"), notices.toString());
    } finally {
      System.setProperty("user.home", home);
    }
  }

  @Test
  void withoutAFolderAlgorithmsLastAsLongAsTheProcess() {
    AlgorithmCache cache = new AlgorithmCache(Optional.empty(), OWNER, notices::add);
    assertEquals(Optional.empty(), cache.get(FIRST));
    cache.put(FIRST, NUMBERS);
    assertArrayEquals(NUMBERS, cache.get(FIRST).orElseThrow());
    assertEquals(List.of(), notices);
  }

  @Test
  void whatAKilledProcessLeftIsDeleted() throws IOException {
    open(OWNER).put(FIRST, NUMBERS);
    Files.createFile(file().resolveSibling("passing-1000000000000-" + UUID.randomUUID() + ".part"));
    open(OWNER).put(SECOND, NUMBERS);
    assertArrayEquals(NUMBERS, open(OWNER).get(SECOND).orElseThrow());
    assertTrue(file().getFileName().toString().endsWith(".txt"));
  }

  @Test
  void otherOwnersHaveOtherFiles() {
    open(OWNER).put(FIRST, NUMBERS);
    assertEquals(Optional.empty(), open(OWNER.replace("130201", "130300")).get(FIRST));
    assertEquals(List.of(), notices);
  }

  @ParameterizedTest
  @CsvSource({
    "algorithms 1, algorithms 2, expected",
    "768 2304 1, 768 2304 0, checksum",
    "ffffffffffffffff, fffffffffffffffe, checksum",
    "sm_90, sm_80, checksum",
  })
  void aChangedFileIsIgnoredWithANote(String what, String instead, String reason) throws IOException {
    open(OWNER).put(FIRST, NUMBERS);
    String content = Files.readString(file());
    assertTrue(content.contains(what), content);
    Files.writeString(file(), content.replace(what, instead));
    assertIgnored(reason);
  }

  @Test
  void aTruncatedFileIsIgnoredWithANote() throws IOException {
    open(OWNER).put(FIRST, NUMBERS);
    byte[] content = Files.readAllBytes(file());
    for (int length = 0; length < content.length - 1; length++) {
      Files.write(file(), Arrays.copyOf(content, length));
      notices.clear();
      assertIgnored("");
    }
  }

  @Test
  void aFileOfAnotherOwnerIsIgnoredWithANote() throws IOException {
    open("GPU One").put(FIRST, NUMBERS);
    Path theirs = file();
    open("GPU-One").put(SECOND, NUMBERS);
    // Both names make the same file name.
    assertEquals(theirs, file());
    assertEquals(1, notices.size(), notices.toString());
    assertTrue(notices.getFirst().contains("belongs to GPU One, not to GPU-One"), notices.toString());
  }

  @Test
  void aFolderThatCannotBeWrittenIsToldAndTheChoiceStands() throws IOException {
    Files.writeString(folder.resolve("new"), "a file where the folder should be");
    AlgorithmCache cache = open(OWNER);
    cache.put(FIRST, NUMBERS);
    assertArrayEquals(NUMBERS, cache.get(FIRST).orElseThrow());
    assertEquals(1, notices.size(), notices.toString());
    assertTrue(notices.getFirst().startsWith("cannot store cuBLASLt's algorithms in "), notices.toString());
  }

  private void assertIgnored(String reason) {
    assertEquals(Optional.empty(), open(OWNER).get(FIRST));
    assertEquals(1, notices.size(), notices.toString());
    assertTrue(notices.getFirst().startsWith("ignoring the cuBLASLt algorithms in ") && notices.getFirst().contains(reason),
        notices.toString());
  }
}
