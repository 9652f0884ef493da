package org.conceptclip.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.conceptclip.tensor.BadInputException;
import org.conceptclip.tensor.DType;
import org.conceptclip.tensor.HostTensor;
import org.conceptclip.tensor.Shape;
import org.conceptclip.util.FileNames;
import org.conceptclip.util.OneLine;
import org.conceptclip.util.TargetFile;

/**
 * NumPy's {@code .npy} files of numbers: versions 1.0 to 3.0, little-endian, row-major.
 *
 * <pre>
 * [6 bytes \x93NUMPY][uint8 major][uint8 minor][uint16 (1.0) or uint32 length][header, a Python literal, ends with \n][elements]
 * {'descr': '&lt;f4', 'fortran_order': False, 'shape': (27, 27), }
 * </pre>
 *
 * <p>Source of the format: NumPy Enhancement Proposal 1, "A Simple File Format for NumPy Arrays".
 */
public final class Npy {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
  private static final int ALIGNMENT = 64;
  private static final int LONGEST_HEADER = 64 << 10;
  private static final int SLICE_BYTES = 1 << 24;
  private static final String EXPECTED = "a .npy file of numbers";
  private static final Map<String, DType> TYPES =
      Map.of("<f2", DType.F16, "<f4", DType.F32, "<f8", DType.F64, "<i4", DType.I32, "<i8", DType.I64, "|u1", DType.U8);
  private static final Pattern DESCR = Pattern.compile("'descr'\\s*:\\s*'([^']*)'");
  private static final Pattern ORDER = Pattern.compile("'fortran_order'\\s*:\\s*(True|False)");
  private static final Pattern SHAPE = Pattern.compile("'shape'\\s*:\\s*\\(([\\d\\s,]*)\\)");

  private Npy() {}

  /**
   * Reads a whole file into native memory, which is garbage-collected.
   *
   * @throws BadInputException if there is no such file, or it is damaged, truncated, or holds something else
   */
  public static HostTensor read(Path file) {
    String name = FileNames.inMessage(file);
    try (FileChannel channel = FileChannel.open(file)) {
      return read(name, channel);
    } catch (IOException e) {
      throw new BadInputException(name + ": cannot be read (" + ReadFailures.reason(e) + "), expected " + EXPECTED, e);
    }
  }

  private static HostTensor read(String name, FileChannel channel) throws IOException {
    ByteBuffer prefix = bytes(name, channel, 8);
    byte[] magic = new byte[MAGIC.length];
    prefix.get(magic);
    int major = prefix.get();
    if (!Arrays.equals(magic, MAGIC) || major < 1 || major > 3) {
      throw new BadInputException(name + ": does not begin as a .npy file does, expected " + EXPECTED);
    }
    long length = major == 1 ? bytes(name, channel, 2).getShort() & 0xFFFF : bytes(name, channel, 4).getInt() & 0xFFFFFFFFL;
    if (length > LONGEST_HEADER) {
      throw new BadInputException(name + ": header of " + length + " bytes, expected at most " + LONGEST_HEADER);
    }
    String header = StandardCharsets.ISO_8859_1.decode(bytes(name, channel, (int) length)).toString();
    String descr = found(name, header, DESCR);
    DType type = TYPES.get(descr);
    if (type == null) {
      throw new BadInputException(name + ": elements of type " + OneLine.quoted(descr, 20) + ", expected one of "
          + TYPES.keySet().stream().sorted().collect(Collectors.joining(", ")));
    }
    if (found(name, header, ORDER).equals("True")) {
      throw new BadInputException(name + ": column-major (fortran_order), expected row-major; numpy.ascontiguousarray converts");
    }
    Shape shape = shape(name, found(name, header, SHAPE), type);
    long expected = shape.elements() * type.bytes();
    if (channel.size() - channel.position() != expected) {
      throw new BadInputException(name + ": " + (channel.size() - channel.position()) + " bytes of elements, expected " + expected
          + " for " + type + " " + shape + (channel.size() - channel.position() < expected ? " (truncated?)" : ""));
    }
    MemorySegment data = Arena.ofAuto().allocate(Math.max(1, expected), ALIGNMENT).asSlice(0, expected);
    for (long at = 0; at < expected; at += SLICE_BYTES) {
      fill(name, channel, data.asSlice(at, Math.min(SLICE_BYTES, expected - at)).asByteBuffer());
    }
    return HostTensor.view(type, shape, data);
  }

  private static String found(String name, String header, Pattern key) {
    Matcher match = key.matcher(header);
    if (!match.find()) {
      throw new BadInputException(name + ": damaged header " + OneLine.quoted(header.strip(), 120) + ", expected " + EXPECTED);
    }
    return match.group(1);
  }

  /** The shape, whose size in bytes is a long. */
  private static Shape shape(String name, String extents, DType type) {
    try {
      Shape shape = Shape.of(Arrays.stream(extents.split(",")).map(String::strip).filter(extent -> !extent.isEmpty())
          .mapToLong(Long::parseLong).toArray());
      Math.multiplyExact(shape.elements(), (long) type.bytes());
      return shape;
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new BadInputException(
          name + ": shape (" + OneLine.of(extents, 80) + "), expected extents of an array that fits into memory", e);
    }
  }

  private static ByteBuffer bytes(String name, FileChannel channel, int count) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
    fill(name, channel, bytes);
    return bytes.flip();
  }

  private static void fill(String name, FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      if (channel.read(bytes) < 0) {
        throw new BadInputException(name + ": truncated at byte " + channel.position() + ", expected " + EXPECTED);
      }
    }
  }

  /**
   * Writes a file, whole or not at all.
   *
   * @throws UncheckedIOException if it cannot be written
   * @throws IllegalArgumentException if the type has no counterpart in NumPy
   */
  public static void write(Path file, HostTensor tensor) {
    try {
      TargetFile.write(file, channel -> write(channel, tensor));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void write(WritableByteChannel channel, HostTensor tensor) throws IOException {
    String descr = TYPES.entrySet().stream().filter(type -> type.getValue() == tensor.dtype()).map(Map.Entry::getKey).findFirst()
        .orElseThrow(() -> new IllegalArgumentException(tensor.dtype() + " has no counterpart in NumPy"));
    long[] extents = tensor.shape().toArray();
    String shape = Arrays.stream(extents).mapToObj(Long::toString).collect(Collectors.joining(", ")) + (extents.length == 1 ? "," : "");
    String header = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (" + shape + "), }";
    int head = MAGIC.length + 4;
    int length = (head + header.length() + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT - head;
    ByteBuffer bytes = ByteBuffer.allocate(head + length).order(ByteOrder.LITTLE_ENDIAN).put(MAGIC).put((byte) 1).put((byte) 0)
        .putShort((short) length).put((header + " ".repeat(length - header.length() - 1) + "\n").getBytes(StandardCharsets.ISO_8859_1));
    TargetFile.writeAll(channel, bytes.flip());
    MemorySegment data = tensor.data();
    for (long at = 0; at < data.byteSize(); at += SLICE_BYTES) {
      MemorySegment slice = data.asSlice(at, Math.min(SLICE_BYTES, data.byteSize() - at));
      TargetFile.writeAll(channel, slice.isNative() ? slice.asByteBuffer() : ByteBuffer.wrap(slice.toArray(ValueLayout.JAVA_BYTE)));
    }
  }
}
