/** Texts to token ids: WordPiece tokenizers read from a model folder, with character offsets. Never touches a network. */
package org.conceptclip.text;
