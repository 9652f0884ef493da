package org.conceptclip.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that are damaged at random: each is read to its last byte or refused, never anything else. */
class SafetensorsFuzzTest {
  private static final int MUTATIONS = 40_000;
  private static final int DATA_BYTES = 34;
  private static final long SEED = 20261124;
  private static final String[] TOKENS = {
    "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u0000", "\\ud800", "null", "true", "-1", "0", "1e3", "0.5", "NaN",
    "9223372036854775807", "18446744073709551615", "\"dtype\"", "\"shape\"", "\"data_offsets\"", "\"__metadata__\"",
    "\"F32\"", "\"F8_E4M3\"", "[0,8]", "[1073741824,1073741824,1073741824]", "\"C64\"", "\"F4\"",
    "\"\"", "[0,0]", "[]", "[0,9223372036854775807]",
    "version https://git-lfs.github.com/", "<html>", "PK", " ", "\n", "\u00ff", "/*", "//", "'"
  };

  @TempDir Path folder;

  @Test
  void damagedFilesAreReadOrRefused() {
    assertDamageIsReadOrRefused(
        SafetensorsBytes.file(
            "{'__metadata__':{'format':'pt','note':'x'},"
                + "'visual.a':{'dtype':'F32','shape':[2,3],'data_offsets':[0,24]},"
                + "'visual.b':{'dtype':'F16','shape':[4],'data_offsets':[24,32]},"
                + "'none':{'dtype':'U8','shape':[0],'data_offsets':[32,32]},"
                + "'scale':{'dtype':'BF16','shape':[],'data_offsets':[32,34]}}   ",
            DATA_BYTES),
        MUTATIONS, true);
  }

  /** Types that are newer than this reader, of more or less than a byte. */
  @Test
  void damagedFilesWithUnknownTypesAreReadOrRefused() {
    assertDamageIsReadOrRefused(
        SafetensorsBytes.file(
            "{'a':{'dtype':'C64','shape':[2],'data_offsets':[0,16]},'b':{'dtype':'F4','shape':[3,5],'data_offsets':[16,24]},"
                + "'c':{'dtype':'F6_E2M3','shape':[],'data_offsets':[24,25]},'d':{'dtype':'F8_E8M0','shape':[0],'data_offsets':[25,25]},"
                + "'e':{'dtype':'I8','shape':[9],'data_offsets':[25,34]}}",
            DATA_BYTES),
        MUTATIONS / 4, true);
  }

  /** What failed downloads leave: it is never taken for weights, and damage does not make the reader wait or allocate much. */
  @Test
  void damagedFilesOfOtherKindsAreRefused() {
    SafetensorsFileTest.otherContent()
        .map(arguments -> ((String) arguments.get()[0]).getBytes(StandardCharsets.ISO_8859_1))
        .forEach(content -> assertDamageIsReadOrRefused(Arrays.copyOf(content, content.length + DATA_BYTES), MUTATIONS / 40, false));
  }

  private void assertDamageIsReadOrRefused(byte[] sound, int mutations, boolean bothOutcomes) {
    int[] outcomes = new int[2];
    assertTimeoutPreemptively(
        Duration.ofSeconds(120),
        () -> {
          Random random = new Random(SEED);
          for (int i = 0; i < mutations; i++) {
            byte[] damaged = damaged(sound, random);
            try {
              boolean accepted = damaged.length >= 8 && accepted(damaged);
              outcomes[accepted ? 0 : 1]++;
              if (i % 16 == 0) {
                assertEquals(accepted, acceptedOnDisk(damaged));
              }
            } catch (RuntimeException | Error e) {
              throw new AssertionError("mutation " + i + " of seed " + SEED + ": " + Arrays.toString(damaged), e);
            }
          }
        });
    // Both outcomes must occur often, or the mutator damages too much or too little to prove anything.
    assertTrue(!bothOutcomes || outcomes[0] > mutations / 100 && outcomes[1] > mutations / 2, () -> Arrays.toString(outcomes));
  }

  /** True if the content was accepted, false if it was refused as bad input. */
  private static boolean accepted(byte[] content) {
    try {
      long length = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN).getLong();
      int headerBytes = SafetensorsHeader.checkLength("f", length, content.length);
      SafetensorsHeader.parse("f", Arrays.copyOfRange(content, 8, 8 + headerBytes), content.length - 8L - headerBytes);
      return true;
    } catch (BadInputException e) {
      assertTrue(e.getMessage().startsWith("f: ") && e.getMessage().lines().count() == 1, e.getMessage());
      return false;
    }
  }

  /** The same through a file, whose every tensor is read to its last byte. */
  private boolean acceptedOnDisk(byte[] content) throws IOException {
    Path path = Files.write(folder.resolve("f.safetensors"), content);
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      for (String name : file.tensors().keySet()) {
        if (!file.tensors().get(name).isOfKnownType()) {
          assertThrows(BadInputException.class, () -> file.read(name));
          continue;
        }
        try (TensorLoan loan = file.read(name)) {
          assertEquals(loan.tensor().byteSize(), loan.tensor().data().toArray(ValueLayout.JAVA_BYTE).length);
        }
      }
      return true;
    } catch (BadInputException e) {
      return false;
    }
  }

  private static byte[] damaged(byte[] sound, Random random) {
    byte[] bytes = sound.clone();
    int rounds = 1 + random.nextInt(3);
    boolean repairLength = random.nextInt(4) != 0;
    for (int round = 0; round < rounds; round++) {
      // The length field only when it is not repaired: else most files would fail at its first check.
      int from = repairLength ? Math.min(8, bytes.length) : 0;
      bytes = once(bytes, from, random);
    }
    if (repairLength && bytes.length >= 8 + DATA_BYTES) {
      int header = bytes.length - 8 - DATA_BYTES;
      for (int i = 0; i < 8; i++) {
        bytes[i] = (byte) ((long) header >>> (8 * i));
      }
    }
    return bytes;
  }

  private static byte[] once(byte[] bytes, int from, Random random) {
    if (bytes.length <= from) {
      return bytes;
    }
    int at = from + random.nextInt(bytes.length - from);
    switch (random.nextInt(7)) {
      case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
      case 1 -> bytes[at] = (byte) random.nextInt(256);
      case 2 -> bytes[at] = (byte) ('0' + random.nextInt(10));
      case 3 -> {
        return Arrays.copyOf(bytes, at);
      }
      case 4 -> {
        return spliced(bytes, at, 0, TOKENS[random.nextInt(TOKENS.length)].getBytes(StandardCharsets.UTF_8));
      }
      case 5 -> {
        int length = Math.min(1 + random.nextInt(40), bytes.length - at);
        int target = from + random.nextInt(bytes.length - from);
        return spliced(bytes, target, 0, Arrays.copyOfRange(bytes, at, at + length));
      }
      default -> {
        return spliced(bytes, at, Math.min(1 + random.nextInt(20), bytes.length - at), new byte[0]);
      }
    }
    return bytes;
  }

  private static byte[] spliced(byte[] bytes, int at, int removed, byte[] inserted) {
    byte[] result = new byte[bytes.length - removed + inserted.length];
    System.arraycopy(bytes, 0, result, 0, at);
    System.arraycopy(inserted, 0, result, at, inserted.length);
    System.arraycopy(bytes, at + removed, result, at + inserted.length, bytes.length - at - removed);
    return result;
  }
}
