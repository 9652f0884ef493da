package org.conceptclip.backend.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Set;
import java.util.TreeSet;
import org.conceptclip.backend.cuda.driver.Kernel;
import org.conceptclip.backend.cuda.driver.KernelIndex;
import org.conceptclip.backend.cuda.driver.TensorMap;
import org.conceptclip.op.Sequences;

/** The attention kernel for a device and a head width, and the tables that say which rows belong together. Pure. */
record AttentionPlan(Kernel kernel) {
  private static final String GENERAL = "attention_d";
  private static final String HOPPER = "attention_sm90_d";
  private static final int INT4_BYTES = 16;

  /**
   * The kernel that reads by tensor map where the device has one of this width, else the general one.
   *
   * @throws IllegalArgumentException if no kernel was compiled for this head width
   */
  static AttentionPlan of(KernelIndex kernels, int headWidth) {
    return new AttentionPlan(kernels.find(HOPPER + headWidth).or(() -> kernels.find(GENERAL + headWidth))
        .orElseThrow(() -> new IllegalArgumentException(
            "attention: heads are " + headWidth + " wide, the CUDA kernels are compiled for " + headWidths(kernels))));
  }

  /** Head widths that attention is compiled for: those of the towers and of the tiny model. */
  static Set<Integer> headWidths(KernelIndex kernels) {
    Set<Integer> widths = new TreeSet<>();
    kernels.names().stream().filter(name -> name.startsWith(GENERAL))
        .forEach(name -> widths.add(Integer.parseInt(name.substring(GENERAL.length()))));
    return widths;
  }

  /** Queries per tile, at most. */
  int tileRows() {
    return fact("tileRows");
  }

  private int fact(String name) {
    return kernel.fact(name).orElseThrow(() -> new IllegalStateException("kernel " + kernel + " states no " + name));
  }

  /** Whether the kernel takes queries, keys and values as a tensor map rather than by address. */
  boolean readsByTensorMap() {
    return kernel.fact("boxColumns").isPresent();
  }

  /** The tensor map of queries, keys and values [rows][3 * heads][head width], cut into what one bulk copy takes of one head. */
  TensorMap tensorMap(DeviceTensor qkv, int heads, int headWidth) {
    return new TensorMap(
        qkv.address(),
        TensorMap.Element.F16,
        new long[] {headWidth, 3L * heads, qkv.rows()},
        new long[] {(long) headWidth * qkv.dtype().bytes(), qkv.rowBytes()},
        new int[] {fact("boxColumns"), 1, fact("boxRows")},
        TensorMap.Swizzle.valueOf("BYTES_" + fact("swizzleBytes")));
  }

  /** Tiles of all sequences. Padding rows are computed as queries, too. */
  int tiles(Sequences sequences) {
    int tiles = 0;
    for (int s = 0; s < sequences.count(); s++) {
      tiles += Math.ceilDiv(sequences.rows(s), tileRows());
    }
    return tiles;
  }

  /** The {@code int4 {firstRow, rows, firstKeyRow, keyLength}} of every tile. A tile never spans two sequences. */
  ByteBuffer tileTable(Sequences sequences) {
    int tileRows = tileRows();
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
