package org.conceptclip.arch.planted.text;

/** Breaks the arrows on purpose: text must not see image. */
public interface Planted {
  org.conceptclip.arch.planted.image.Planted forbidden();
}
