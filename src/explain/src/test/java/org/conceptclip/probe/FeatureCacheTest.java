package org.conceptclip.probe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.conceptclip.util.Sha256;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is kept, and what crashes, other models and other processes may do to it. */
class FeatureCacheTest {
  private static final FeatureSource SOURCE = new FeatureSource("ab12", "demo", "squash");

  @TempDir Path folder;

  private final List<String> notices = new ArrayList<>();

  private FeatureCache open() {
    return FeatureCache.open(folder, SOURCE, "cpu, fp32", 3, notices::add);
  }

  @Test
  void vectorsAreFoundByLaterRuns() {
    try (FeatureCache cache = open()) {
      assertNull(cache.getOrNull(hash(1)));
      cache.put(hash(1), vector(1));
      cache.put(hash(2), vector(2));
      assertArrayEquals(vector(1), cache.getOrNull(hash(1)));
    }
    try (FeatureCache cache = open()) {
      assertEquals(2, cache.size());
      assertArrayEquals(vector(2), cache.getOrNull(hash(2)));
      assertNull(cache.getOrNull(hash(3)));
      assertEquals(1, cache.hits());
    }
    assertEquals(List.of(), notices);
  }

  @Test
  void whatWasComputedOtherwiseIsNotFound() {
    try (FeatureCache cache = open()) {
      cache.put(hash(1), vector(1));
    }
    FeatureSource otherModel = new FeatureSource("cd34", "demo", "squash");
    for (FeatureSource other : List.of(otherModel, new FeatureSource("ab12", "demo", "crop"))) {
      try (FeatureCache cache = FeatureCache.open(folder, other, "cpu, fp32", 3, notices::add)) {
        assertNull(cache.getOrNull(hash(1)));
      }
    }
    try (FeatureCache cache = FeatureCache.open(folder, SOURCE, "cuda, fp16", 3, notices::add)) {
      assertNull(cache.getOrNull(hash(1)));
    }
    try (FeatureCache cache = FeatureCache.open(folder, new FeatureSource("ab12", "renamed", "squash"), "cpu, fp32", 3, notices::add)) {
      assertArrayEquals(vector(1), cache.getOrNull(hash(1)), "the name of a model does not matter");
    }
  }

  @Test
  void aTornTailIsCutOff() throws IOException {
    Path place;
    try (FeatureCache cache = open()) {
      cache.put(hash(1), vector(1));
      cache.put(hash(2), vector(2));
      place = cache.folder();
    }
    for (String[] cut : new String[][] {{"keys", "7"}, {"vectors", "5"}}) {
      try (FileChannel file = FileChannel.open(place.resolve(cut[0]), StandardOpenOption.WRITE)) {
        file.truncate(file.size() - Integer.parseInt(cut[1]));
      }
      try (FeatureCache cache = open()) {
        assertArrayEquals(vector(1), cache.getOrNull(hash(1)));
        assertNull(cache.getOrNull(hash(2)), cut[0]);
        cache.put(hash(2), vector(2));
      }
      try (FeatureCache cache = open()) {
        assertArrayEquals(vector(1), cache.getOrNull(hash(1)));
        assertArrayEquals(vector(2), cache.getOrNull(hash(2)), cut[0]);
      }
    }
  }

  @Test
  void aDamagedVectorIsAbsentUntilItIsComputedAgain() throws IOException {
    Path place;
    try (FeatureCache cache = open()) {
      cache.put(hash(1), vector(1));
      cache.put(hash(2), vector(2));
      place = cache.folder();
    }
    try (FileChannel file = FileChannel.open(place.resolve("vectors"), StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.wrap(new byte[] {99}), 2);
    }
    try (FeatureCache cache = open()) {
      assertNull(cache.getOrNull(hash(1)));
      assertArrayEquals(vector(2), cache.getOrNull(hash(2)));
      cache.put(hash(1), vector(1));
      assertArrayEquals(vector(1), cache.getOrNull(hash(1)));
    }
    try (FeatureCache cache = open()) {
      assertArrayEquals(vector(1), cache.getOrNull(hash(1)));
    }
  }

  @Test
  void aSecondUserReadsAndDoesNotWrite() {
    try (FeatureCache first = open()) {
      first.put(hash(1), vector(1));
      try (FeatureCache second = open()) {
        assertEquals(1, notices.size());
        assertTrue(notices.getFirst().contains("another process uses the cache"), notices.toString());
        assertArrayEquals(vector(1), second.getOrNull(hash(1)));
        second.put(hash(2), vector(2));
        assertNull(second.getOrNull(hash(2)));
      }
      assertNull(first.getOrNull(hash(2)));
      first.put(hash(3), vector(3));
    }
    try (FeatureCache cache = open()) {
      assertEquals(2, cache.size());
    }
  }

  @Test
  void aKilledProcessLosesNoMoreThanItsLastVector() throws Exception {
    Process child = new ProcessBuilder(ProcessHandle.current().info().command().orElseThrow(), "-cp", System.getProperty("java.class.path"),
        Writer.class.getName(), folder.toString()).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    try {
      assertEquals('1', child.getInputStream().read(), "the child has written some");
    } finally {
      child.destroyForcibly();
      assertTrue(child.waitFor(30, TimeUnit.SECONDS));
    }
    try (FeatureCache cache = open()) {
      assertTrue(cache.size() >= 100, cache.size() + " vectors");
      for (int i = 0; i < cache.size(); i++) {
        assertArrayEquals(vector(i), cache.getOrNull(hash(i)), "vector " + i);
      }
    }
    assertEquals(List.of(), notices);
  }

  /** Writes until it is killed. */
  static final class Writer {
    private Writer() {}

    public static void main(String[] folder) {
      FeatureCache cache = FeatureCache.open(Path.of(folder[0]), SOURCE, "cpu, fp32", 3, notice -> { });
      for (int i = 0;; i++) {
        cache.put(hash(i), vector(i));
        if (i == 100) {
          System.out.print('1');
          System.out.flush();
        }
      }
    }
  }

  @Test
  void aPlaceThatCannotBeUsedIsSaid() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "x");
    try (FeatureCache cache = FeatureCache.open(file, SOURCE, "cpu", 3, notices::add)) {
      cache.put(hash(1), vector(1));
      assertNull(cache.getOrNull(hash(1)));
    }
    assertEquals(1, notices.size());
    assertTrue(notices.getFirst().contains("not kept"), notices.toString());
  }

  private static byte[] hash(int number) {
    return Sha256.of(new byte[] {(byte) number, (byte) (number >> 8), (byte) (number >> 16)});
  }

  private static float[] vector(int number) {
    return new float[] {number, 0.5f, -number};
  }
}
