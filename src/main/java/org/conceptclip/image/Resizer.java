package org.conceptclip.image;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Arrays;

/**
 * Pillow's {@code Image.resize(size, BICUBIC)} for 8-bit RGB, equal in every byte.
 *
 * <p>Horizontal pass first, rounded and clipped to 0..255, then the vertical pass. Source rows stream through a small block
 * and each is added at once to the output rows that it contributes to, so no picture of intermediate size exists: beyond
 * source and target the memory is a few rows, whatever the source's shape. Thread-safe: nothing is shared between calls.
 */
public final class Resizer {
  private static final int CHANNELS = RgbImage.CHANNELS;

  /** Source rows per horizontal block: their cache lines under one output column stay in L1. */
  private static final int BLOCK_ROWS = 16;

  private final RgbImage source;
  private final BicubicFilter columns;
  private final BicubicFilter rows;
  private final int rowBytes;
  private final MemorySegment target;
  private final long targetOffset;
  private final byte[] finishedRow;

  private Resizer(RgbImage source, int width, int height, MemorySegment target, long targetOffset) {
    this.source = source;
    this.columns = new BicubicFilter(source.width(), width);
    this.rows = new BicubicFilter(source.height(), height);
    this.rowBytes = width * CHANNELS;
    this.target = target;
    this.targetOffset = targetOffset;
    this.finishedRow = new byte[rowBytes];
  }

  /**
   * The picture squashed or stretched to a size.
   *
   * @return [height, width, 3] unsigned bytes, a new array
   * @throws IllegalArgumentException if a side is below 1 or the result does not fit an array
   */
  public static byte[] resize(RgbImage source, int width, int height) {
    long bytes = targetBytes(width, height);
    if (bytes > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(width + "x" + height + " RGB pixels do not fit an array");
    }
    byte[] pixels = new byte[(int) bytes];
    resizeInto(source, width, height, MemorySegment.ofArray(pixels), 0);
    return pixels;
  }

  /**
   * Like {@link #resize}, writing [height, width, 3] unsigned bytes to {@code target} from byte {@code offset} on.
   *
   * @throws IllegalArgumentException if a side is below 1 or the target is too small
   */
  public static void resizeInto(RgbImage source, int width, int height, MemorySegment target, long offset) {
    long bytes = targetBytes(width, height);
    if (offset < 0 || bytes > target.byteSize() - offset) {
      throw new IllegalArgumentException(
          "target of " + target.byteSize() + " bytes at offset " + offset + " for a result of " + bytes + " bytes");
    }
    if (source.width() == width && source.height() == height) {
      MemorySegment.copy(source.pixels(), 0, target, ValueLayout.JAVA_BYTE, offset, source.pixels().length);
      return;
    }
    new Resizer(source, width, height, target, offset).run();
  }

  /** Like {@link #resizeInto(RgbImage, int, int, MemorySegment, long)} for an array. */
  public static void resizeInto(RgbImage source, int width, int height, byte[] target, int offset) {
    resizeInto(source, width, height, MemorySegment.ofArray(target), offset);
  }

  private static long targetBytes(int width, int height) {
    if (width < 1 || height < 1 || width > Integer.MAX_VALUE / 8) {
      throw new IllegalArgumentException("cannot resize to " + width + "x" + height + " pixels");
    }
    return Math.multiplyExact((long) width * CHANNELS, height);
  }

  /** An output row in the making: the weighted sum of the source rows seen so far. */
  private static final class OpenRow {
    int index;
    int first;
    int end;
    int[] weights;
    final int[] sums;

    OpenRow(int rowBytes) {
      sums = new int[rowBytes];
    }
  }

  private void run() {
    ArrayDeque<OpenRow> open = new ArrayDeque<>();
    ArrayDeque<OpenRow> spare = new ArrayDeque<>();
    // Where column weights are not kept, making them costs more than a row does: make them once, for all rows. Such a
    // source is wide beyond LARGEST_KEPT_EXTENT, hence of few rows.
    int blockRows = columns.isKept() ? Math.min(BLOCK_ROWS, source.height()) : source.height();
    int[] block = new int[Math.multiplyExact(blockRows, rowBytes)];
    int nextToOpen = 0;
    int outputRows = rows.outputs();
    for (int y0 = 0; y0 < source.height(); y0 += blockRows) {
      int count = Math.min(blockRows, source.height() - y0);
      resampleColumns(y0, count, block);
      for (int y = y0; y < y0 + count; y++) {
        while (nextToOpen < outputRows && rows.first(nextToOpen) <= y) {
          open.add(openRow(nextToOpen++, spare));
        }
        for (OpenRow row : open) {
          addWeighted(block, (y - y0) * rowBytes, row.weights[y - row.first], row.sums);
        }
        while (!open.isEmpty() && open.peek().end == y + 1) {
          OpenRow done = open.remove();
          finish(done);
          spare.push(done);
        }
      }
    }
  }

  private OpenRow openRow(int index, ArrayDeque<OpenRow> spare) {
    OpenRow row = spare.isEmpty() ? new OpenRow(rowBytes) : spare.pop();
    row.index = index;
    row.first = rows.first(index);
    row.end = rows.end(index);
    row.weights = rows.weights(index);
    Arrays.fill(row.sums, BicubicFilter.ROUNDING);
    return row;
  }

  private static void addWeighted(int[] block, int offset, int weight, int[] sums) {
    for (int i = 0; i < sums.length; i++) {
      sums[i] += block[offset + i] * weight;
    }
  }

  private void finish(OpenRow row) {
    int[] sums = row.sums;
    byte[] bytes = finishedRow;
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) BicubicFilter.toUnsignedByte(sums[i]);
    }
    MemorySegment.copy(bytes, 0, target, ValueLayout.JAVA_BYTE, targetOffset + (long) row.index * rowBytes, rowBytes);
  }

  /** The horizontal pass over source rows {@code y0} to {@code y0 + count}: [count, rowBytes] values of 0..255. */
  private void resampleColumns(int y0, int count, int[] block) {
    int sourceRowBytes = source.width() * CHANNELS;
    byte[] pixels = source.pixels();
    if (columns.isIdentity()) {
      int from = y0 * sourceRowBytes;
      for (int i = 0; i < count * rowBytes; i++) {
        block[i] = pixels[from + i] & 0xff;
      }
      return;
    }
    for (int x = 0; x < columns.outputs(); x++) {
      int[] weights = columns.weights(x);
      int from = y0 * sourceRowBytes + columns.first(x) * CHANNELS;
      int to = x * CHANNELS;
      for (int row = 0; row < count; row++) {
        weighPixel(pixels, from + row * sourceRowBytes, weights, block, to + row * rowBytes);
      }
    }
  }

  private static void weighPixel(byte[] pixels, int from, int[] weights, int[] block, int to) {
    int red = BicubicFilter.ROUNDING;
    int green = BicubicFilter.ROUNDING;
    int blue = BicubicFilter.ROUNDING;
    int at = from;
    for (int weight : weights) {
      red += (pixels[at] & 0xff) * weight;
      green += (pixels[at + 1] & 0xff) * weight;
      blue += (pixels[at + 2] & 0xff) * weight;
      at += CHANNELS;
    }
    block[to] = BicubicFilter.toUnsignedByte(red);
    block[to + 1] = BicubicFilter.toUnsignedByte(green);
    block[to + 2] = BicubicFilter.toUnsignedByte(blue);
  }
}
