package org.conceptclip.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Directories made to exhaust memory of a reader that loads the values of every tag of every directory. */
@Timeout(60)
class TiffTagsTest {
  private static final int MANY = 20_000;
  private static final int MOST_ALLOCATED_BYTES = 32 << 20;

  /** Two rows of two grey pixels: tag, type (3 of 16 bits, 4 of 32), value. */
  private static final int[][] GREY = {
    {256, 3, 2}, {257, 3, 2}, {258, 3, 8}, {259, 3, 1}, {262, 3, 1}, {273, 4, 8}, {277, 3, 1}, {278, 3, 2}, {279, 4, 4}
  };

  private record Entry(int tag, int type, long count, long value) {}

  @Test
  void readsAClassicAndABigFileThatItMakesItself() {
    for (boolean big : new boolean[] {false, true}) {
      assertEquals("[2, 2, 2, 2, 2, 2, -7, -7, -7, 2, 2, 2]", pixels(file(big, grey())));
    }
  }

  @Test
  void ignoresTagsThatShareTheBytesOfTheWholeFile() {
    for (boolean big : new boolean[] {false, true}) {
      for (int tag : new int[] {270, 330, 34675, 60_000}) {
        List<Entry> entries = grey();
        int bytes = MANY * (big ? 20 : 12);
        for (int i = 0; i < MANY; i++) {
          entries.add(new Entry(tag, 1, bytes, 16));
        }
        assertSmall(file(big, entries));
      }
    }
  }

  @Test
  void readsEachTagOnceAndOneDirectory() {
    List<Entry> repeated = grey();
    for (int i = 0; i < MANY; i++) {
      repeated.add(new Entry(347, 7, MANY * 6, 16));
    }
    assertSmall(file(false, repeated));
    List<Entry> entries = grey();
    byte[] file = file(false, entries);
    int end = file.length - 4;
    // The next directory begins in this one, at its count.
    ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).putInt(end, 14);
    assertSmall(file);
  }

  /** What then seem to be entries are pixels, which must come out as they are. */
  @Test
  void takesADirectoryThatSeemsToReachIntoThePixels() {
    byte[] file = ImageFixtures.bytes("grey_raw.tif");
    String expected = pixels(file);
    ByteBuffer numbers = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    int directory = numbers.getInt(4);
    numbers.putShort(directory, (short) (numbers.getShort(directory) + 5));
    assertEquals(expected, pixels(file));
  }

  @Test
  void doesNotLoadTagsThatItDoesNotNeed() {
    List<Entry> entries = grey();
    for (int tag : new int[] {320, 332, 347, 519, 520, 521, 529, 532}) {
      entries.add(new Entry(tag, 7, 100, 16));
    }
    assertSmall(file(false, entries));
  }

  @Test
  void rejectsPixelDataWhoseEndOverflows() {
    for (long size : new long[] {Long.MAX_VALUE, Long.MIN_VALUE, -1}) {
      List<Entry> entries = grey();
      entries.set(3, new Entry(259, 3, 1, 5));
      entries.set(8, new Entry(279, 16, 1, size));
      String message = assertThrows(BadInputException.class, () -> pixels(file(true, entries))).getMessage();
      assertTrue(message.contains("truncated: ends at byte"), message);
    }
  }

  @Test
  void rejectsTilesBeyondTheLimit() {
    List<Entry> entries = grey();
    entries.add(new Entry(322, 4, 1, 2_000_000_000));
    entries.add(new Entry(323, 4, 1, 2_000_000_000));
    String message = assertThrows(BadInputException.class, () -> pixels(file(false, entries))).getMessage();
    assertTrue(message.contains("2000000000x2000000000"), message);
  }

  private static void assertSmall(byte[] file) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    assertEquals("[2, 2, 2, 2, 2, 2, -7, -7, -7, 2, 2, 2]", pixels(file));
    long bytes = threads.getCurrentThreadAllocatedBytes() - before;
    assertTrue(bytes < MOST_ALLOCATED_BYTES, bytes + " bytes allocated for a file of " + file.length);
  }

  private static String pixels(byte[] file) {
    return Arrays.toString(new ImageDecoder(DecodeLimits.DEFAULT).decode(file, "file").pixels());
  }

  private static List<Entry> grey() {
    List<Entry> entries = new ArrayList<>();
    for (int[] entry : GREY) {
      entries.add(new Entry(entry[0], entry[1], 1, entry[2]));
    }
    return entries;
  }

  /** The four pixels come first, then the directory. */
  private static byte[] file(boolean big, List<Entry> entries) {
    ByteBuffer file = ByteBuffer.allocate(40 + entries.size() * (big ? 20 : 12)).order(ByteOrder.LITTLE_ENDIAN);
    int pixels = big ? 16 : 8;
    file.put((byte) 'I').put((byte) 'I').putShort((short) (big ? 43 : 42));
    if (big) {
      file.putInt(8).putLong(pixels + 4).put(new byte[] {2, 2, -7, 2}).putLong(entries.size());
    } else {
      file.putInt(pixels + 4).put(new byte[] {2, 2, -7, 2}).putShort((short) entries.size());
    }
    for (Entry entry : entries) {
      long value = entry.tag() == 273 ? pixels : entry.value();
      file.putShort((short) entry.tag()).putShort((short) entry.type());
      if (big) {
        file.putLong(entry.count()).putLong(value);
      } else {
        file.putInt((int) entry.count()).putInt((int) value);
      }
    }
    if (big) {
      file.putLong(0);
    } else {
      file.putInt(0);
    }
    return Arrays.copyOf(file.array(), file.position());
  }
}
