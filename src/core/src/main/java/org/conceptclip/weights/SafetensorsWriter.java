package org.conceptclip.weights;

import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.io.StringWriter;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.concurrent.CancellationException;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.conceptclip.util.OneLine;
import org.conceptclip.util.TargetFile;

/**
 * Writes safetensors files: first the names, types and shapes, then the data of one tensor after the other. The memory that this
 * takes does not depend on the size of the file.
 *
 * <p>A file is written whole or not at all, see {@link TargetFile}.
 */
public final class SafetensorsWriter {
  private static final int SLICE_BYTES = 1 << 20;

  /** Type and shape of a tensor to write. */
  record Spec(DType dtype, Shape shape) {}

  /** Supplies the data of the tensors. */
  interface Data {
    /** Passes the elements of a tensor to {@code sink}, in pieces of any size. */
    void write(String tensor, Sink sink) throws IOException;
  }

  /** Receives little-endian, row-major elements. */
  interface Sink {
    void append(MemorySegment bytes) throws IOException;
  }

  private SafetensorsWriter() {}

  /**
   * Writes tensors that are in memory to a file.
   *
   * @throws BadInputException if the file cannot be written
   */
  public static void write(Path target, SequencedMap<String, HostTensor> tensors) {
    write(target, tensors, Map.of());
  }

  /**
   * Writes tensors that are in memory to a file.
   *
   * @param metadata strings for {@code __metadata__}
   * @throws BadInputException if the file cannot be written
   */
  public static void write(Path target, SequencedMap<String, HostTensor> tensors, Map<String, String> metadata) {
    SequencedMap<String, Spec> specs = new LinkedHashMap<>();
    tensors.forEach((name, tensor) -> specs.put(name, new Spec(tensor.dtype(), tensor.shape())));
    write(target, specs, metadata, (name, sink) -> sink.append(tensors.get(name).data()));
  }

  /**
   * Writes a file.
   *
   * @param tensors names, types and shapes
   * @param metadata strings for {@code __metadata__}
   * @param data is asked for the tensors one by one, in their order
   * @throws BadInputException if the file cannot be written
   * @throws IllegalStateException if there is more or less data than a tensor takes
   */
  static void write(Path target, SequencedMap<String, Spec> tensors, Map<String, String> metadata, Data data) {
    if (Files.isDirectory(target)) {
      throw new BadInputException(target + ": is a folder, expected a file to write");
    }
    SequencedMap<String, TensorInfo> infos = placed(tensors);
    try {
      TargetFile.write(target, channel -> write(channel, infos, metadata, data));
    } catch (ClosedByInterruptException e) {
      throw (CancellationException) new CancellationException(target + ": writing was interrupted").initCause(e);
    } catch (IOException e) {
      String why = e instanceof NoSuchFileException ? "its folder does not exist"
          : e instanceof AccessDeniedException ? "permission denied" : OneLine.of(e.getMessage());
      throw new BadInputException(target + ": cannot be written (" + why + "), expected a place to write to", e);
    }
  }

  private static void write(WritableByteChannel channel, SequencedMap<String, TensorInfo> infos, Map<String, String> metadata, Data data)
      throws IOException {
    writeHeader(channel, infos, metadata);
    // Counted here: the channel may be a pipe, which has no position.
    long[] position = {0};
    for (Map.Entry<String, TensorInfo> tensor : infos.entrySet()) {
      data.write(tensor.getKey(), bytes -> {
        append(channel, bytes);
        position[0] += bytes.byteSize();
      });
      if (position[0] != tensor.getValue().end()) {
        throw new IllegalStateException(
            "data of " + tensor.getKey() + " ends at byte " + position[0] + ", expected " + tensor.getValue().end());
      }
    }
  }

  private static SequencedMap<String, TensorInfo> placed(SequencedMap<String, Spec> tensors) {
    SequencedMap<String, TensorInfo> infos = new LinkedHashMap<>();
    long position = 0;
    for (Map.Entry<String, Spec> entry : tensors.entrySet()) {
      Spec spec = entry.getValue();
      long end = Math.addExact(position, Math.multiplyExact(spec.shape.elements(), (long) spec.dtype.bytes()));
      infos.put(entry.getKey(), new TensorInfo(spec.dtype, spec.shape, position, end));
      position = end;
    }
    return infos;
  }

  private static void writeHeader(WritableByteChannel channel, Map<String, TensorInfo> infos, Map<String, String> metadata)
      throws IOException {
    byte[] json = json(infos, metadata).getBytes(StandardCharsets.UTF_8);
    byte[] padded = Arrays.copyOf(json, (json.length + 7) / 8 * 8);
    Arrays.fill(padded, json.length, padded.length, (byte) ' ');
    if (padded.length > SafetensorsHeader.LIMIT_BYTES) {
      throw new IllegalArgumentException("header of " + padded.length + " bytes, the format allows " + SafetensorsHeader.LIMIT_BYTES);
    }
    TargetFile.writeAll(channel, ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(padded.length).flip());
    TargetFile.writeAll(channel, ByteBuffer.wrap(padded));
  }

  private static String json(Map<String, TensorInfo> infos, Map<String, String> metadata) throws IOException {
    StringWriter text = new StringWriter();
    try (JsonWriter json = new JsonWriter(text)) {
      json.setHtmlSafe(false);
      json.beginObject();
      if (!metadata.isEmpty()) {
        json.name("__metadata__").beginObject();
        for (Map.Entry<String, String> entry : metadata.entrySet()) {
          json.name(entry.getKey()).value(entry.getValue());
        }
        json.endObject();
      }
      for (Map.Entry<String, TensorInfo> entry : infos.entrySet()) {
        TensorInfo info = entry.getValue();
        json.name(entry.getKey()).beginObject().name("dtype").value(info.dtype().name()).name("shape").beginArray();
        for (long extent : info.shape().toArray()) {
          json.value(extent);
        }
        json.endArray().name("data_offsets").beginArray().value(info.begin()).value(info.end()).endArray().endObject();
      }
      json.endObject();
    }
    return text.toString();
  }

  private static void append(WritableByteChannel channel, MemorySegment bytes) throws IOException {
    for (long position = 0; position < bytes.byteSize(); position += SLICE_BYTES) {
      MemorySegment slice = bytes.asSlice(position, Math.min(SLICE_BYTES, bytes.byteSize() - position));
      // Only native memory and byte arrays can be viewed as a byte buffer; a float array has to be copied.
      TargetFile.writeAll(channel, slice.isNative() ? slice.asByteBuffer() : ByteBuffer.wrap(slice.toArray(ValueLayout.JAVA_BYTE)));
    }
  }
}
