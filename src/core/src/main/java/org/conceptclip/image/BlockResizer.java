package org.conceptclip.image;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Pillow's {@code Image.resize(size, BICUBIC)} for 8-bit pixels, equal in every byte, in working memory that is kept from picture to
 * picture: the horizontal pass first, rounded and clipped to 0..255, then the vertical pass.
 *
 * <p>A {@link RowSink}: rows come in any number at a time and are processed in blocks. Each block goes through {@link ColumnPass} and is
 * added at once to the output rows that it contributes to, so neither the source nor a picture of intermediate size exists as a whole.
 * The memory is a block, a few rows and the weights, see {@link #heapBytes}. A caller says where the result goes ({@link #to}), pushes rows
 * and calls {@link #finish}. Not thread-safe.
 */
final class BlockResizer implements RowSink {
  /** Rows in a block of the plain column pass. */
  private static final int PLAIN_ROWS = 16;

  /** Most bytes of source rows that make a block. */
  private static final int BLOCK_BYTES = 8 << 20;

  /** Most bytes of source rows that stay allocated between pictures: a block of 2730 columns. */
  private static final int KEPT_BYTES = 512 << 10;

  /** Of a column pass and of output rows in the making; a lease of memory counts them as if they were not kept. */
  private static final int FIXED_BYTES = 1 << 20;

  private static final int KEPT_FILTERS = 32;

  /** Beyond this extent the weights of an axis (16 bytes a position) are made anew for each picture. */
  private static final int LONGEST_KEPT_AXIS = 16_384;

  private record Axis(int inputs, int outputs) {}

  /** The last used are kept. Pictures of an archive come in few sizes. */
  private final Map<Axis, BicubicFilter> filters = new LinkedHashMap<>(16, 0.75f, true) {
    @Override
    protected boolean removeEldestEntry(Map.Entry<Axis, BicubicFilter> eldest) {
      return size() > KEPT_FILTERS;
    }
  };

  private final ColumnPass columnPass = new ColumnPass();
  private Workspace grey = new Workspace(0, 0, 1);
  private Workspace colour = new Workspace(0, 0, RgbImage.CHANNELS);

  /** Rows that came in numbers that make no block. */
  private final HeapScratch pending = new HeapScratch(KEPT_BYTES);

  private MemorySegment target = MemorySegment.NULL;
  private long offset;
  private int toWidth;
  private int toHeight;
  private int width;
  private int height;
  private int channels;
  private int blockRows;
  private boolean sameSize;
  private boolean fast;
  private BicubicFilter columns;
  private BicubicFilter rows;
  private Workspace work;

  /** Source rows that have come, and how many of them wait in {@link #pending}. */
  private int taken;

  private int waiting;

  /** The first output row that is not begun. */
  private int nextRow;

  /** Arrays for one target width and number of channels. */
  private static final class Workspace {
    final int channels;
    final int[][] block;
    final byte[] finished;
    final ArrayDeque<OpenRow> open = new ArrayDeque<>();
    final ArrayDeque<OpenRow> spare = new ArrayDeque<>();

    Workspace(int rows, int width, int channels) {
      this.channels = channels;
      this.block = new int[rows][width * channels];
      this.finished = new byte[width * RgbImage.CHANNELS];
    }
  }

  /** An output row in the making: the weighted sum of the source rows seen so far. */
  private static final class OpenRow {
    int index;
    int first;
    int end;
    int[] weights;
    final int[] sums;

    OpenRow(int samples) {
      sums = new int[samples];
    }
  }

  /**
   * Squashes or stretches a picture that is in memory as a whole. The caller has checked that source and target are large enough.
   *
   * @param source [height, width, channels] bytes, on the heap or native
   * @param channels 1 (grey) or 3
   * @param target receives [toHeight, toWidth, 3] bytes from byte {@code offset} on
   */
  void resize(
      MemorySegment source, int width, int height, int channels, int toWidth, int toHeight, MemorySegment target, long offset) {
    to(toWidth, toHeight, target, offset);
    begin(width, height, channels);
    rows(source, 0, height);
    finish();
  }

  /** Says where the next picture goes: [toHeight, toWidth, 3] bytes from byte {@code offset} of the target on. */
  void to(int toWidth, int toHeight, MemorySegment target, long offset) {
    this.toWidth = toWidth;
    this.toHeight = toHeight;
    this.target = target;
    this.offset = offset;
  }

  @Override
  public void begin(int width, int height, int channels) {
    this.width = width;
    this.height = height;
    this.channels = channels;
    taken = 0;
    waiting = 0;
    nextRow = 0;
    sameSize = width == toWidth && height == toHeight && channels == RgbImage.CHANNELS;
    if (sameSize) {
      return;
    }
    columns = filter(width, toWidth);
    rows = filter(height, toHeight);
    fast = ColumnPass.suits(columns) && !columns.isIdentity();
    blockRows = blockRows(fast ? ColumnPass.blockRows(channels) : PLAIN_ROWS, (long) width * channels);
    work = workspace(Math.min(blockRows, height), toWidth, channels);
    // Rows are left over from a picture that was given up.
    work.spare.addAll(work.open);
    work.open.clear();
  }

  private static int blockRows(int most, long rowBytes) {
    return Math.clamp(BLOCK_BYTES / rowBytes, 1, most);
  }

  @Override
  public int batchRows(int width, int channels) {
    return blockRows(ColumnPass.blockRows(channels), (long) width * channels);
  }

  @Override
  public long heapBytes(long width, long height) {
    long block = Math.min(BLOCK_BYTES + width * RgbImage.CHANNELS, ColumnPass.LANES * width);
    // The weights of both axes, an output's in float64, and the lanes and rows of sums.
    return block + 24 * (width + height) + (long) (ColumnPass.LANES + 32) * toWidth * Integer.BYTES + FIXED_BYTES;
  }

  @Override
  public void rows(MemorySegment source, long from, int count) {
    if (count > height - taken) {
      throw new IllegalStateException((taken + count) + " rows of a picture of " + height);
    }
    long rowBytes = (long) width * channels;
    if (sameSize) {
      MemorySegment.copy(source, from, target, offset + taken * rowBytes, count * rowBytes);
      taken += count;
      return;
    }
    int done = 0;
    while (done < count) {
      long at = from + done * rowBytes;
      int rest = count - done;
      int missing = Math.min(blockRows - waiting, height - taken);
      int step = Math.min(rest, missing);
      taken += step;
      done += step;
      if (waiting == 0 && step == missing) {
        addBlock(source, at, step);
        continue;
      }
      byte[] kept = pending.atLeast((int) (Math.min(blockRows, height) * rowBytes));
      MemorySegment.copy(source, ValueLayout.JAVA_BYTE, at, kept, (int) (waiting * rowBytes), (int) (step * rowBytes));
      waiting += step;
      if (step == missing) {
        addBlock(MemorySegment.ofArray(kept), 0, waiting);
        waiting = 0;
      }
    }
  }

  /** Ends a picture, whose result is complete then. */
  void finish() {
    if (taken != height) {
      throw new IllegalStateException(taken + " rows of a picture of " + height);
    }
    trim();
  }

  /** Ends the use for one picture: forgets its target and frees what an unusually large one took. */
  void trim() {
    target = MemorySegment.NULL;
    columns = null;
    rows = null;
    pending.trim();
  }

  /** Bytes of rows that are held now. */
  int scratchBytes() {
    return pending.bytes();
  }

  /** Takes the next {@code count} rows, of which the last is number {@code taken - 1}. */
  private void addBlock(MemorySegment source, long from, int count) {
    long rowBytes = (long) width * channels;
    if (columns.isIdentity()) {
      columnPass.copy(source, from, rowBytes, count, work.block);
    } else if (fast) {
      columnPass.run(source, from, rowBytes, count, columns, channels, work.block);
    } else {
      ColumnPass.runPlain(source, from, rowBytes, count, columns, channels, work.block);
    }
    nextRow = addBlock(work, rows, taken - count, count, nextRow, target, offset);
  }

  private BicubicFilter filter(int inputs, int outputs) {
    return inputs > LONGEST_KEPT_AXIS || outputs > LONGEST_KEPT_AXIS
        ? new BicubicFilter(inputs, outputs)
        : filters.computeIfAbsent(new Axis(inputs, outputs), axis -> new BicubicFilter(axis.inputs, axis.outputs));
  }

  private Workspace workspace(int rows, int width, int channels) {
    Workspace found = channels == 1 ? grey : colour;
    if (found.block.length < rows || found.finished.length != width * RgbImage.CHANNELS) {
      // Full blocks, so that pictures of rising height do not allocate each time.
      found = new Workspace(Math.max(rows, width <= LONGEST_KEPT_AXIS ? ColumnPass.blockRows(channels) : rows), width, channels);
      if (channels == 1) {
        grey = found;
      } else {
        colour = found;
      }
    }
    return found;
  }

  /**
   * Adds the block's rows {@code y} to {@code y + count} to the output rows that they reach, and writes those that are complete.
   *
   * @return the first output row that is not begun
   */
  private static int addBlock(
      Workspace work, BicubicFilter rows, int y, int count, int nextRow, MemorySegment target, long offset) {
    for (OpenRow row : work.open) {
      addRows(work.block, y, count, row);
    }
    // Rows end in their order.
    while (!work.open.isEmpty() && work.open.peek().end <= y + count) {
      finish(work, work.open.remove(), target, offset);
    }
    int next = nextRow;
    for (; next < rows.outputs && rows.first[next] < y + count; next++) {
      OpenRow row = begin(work, rows, next);
      addRows(work.block, y, count, row);
      if (row.end <= y + count) {
        finish(work, row, target, offset);
      } else {
        work.open.add(row);
      }
    }
    return next;
  }

  private static OpenRow begin(Workspace work, BicubicFilter rows, int index) {
    OpenRow row = work.spare.isEmpty() ? new OpenRow(work.block[0].length) : work.spare.pop();
    row.index = index;
    row.first = rows.first[index];
    row.end = rows.end[index];
    row.weights = rows.weights[index];
    Arrays.fill(row.sums, BicubicFilter.ROUNDING);
    return row;
  }

  private static void addRows(int[][] block, int y0, int count, OpenRow row) {
    int end = Math.min(row.end, y0 + count);
    int y = Math.max(row.first, y0);
    int[] weights = row.weights;
    for (; y + 4 <= end; y += 4) {
      int at = y - y0;
      int tap = y - row.first;
      BicubicFilter.add(block[at], weights[tap], block[at + 1], weights[tap + 1], block[at + 2], weights[tap + 2], block[at + 3],
          weights[tap + 3], row.sums);
    }
    for (; y < end; y++) {
      BicubicFilter.add(block[y - y0], weights[y - row.first], row.sums);
    }
  }

  private static void finish(Workspace work, OpenRow row, MemorySegment target, long offset) {
    int[] sums = row.sums;
    byte[] bytes = work.finished;
    if (work.channels == 1) {
      for (int i = 0, to = 0; i < sums.length; i++, to += RgbImage.CHANNELS) {
        byte grey = (byte) BicubicFilter.toUnsignedByte(sums[i]);
        bytes[to] = grey;
        bytes[to + 1] = grey;
        bytes[to + 2] = grey;
      }
    } else {
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] = (byte) BicubicFilter.toUnsignedByte(sums[i]);
      }
    }
    MemorySegment.copy(bytes, 0, target, ValueLayout.JAVA_BYTE, offset + (long) row.index * bytes.length, bytes.length);
    // A spare row must not hold the weights of a long axis.
    row.weights = null;
    work.spare.push(row);
  }
}
