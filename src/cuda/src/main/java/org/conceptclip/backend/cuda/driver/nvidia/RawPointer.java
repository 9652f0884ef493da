package org.conceptclip.backend.cuda.driver.nvidia;

import org.bytedeco.javacpp.Pointer;

/** A plain address as JavaCPP wants it; owns nothing. */
final class RawPointer extends Pointer {
  RawPointer(long address) {
    this.address = address;
  }
}
