package org.conceptclip.image;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.conceptclip.tensor.BadInputException;

/** The bits of a lossless WebP picture, the lowest of each byte first. */
final class WebpBits {
  private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final ImageSource source;
  private final byte[] file;
  private final int end;
  private int at;
  private long window;
  private int windowBits;

  WebpBits(ImageSource source, int begin, int end) {
    this.source = source;
    this.file = source.bytes();
    this.at = begin;
    this.end = end;
  }

  /** The next bits without taking them, at most 24; zeros behind the end. */
  int peek(int count) {
    if (windowBits < count) {
      fill();
    }
    return (int) window & (1 << count) - 1;
  }

  private void fill() {
    if (end - at >= Long.BYTES) {
      // As many whole bytes as fit; what is beyond them is taken again next time, to the same bits.
      window |= (long) LONGS.get(file, at) << windowBits;
      int bytes = Long.SIZE - 1 - windowBits >> 3;
      at += bytes;
      windowBits += 8 * bytes;
      return;
    }
    while (windowBits <= Long.SIZE - Byte.SIZE && at < end) {
      window |= (file[at++] & 0xffL) << windowBits;
      windowBits += 8;
    }
  }

  void skip(int count) {
    if (windowBits < count) {
      throw endsEarly();
    }
    window >>>= count;
    windowBits -= count;
  }

  int read(int count) {
    int value = peek(count);
    skip(count);
    return value;
  }

  boolean flag() {
    return read(1) != 0;
  }

  BadInputException endsEarly() {
    return source.damaged("truncated: the picture's bits end early", "all of its pixels");
  }
}
