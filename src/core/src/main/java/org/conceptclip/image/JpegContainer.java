package org.conceptclip.image;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;

/**
 * A TIFF file in native memory that announces one JPEG strip, and the state that libtiff's callbacks read and write.
 *
 * <pre>
 * state     = [int64 position][int64 container bytes][int32 complaints][int32 unused][container]
 * container = "II" 42 [int32 8] [int16 entries] ([int16 tag][int16 type][int32 count][value: 4 bytes])* [int32 0]
 * </pre>
 *
 * The strip's bytes are not in the file: its offset is a placeholder, and libtiff gets them separately. Not thread-safe.
 */
final class JpegContainer {
  private static final ValueLayout.OfLong INT64 = ValueLayout.JAVA_LONG;
  private static final ValueLayout.OfInt INT32 = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfShort INT16 = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfInt INT32_UNALIGNED = ValueLayout.JAVA_INT_UNALIGNED;
  private static final int POSITION = 0;
  private static final int LENGTH = 8;
  private static final int COMPLAINTS = 16;
  private static final int CONTAINER = 24;
  private static final int FIRST_ENTRY = 10;
  private static final int ENTRY_BYTES = 12;
  private static final int STATE_BYTES = CONTAINER + FIRST_ENTRY + 16 * ENTRY_BYTES;
  private static final short SHORT = 3;
  private static final short LONG = 4;

  /** The start of a warning that libtiff gives about each progressive file, which it decodes like any other. */
  private static final String PROGRESSIVE_NOTICE = "The JPEG strip/tile is encoded with progressive mode";

  private final MemorySegment state;
  private final Callbacks callbacks;
  private int entries;

  JpegContainer(Arena arena) {
    state = arena.allocate(STATE_BYTES, Long.BYTES);
    callbacks = new Callbacks(arena);
    state.set(INT16, CONTAINER, (short) ('I' | 'I' << 8));
    state.set(INT16, CONTAINER + 2, (short) 42);
    state.set(INT32_UNALIGNED, CONTAINER + 4, 8);
  }

  /** What libtiff passes to the callbacks. */
  MemorySegment state() {
    return state;
  }

  Callbacks callbacks() {
    return callbacks;
  }

  /** Describes the next file, of a kind that {@link NativeJpeg#takes} accepts, and forgets what was reported about the last. */
  void describe(JpegHeader header) {
    int photometric = switch (header.colour) {
      case GREY -> 1;
      case RGB -> 2;
      default -> 6;
    };
    entries = 0;
    entry(256, LONG, header.width);
    entry(257, LONG, header.height);
    entry(258, SHORT, 8);
    entry(259, SHORT, 7);
    entry(262, SHORT, photometric);
    entry(273, LONG, 8);
    entry(277, SHORT, header.colour.components);
    entry(278, LONG, header.height);
    entry(279, LONG, header.source.length());
    entry(284, SHORT, 1);
    if (photometric == 6) {
      // Two values: the horizontal and vertical factor of the luma.
      entry(530, SHORT, header.sampling[0] >> 4 | (header.sampling[0] & 0xf) << 16);
      state.set(INT32_UNALIGNED, CONTAINER + FIRST_ENTRY + (entries - 1) * ENTRY_BYTES + 4, 2);
    }
    state.set(INT16, CONTAINER + 8, (short) entries);
    state.set(INT32_UNALIGNED, CONTAINER + FIRST_ENTRY + entries * ENTRY_BYTES, 0);
    state.set(INT64, POSITION, 0);
    state.set(INT64, LENGTH, FIRST_ENTRY + entries * ENTRY_BYTES + 4);
    state.set(INT32, COMPLAINTS, 0);
  }

  /** Whether libtiff or libjpeg reported an error or a warning about the last file. */
  boolean hasComplaints() {
    return state.get(INT32, COMPLAINTS) != 0;
  }

  private void entry(int tag, short type, int value) {
    int at = CONTAINER + FIRST_ENTRY + entries * ENTRY_BYTES;
    state.set(INT16, at, (short) tag);
    state.set(INT16, at + 2, type);
    state.set(INT32_UNALIGNED, at + 4, 1);
    state.set(INT32_UNALIGNED, at + 8, value);
    entries++;
  }

  /**
   * libtiff's callbacks as native functions. None may throw: an exception in a callback ends the JVM. Each container has a set of its own,
   * because a native function keeps the class loader of its target alive until its arena is closed.
   */
  static final class Callbacks {
    final MemorySegment read;
    final MemorySegment write;
    final MemorySegment seek;
    final MemorySegment close;
    final MemorySegment size;
    final MemorySegment error;
    final MemorySegment warning;

    Callbacks(Arena arena) {
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

    private static MemorySegment stub(Arena arena, String name, FunctionDescriptor type) {
      try {
        return Linker.nativeLinker().upcallStub(
            MethodHandles.lookup().findStatic(Callbacks.class, name, type.toMethodType()), type, arena);
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException("no callback " + name, e);
      }
    }

    private static long onRead(MemorySegment handle, MemorySegment target, long bytes) {
      MemorySegment state = handle.reinterpret(STATE_BYTES);
      long position = state.get(INT64, POSITION);
      long count = Math.min(bytes, state.get(INT64, LENGTH) - position);
      if (position < 0 || count <= 0) {
        return 0;
      }
      MemorySegment.copy(state, CONTAINER + position, target.reinterpret(count), 0, count);
      state.set(INT64, POSITION, position + count);
      return count;
    }

    private static long onWrite(MemorySegment handle, MemorySegment source, long bytes) {
      return -1;
    }

    private static long onSeek(MemorySegment handle, long offset, int whence) {
      MemorySegment state = handle.reinterpret(STATE_BYTES);
      long from = switch (whence) {
        case 1 -> state.get(INT64, POSITION);
        case 2 -> state.get(INT64, LENGTH);
        default -> 0;
      };
      state.set(INT64, POSITION, from + offset);
      return from + offset;
    }

    private static int onClose(MemorySegment handle) {
      return 0;
    }

    private static long onSize(MemorySegment handle) {
      return handle.reinterpret(STATE_BYTES).get(INT64, LENGTH);
    }

    private static int onError(
        MemorySegment tiff, MemorySegment user, MemorySegment module, MemorySegment format, MemorySegment arguments) {
      MemorySegment state = user.reinterpret(STATE_BYTES);
      state.set(INT32, COMPLAINTS, state.get(INT32, COMPLAINTS) + 1);
      return 1;
    }

    private static int onWarning(
        MemorySegment tiff, MemorySegment user, MemorySegment module, MemorySegment format, MemorySegment arguments) {
      return isProgressiveNotice(format) ? 1 : onError(tiff, user, module, format, arguments);
    }

    /** The format is a constant of the library, and so ends with a zero. */
    private static boolean isProgressiveNotice(MemorySegment format) {
      return format.reinterpret(Long.MAX_VALUE).getString(0).startsWith(PROGRESSIVE_NOTICE);
    }
  }
}
