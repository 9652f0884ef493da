package org.conceptclip.image;

/** A picture of a WebP file whose header has been read. */
sealed interface WebpPicture permits WebpLossless, WebpLossy {
  int width();

  int height();

  /** Passes the gate and decodes. */
  void decode(RowSink sink);
}
