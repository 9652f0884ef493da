package org.conceptclip.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
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
    AttentionPlan.Part part = plan(headWidth, capability).parts().getLast();
    assertEquals(kernel, part.kernel().name());
    assertEquals(tileRows, part.tileRows());
    assertEquals(kernel.contains("sm90"), part.readsByTensorMap());
  }

  @ParameterizedTest
  @CsvSource({"24, 80, 1", "64, 80, 2", "72, 80, 1", "64, 90, 2", "72, 90, 1", "64, 120, 2"})
  void everyNumberOfKeysHasOneKernel(int headWidth, int capability, int parts) {
    AttentionPlan plan = plan(headWidth, capability);
    assertEquals(parts, plan.parts().size());
    int next = 1;
    for (AttentionPlan.Part part : plan.parts()) {
      assertEquals(next, part.minKeys());
      next = part.maxKeys() + 1;
    }
    assertEquals(Integer.MIN_VALUE, next, "the last part takes all that is left");
    assertEquals(parts == 2, plan.parts().getFirst().kernel().name().equals("attention_short_d64"));
    assertEquals(parts == 2 ? 80 : Integer.MAX_VALUE, plan.parts().getFirst().maxKeys());
  }

  /** By its own keys: padding rows do not count, nor do neighbours. */
  @Test
  void aSequenceGoesToItsKernelByItsOwnKeys() {
    Sequences sequences = new Sequences(new int[] {0, 80, 161, 461, 542, 545}, new int[] {80, 81, 5, 40, 3});
    AttentionPlan plan = plan(64, 80);
    assertEquals(List.of(
        new Tile(0, 80, 0, 80), new Tile(161, 80, 161, 5), new Tile(241, 80, 161, 5), new Tile(321, 80, 161, 5), new Tile(401, 60, 161, 5),
        new Tile(461, 80, 461, 40), new Tile(541, 1, 461, 40), new Tile(542, 3, 542, 3)), tiles(plan.parts().getFirst(), sequences));
    assertEquals(List.of(new Tile(80, 64, 80, 81), new Tile(144, 17, 80, 81)), tiles(plan.parts().getLast(), sequences));
    assertEquals(0, plan.parts().getLast().tiles(Sequences.packed(80, 1, 77)));
    assertEquals(0, plan.parts().getFirst().tiles(Sequences.packed(81, 512)));
  }

  private record Tile(int firstRow, int rows, int firstKeyRow, int keyLength) {}

  private static List<Tile> tiles(AttentionPlan.Part part, Sequences sequences) {
    ByteBuffer table = part.tileTable(sequences);
    assertEquals(part.tiles(sequences) * 4 * Integer.BYTES, table.remaining());
    List<Tile> tiles = new ArrayList<>();
    while (table.hasRemaining()) {
      tiles.add(new Tile(table.getInt(), table.getInt(), table.getInt(), table.getInt()));
    }
    return tiles;
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
        int[] covered = new int[sequences.totalRows()];
        for (AttentionPlan.Part part : plan(headWidth, capability).parts()) {
          for (Tile tile : tiles(part, sequences)) {
            assertTrue(tile.rows >= 1 && tile.rows <= part.tileRows(), tile::toString);
            int sequence = IntStream.range(0, sequences.count()).filter(s -> sequences.start(s) == tile.firstKeyRow).findFirst().orElseThrow();
            assertEquals(sequences.keyLength(sequence), tile.keyLength, tile::toString);
            assertTrue(tile.firstRow >= tile.firstKeyRow && tile.firstRow + tile.rows <= sequences.cumulativeRows()[sequence + 1], tile::toString);
            for (int row = tile.firstRow; row < tile.firstRow + tile.rows; row++) {
              covered[row]++;
            }
          }
        }
        assertTrue(Arrays.stream(covered).allMatch(times -> times == 1), headWidth + " wide on " + capability);
      }
    }
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
