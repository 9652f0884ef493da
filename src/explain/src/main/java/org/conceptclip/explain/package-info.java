/** What the model sees: concepts, and where in an image they are. */
package org.conceptclip.explain;
