/** A loaded model on a backend: encodes batches of any size in passes of bounded memory. */
package org.conceptclip.runtime;
