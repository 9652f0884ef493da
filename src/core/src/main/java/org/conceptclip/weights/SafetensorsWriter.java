package org.conceptclip.weights;

import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.io.StringWriter;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.conceptclip.util.Closer;
import org.conceptclip.util.OneLine;

/**
 * Writes a safetensors file: first the names, types and shapes, then the data of one tensor after the other. The memory that
 * this takes does not depend on the size of the file.
 *
 * <p>The bytes go to a temporary file in the target's folder, which replaces the target at {@link #finish()}. Closing the writer
 * before that deletes the temporary file. Not thread-safe.
 */
public final class SafetensorsWriter implements AutoCloseable {
  private static final int SLICE_BYTES = 1 << 20;

  private final Path target;
  private final Path temporary;
  private final FileChannel channel;
  private final Iterator<Map.Entry<String, TensorInfo>> remaining;
  private String current;
  private long currentLeft;
  private boolean finished;

  /** Type and shape of a tensor to write. */
  public record Spec(DType dtype, Shape shape) {}

  private SafetensorsWriter(Path target, Path temporary, FileChannel channel, SequencedMap<String, TensorInfo> tensors) {
    this.target = target;
    this.temporary = temporary;
    this.channel = channel;
    this.remaining = tensors.entrySet().iterator();
  }

  /**
   * Starts a file.
   *
   * @param tensors names, types and shapes, in the order in which the data will follow
   * @param metadata strings for {@code __metadata__}
   * @throws BadInputException if the file cannot be created
   */
  public static SafetensorsWriter create(Path target, SequencedMap<String, Spec> tensors, Map<String, String> metadata) {
    if (Files.isDirectory(target)) {
      throw new BadInputException(target + ": is a folder, expected a file to write");
    }
    SequencedMap<String, TensorInfo> infos = placed(tensors);
    Path temporary = target.resolveSibling("." + target.getFileName() + "." + ProcessHandle.current().pid() + "-" + System.nanoTime() + ".tmp");
    Closer opened = new Closer();
    try {
      FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
      opened.own(temporary, () -> Files.deleteIfExists(temporary));
      opened.own(channel);
      SafetensorsWriter writer = new SafetensorsWriter(target, temporary, channel, infos);
      writer.writeHeader(infos, metadata);
      writer.nextTensor();
      return writer;
    } catch (IOException e) {
      opened.closeAfter(e);
      throw unwritable(target, e);
    } catch (RuntimeException | Error e) {
      opened.closeAfter(e);
      throw e;
    }
  }

  /** Writes tensors that are in memory to a file. */
  public static void write(Path target, SequencedMap<String, HostTensor> tensors) {
    SequencedMap<String, Spec> specs = new LinkedHashMap<>();
    tensors.forEach((name, tensor) -> specs.put(name, new Spec(tensor.dtype(), tensor.shape())));
    try (SafetensorsWriter writer = create(target, specs, Map.of())) {
      tensors.forEach((name, tensor) -> writer.append(name, tensor.data()));
      writer.finish();
    }
  }

  /**
   * Appends data to a tensor: all of it, or the next piece.
   *
   * @param name the current tensor, or the next one if the current tensor is complete
   * @param bytes little-endian elements, row-major
   * @throws IllegalArgumentException if the data of another tensor is expected, or the data is larger than the tensor
   * @throws BadInputException if the file cannot be written
   */
  public void append(String name, MemorySegment bytes) {
    while (!name.equals(current) && current != null && currentLeft == 0) {
      nextTensor();
    }
    if (!name.equals(current) || bytes.byteSize() > currentLeft) {
      throw new IllegalArgumentException(bytes.byteSize() + " bytes of " + name + " while " + currentLeft + " of " + current + " are due");
    }
    try {
      for (long position = 0; position < bytes.byteSize(); position += SLICE_BYTES) {
        MemorySegment slice = bytes.asSlice(position, Math.min(SLICE_BYTES, bytes.byteSize() - position));
        // Only native memory and byte arrays can be viewed as a byte buffer; a float array has to be copied.
        write(slice.isNative() ? slice.asByteBuffer() : ByteBuffer.wrap(slice.toArray(ValueLayout.JAVA_BYTE)));
      }
    } catch (IOException e) {
      throw unwritable(target, e);
    }
    currentLeft -= bytes.byteSize();
  }

  /**
   * Completes the file and moves it to the target path.
   *
   * @throws IllegalStateException if data is missing
   * @throws BadInputException if the file cannot be written
   */
  public void finish() {
    while (current != null && currentLeft == 0) {
      nextTensor();
    }
    if (current != null) {
      throw new IllegalStateException(currentLeft + " bytes of " + current + " were not written");
    }
    try {
      channel.close();
      try {
        Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } catch (AtomicMoveNotSupportedException e) {
        Files.move(temporary, target, StandardCopyOption.REPLACE_EXISTING);
      }
      finished = true;
    } catch (IOException e) {
      throw unwritable(target, e);
    }
  }

  @Override
  public void close() {
    if (!finished) {
      try {
        channel.close();
        Files.deleteIfExists(temporary);
      } catch (IOException e) {
        throw unwritable(target, e);
      }
    }
  }

  private void nextTensor() {
    if (remaining.hasNext()) {
      Map.Entry<String, TensorInfo> next = remaining.next();
      current = next.getKey();
      currentLeft = next.getValue().byteSize();
      return;
    }
    current = null;
    currentLeft = 0;
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

  private void writeHeader(Map<String, TensorInfo> infos, Map<String, String> metadata) throws IOException {
    byte[] json = json(infos, metadata).getBytes(StandardCharsets.UTF_8);
    byte[] padded = Arrays.copyOf(json, (json.length + 7) / 8 * 8);
    Arrays.fill(padded, json.length, padded.length, (byte) ' ');
    if (padded.length > SafetensorsHeader.LIMIT_BYTES) {
      throw new IllegalArgumentException("header of " + padded.length + " bytes, the format allows " + SafetensorsHeader.LIMIT_BYTES);
    }
    write(ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(padded.length).flip());
    write(ByteBuffer.wrap(padded));
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

  private void write(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  private static BadInputException unwritable(Path target, IOException e) {
    String why = e instanceof NoSuchFileException ? "its folder does not exist" : OneLine.of(e.getMessage());
    return new BadInputException(target + ": cannot be written (" + why + "), expected a place to write to", e);
  }
}
