package org.conceptclip.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Set;
import org.conceptclip.backend.cuda.driver.KernelIndex;
import org.conceptclip.op.Sequences;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each device gets its attention kernel, and the tiles cover every row exactly once. */
class AttentionPlanTest {
  private static AttentionPlan plan(int headWidth, int capability) {
    return AttentionPlan.of(KernelIndex.forCapability(capability), headWidth);
  }

  @ParameterizedTest
  @CsvSource({
    "24, 80, attention_d24, 64", "64, 80, attention_d64, 64", "72, 80, attention_d72, 128",
    "24, 90, attention_d24, 64", "64, 90, attention_sm90_d64, 192", "72, 90, attention_sm90_d72, 192",
    "72, 86, attention_d72, 128", "72, 100, attention_d72, 128", "64, 120, attention_d64, 64"
  })
  void attentionIsHoppersOwnOnHopperAlone(int headWidth, int capability, String kernel, int tileRows) {
    AttentionPlan plan = plan(headWidth, capability);
    assertEquals(kernel, plan.kernel().name());
    assertEquals(tileRows, plan.tileRows());
    assertEquals(kernel.contains("sm90"), plan.readsByTensorMap());
  }

  @Test
  void otherHeadWidthsAreRejected() {
    String message = assertThrows(IllegalArgumentException.class, () -> plan(80, 90)).getMessage();
    assertTrue(message.contains("80 wide") && message.contains("[24, 64, 72]"), message);
  }

  @Test
  void tilesCoverEveryRowOnceAndStayInTheirSequence() {
    Sequences sequences = new Sequences(new int[] {0, 1, 130, 130 + 200, 330 + 64}, new int[] {1, 100, 200, 64});
    for (int capability : new int[] {80, 90}) {
      Set<Integer> headWidths = AttentionPlan.headWidths(KernelIndex.forCapability(capability));
      assertEquals(Set.of(24, 64, 72), headWidths);
      for (int headWidth : headWidths) {
        AttentionPlan plan = plan(headWidth, capability);
        ByteBuffer table = plan.tileTable(sequences);
        assertEquals(plan.tiles(sequences) * 4 * Integer.BYTES, table.remaining());
        int row = 0;
        int sequence = 0;
        while (row < sequences.totalRows()) {
          assertEquals(row, table.getInt(), "first row of a tile");
          int rows = table.getInt();
          assertTrue(rows >= 1 && rows <= plan.tileRows(), rows + " rows");
          assertEquals(sequences.start(sequence), table.getInt(), "first key");
          assertEquals(sequences.keyLength(sequence), table.getInt(), "keys");
          row += rows;
          assertTrue(row <= sequences.cumulativeRows()[sequence + 1], "a tile of two sequences");
          if (row == sequences.cumulativeRows()[sequence + 1]) {
            sequence++;
          }
        }
        assertEquals(sequences.totalRows(), row);
        while (table.hasRemaining()) {
          for (int expected : new int[] {0, 0, 0, 1}) {
            assertEquals(expected, table.getInt(), "an idle tile");
          }
        }
      }
    }
  }

  /** Batches of images have no idle tiles; texts have as many tiles as any texts of their number and total. */
  @Test
  void tilesOfTextsDependOnTheirNumberAndTotalAlone() {
    for (int capability : new int[] {80, 90}) {
      AttentionPlan images = plan(72, capability);
      for (int count : new int[] {1, 2, 64, 128}) {
        assertEquals(count * Math.ceilDiv(729, images.tileRows()), images.tiles(Sequences.uniform(count, 729)));
      }
      AttentionPlan texts = plan(64, capability);
      assertEquals(texts.tiles(Sequences.packed(77, 64, 1, 50, 0, 0)), texts.tiles(Sequences.packed(32, 32, 32, 32, 32, 32)));
    }
    AttentionPlan small = plan(64, 80);
    assertEquals(1, small.tiles(Sequences.packed(64)));
    assertEquals(2, small.tiles(Sequences.packed(65)));
    assertEquals(6 + (192 - 6) / 64, small.tiles(Sequences.packed(65, 65, 58, 1, 1, 2)), "more than its 8 tiles are never needed");
    assertEquals(3, small.tiles(Sequences.packed(1, 1, 1, 0, 0, 0)), "empty sequences have none");
    assertEquals(6, plan(64, 90).tiles(Sequences.packed(77, 77, 77, 77, 77, 77)));
  }

  @Test
  void tablesOfSequences() {
    ByteBuffer table = AttentionPlan.sequenceTable(Sequences.dense(5, 2, 5));
    for (int expected : new int[] {0, 5, 2, 0, 5, 5, 5, 0}) {
      assertEquals(expected, table.getInt());
    }
    assertEquals(0, table.remaining());
  }
}
