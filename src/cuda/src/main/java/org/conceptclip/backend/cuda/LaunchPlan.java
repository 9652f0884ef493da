package org.conceptclip.backend.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Set;
import java.util.TreeSet;
import org.conceptclip.backend.cuda.driver.TensorMap;
import org.conceptclip.op.Sequences;

/**
 * How kernels are launched: blocks, threads, tiles, shared memory, as their cards and {@code kernels/README.md} say. Pure: the same on
 * every machine, so it is tested without one.
 */
final class LaunchPlan {
  /** Head widths that attention is compiled for: the towers' own and the tiny model's. */
  static final Set<Integer> HEAD_WIDTHS = new TreeSet<>(Set.of(24, 64, 72));

  /** Bytes of an {@code int4}. */
  static final int INT4_BYTES = 16;

  private static final int WARP = 32;

  private LaunchPlan() {}

  /**
   * Extents of a launch.
   *
   * @param threads of a block
   * @param sharedBytes dynamic shared memory of a block
   */
  record Grid(int x, int y, int threads, int sharedBytes) {}

  /** A warp a row, four rows a block: rows of up to 2304 values stay in a warp's registers, and no block barrier is needed. */
  static Grid warpPerRow(long rows) {
    int rowsPerBlock = 4;
    return new Grid(blocks(rows, rowsPerBlock), 1, rowsPerBlock * WARP, 0);
  }

  /** A vector of eight elements a thread: 16 bytes, the widest access there is. */
  static Grid elementwise(long rows, long pitch) {
    int threads = 256;
    return new Grid(blocks(rows * (pitch / DeviceTensor.PADDING), threads), 1, threads, 0);
  }

  /** 64 columns of one sequence a block: 32 columns by eight rows a warp. */
  static Grid meanPool(long columns, int sequences) {
    int columnsPerBlock = 64;
    return new Grid(blocks(columns, columnsPerBlock), sequences, columnsPerBlock, 0);
  }

  static Grid poolAttention(int heads, int sequences) {
    return new Grid(heads, sequences, 128, 9232);
  }

  /** Tiles of 64 x 64 scores. */
  static Grid similarity(long m, long n) {
    return new Grid(blocks(n, 64), blocks(m, 64), 256, 32768);
  }

  static Grid topKMean(long concepts, int sequences) {
    return new Grid(Math.toIntExact(concepts), sequences, 128, 4144);
  }

  /** Tiles of 64 patches x 64 outputs. */
  static Grid patchEmbed(long patches, int width) {
    return new Grid(blocks(width, 64), blocks(patches, 64), 128, 20992);
  }

  private static int blocks(long count, int perBlock) {
    return Math.toIntExact(Math.ceilDiv(count, (long) perBlock));
  }

  /**
   * The attention kernel for a device and a head width.
   *
   * @param kernel entry point
   * @param tileRows queries a tile at most
   * @param box how the kernel's tensor map of queries, keys and values is cut; {@code null} for a kernel that reads by address
   */
  record Attention(String kernel, int tileRows, int threads, int sharedBytes, Box box) {
    /** Compute capability whose code does not run on any later one: the asynchronous products are Hopper's alone. */
    private static final int HOPPER = 90;

    /**
     * @throws IllegalArgumentException if no kernel was compiled for this head width
     */
    static Attention of(int headWidth, int capability) {
      if (!HEAD_WIDTHS.contains(headWidth)) {
        throw new IllegalArgumentException(
            "attention: heads are " + headWidth + " wide, the CUDA kernels are compiled for " + HEAD_WIDTHS);
      }
      if (capability == HOPPER && headWidth == 64) {
        return new Attention("attention_sm90_d64", 192, 512, 101456, new Box(64, 96, TensorMap.Swizzle.BYTES_128));
      }
      if (capability == HOPPER && headWidth == 72) {
        // Boxes of 64 columns would leave a second one for the last 8; five of 16 waste only the half of the last.
        return new Attention("attention_sm90_d72", 192, 512, 119888, new Box(16, 96, TensorMap.Swizzle.BYTES_32));
      }
      // An image has the rows for tiles of 128, which read keys and values half as often; most texts have fewer than 64.
      int tileRows = headWidth == 72 ? 128 : 64;
      // Narrow heads fit a smaller tile of keys and values.
      return new Attention("attention_d" + headWidth, tileRows, 128, headWidth == 24 ? 12288 : 36864, null);
    }

    Grid grid(int tiles, int heads) {
      return new Grid(tiles, heads, threads, sharedBytes);
    }

    /** Tiles of all sequences: padding is computed as queries, too. */
    int tiles(Sequences sequences) {
      int tiles = 0;
      for (int s = 0; s < sequences.count(); s++) {
        tiles += blocks(sequences.rows(s), tileRows);
      }
      return tiles;
    }

    /** The {@code int4 {firstRow, rows, firstKeyRow, keyLength}} of every tile. A tile never spans two sequences. */
    ByteBuffer tileTable(Sequences sequences) {
      ByteBuffer table = table(tiles(sequences));
      for (int s = 0; s < sequences.count(); s++) {
        int start = sequences.start(s);
        for (int row = 0; row < sequences.rows(s); row += tileRows) {
          table.putInt(start + row).putInt(Math.min(tileRows, sequences.rows(s) - row));
          table.putInt(start).putInt(sequences.keyLength(s));
        }
      }
      return table.flip();
    }
  }

  /**
   * What one bulk copy takes of one head.
   *
   * @param columns of the head
   * @param rows tokens
   */
  record Box(int columns, int rows, TensorMap.Swizzle swizzle) {
    /** The tensor map of queries, keys and values [rows][3 * heads][head width]. */
    TensorMap of(DeviceTensor qkv, int heads, int headWidth) {
      return new TensorMap(
          qkv.address(),
          new long[] {headWidth, 3L * heads, qkv.rows()},
          new long[] {(long) headWidth * qkv.dtype().bytes(), qkv.rowBytes()},
          new int[] {columns, 1, rows},
          swizzle);
    }
  }

  /** The {@code int4 {firstRow, rows, keyLength, 0}} of every sequence. */
  static ByteBuffer sequenceTable(Sequences sequences) {
    ByteBuffer table = table(sequences.count());
    for (int s = 0; s < sequences.count(); s++) {
      table.putInt(sequences.start(s)).putInt(sequences.rows(s)).putInt(sequences.keyLength(s)).putInt(0);
    }
    return table.flip();
  }

  private static ByteBuffer table(int entries) {
    return ByteBuffer.allocate(Math.multiplyExact(entries, INT4_BYTES)).order(ByteOrder.nativeOrder());
  }
}
