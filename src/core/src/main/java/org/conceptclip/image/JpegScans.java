package org.conceptclip.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.conceptclip.tensor.BadInputException;

/**
 * A walk over the scans of a JPEG, before any of it is decoded: how many there are, how often they visit a block of 8x8 samples, and
 * whether the file has its end. A file of a few hundred bytes may visit millions of blocks a hundred times.
 *
 * <p>Files are refused here that cannot be complete: each block takes at least 2 bits in a sequential file (a code of its DC coefficient
 * and one of the end of its block) and at least 1 in a progressive one (the first code of DC; all else may be told of 32,767 blocks at
 * once). So are files of more than {@value #MOST_SCANS} scans: the default script of libjpeg has 10, optimisers try about 70 and write
 * fewer, and libtiff decodes at most 100.
 */
final class JpegScans {
  static final int MOST_SCANS = 500;

  /** Scan bytes that are walked over without asking the gate. */
  private static final int UNCHECKED_BYTES = 1 << 22;

  /** Bytes of the coefficients of a block. */
  static final int BLOCK_BYTES = 128;

  final int count;

  /** Sum over the scans of the blocks that each goes over. */
  final long visits;

  /** Blocks of all components, with those that fill up the last row and column of units. */
  final long blocks;

  /** Bytes from the first scan's marker to the end marker. */
  final int bytes;

  private final JpegHeader header;
  private final byte[] file;
  private final ByteBuffer data;

  /** Where the gate is asked next. */
  private long checkedUpTo;

  /**
   * Walks over the scans.
   *
   * @param header of which everything is known but this
   * @throws BadInputException if the end marker is missing, or the scans are too many, or too few bytes for the picture's blocks
   */
  JpegScans(JpegHeader header) {
    this.header = header;
    this.file = header.source.bytes();
    this.data = header.source.numbers(ByteOrder.BIG_ENDIAN);
    int scans = 0;
    long seen = 0;
    int at = header.codeStart;
    int length = header.source.length();
    int end = -1;
    while (end < 0) {
      at = markerAt(at, length - 1);
      if (at == length - 1) {
        // A decoder would fill the rest with grey.
        throw header.source.damaged("truncated: ends at byte " + length, "an end marker after the last scan");
      }
      int marker = file[at + 1] & 0xff;
      boolean standsAlone = marker <= 0x01 || marker == 0xff || (marker & 0xf8) == 0xd0;
      if (marker == JpegHeader.EOI) {
        end = at;
      } else if (standsAlone) {
        at += marker == 0xff ? 1 : 2;
      } else {
        header.source.require(at + 4L);
        if (marker == JpegHeader.SOS) {
          scans++;
          seen += blocksOf(at);
        }
        at += 2 + data.getChar(at + 2);
      }
    }
    count = scans;
    visits = seen;
    bytes = end - header.codeStart;
    blocks = blocks(true);
    check();
  }

  /** Where the next byte of ones is, or {@code end}. */
  private int markerAt(int from, int end) {
    for (int at = from; at < end; ) {
      if (at >= checkedUpTo) {
        header.source.gate().check();
        checkedUpTo = at + (long) UNCHECKED_BYTES;
      }
      int stop = (int) Math.min(end, checkedUpTo);
      at = indexOfOnes(file, at, stop);
      if (at < stop) {
        return at;
      }
    }
    return end;
  }

  private static int indexOfOnes(byte[] bytes, int from, int end) {
    int at = from;
    while (at < end && bytes[at] != -1) {
      at++;
    }
    return at;
  }

  private void check() {
    if (count > MOST_SCANS) {
      throw new BadInputException(header.source.name() + ": JPEG of " + count + " scans, expected at most " + MOST_SCANS);
    }
    long bits = 8L * bytes;
    header.source.gate().checkCarried(blocks(false), header.isProgressive() ? bits : bits / 2, "blocks of 8x8 samples");
  }

  /** Blocks that a scan goes over: {@code FFDA [length][components]([identity][tables])*...}. */
  private long blocksOf(int scan) {
    header.source.require(scan + 5L);
    int components = file[scan + 4] & 0xff;
    header.source.require(scan + 5L + 2 * components);
    long sum = 0;
    for (int i = 0; i < components; i++) {
      int identity = file[scan + 5 + 2 * i] & 0xff;
      for (int component = 0; component < header.sampling.length; component++) {
        if (header.identity(component) == identity) {
          sum += blocks(component, components > 1);
          break;
        }
      }
    }
    return sum;
  }

  private long blocks(boolean filledUp) {
    long sum = 0;
    for (int component = 0; component < header.sampling.length; component++) {
      sum += blocks(component, filledUp);
    }
    return sum;
  }

  /** Blocks of a component. Scans of several components fill up the last row and column of their units. */
  private long blocks(int component, boolean filledUp) {
    int widest = 1;
    int highest = 1;
    for (int factors : header.sampling) {
      widest = Math.max(widest, factors >> 4);
      highest = Math.max(highest, factors & 0xf);
    }
    int across = header.sampling[component] >> 4;
    int down = header.sampling[component] & 0xf;
    if (filledUp) {
      return (long) Math.ceilDiv(header.width, 8 * widest) * across * Math.ceilDiv(header.height, 8 * highest) * down;
    }
    return (long) Math.ceilDiv(Math.ceilDiv(header.width * across, widest), 8)
        * Math.ceilDiv(Math.ceilDiv(header.height * down, highest), 8);
  }
}
