package org.conceptclip.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The tags of a TIFF's first directory, each read when it is asked for.
 *
 * <pre>
 * classic = "II" | "MM" [int16 42][int32 directory]            directory = [int16 count] entry* [int32 next directory]
 * BigTIFF = "II" | "MM" [int16 43][int16 8][int16 0][int64 ..]  directory = [int64 count] entry* [int64 next directory]
 * entry   = [int16 tag][int16 type][int32 | int64 count][value, or its offset where it takes more than 4 | 8 bytes]
 * </pre>
 */
final class TiffTags {
  static final int WIDTH = 256;
  static final int HEIGHT = 257;
  static final int BITS = 258;
  static final int PHOTOMETRIC = 262;
  static final int ORIENTATION = 274;
  static final int SAMPLES = 277;
  static final int TILE_WIDTH = 322;
  static final int TILE_HEIGHT = 323;
  static final int EXTRA_SAMPLES = 338;
  static final int SAMPLE_FORMAT = 339;

  private static final int STRIP_OFFSETS = 273;
  private static final int STRIP_SIZES = 279;
  private static final int TILE_OFFSETS = 324;
  private static final int TILE_SIZES = 325;

  /** All that decoding pixels may take: layout, compression and its tables, palette, inks, chroma. */
  private static final Set<Integer> OF_PIXELS = Set.of(WIDTH, HEIGHT, BITS, 259, PHOTOMETRIC, 266, STRIP_OFFSETS, SAMPLES, 278,
      STRIP_SIZES, 284, 292, 293, 317, 320, TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_SIZES, 332, EXTRA_SAMPLES, SAMPLE_FORMAT, 347,
      512, 513, 514, 515, 519, 520, 521, 529, 530, 532);

  /** Bytes of a value of each type; 0 for types that do not exist. */
  private static final int[] TYPE_BYTES = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8};

  private final ImageSource source;
  private final ByteBuffer data;
  private final boolean big;
  private final long entries;
  private final long firstEntry;

  /** Finds the first directory. */
  TiffTags(ImageSource source) {
    this.source = source;
    this.data = source.numbers(source.bytes()[0] == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    source.require(16);
    big = data.getShort(2) == 43;
    long directory = offset(big ? 8 : 4);
    firstEntry = directory + (big ? 8 : 2);
    require(directory, firstEntry - directory);
    entries = big ? data.getLong((int) directory) : data.getChar((int) directory);
    if (entries < 0 || entries > source.length()) {
      throw source.damaged("a directory of " + entries + " entries", "fewer than the file has bytes");
    }
    require(firstEntry, entries * entryBytes());
  }

  /** The first value of a tag of unsigned integers, or {@code otherwise} where the tag is absent. */
  long first(int tag, long otherwise) {
    long[] found = values(tag);
    return found.length == 0 ? otherwise : found[0];
  }

  /** The values of a tag of unsigned integers, or {@code otherwise} where the tag is absent. */
  long[] values(int tag, long... otherwise) {
    int entry = find(tag);
    if (entry < 0) {
      return otherwise;
    }
    int type = type(entry);
    if (type != 1 && type != 3 && type != 4 && type != 16) {
      throw source.damaged("tag " + tag + " of type " + type, "an unsigned integer");
    }
    int bytes = TYPE_BYTES[type];
    int valueField = entry + (big ? 12 : 8);
    long count = count(entry);
    if (count > source.length()) {
      throw source.damaged("tag " + tag + " of " + count + " values", "fewer than the file has bytes");
    }
    long total = count * bytes;
    long at = total > (big ? 8 : 4) ? offset(valueField) : valueField;
    require(at, total);
    long[] values = new long[(int) count];
    for (int i = 0; i < values.length; i++) {
      int position = (int) at + i * bytes;
      values[i] = switch (bytes) {
        case 1 -> data.get(position) & 0xff;
        case 2 -> data.getChar(position);
        case 4 -> data.getInt(position) & 0xffffffffL;
        default -> data.getLong(position);
      };
    }
    return values;
  }

  /** Rejects a file that was cut short: all strips or tiles must lie in it. */
  void requirePixelData() {
    boolean tiled = find(TILE_OFFSETS) >= 0;
    long[] offsets = values(tiled ? TILE_OFFSETS : STRIP_OFFSETS);
    long[] sizes = values(tiled ? TILE_SIZES : STRIP_SIZES);
    if (offsets.length == 0 || sizes.length != 0 && sizes.length != offsets.length) {
      throw source.damaged(offsets.length + " strips or tiles with " + sizes.length + " sizes", "a size for each");
    }
    for (int i = 0; i < offsets.length; i++) {
      require(offsets[i], sizes.length == 0 ? 1 : sizes[i]);
    }
  }

  /**
   * A copy of the file with one directory, which has the tags of pixels alone, each once. It is for a reader that loads the values of
   * all tags of all directories: a hostile file could make it allocate its own size many times.
   */
  byte[] withTagsOfPixelsOnly() {
    Set<Integer> wanted = new HashSet<>(OF_PIXELS);
    List<Integer> kept = new ArrayList<>();
    long total = 0;
    for (long i = 0; i < entries; i++) {
      int entry = entry(i);
      if (wanted.remove((int) data.getChar(entry))) {
        kept.add(entry);
        // The reader does not load values that do not fit the file.
        total += count(entry) > source.length() ? 0 : count(entry) * TYPE_BYTES[type(entry)];
      }
    }
    if (total > source.length()) {
      throw source.damaged("tags of " + total + " bytes in a file of " + source.length(), "fewer than the file has");
    }
    // In place of the first directory, which has at least as many entries, so that no other byte changes.
    ByteBuffer copy = ByteBuffer.wrap(Arrays.copyOf(source.bytes(), source.length())).order(data.order());
    int next = entry(kept.size());
    if (big) {
      copy.putLong((int) firstEntry - 8, kept.size());
    } else {
      copy.putShort((int) firstEntry - 2, (short) kept.size());
    }
    for (int i = 0; i < kept.size(); i++) {
      copy.put(entry(i), source.bytes(), kept.get(i), entryBytes());
    }
    // No second directory.
    Arrays.fill(copy.array(), next, Math.min(next + (big ? 8 : 4), source.length()), (byte) 0);
    return copy.array();
  }

  private int find(int tag) {
    for (long i = 0; i < entries; i++) {
      if (data.getChar(entry(i)) == tag) {
        return entry(i);
      }
    }
    return -1;
  }

  private int entry(long index) {
    return (int) (firstEntry + index * entryBytes());
  }

  private int entryBytes() {
    return big ? 20 : 12;
  }

  private int type(int entry) {
    int type = data.getShort(entry + 2);
    return type < 0 || type >= TYPE_BYTES.length ? 0 : type;
  }

  private long count(int entry) {
    long count = big ? data.getLong(entry + 4) : data.getInt(entry + 4) & 0xffffffffL;
    return count < 0 ? Long.MAX_VALUE : count;
  }

  private long offset(int at) {
    return big ? data.getLong(at) : data.getInt(at) & 0xffffffffL;
  }

  private void require(long at, long bytes) {
    if (at < 0 || bytes < 0 || at > source.length() - bytes) {
      throw source.damaged("truncated: ends at byte " + source.length(), bytes + " bytes at byte " + at);
    }
  }
}
