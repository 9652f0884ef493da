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

  /** Sequences of up to so many rows, which texts have, are not told apart where tiles are counted. */
  private static final int ROWS_OF_TEXTS = 128;

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
      return new AttentionPlan(List.of(new Part(any, 0, Integer.MAX_VALUE)));
    }
    int most = fact(few.get(), "maxKeys");
    return new AttentionPlan(List.of(new Part(few.get(), 0, most), new Part(any, most + 1, Integer.MAX_VALUE)));
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

  /** A kernel, and the sequences that are its own: of {@code minKeys} to {@code maxKeys} keys, both inclusive; empty ones have none. */
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

    /** Queries, keys and values [rows][3 * heads][head width], cut into boxes of this many columns of one head. */
    TensorMaps.Matrix boxes(DeviceTensor qkv, int heads, int columns) {
      int parts = 3 * heads;
      return new TensorMaps.Matrix(qkv.address(), TensorMap.Element.F16, qkv.columns() / parts, parts, qkv.rows(), qkv.rowBytes(), columns,
          fact(kernel, "boxRows"), columns * qkv.dtype().bytes());
    }

    private boolean takes(Sequences sequences, int s) {
      return sequences.keyLength(s) >= minKeys && sequences.keyLength(s) <= maxKeys;
    }

    /**
     * Tiles of a table; 0 if none of the sequences' rows are this part's. They are as many as sequences of this number and total can have,
     * so that batches of texts of one size are the same work whatever the lengths in them. Long sequences of one length, such as images,
     * have no other number.
     */
    int tiles(Sequences sequences) {
      int count = 0;
      int rows = 0;
      int longest = Math.min(maxKeys, ROWS_OF_TEXTS);
      for (int s = 0; s < sequences.count(); s++) {
        if (takes(sequences, s)) {
          count++;
          rows += sequences.rows(s);
          longest = Math.max(longest, sequences.rows(s));
        }
      }
      long ofLongest = (long) count * Math.ceilDiv(longest, tileRows());
      // Of so many sequences that are not empty, each has a tile for its first row, and one more for every further tileRows rows.
      int most = Math.min(count, rows);
      return rows == 0 ? 0 : (int) Math.min(ofLongest, most + (rows - most) / tileRows());
    }

    /**
     * The {@code int4 {firstRow, rows, firstKeyRow, keyLength}} of every tile. A tile never spans two sequences. Padding rows are computed
     * as queries, too. Behind the tiles of the sequences come idle ones, of no rows and the first key: for these nothing is written.
     */
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
      while (table.hasRemaining()) {
        table.putInt(0).putInt(0).putInt(0).putInt(1);
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
