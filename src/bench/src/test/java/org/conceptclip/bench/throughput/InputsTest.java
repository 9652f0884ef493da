package org.conceptclip.bench.throughput;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.conceptclip.backend.Backends;
import org.conceptclip.backend.Backend;
import org.conceptclip.backend.BackendRequest;
import org.conceptclip.catalog.OpenModel;
import org.conceptclip.image.DecodeLimits;
import org.conceptclip.image.ImageDecoder;
import org.conceptclip.image.RgbImage;
import org.conceptclip.op.TokenBatch;
import org.conceptclip.runtime.Detail;
import org.conceptclip.runtime.Encoder;
import org.conceptclip.tensor.HostTensor;
import org.junit.jupiter.api.Test;

class InputsTest {
  @Test
  void captionLengthsAreTheTableCutToTheContext() {
    int[] seventy = CaptionLengths.CAPTIONS.lengths(70, 77);
    assertEquals(59.6, Arrays.stream(seventy).average().orElseThrow(), 1e-9, "mean of the 70 captions in a context of 77");
    assertEquals(40, Arrays.stream(seventy).filter(length -> length == 77).count());
    assertEquals(30.6, Arrays.stream(CaptionLengths.SENTENCES.lengths(64, 512)).average().orElseThrow(), 0.5);
    assertArrayEquals(seventy, CaptionLengths.CAPTIONS.lengths(70, 77), "the same every time");
    assertEquals(2 * Arrays.stream(seventy).sum(), Arrays.stream(CaptionLengths.CAPTIONS.lengths(140, 77)).sum(), "every entry twice");
  }

  @Test
  void drawingsAreTheSameEveryTimeAndDecode() throws IOException {
    byte[] jpeg = SampleImages.jpeg(3);
    assertArrayEquals(jpeg, SampleImages.jpeg(3));
    RgbImage image = new ImageDecoder(DecodeLimits.DEFAULT).decode(jpeg, "drawing");
    assertEquals(SampleImages.WIDTH + "x" + SampleImages.HEIGHT, image.width() + "x" + image.height());
    assertTrue(jpeg.length > 50_000, "a photograph of this size has more bytes than " + jpeg.length);
  }

  @Test
  void tokensAreCountedBelowTheEncoder() {
    List<int[]> texts = List.of(new int[] {2, 7, 3}, new int[] {2, 8, 9, 10, 3});
    try (Backend backend = Backends.discovered().open("cpu", BackendRequest.DEFAULT).backend();
        OpenModel model = OpenModel.open("synthetic:tiny")) {
      TokenCounter counter = new TokenCounter();
      try (Encoder plain = model.load(backend);
          Encoder counted = model.load(counter.around(backend))) {
        HostTensor expected = plain.encodeTexts(TokenBatch.packed(texts), Detail.FEATURES).features();
        HostTensor packed = counted.encodeTexts(TokenBatch.packed(texts), Detail.FEATURES).features();
        assertArrayEquals(expected.toFloatArray(), packed.toFloatArray(), "counting changes nothing");
        assertEquals(8, counter.rows());
        counted.encodePaddedTexts(Inputs.padded(texts, 24, 0), Detail.FEATURES);
        assertEquals(8 + 2 * 24, counter.rows(), "padding is computed, and so counted");
      }
    }
  }

  @Test
  void paddedAndPackedTextsAreTheSameTexts() {
    List<int[]> texts = List.of(new int[] {2, 7, 3}, new int[] {2, 3});
    HostTensor padded = Inputs.padded(texts, 4, 0);
    long[] expected = {2, 7, 3, 0, 2, 3, 0, 0};
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], padded.getLong(i));
    }
    assertEquals(3, Inputs.tokenized(texts).getFirst().length());
  }

  @Test
  void stackedImagesAreTheImages() {
    List<HostTensor> images = Inputs.images(2, 3);
    HostTensor all = Inputs.stack(images);
    assertEquals(2 * 27, all.byteSize());
    assertEquals(-1, all.data().asSlice(27).mismatch(images.getLast().data()));
  }
}
