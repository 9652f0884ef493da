package org.conceptclip.backend.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.conceptclip.backend.cuda.driver.Kernel;
import org.conceptclip.backend.cuda.driver.KernelIndex;
import org.conceptclip.backend.cuda.driver.TensorMap;
import org.conceptclip.op.Sequences;

/**
 * The attention kernels for a device and a head width, and the tables that say which rows belong together. Pure.
 *
 * <p>Which kernel computes a sequence follows from that sequence's number of keys alone, so its bits are the same in every batch.
 *
 * @param parts one kernel, or two of which the first takes the sequences of few keys
 */
record AttentionPlan(List<Part> parts) {
  private static final String GENERAL = "attention_d";
  private static final String HOPPER = "attention_sm90_d";
  private static final String SHORT = "attention_short_d";
  private static final String CODES = "_e4m3";
  private static final int INT4_BYTES = 16;

  /**
   * The kernel for sequences of few keys where there is one of this width. For the others, the kernel that reads by tensor map where the
   * device has one of this width, else the general one.
   *
   * @throws IllegalArgumentException if no kernel was compiled for this head width
   */
  static AttentionPlan of(KernelIndex kernels, int headWidth) {
    Kernel any = kernels.find(HOPPER + headWidth).or(() -> kernels.find(GENERAL + headWidth))
        .orElseThrow(() -> new IllegalArgumentException(
            "attention: heads are " + headWidth + " wide, the CUDA kernels are compiled for " + headWidths(kernels)));
    Optional<Kernel> few = kernels.find(SHORT + headWidth);
    if (few.isEmpty()) {
      return new AttentionPlan(List.of(new Part(any, 1, Integer.MAX_VALUE)));
    }
    int most = fact(few.get(), "maxKeys");
    return new AttentionPlan(List.of(new Part(few.get(), 1, most), new Part(any, most + 1, Integer.MAX_VALUE)));
  }

  /** The kernel whose results are codes of F8_E4M3, if there is one for the device and this head width. It takes all sequences. */
  static Optional<AttentionPlan> ofCodes(KernelIndex kernels, int headWidth) {
    return kernels.find(HOPPER + headWidth + CODES).map(kernel -> new AttentionPlan(List.of(new Part(kernel, 1, Integer.MAX_VALUE))));
  }

  /** Head widths that attention is compiled for: those of the towers and of the tiny model. */
  static Set<Integer> headWidths(KernelIndex kernels) {
    Set<Integer> widths = new TreeSet<>();
    kernels.names().stream().filter(name -> name.startsWith(GENERAL))
        .forEach(name -> widths.add(Integer.parseInt(name.substring(GENERAL.length()))));
    return widths;
  }

  private static int fact(Kernel kernel, String name) {
    return kernel.fact(name).orElseThrow(() -> new IllegalStateException("kernel " + kernel + " states no " + name));
  }

  /** A kernel, and the sequences that are its own: those of {@code minKeys} to {@code maxKeys} keys, both inclusive. */
  record Part(Kernel kernel, int minKeys, int maxKeys) {
    /** Queries per tile, at most. */
    int tileRows() {
      return fact(kernel, "tileRows");
    }

    /** How far scores may outgrow a row's shift before that follows, as a power of two. */
    int headroomLog2() {
      return fact(kernel, "headroomLog2");
    }

    /** Whether the kernel takes queries, keys and values as tensor maps rather than by address, and items until none is left. */
    boolean readsByTensorMap() {
      return kernel.fact("boxColumns").isPresent();
    }

    /** Columns of a head that one bulk copy takes. */
    int boxColumns() {
      return fact(kernel, "boxColumns");
    }

    /** Columns of the bulk copy for what is behind a head's last whole box. */
    int restColumns() {
      return fact(kernel, "restColumns");
    }

    /** The tensor map of queries, keys and values [rows][3 * heads][head width], cut into boxes of this many columns of one head. */
    TensorMap tensorMap(DeviceTensor qkv, int heads, int columns) {
      int bytes = qkv.dtype().bytes();
      long headWidth = qkv.columns() / (3L * heads);
      return new TensorMap(
          qkv.address(),
          TensorMap.Element.F16,
          new long[] {headWidth, 3L * heads, qkv.rows()},
          new long[] {headWidth * bytes, qkv.rowBytes()},
          new int[] {columns, 1, fact(kernel, "boxRows")},
          TensorMap.Swizzle.valueOf("BYTES_" + columns * bytes));
    }

    private boolean takes(Sequences sequences, int s) {
      return sequences.keyLength(s) >= minKeys && sequences.keyLength(s) <= maxKeys;
    }

    /** Tiles of this part's sequences, 0 if there are none. Padding rows are computed as queries, too. */
    int tiles(Sequences sequences) {
      int tiles = 0;
      for (int s = 0; s < sequences.count(); s++) {
        tiles += takes(sequences, s) ? Math.ceilDiv(sequences.rows(s), tileRows()) : 0;
      }
      return tiles;
    }

    /** The {@code int4 {firstRow, rows, firstKeyRow, keyLength}} of every tile. A tile never spans two sequences. */
    ByteBuffer tileTable(Sequences sequences) {
      int tileRows = tileRows();
      ByteBuffer table = table(tiles(sequences));
      for (int s = 0; s < sequences.count(); s++) {
        if (!takes(sequences, s)) {
          continue;
        }
        int start = sequences.start(s);
        for (int row = 0; row < sequences.rows(s); row += tileRows) {
          table.putInt(start + row).putInt(Math.min(tileRows, sequences.rows(s) - row));
          table.putInt(start).putInt(sequences.keyLength(s));
        }
      }
      return table.flip();
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
