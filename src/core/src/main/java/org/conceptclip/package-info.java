/**
 * The API of the library: {@link org.conceptclip.ConceptClip} opens a model on this machine's devices and embeds images and texts.
 *
 * <p>For research. Not a medical device: no result is a diagnosis.
 */
package org.conceptclip;
