/** Finds models: by folder, embedded on the class path, or with generated weights. Opens their configuration, weights and tokenizer. */
package org.conceptclip.catalog;
