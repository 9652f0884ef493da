package org.conceptclip.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/** Writes classic TIFF files with any tags, legal or not: first the strips or tiles, then the directory, then values that do not fit it. */
final class TiffWriter {
  private static final int BYTE = 1;
  private static final int SHORT = 3;

  private record Values(int type, long[] values) {
    int bytes() {
      return values.length * (type == BYTE || type == 7 ? 1 : type == SHORT ? 2 : 4);
    }
  }

  private final TreeMap<Integer, Values> tags = new TreeMap<>();
  private byte[][] segments = {};
  private ByteOrder order = ByteOrder.LITTLE_ENDIAN;

  /** A picture of 8-bit samples in one strip. */
  static TiffWriter of(int width, int height, int photometric, int samples) {
    TiffWriter writer = new TiffWriter().longs(TiffTags.WIDTH, width).longs(TiffTags.HEIGHT, height);
    long[] bits = new long[samples];
    Arrays.fill(bits, 8);
    return writer.shorts(TiffTags.BITS, bits).shorts(TiffTags.COMPRESSION, 1).shorts(TiffTags.PHOTOMETRIC, photometric)
        .shorts(TiffTags.SAMPLES, samples).longs(TiffTags.ROWS_PER_STRIP, height);
  }

  TiffWriter shorts(int tag, long... values) {
    return tag(tag, SHORT, values);
  }

  TiffWriter longs(int tag, long... values) {
    return tag(tag, 4, values);
  }

  TiffWriter bytes(int tag, byte... values) {
    long[] copies = new long[values.length];
    for (int i = 0; i < values.length; i++) {
      copies[i] = values[i];
    }
    return tag(tag, 7, copies);
  }

  TiffWriter tag(int tag, int type, long... values) {
    tags.put(tag, new Values(type, values));
    return this;
  }

  TiffWriter without(int tag) {
    tags.put(tag, new Values(SHORT, new long[0]));
    return this;
  }

  TiffWriter bigEndian() {
    order = ByteOrder.BIG_ENDIAN;
    return this;
  }

  /** Strips or tiles with another compression. */
  TiffWriter compressed(int compression, byte[]... bytes) {
    return shorts(TiffTags.COMPRESSION, compression).segments(bytes);
  }

  /** Strips; or tiles, if their width was given. */
  TiffWriter segments(byte[]... bytes) {
    segments = bytes;
    return this;
  }

  /** So many strips that are all the same bytes. */
  byte[] sharing(int count) {
    return file(count);
  }

  byte[] file() {
    return file(segments.length);
  }

  private byte[] file(int count) {
    boolean tiled = tags.containsKey(TiffTags.TILE_WIDTH);
    long[] offsets = new long[count];
    long[] sizes = new long[count];
    int at = 8;
    for (int i = 0; i < count; i++) {
      byte[] segment = segments[Math.min(i, segments.length - 1)];
      offsets[i] = i < segments.length ? at : offsets[segments.length - 1];
      sizes[i] = segment.length;
      at += i < segments.length ? segment.length + (segment.length & 1) : 0;
    }
    tags.putIfAbsent(tiled ? TiffTags.TILE_OFFSETS : TiffTags.STRIP_OFFSETS, new Values(4, offsets));
    tags.putIfAbsent(tiled ? TiffTags.TILE_SIZES : TiffTags.STRIP_SIZES, new Values(4, sizes));
    tags.values().removeIf(values -> values.values.length == 0);
    int extra = at + 2 + 12 * tags.size() + 4;
    int total = extra + tags.values().stream().mapToInt(values -> values.bytes() <= 4 ? 0 : values.bytes() + (values.bytes() & 1)).sum();
    ByteBuffer file = ByteBuffer.allocate(total).order(order);
    file.put(order == ByteOrder.LITTLE_ENDIAN ? new byte[] {'I', 'I'} : new byte[] {'M', 'M'}).putShort((short) 42).putInt(at);
    for (byte[] segment : segments) {
      file.put(segment).put(new byte[segment.length & 1]);
    }
    file.putShort((short) tags.size());
    for (Map.Entry<Integer, Values> tag : tags.entrySet()) {
      Values values = tag.getValue();
      file.putShort(tag.getKey().shortValue()).putShort((short) values.type).putInt(values.values.length);
      if (values.bytes() <= 4) {
        int next = file.position() + 4;
        put(file, values);
        file.position(next);
      } else {
        file.putInt(extra);
        int next = file.position();
        put(file.position(extra), values);
        extra = file.position() + (values.bytes() & 1);
        file.position(next);
      }
    }
    return file.array();
  }

  private static void put(ByteBuffer file, Values values) {
    for (long value : values.values) {
      switch (values.type) {
        case BYTE, 7 -> file.put((byte) value);
        case SHORT -> file.putShort((short) value);
        default -> file.putInt((int) value);
      }
    }
  }
}
