package org.conceptclip.arch.planted.util;

/** Breaks the arrows on purpose: util must not see tensor. */
public interface Planted {
  org.conceptclip.arch.planted.tensor.Planted forbidden();
}
