package org.conceptclip.text;

/** The tokenizer's native library cannot be unpacked or loaded; the message names the file or folder and the reason. */
public class TokenizerUnavailableException extends RuntimeException {
  public TokenizerUnavailableException(String message) {
    super(message);
  }

  public TokenizerUnavailableException(String message, Throwable cause) {
    super(message, cause);
  }
}
