package org.conceptclip.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.conceptclip.op.Sequences;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Launches are what the kernels' documentation says, and cover everything exactly once. */
class LaunchPlanTest {
  private static final Path KERNELS = Path.of("kernels");

  @Test
  void sharedMemoryIsWhatTheKernelsReadmeSays() throws IOException {
    Map<String, Integer> documented = documentedSharedBytes();
    for (int headWidth : LaunchPlan.HEAD_WIDTHS) {
      for (int capability : new int[] {80, 90}) {
        LaunchPlan.Attention plan = LaunchPlan.Attention.of(headWidth, capability);
        assertEquals(documented.get(plan.kernel()), plan.sharedBytes(), plan.kernel());
      }
    }
    assertEquals(documented.get("pool_attention"), LaunchPlan.poolAttention(1, 1).sharedBytes());
    assertEquals(documented.get("similarity_f16"), LaunchPlan.similarity(1, 1).sharedBytes());
    assertEquals(documented.get("top_k_mean"), LaunchPlan.topKMean(1, 1).sharedBytes());
    assertEquals(documented.get("patch_embed_u8"), LaunchPlan.patchEmbed(1, 1).sharedBytes());
  }

  /** Rows such as {@code | `a`, `b`; `c` | 12; 34 |}: names before a semicolon have the bytes before it. */
  private static Map<String, Integer> documentedSharedBytes() throws IOException {
    String text = Files.readString(KERNELS.resolve("README.md"));
    String table = text.substring(text.indexOf("| kernel | bytes |"));
    Map<String, Integer> bytes = new HashMap<>();
    Matcher row = Pattern.compile("^\\| (`[^|]+) \\| ([\\d; ]+) \\|$", Pattern.MULTILINE).matcher(table);
    while (row.find()) {
      String[] groups = row.group(1).split(";");
      String[] values = row.group(2).split(";");
      for (int i = 0; i < groups.length; i++) {
        Matcher name = Pattern.compile("`(\\w+)`").matcher(groups[i]);
        while (name.find()) {
          bytes.put(name.group(1), Integer.parseInt(values[i].strip()));
        }
      }
    }
    return bytes;
  }

  @ParameterizedTest
  @CsvSource({
    "24, 80, attention_d24, 64", "64, 80, attention_d64, 64", "72, 80, attention_d72, 128",
    "24, 90, attention_d24, 64", "64, 90, attention_sm90_d64, 192", "72, 90, attention_sm90_d72, 192",
    "72, 86, attention_d72, 128", "72, 100, attention_d72, 128", "64, 120, attention_d64, 64"
  })
  void attentionIsHoppersOwnOnHopperAlone(int headWidth, int capability, String kernel, int tileRows) {
    LaunchPlan.Attention plan = LaunchPlan.Attention.of(headWidth, capability);
    assertEquals(kernel, plan.kernel());
    assertEquals(tileRows, plan.tileRows());
    assertEquals(kernel.contains("sm90"), plan.box() != null);
  }

  @Test
  void otherHeadWidthsAreRefused() {
    String message = assertThrows(IllegalArgumentException.class, () -> LaunchPlan.Attention.of(80, 90)).getMessage();
    assertTrue(message.contains("80 wide") && message.contains("[24, 64, 72]"), message);
  }

  @Test
  void tilesCoverEveryRowOnceAndStayInTheirSequence() {
    Sequences sequences = new Sequences(new int[] {0, 1, 130, 130 + 200, 330 + 64}, new int[] {1, 100, 200, 64});
    for (int headWidth : LaunchPlan.HEAD_WIDTHS) {
      for (int capability : new int[] {80, 90}) {
        LaunchPlan.Attention plan = LaunchPlan.Attention.of(headWidth, capability);
        ByteBuffer table = plan.tileTable(sequences);
        assertEquals(plan.tiles(sequences) * LaunchPlan.INT4_BYTES, table.remaining());
        int row = 0;
        int sequence = 0;
        while (table.hasRemaining()) {
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
      }
    }
  }

  @Test
  void tablesOfSequences() {
    ByteBuffer table = LaunchPlan.sequenceTable(Sequences.dense(5, 2, 5));
    for (int expected : new int[] {0, 5, 2, 0, 5, 5, 5, 0}) {
      assertEquals(expected, table.getInt());
    }
    assertEquals(0, table.remaining());
  }

  @Test
  void gridsCoverTheLastPart() {
    assertEquals(new LaunchPlan.Grid(183, 1, 128, 0), LaunchPlan.warpPerRow(729));
    assertEquals(new LaunchPlan.Grid(2, 1, 256, 0), LaunchPlan.elementwise(257, 8));
    assertEquals(new LaunchPlan.Grid(12, 3, 64, 0), LaunchPlan.meanPool(768, 3));
    assertEquals(18, LaunchPlan.patchEmbed(729, 1152).x());
    assertEquals(12, LaunchPlan.patchEmbed(729, 1152).y());
    assertEquals(2, LaunchPlan.similarity(64, 65).x());
    assertEquals(1, LaunchPlan.similarity(64, 65).y());
  }
}
