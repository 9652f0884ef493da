/** Element types, shapes and views of memory; a leaf that everything else builds on. */
package org.conceptclip.tensor;
