package org.conceptclip.backend.cuda.driver;

/**
 * Attention through a library, in every sequence and head: {@code out = softmax(Q K^T / sqrt(headWidth)) V}, float16.
 *
 * <p>A row of {@code qkv} holds queries, keys and values, each divided into heads, and a row of {@code out} the heads' results. Which
 * algorithm computes it depends on {@link Shape#kind} alone and never on the number or the lengths of the sequences: a row's bits must not
 * depend on what else is in the batch.
 *
 * @param qkv device address of the first row
 * @param out device address of the first row
 * @param tables device address of the tables of {@link Shape#tableBytes}
 */
public record AttentionCall(Shape shape, long qkv, long out, long tables) {
  private static final int ALIGNMENT_BYTES = 16;
  private static final int TABLE_ALIGNMENT_BYTES = 256;

  /** What an algorithm is chosen by. */
  public record Kind(int heads, int headWidth) {}

  /**
   * What a plan is made for.
   *
   * @param sequences their number, empty ones included
   * @param maxRows rows of the longest sequence, or more
   * @param heads of a row
   * @param headWidth columns of a head, a multiple of 8
   * @param qkvPitch elements between rows of {@code qkv}
   * @param outPitch elements between rows of {@code out}
   */
  public record Shape(int sequences, int maxRows, int heads, int headWidth, int qkvPitch, int outPitch) {
    public Shape {
      int width = heads * headWidth;
      boolean some = sequences >= 1 && maxRows >= 1 && heads >= 1 && headWidth >= 8;
      if (!some || headWidth % 8 != 0 || qkvPitch < 3 * width || outPitch < width) {
        throw new IllegalArgumentException("attention of " + sequences + " sequences of at most " + maxRows + " rows, " + heads
            + " heads of " + headWidth + ", pitches " + qkvPitch + " and " + outPitch
            + ": expected at least one of each, a head width that is a multiple of 8 and pitches that hold a row");
      }
    }

    public Kind kind() {
      return new Kind(heads, headWidth);
    }

    /** Elements from the beginning of a row of {@code qkv} to its keys, and from there to its values. */
    public int width() {
      return heads * headWidth;
    }

    /** Bytes from the beginning of one table to that of the next. */
    private long stride() {
      return Math.ceilDiv((sequences + 1L) * Integer.BYTES, TABLE_ALIGNMENT_BYTES) * TABLE_ALIGNMENT_BYTES;
    }

    /**
     * Where a table begins behind the address of all: INT32 rows of each sequence, INT32 keys of each sequence, the element of {@code qkv}
     * at which each begins and at which the last ends, and the same of {@code out}.
     */
    public long tableOffset(Table table) {
      return table.ordinal() * stride();
    }

    /** Bytes of all tables. */
    public long tableBytes() {
      return Table.values().length * stride();
    }
  }

  /** What is not part of the shape. */
  public enum Table {
    ROWS,
    KEYS,
    QKV_OFFSETS,
    OUT_OFFSETS
  }

  /** Rejects what no algorithm could compute. */
  public AttentionCall {
    requireAddress("qkv", qkv, ALIGNMENT_BYTES);
    requireAddress("out", out, ALIGNMENT_BYTES);
    requireAddress("tables", tables, TABLE_ALIGNMENT_BYTES);
  }

  private static void requireAddress(String name, long address, int multiple) {
    if (address == 0 || address % multiple != 0) {
      throw new IllegalArgumentException(
          "attention: " + name + " at " + DeviceBlocks.hex(address) + ", expected a multiple of " + multiple + " bytes");
    }
  }

  /** Device address of a table. */
  public long table(Table table) {
    return tables + shape.tableOffset(table);
  }
}
