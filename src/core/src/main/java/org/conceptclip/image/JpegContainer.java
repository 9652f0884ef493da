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
 * A TIFF file that announces one JPEG strip, and libtiff's callbacks as native functions: they read the file and take note of complaints.
 *
 * <pre>
 * file = "II" 42 [int32 8] [int16 entries] ([int16 tag][int16 type][int32 count][value: 4 bytes])* [int32 0]
 * </pre>
 *
 * The strip's bytes are not in the file: its offset is a placeholder, and libtiff gets them separately. Not thread-safe.
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
  final MemorySegment error;
  final MemorySegment warning;

  /** The header of 10 bytes, up to 11 entries of 12 bytes, and the 4 bytes that end the directory. */
  private final ByteBuffer file = ByteBuffer.allocate(10 + 11 * 12 + 4).order(ByteOrder.LITTLE_ENDIAN);

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

  /** Describes the next file, of a kind that {@link NativeJpeg#takes} accepts, and forgets what was reported about the last. */
  void describe(JpegHeader header) {
    int photometric = switch (header.colour) {
      case GREY -> 1;
      case RGB -> 2;
      default -> 6;
    };
    file.clear().put((byte) 'I').put((byte) 'I').putShort((short) 42).putInt(8).putShort((short) (photometric == 6 ? 11 : 10));
    entry(256, LONG, 1, header.width);
    entry(257, LONG, 1, header.height);
    entry(258, SHORT, 1, 8);
    entry(259, SHORT, 1, 7);
    entry(262, SHORT, 1, photometric);
    entry(273, LONG, 1, 8);
    entry(277, SHORT, 1, header.colour.components);
    entry(278, LONG, 1, header.height);
    entry(279, LONG, 1, header.source.length());
    entry(284, SHORT, 1, 1);
    if (photometric == 6) {
      // The horizontal and vertical factor of the luma.
      entry(530, SHORT, 2, header.sampling[0] >> 4 | (header.sampling[0] & 0xf) << 16);
    }
    file.putInt(0).flip();
    position = 0;
    complaints = false;
  }

  private void entry(int tag, short type, int count, int value) {
    file.putShort((short) tag).putShort(type).putInt(count).putInt(value);
  }

  /** Whether libtiff or libjpeg reported an error or a warning about the last file. */
  boolean hasComplaints() {
    return complaints;
  }

  private long onRead(MemorySegment handle, MemorySegment target, long bytes) {
    long count = Math.min(bytes, file.limit() - position);
    if (position < 0 || count <= 0) {
      return 0;
    }
    MemorySegment.copy(file.array(), (int) position, target.reinterpret(count), ValueLayout.JAVA_BYTE, 0, (int) count);
    position += count;
    return count;
  }

  private long onWrite(MemorySegment handle, MemorySegment source, long bytes) {
    return -1;
  }

  private long onSeek(MemorySegment handle, long offset, int whence) {
    long from = switch (whence) {
      case 1 -> position;
      case 2 -> file.limit();
      default -> 0;
    };
    position = from + offset;
    return position;
  }

  private int onClose(MemorySegment handle) {
    return 0;
  }

  private long onSize(MemorySegment handle) {
    return file.limit();
  }

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
