package org.conceptclip.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.conceptclip.tensor.BadInputException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Against the two steps that it joins: equal bytes, equal refusals, nothing written beside the target. */
@Timeout(120)
class PixelDecoderTest {
  private static final int SIZE = 24;
  private static final int BYTES = SIZE * SIZE * 3;
  private static final byte CANARY = 0x5a;

  private final ImageDecoder separate = new ImageDecoder(DecodeLimits.DEFAULT);
  private final PixelDecoder decoder = new PixelDecoder(DecodeLimits.DEFAULT);

  static Stream<ImageFixtures.Fixture> accepted() {
    return ImageDecoderTest.accepted();
  }

  @AfterEach
  void close() {
    decoder.close();
  }

  @ParameterizedTest
  @MethodSource("accepted")
  void writesWhatTheSeparateStepsYield(ImageFixtures.Fixture fixture, @TempDir Path directory) throws Exception {
    byte[] file = ImageFixtures.bytes(fixture.file());
    byte[] expected = pixels(file);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment target = arena.allocate(BYTES + 11);
      Path onDisk = Files.write(directory.resolve(fixture.file()), file);
      List<Runnable> calls = List.of(
          () -> decoder.decodeInto(file, fixture.file(), SIZE, target, 7),
          () -> decoder.decodeInto(onDisk, SIZE, target, 7));
      for (Runnable call : calls) {
        target.fill(CANARY);
        call.run();
        assertArrayEquals(expected, target.asSlice(7, BYTES).toArray(ValueLayout.JAVA_BYTE));
        for (long at : new long[] {0, 6, 7 + BYTES, 10 + BYTES}) {
          assertEquals(CANARY, target.get(ValueLayout.JAVA_BYTE, at), "byte " + at + " beside the target");
        }
      }
    }
  }

  @Test
  void refusesInTheSameWords(@TempDir Path directory) throws Exception {
    MemorySegment target = MemorySegment.ofArray(new byte[BYTES]);
    for (ImageFixtures.Fixture fixture : ImageDecoderTest.refused().toList()) {
      byte[] file = ImageFixtures.bytes(fixture.file());
      String expected = assertThrows(BadInputException.class, () -> separate.decode(file, "x\ny")).getMessage();
      assertEquals(expected, assertThrows(
          BadInputException.class, () -> decoder.decodeInto(file, "x\ny", SIZE, target, 0)).getMessage());
    }
    for (Path path : List.of(directory, directory.resolve("missing.png"), Files.createFile(directory.resolve("empty.png")))) {
      String expected = assertThrows(BadInputException.class, () -> separate.decode(path)).getMessage();
      assertEquals(expected, assertThrows(
          BadInputException.class, () -> decoder.decodeInto(path, SIZE, target, 0)).getMessage());
    }
  }

  @Test
  void goesOnAfterARefusal() {
    byte[] good = ImageFixtures.bytes("rgb8.png");
    byte[] target = new byte[BYTES];
    assertThrows(BadInputException.class, () -> decoder.decodeInto(
        ImageFixtures.bytes("refuse_cut_half.png"), "cut", SIZE, MemorySegment.ofArray(target), 0));
    decoder.decodeInto(good, "good", SIZE, MemorySegment.ofArray(target), 0);
    assertArrayEquals(pixels(good), target);
  }

  @Test
  void refusesTargetsThatDoNotFit() {
    byte[] file = ImageFixtures.bytes("rgb8.png");
    MemorySegment target = MemorySegment.ofArray(new byte[BYTES]);
    assertThrows(IllegalArgumentException.class, () -> decoder.decodeInto(file, "x", SIZE, target, 1));
    assertThrows(IllegalArgumentException.class, () -> decoder.decodeInto(file, "x", SIZE, target, -1));
    assertThrows(IllegalArgumentException.class, () -> decoder.decodeInto(file, "x", SIZE + 1, target, 0));
    assertThrows(IllegalArgumentException.class, () -> decoder.decodeInto(file, "x", 0, target, 0));
    assertThrows(IllegalArgumentException.class, () -> decoder.decodeInto(file, "x", SIZE, target.asReadOnly(), 0));
    decoder.close();
    assertThrows(IllegalStateException.class, () -> decoder.decodeInto(file, "x", SIZE, target, 0));
  }

  /** Each on its own thread, and none on the thread that made it. */
  @Test
  void decodersOfSeveralThreadsDoNotDisturbOneAnother() throws Exception {
    List<byte[]> files = accepted().map(fixture -> ImageFixtures.bytes(fixture.file())).toList();
    List<byte[]> expected = files.stream().map(this::pixels).toList();
    List<PixelDecoder> decoders = Stream.generate(() -> new PixelDecoder(DecodeLimits.DEFAULT)).limit(4).toList();
    try (ExecutorService threads = Executors.newFixedThreadPool(decoders.size())) {
      List<Callable<Void>> passes = new ArrayList<>();
      for (PixelDecoder each : decoders) {
        passes.add(() -> {
          for (int i = 0; i < files.size(); i++) {
            byte[] found = new byte[BYTES];
            each.decodeInto(files.get(i), "file", SIZE, MemorySegment.ofArray(found), 0);
            assertArrayEquals(expected.get(i), found);
          }
          return null;
        });
      }
      for (Future<Void> pass : threads.invokeAll(passes)) {
        pass.get();
      }
    } finally {
      decoders.forEach(PixelDecoder::close);
    }
  }

  private byte[] pixels(byte[] file) {
    return Preprocessor.toPixels(separate.decode(file, "expected"), SIZE).data().toArray(ValueLayout.JAVA_BYTE);
  }
}
