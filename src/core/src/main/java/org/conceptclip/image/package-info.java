/** Image files to RGB pixels, and RGB pixels to the model's input, byte for byte as Pillow does both. */
package org.conceptclip.image;
