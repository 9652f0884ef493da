/** Tensors: element types, shapes and views of memory. Every other package may use this one; it uses none. */
package org.conceptclip.tensor;
