package org.conceptclip.cli;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.conceptclip.image.ImageDecoder;
import org.conceptclip.image.Preprocessor;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;

/**
 * Images as the model takes them.
 *
 * @param files those that could be decoded
 * @param pixels U8 [files, size, size, 3]
 */
record PixelBatch(List<Path> files, HostTensor pixels) {

  /** Decodes files side by side; one that cannot be used is named on stderr and left out. */
  static PixelBatch decode(List<Path> files, ImageDecoder decoder, int size, Console console) {
    List<Decoded> results = files.parallelStream().map(file -> Decoded.of(file, decoder, size)).toList();
    List<Path> good = new ArrayList<>();
    List<HostTensor> parts = new ArrayList<>();
    for (Decoded result : results) {
      if (result.failure() == null) {
        good.add(result.file());
        parts.add(result.pixels());
      } else {
        console.fail(result.failure().getMessage(), result.failure());
      }
    }
    HostTensor pixels = HostTensor.allocate(Arena.ofAuto(), DType.U8, parts.size(), size, size, 3);
    HostTensor.gather(parts, pixels.data());
    return new PixelBatch(good, pixels);
  }

  /** One file's pixels, or why there are none. */
  private record Decoded(Path file, HostTensor pixels, BadInputException failure) {
    static Decoded of(Path file, ImageDecoder decoder, int size) {
      try {
        return new Decoded(file, Preprocessor.toPixels(decoder.decode(file), size), null);
      } catch (BadInputException e) {
        return new Decoded(file, null, e);
      }
    }
  }
}
