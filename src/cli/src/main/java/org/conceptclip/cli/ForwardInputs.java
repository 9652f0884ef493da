package org.conceptclip.cli;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.conceptclip.model.ModelConfig;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.util.Closer;
import org.conceptclip.weights.SafetensorsFile;
import org.conceptclip.weights.TensorInfo;
import org.conceptclip.weights.TensorLoan;

/** The tensors that {@code forward} reads, mapped and checked against the model. Owns the mapping. */
final class ForwardInputs implements AutoCloseable {
  private static final String FLOATS = "pixel_values";
  private static final String BYTES = "pixels_u8";
  private static final String IDS = "input_ids";

  private final Path path;
  private final SafetensorsFile file;
  private final ModelConfig config;
  private final Closer resources = new Closer();
  private TensorLoan pixels;
  private TensorLoan inputIds;

  private ForwardInputs(Path path, SafetensorsFile file, ModelConfig config) {
    this.path = path;
    this.file = resources.own(file);
    this.config = config;
  }

  /**
   * Opens and checks a file.
   *
   * @throws BadInputException if it is not a safetensors file, holds no input, or one of another type, shape or content
   */
  static ForwardInputs open(Path path, ModelConfig config, Console console) {
    ForwardInputs inputs = new ForwardInputs(path, SafetensorsFile.open(path), config);
    try {
      inputs.map(console);
      return inputs;
    } catch (Throwable failure) {
      inputs.resources.closeAfter(failure);
      throw failure;
    }
  }

  /** Images, or {@code null}. */
  HostTensor pixels() {
    return pixels == null ? null : pixels.tensor();
  }

  /** Padded token ids I64 [S, L], or {@code null}. */
  HostTensor inputIds() {
    return inputIds == null ? null : inputIds.tensor();
  }

  @Override
  public void close() {
    resources.close();
  }

  private void map(Console console) {
    Set<String> names = new TreeSet<>(file.tensors().keySet());
    if (names.contains(FLOATS) && names.contains(BYTES)) {
      throw new BadInputException(path + ": found both " + FLOATS + " and " + BYTES + ", expected one of them");
    }
    if (names.stream().noneMatch(List.of(FLOATS, BYTES, IDS)::contains)) {
      throw new BadInputException(path + ": found tensors " + names + ", expected " + FLOATS + " or " + BYTES + ", and / or " + IDS);
    }
    long size = config.vision().geometry().imageSize();
    if (names.remove(FLOATS)) {
      check(FLOATS, DType.F32, -1, 3, size, size);
      pixels = resources.own(file.map(FLOATS));
      checkFinite(pixels.tensor());
    }
    if (names.remove(BYTES)) {
      check(BYTES, DType.U8, -1, size, size, 3);
      pixels = resources.own(file.map(BYTES));
    }
    if (names.remove(IDS)) {
      check(IDS, DType.I64, -1, -1);
      inputIds = resources.own(file.map(IDS));
      checkIds(inputIds.tensor());
    }
    if (!names.isEmpty()) {
      console.say(path + ": these tensors are not inputs and were not read: " + String.join(", ", names));
    }
  }

  /** Type and shape; an extent of -1 is free, but not zero. */
  private void check(String name, DType dtype, long... extents) {
    TensorInfo info = file.tensors().get(name);
    long[] found = info.shape().toArray();
    boolean fits = info.dtype() == dtype && found.length == extents.length;
    for (int i = 0; fits && i < extents.length; i++) {
      fits = extents[i] == -1 ? found[i] > 0 : found[i] == extents[i];
    }
    if (!fits) {
      String[] axes = Arrays.stream(extents).mapToObj(Long::toString).toArray(String[]::new);
      axes[0] = "batch";
      if (name.equals(IDS)) {
        axes[1] = "length";
      }
      throw new BadInputException(path + ": " + name + ": found " + info.dtype() + " " + info.shape() + ", expected " + dtype
          + " [" + String.join(", ", axes) + "]");
    }
  }

  private void checkFinite(HostTensor values) {
    long count = values.shape().elements();
    for (long i = 0; i < count; i++) {
      float value = values.getFloat(i);
      if (!Float.isFinite(value)) {
        throw new BadInputException(path + ": " + FLOATS + index(values, i) + ": found " + value + ", expected a finite number");
      }
    }
  }

  private void checkIds(HostTensor ids) {
    int longest = config.text().maxPositions();
    long texts = ids.shape().extent(0);
    long length = ids.shape().extent(1);
    if (length > longest) {
      throw new BadInputException(path + ": " + IDS + ": found " + length + " tokens a text, expected at most " + longest);
    }
    for (long text = 0; text < texts; text++) {
      boolean any = false;
      for (long i = text * length; i < (text + 1) * length; i++) {
        long id = ids.getLong(i);
        if (id < 0 || id >= config.text().vocabulary()) {
          throw new BadInputException(path + ": " + IDS + index(ids, i) + ": found id " + id + ", expected 0 to "
              + (config.text().vocabulary() - 1));
        }
        any |= id != config.text().paddingId();
      }
      if (!any) {
        throw new BadInputException(path + ": " + IDS + "[" + text + "]: found padding only, expected at least one token");
      }
    }
  }

  /** Row-major index as {@code [0, 2, 17]}. */
  private static String index(HostTensor tensor, long element) {
    long[] extents = tensor.shape().toArray();
    long[] index = new long[extents.length];
    for (int axis = extents.length - 1; axis >= 0; axis--) {
      index[axis] = element % extents[axis];
      element /= extents[axis];
    }
    return Arrays.toString(index);
  }
}
