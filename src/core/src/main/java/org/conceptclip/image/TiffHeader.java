package org.conceptclip.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.conceptclip.tensor.BadInputException;

/**
 * The tags of a TIFF's first directory that decide how its pixels are read.
 *
 * <pre>
 * classic = "II" | "MM" [int16 42][int32 directory]            directory = [int16 count] entry*
 * BigTIFF = "II" | "MM" [int16 43][int16 8][int16 0][int64 ..]  directory = [int64 count] entry*
 * entry   = [int16 tag][int16 type][int32 | int64 count][value, or its offset where it takes more than 4 | 8 bytes]
 * </pre>
 *
 * @param width columns as stored
 * @param height rows as stored
 * @param bits bits of each sample
 * @param photometric what the samples mean (tag 262)
 * @param sampleFormat 1 for unsigned integers (tag 339)
 * @param orientation 1 to 8 (tag 274)
 * @param extraSamples meaning of the samples beyond the colours (tag 338)
 */
record TiffHeader(
    long width, long height, long[] bits, int photometric, int sampleFormat, int orientation, long[] extraSamples) {
  /** More values than any tag read here may hold; strips and tiles of the largest accepted picture stay below. */
  private static final int MAX_VALUES = 1 << 24;

  /** Reads the first directory and checks that the pixel data it points to lies in the file. */
  static TiffHeader read(byte[] file, String name) {
    return new Parser(file, name).read();
  }

  /** Whether colours are stored multiplied by alpha. */
  boolean isPremultiplied() {
    return extraSamples.length > 0 && extraSamples[0] == 1;
  }

  private static final class Parser {
    private final byte[] file;
    private final ByteBuffer data;
    private final String name;
    private boolean big;
    private long entries;
    private long firstEntry;

    Parser(byte[] file, String name) {
      this.file = file;
      this.name = name;
      this.data = ByteBuffer.wrap(file);
    }

    TiffHeader read() {
      data.order(file[0] == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
      require(0, 16);
      big = data.getShort(2) == 43;
      long directory = big ? data.getLong(8) : data.getInt(4) & 0xffffffffL;
      int countBytes = big ? 8 : 2;
      require(directory, countBytes);
      entries = big ? data.getLong((int) directory) : data.getShort((int) directory) & 0xffff;
      firstEntry = directory + countBytes;
      if (entries < 0 || entries > file.length) {
        throw damaged("a directory of " + entries + " entries", "fewer than the file has bytes");
      }
      require(firstEntry, entries * entryBytes());
      long width = single(256, -1);
      long height = single(257, -1);
      long samples = single(277, 1);
      long[] bits = values(258, 1);
      if (bits.length == 1 && samples > 1 && samples <= 16) {
        long all = bits[0];
        bits = new long[(int) samples];
        Arrays.fill(bits, all);
      }
      if (bits.length != samples) {
        throw damaged(samples + " samples with bits " + Arrays.toString(bits), "one number of bits for each sample");
      }
      checkData();
      return new TiffHeader(width, height, bits, (int) single(262, -1), (int) single(339, 1), (int) single(274, 1),
          values(338));
    }

    /** Strips or tiles beyond the file's end mean a file cut short. */
    private void checkData() {
      long[] offsets = values(find(324) >= 0 ? 324 : 273);
      long[] sizes = values(find(324) >= 0 ? 325 : 279);
      if (offsets.length == 0 || sizes.length != 0 && sizes.length != offsets.length) {
        throw damaged(offsets.length + " strips or tiles with " + sizes.length + " sizes", "a size for each");
      }
      for (int i = 0; i < offsets.length; i++) {
        long size = sizes.length == 0 ? 1 : sizes[i];
        if (offsets[i] < 0 || size < 0 || offsets[i] > file.length - size) {
          throw damaged("truncated: " + file.length + " bytes", "pixel data at byte " + offsets[i] + " of " + size);
        }
      }
    }

    private long single(int tag, long otherwise) {
      long[] found = values(tag);
      return found.length == 0 ? otherwise : found[0];
    }

    /** The values of an integer tag, or {@code otherwise} where the tag is absent. */
    private long[] values(int tag, long... otherwise) {
      int entry = find(tag);
      if (entry < 0) {
        return otherwise;
      }
      int bytes = switch (data.getShort(entry + 2)) {
        case 1 -> 1;
        case 3 -> 2;
        case 4 -> 4;
        case 16 -> 8;
        default -> throw damaged("tag " + tag + " of type " + data.getShort(entry + 2), "an unsigned integer");
      };
      long count = big ? data.getLong(entry + 4) : data.getInt(entry + 4) & 0xffffffffL;
      if (count < 0 || count > MAX_VALUES) {
        throw damaged("tag " + tag + " of " + count + " values", "at most " + MAX_VALUES);
      }
      int valueField = entry + (big ? 12 : 8);
      long at = valueField;
      if (count * bytes > (big ? 8 : 4)) {
        at = big ? data.getLong(valueField) : data.getInt(valueField) & 0xffffffffL;
      }
      require(at, count * bytes);
      long[] values = new long[(int) count];
      for (int i = 0; i < values.length; i++) {
        int position = (int) at + i * bytes;
        values[i] = switch (bytes) {
          case 1 -> data.get(position) & 0xff;
          case 2 -> data.getShort(position) & 0xffff;
          case 4 -> data.getInt(position) & 0xffffffffL;
          default -> data.getLong(position);
        };
      }
      return values;
    }

    private int find(int tag) {
      for (long entry = 0; entry < entries; entry++) {
        int at = (int) (firstEntry + entry * entryBytes());
        if ((data.getShort(at) & 0xffff) == tag) {
          return at;
        }
      }
      return -1;
    }

    private int entryBytes() {
      return big ? 20 : 12;
    }

    private void require(long at, long bytes) {
      if (at < 0 || bytes < 0 || at > file.length - bytes) {
        throw damaged("truncated: ends at byte " + file.length, bytes + " bytes at byte " + at);
      }
    }

    private BadInputException damaged(String found, String expected) {
      return new BadInputException(name + ": damaged TIFF, found " + found + ", expected " + expected);
    }
  }
}
