package org.conceptclip.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Objects;

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
  static final int COMPRESSION = 259;
  static final int PHOTOMETRIC = 262;
  static final int FILL_ORDER = 266;
  static final int STRIP_OFFSETS = 273;
  static final int ORIENTATION = 274;
  static final int SAMPLES = 277;
  static final int ROWS_PER_STRIP = 278;
  static final int STRIP_SIZES = 279;
  static final int PLANAR = 284;
  static final int GROUP3_OPTIONS = 292;
  static final int PREDICTOR = 317;
  static final int COLOUR_MAP = 320;
  static final int TILE_WIDTH = 322;
  static final int TILE_HEIGHT = 323;
  static final int TILE_OFFSETS = 324;
  static final int TILE_SIZES = 325;
  static final int EXTRA_SAMPLES = 338;
  static final int SAMPLE_FORMAT = 339;
  static final int JPEG_TABLES = 347;
  static final int LUMA_COEFFICIENTS = 529;
  static final int CHROMA_SUBSAMPLING = 530;
  static final int REFERENCE_BLACK_WHITE = 532;

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

  /**
   * The values of a tag. None of them is copied, so that neither their number nor values that overlap cost memory.
   *
   * @param tag the tag's number, for messages
   * @param type of the values
   * @param count how many there are, at most the bytes of the file
   * @param at offset of the first
   */
  private record Field(int tag, int type, int count, int at) {
    boolean isInteger() {
      return type == 1 || type == 3 || type == 4 || type == 13 || type == 16;
    }
  }

  /** How many values a tag has; 0 where it is absent. */
  int count(int tag) {
    Field field = field(tag);
    return field == null ? 0 : field.count;
  }

  /** The first value of a tag of unsigned integers, or {@code otherwise} where the tag is absent. */
  long first(int tag, long otherwise) {
    return count(tag) == 0 ? otherwise : integers(tag).get(0);
  }

  /** The values of a tag that is there. */
  Integers integers(int tag) {
    Field field = field(tag);
    if (field == null || !field.isInteger()) {
      throw source.damaged("tag " + tag + (field == null ? " missing" : " of type " + field.type), "an unsigned integer");
    }
    int bytes = TYPE_BYTES[field.type];
    return index -> {
      int position = field.at + Math.multiplyExact(Objects.checkIndex(index, field.count), bytes);
      return switch (bytes) {
        case 1 -> data.get(position) & 0xff;
        case 2 -> data.getChar(position);
        case 4 -> data.getInt(position) & 0xffffffffL;
        default -> data.getLong(position);
      };
    };
  }

  /** Unsigned integers in the file; beyond {@link Long#MAX_VALUE} they come out negative. */
  interface Integers {
    long get(int index);
  }

  /** The values of a tag of quotients of integers, or {@code otherwise} where the tag is absent. */
  float[] quotients(int tag, float... otherwise) {
    Field field = field(tag);
    if (field == null) {
      return otherwise;
    }
    if (field.type != 5 || field.count != otherwise.length) {
      throw source.damaged("tag " + tag + " of type " + field.type + " with " + field.count + " values",
          otherwise.length + " quotients");
    }
    float[] values = new float[field.count];
    for (int i = 0; i < values.length; i++) {
      long below = data.getInt(field.at + 8 * i + 4) & 0xffffffffL;
      values[i] = below == 0 ? 0 : (float) ((double) (data.getInt(field.at + 8 * i) & 0xffffffffL) / below);
    }
    return values;
  }

  /** A copy of a tag's bytes; empty where the tag is absent. */
  byte[] bytes(int tag) {
    Field field = field(tag);
    return field == null ? new byte[0] : Arrays.copyOfRange(source.bytes(), field.at, field.at + field.count * TYPE_BYTES[field.type]);
  }

  /** Byte order of the file's numbers, also of its pixels. */
  ByteOrder order() {
    return data.order();
  }

  private Field field(int tag) {
    int entry = find(tag);
    if (entry < 0) {
      return null;
    }
    int type = type(entry);
    long count = countOf(entry);
    if (TYPE_BYTES[type] == 0) {
      throw source.damaged("tag " + tag + " of an unknown type", "a type from 1 to 18");
    }
    if (count > source.length()) {
      throw source.damaged("tag " + tag + " of " + count + " values", "fewer than the file has bytes");
    }
    long total = count * TYPE_BYTES[type];
    int valueField = entry + (big ? 12 : 8);
    long at = total > (big ? 8 : 4) ? offset(valueField) : valueField;
    require(at, total);
    return new Field(tag, type, (int) count, (int) at);
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

  private long countOf(int entry) {
    long count = big ? data.getLong(entry + 4) : data.getInt(entry + 4) & 0xffffffffL;
    return count < 0 ? Long.MAX_VALUE : count;
  }

  private long offset(int at) {
    return big ? data.getLong(at) : data.getInt(at) & 0xffffffffL;
  }

  /** Rejects bytes that do not lie in the file. */
  void require(long at, long bytes) {
    if (at < 0 || bytes < 0 || at > source.length() - bytes) {
      throw source.damaged("truncated: ends at byte " + source.length(), bytes + " bytes at byte " + at);
    }
  }
}
