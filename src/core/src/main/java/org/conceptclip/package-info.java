/**
 * The library's front door: {@link org.conceptclip.ConceptClip} opens a model on this machine's devices and embeds images and texts.
 *
 * <p>For research. Not a medical device: nothing that comes out of it is a diagnosis.
 */
package org.conceptclip;
