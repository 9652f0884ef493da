package org.conceptclip.image;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A TIFF file in native memory that has one JPEG strip, and libtiff's callbacks as native functions: they hand over the file and take note
 * of complaints.
 *
 * <pre>
 * file = "II" 42 [int32 8] [int16 entries] ([int16 tag][int16 type][int32 count][value: 4 bytes])* [int32 0] [JPEG file]
 * </pre>
 *
 * libtiff is told that the file is mapped, so that it decodes the strip where it lies. Not thread-safe.
 *
 * <p>No callback may throw: an exception in a callback ends the JVM. Each container has native functions of its own, because one keeps the
 * class loader of its target alive until its arena is closed.
 */
final class JpegContainer {
  private static final ValueLayout.OfLong INT64 = ValueLayout.JAVA_LONG;
  private static final ValueLayout.OfInt INT32 = ValueLayout.JAVA_INT;
  private static final short SHORT = 3;
  private static final short LONG = 4;

  /** The start of a warning that libtiff gives about each progressive file, which it decodes like any other. */
  private static final String PROGRESSIVE_NOTICE = "The JPEG strip/tile is encoded with progressive mode";

  final MemorySegment read;
  final MemorySegment write;
  final MemorySegment seek;
  final MemorySegment close;
  final MemorySegment size;
  final MemorySegment map;
  final MemorySegment unmap;
  final MemorySegment error;
  final MemorySegment warning;

  /** The header of 10 bytes, up to 11 entries of 12 bytes, and the 4 bytes that end the directory: where the strip begins. */
  static final int STRIP = 10 + 11 * 12 + 4;

  /** What lies before the strip. */
  private final ByteBuffer directory = ByteBuffer.allocate(STRIP).order(ByteOrder.LITTLE_ENDIAN);

  private MemorySegment file = MemorySegment.NULL;

  private long position;
  private boolean complaints;

  JpegContainer(Arena arena) {
    FunctionDescriptor transfer = FunctionDescriptor.of(INT64, ValueLayout.ADDRESS, ValueLayout.ADDRESS, INT64);
    // va_list is passed as a pointer on amd64, the one platform that this is for; it is not looked at.
    FunctionDescriptor report = FunctionDescriptor.of(INT32, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS,
        ValueLayout.ADDRESS, ValueLayout.ADDRESS);
    read = stub(arena, "onRead", transfer);
    write = stub(arena, "onWrite", transfer);
    seek = stub(arena, "onSeek", FunctionDescriptor.of(INT64, ValueLayout.ADDRESS, INT64, INT32));
    close = stub(arena, "onClose", FunctionDescriptor.of(INT32, ValueLayout.ADDRESS));
    size = stub(arena, "onSize", FunctionDescriptor.of(INT64, ValueLayout.ADDRESS));
    map = stub(arena, "onMap", FunctionDescriptor.of(INT32, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS));
    unmap = stub(arena, "onUnmap", FunctionDescriptor.ofVoid(ValueLayout.ADDRESS, ValueLayout.ADDRESS, INT64));
    error = stub(arena, "onError", report);
    warning = stub(arena, "onWarning", report);
  }

  private MemorySegment stub(Arena arena, String name, FunctionDescriptor type) {
    try {
      return Linker.nativeLinker().upcallStub(MethodHandles.lookup().bind(this, name, type.toMethodType()), type, arena);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("no callback " + name, e);
    }
  }

  /**
   * Describes the next file, of a kind that {@link NativeJpeg#takes} accepts, and forgets what was reported about the last.
   *
   * @param target native memory whose first {@link #STRIP} bytes this writes, and whose rest is the JPEG file
   */
  void describe(JpegHeader header, MemorySegment target) {
    int photometric = switch (header.colour) {
      case GREY -> 1;
      case RGB -> 2;
      default -> 6;
    };
    directory.clear().put((byte) 'I').put((byte) 'I').putShort((short) 42).putInt(8);
    directory.putShort((short) (photometric == 6 ? 11 : 10));
    entry(256, LONG, 1, header.width);
    entry(257, LONG, 1, header.height);
    entry(258, SHORT, 1, 8);
    entry(259, SHORT, 1, 7);
    entry(262, SHORT, 1, photometric);
    entry(273, LONG, 1, STRIP);
    entry(277, SHORT, 1, header.colour.components);
    entry(278, LONG, 1, header.height);
    entry(279, LONG, 1, (int) (target.byteSize() - STRIP));
    entry(284, SHORT, 1, 1);
    if (photometric == 6) {
      // The horizontal and vertical factor of the luma.
      entry(530, SHORT, 2, header.sampling[0] >> 4 | (header.sampling[0] & 0xf) << 16);
    }
    directory.putInt(0);
    MemorySegment.copy(directory.array(), 0, target, ValueLayout.JAVA_BYTE, 0, directory.position());
    file = target;
    position = 0;
    complaints = false;
  }

  /** Forgets the file, whose memory may be freed. */
  void forget() {
    file = MemorySegment.NULL;
  }

  private void entry(int tag, short type, int count, int value) {
    directory.putShort((short) tag).putShort(type).putInt(count).putInt(value);
  }

  /** Whether libtiff or libjpeg reported an error or a warning about the last file. */
  boolean hasComplaints() {
    return complaints;
  }

  private long onRead(MemorySegment handle, MemorySegment target, long bytes) {
    long count = Math.min(bytes, file.byteSize() - position);
    if (position < 0 || count <= 0) {
      return 0;
    }
    MemorySegment.copy(file, position, target.reinterpret(count), 0, count);
    position += count;
    return count;
  }

  private long onWrite(MemorySegment handle, MemorySegment source, long bytes) {
    return -1;
  }

  private long onSeek(MemorySegment handle, long offset, int whence) {
    long from = switch (whence) {
      case 1 -> position;
      case 2 -> file.byteSize();
      default -> 0;
    };
    position = from + offset;
    return position;
  }

  private int onClose(MemorySegment handle) {
    return 0;
  }

  private long onSize(MemorySegment handle) {
    return file.byteSize();
  }

  private int onMap(MemorySegment handle, MemorySegment base, MemorySegment bytes) {
    base.reinterpret(Long.BYTES).set(ValueLayout.JAVA_LONG, 0, file.address());
    bytes.reinterpret(Long.BYTES).set(ValueLayout.JAVA_LONG, 0, file.byteSize());
    return 1;
  }

  private void onUnmap(MemorySegment handle, MemorySegment base, long bytes) {}

  private int onError(
      MemorySegment tiff, MemorySegment user, MemorySegment module, MemorySegment format, MemorySegment arguments) {
    complaints = true;
    return 1;
  }

  /** The format is a constant of the library, and so ends with a zero. */
  private int onWarning(
      MemorySegment tiff, MemorySegment user, MemorySegment module, MemorySegment format, MemorySegment arguments) {
    boolean progressiveNotice = format.reinterpret(Long.MAX_VALUE).getString(0).startsWith(PROGRESSIVE_NOTICE);
    return progressiveNotice ? 1 : onError(tiff, user, module, format, arguments);
  }
}
