package org.conceptclip.arch.planted.server;

/** Breaks the arrows on purpose: server must not see cli. */
public interface Planted {
  org.conceptclip.arch.planted.cli.Planted forbidden();
}
