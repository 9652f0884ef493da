package org.conceptclip.backend.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.conceptclip.backend.cuda.driver.AttentionCall;
import org.conceptclip.op.Sequences;

/**
 * What a library needs to know of the sequences of a batch. Pure.
 *
 * <p>A library makes a plan for each shape, which takes long. So sequences are counted up to a power of two, with empty ones at the end,
 * and the longest is rounded up: few shapes serve all batches. Sequences of one length are no exception, because a sequence must get the
 * same bits whether its batch is of one length or not.
 */
final class LibraryAttention {
  private static final int ROWS_MULTIPLE = 64;

  private LibraryAttention() {}

  static AttentionCall.Shape shape(Sequences sequences, int heads, int headWidth, long qkvPitch, long outPitch) {
    int longest = 1;
    for (int s = 0; s < sequences.count(); s++) {
      longest = Math.max(longest, sequences.rows(s));
    }
    int places = Integer.highestOneBit(Math.max(1, 2 * sequences.count() - 1));
    int maxRows = Math.ceilDiv(longest, ROWS_MULTIPLE) * ROWS_MULTIPLE;
    return new AttentionCall.Shape(places, maxRows, heads, headWidth, Math.toIntExact(qkvPitch), Math.toIntExact(outPitch));
  }

  /** The tables of {@link AttentionCall.Table}, one behind the other. Padding rows are computed as queries, too. */
  static ByteBuffer tables(Sequences sequences, AttentionCall.Shape shape) {
    ByteBuffer tables = ByteBuffer.allocate(Math.toIntExact(shape.tableBytes())).order(ByteOrder.nativeOrder());
    for (int s = 0; s <= shape.sequences(); s++) {
      boolean present = s < sequences.count();
      int start = sequences.cumulativeRows()[Math.min(s, sequences.count())];
      put(tables, shape, AttentionCall.Table.QKV_OFFSETS, s, Math.multiplyExact(start, shape.qkvPitch()));
      put(tables, shape, AttentionCall.Table.OUT_OFFSETS, s, Math.multiplyExact(start, shape.outPitch()));
      if (s < shape.sequences()) {
        put(tables, shape, AttentionCall.Table.ROWS, s, present ? sequences.rows(s) : 0);
        put(tables, shape, AttentionCall.Table.KEYS, s, present ? sequences.keyLength(s) : 0);
      }
    }
    return tables;
  }

  private static void put(ByteBuffer tables, AttentionCall.Shape shape, AttentionCall.Table table, int entry, int value) {
    tables.putInt(Math.toIntExact(shape.tableOffset(table)) + entry * Integer.BYTES, value);
  }
}
