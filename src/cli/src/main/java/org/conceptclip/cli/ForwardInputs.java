package org.conceptclip.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.conceptclip.model.ModelConfig;
import org.conceptclip.runtime.InputChecks;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.util.Closer;
import org.conceptclip.weights.SafetensorsFile;

/**
 * The tensors that {@code forward} reads, in memory and checked against the model.
 *
 * @param pixelsOrNull images
 * @param idsOrNull padded token ids I64 [S, L]
 */
record ForwardInputs(HostTensor pixelsOrNull, HostTensor idsOrNull) {
  private static final String FLOATS = "pixel_values";
  private static final String BYTES = "pixels_u8";
  private static final String IDS = "input_ids";

  /**
   * Reads and checks the tensors of a file.
   *
   * @param reading closes the file and frees its tensors
   * @throws BadInputException if it is not a safetensors file, holds no input, or one of another type, shape or content
   */
  static ForwardInputs read(Path path, Closer reading, ModelConfig config, Console console) {
    SafetensorsFile file = reading.own(SafetensorsFile.open(path));
    Set<String> names = new TreeSet<>(file.tensors().keySet());
    if (names.contains(FLOATS) && names.contains(BYTES)) {
      throw new BadInputException(path + ": found both " + FLOATS + " and " + BYTES + ", expected one of them");
    }
    if (names.stream().noneMatch(List.of(FLOATS, BYTES, IDS)::contains)) {
      throw new BadInputException(path + ": found tensors " + names + ", expected " + FLOATS + " or " + BYTES + ", and / or " + IDS);
    }
    HostTensor pixels = null;
    for (String name : List.of(FLOATS, BYTES)) {
      if (names.remove(name)) {
        pixels = reading.own(file.read(name)).tensor();
        InputChecks.pixels(path + ": " + name, pixels, config.vision(), name.equals(FLOATS) ? DType.F32 : DType.U8);
      }
    }
    HostTensor ids = null;
    if (names.remove(IDS)) {
      ids = reading.own(file.read(IDS)).tensor();
      InputChecks.paddedTexts(path + ": " + IDS, ids, config.text());
    }
    if (!names.isEmpty()) {
      console.say(path + ": these tensors are not inputs and were not read: " + String.join(", ", names));
    }
    return new ForwardInputs(pixels, ids);
  }
}
