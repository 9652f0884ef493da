/** What the batching engine does, for those who watch it: Micrometer meters and Java Flight Recorder events. */
package org.conceptclip.metrics;
