/** Decodes image files to RGB pixels, and resizes them to the model's input; byte for byte as Pillow does both. */
package org.conceptclip.image;
