package org.conceptclip.arch.planted.image;

/** Breaks the arrows on purpose: image must not see text. */
public interface Planted {
  org.conceptclip.arch.planted.text.Planted forbidden();
}
